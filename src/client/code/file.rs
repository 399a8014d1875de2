//! A file that is to be sent: its code as it is, and what speaks against it.

use super::lines::fits;
use crate::client::settings::folder;
use crate::files::{self, Access};
use crate::options::at_home;
use crate::password_names::{self, Meaning, folded};
use crate::protocol::TEXT_CHARS_MAX;
use crate::reason;
use crate::sanitize;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// As much of a file is read: no code that fits a message has more bytes.
const FILE_BYTES_MAX: usize = 4 * TEXT_CHARS_MAX;

/// How private keys begin (RFC 7468, OpenSSH, PuTTY), behind whatever stands before.
const KEYS: [&str; 3] = ["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----", "PuTTY-User-Key-File"];

/// Files in which programs keep what lets somebody in, in small letters; and how the names of such begin and end.
const SECRETS: [&str; 9] = [
    ".netrc",
    "_netrc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    "credentials",
    "shadow",
    "users.json",
    "tokens.jsonl",
];
const SECRETS_BEGIN: [&str; 2] = [".env", "id_"];
const SECRETS_END: [&str; 7] = [".key", ".pem", ".p12", ".pfx", ".kdbx", ".ovpn", ".ppk"];

/// How many of a folder's files are looked at for Tab.
const FILES_LOOKED_AT_MAX: usize = 10_000;

/// What is in a file.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// All of it, as it is.
    pub(crate) code: String,
    /// Why it was most likely not meant, if so.
    pub(crate) doubt: Option<String>,
}

/// Reads a file that is to be sent.
///
/// # Errors
/// It can't be, in words that say what to do.
pub(crate) fn load(path: &Path) -> Result<Loaded, String> {
    let name = sanitize::line(&path.display().to_string()).into_owned();
    let unread = |e: &std::io::Error| match e.kind() {
        ErrorKind::NotFound => format!("there is no file `{name}`: nothing was sent"),
        _ if path.is_dir() => format!("`{name}` is a folder: nothing was sent"),
        _ => format!("`{name}` can't be read: {}: nothing was sent", reason::of_file(e)),
    };
    let file = files::open(path, Access::Read).map_err(|e| unread(&e))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(|e| unread(&e))?;
    if bytes.contains(&0) {
        return Err(format!("`{name}` is no text, or not in UTF-8: there are NULs in it; nothing was sent"));
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(format!("`{name}` is too long: code has at most {TEXT_CHARS_MAX} characters; send it in parts"));
    }
    let code = String::from_utf8(bytes).map_err(|_| format!("`{name}` is not in UTF-8: nothing was sent"))?;
    fits(&code).map_err(|why| format!("`{name}`: {why}"))?;
    if KEYS.iter().any(|key| code.contains(key)) {
        return Err(format!("`{name}` has a private key in it: nothing was sent"));
    }
    let doubt = doubt(path, &code).map(|what| format!("`{name}` {what}"));
    Ok(Loaded { code, doubt })
}

/// The files whose paths begin so, folders with a slash behind. Names with blanks can't be completed.
pub(crate) fn beginning_with(start: &str) -> Vec<String> {
    let cut = start.rfind(std::path::is_separator).map_or(0, |at| at + 1);
    let (folder, name) = start.split_at(cut);
    let place = at_home(if folder.is_empty() { ".".into() } else { folder.into() });
    let Ok(entries) = std::fs::read_dir(place) else { return Vec::new() };
    let found = entries.take(FILES_LOOKED_AT_MAX).flatten().filter_map(|entry| {
        let found = entry.file_name().into_string().ok()?;
        let is_plain = !found.contains(|c: char| c.is_whitespace() || !sanitize::is_harmless(c));
        let is_meant = found.starts_with(name) && (name.starts_with('.') || !found.starts_with('.'));
        let end = if entry.path().is_dir() { "/" } else { " " };
        (is_plain && is_meant).then(|| format!("{folder}{found}{end}"))
    });
    let mut found: Vec<String> = found.collect();
    found.sort();
    found
}

/// What a file has that others are not to see, by its name, its place or its first line.
fn doubt(path: &Path, code: &str) -> Option<&'static str> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_secret = SECRETS.contains(&&*name)
        || SECRETS_BEGIN.iter().any(|begin| name.starts_with(begin))
        || SECRETS_END.iter().any(|end| name.ends_with(end));
    let own = folder::find().and_then(|own| own.canonicalize().ok());
    let is_own = own.is_some_and(|own| path.canonicalize().is_ok_and(|path| path.starts_with(own)));
    let is_password = |cell: &str| {
        let cell = folded(cell);
        password_names::all().any(|(name, meaning)| meaning == Meaning::Password && name == cell)
    };
    let mut lines = code.lines();
    let heading = lines.next().unwrap_or_default();
    let is_table = heading.contains([',', ';', '\t']) && heading.split([',', ';', '\t']).any(is_password);
    match () {
        () if is_secret => Some("is called like a file with secrets in it"),
        () if is_own => Some("is one of this program's own files"),
        () if is_table => Some("looks like a list of passwords"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(name: &str, bytes: &[u8]) -> Result<Loaded, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        load(&path)
    }

    #[test]
    fn nothing_of_a_file_is_changed() {
        for code in ["\u{feff}\tx = 1 \r\n\r\n\x0c\n", "no end", "\x1b[2J", &"ü".repeat(TEXT_CHARS_MAX)] {
            let loaded = loaded("a.py", code.as_bytes()).unwrap();
            assert_eq!((loaded.code.as_str(), loaded.doubt), (code, None));
        }
    }

    #[test]
    fn what_is_no_code() {
        for (bytes, why) in [
            (&b""[..], "there is no code in it"),
            (b"a\0b", "NULs"),
            (b"\xff\xfea\0", "NULs"),
            (b"caf\xe9", "not in UTF-8"),
            (&b"x".repeat(TEXT_CHARS_MAX + 1), "this has 4001"),
            (&b"x".repeat(FILE_BYTES_MAX + 1), "too long"),
            (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", "a private key"),
            (b"-----BEGIN PRIVATE KEY-----\n", "a private key"),
        ] {
            let error = loaded("a", bytes).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(load(Path::new("/nowhere/x")).unwrap_err().contains("there is no file"));
        assert!(load(&std::env::temp_dir()).unwrap_err().contains("is a folder"));
    }

    #[test]
    fn what_is_asked_about() {
        for (name, code) in [
            (".env", "x"),
            (".ENV.local", "x"),
            ("id_ed25519", "x"),
            ("server.key", "x"),
            ("class.csv", "name;Passwort\neve;x\n"),
            ("class.csv", "username,password,group\n"),
        ] {
            assert!(loaded(name, code.as_bytes()).unwrap().doubt.is_some(), "{name}");
        }
        for (name, code) in [("a.py", "password = input()\n"), ("data.csv", "name,age\n"), ("idle.py", "x")] {
            assert_eq!(loaded(name, code.as_bytes()).unwrap().doubt, None, "{name}");
        }
    }
}
