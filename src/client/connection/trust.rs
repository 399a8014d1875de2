//! Which certificate a server must show, and the memory of those that a person trusted before.
//!
//! `known_servers` has one line for each server, `HOST:PORT sha256:HEX+key:HEX`, where either of both may be missing;
//! blank lines and lines that begin with `#` are kept as they are. It lies in the folder that `HOMEROOM_CONFIG_DIR`
//! names, otherwise in `homeroom` in the user's configuration folder.

use crate::client::error::KnownServersError;
use crate::client::settings::folder;
use crate::files::{self, Access};
use crate::link::{Link, Pin};
use std::fmt::Write as _;
use std::io::{ErrorKind, Read};
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

/// The largest `known_servers` that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What makes a server the right one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expected {
    /// It shows this certificate, or another one with this key.
    Pinned(Pin),
    /// The system's roots accept its certificate for its name.
    Roots,
}

/// The file `known_servers`.
#[derive(Debug)]
pub(crate) struct KnownServers {
    path: PathBuf,
}

impl KnownServers {
    /// Where the environment says.
    ///
    /// # Errors
    /// [`KnownServersError::NoFolder`].
    pub(crate) fn from_environment() -> Result<Self, KnownServersError> {
        let folder = folder::find().ok_or(KnownServersError::NoFolder)?;
        Ok(Self { path: folder.join("known_servers") })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What this server showed before, with the number of its line.
    ///
    /// # Errors
    /// [`KnownServersError`]: a file that can't be read whole is no memory at all, and must not look like one
    /// that doesn't know this server.
    pub(super) fn find(&self, server: &Link) -> Result<Option<(Pin, usize)>, KnownServersError> {
        let (key, text) = (address(server), self.read()?);
        let mut found = None;
        for (index, line) in text.lines().enumerate() {
            let entry = parse(line).map_err(|()| KnownServersError::Line(self.path.clone(), index + 1))?;
            found = found.or(entry.filter(|entry| entry.0 == key).map(|entry| (entry.1, index + 1)));
        }
        Ok(found)
    }

    /// Remembers what this server shows, in place of what it showed before.
    ///
    /// # Errors
    /// [`KnownServersError`].
    pub(super) fn remember(&self, server: &Link, pin: Pin) -> Result<(), KnownServersError> {
        let (key, text) = (address(server), self.read()?);
        let others = text.lines().filter(|line| !matches!(parse(line), Ok(Some(entry)) if entry.0 == key));
        let mut new = others.fold(String::new(), |new, line| new + line + "\n");
        let _ = writeln!(new, "{key} {pin}");
        folder::replace(&self.path, new.as_bytes()).map_err(|e| KnownServersError::Io(self.path.clone(), e))
    }

    fn read(&self) -> Result<String, KnownServersError> {
        let mut text = String::new();
        match files::open(&self.path, Access::Read).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
        {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(text),
            Ok(read) if (read as u64) < FILE_BYTES_MAX => Ok(text),
            Ok(_) => Err(KnownServersError::Io(self.path.clone(), ErrorKind::FileTooLarge.into())),
            Err(e) => Err(KnownServersError::Io(self.path.clone(), e)),
        }
    }
}

/// HOST:PORT, as a server is called in the file. Names mean the same in upper and lower case and with a dot at their end,
/// and an IPv6 address however many of its zeros are written.
pub(super) fn address(server: &Link) -> String {
    let host = server.host.to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    let host = host.parse::<Ipv6Addr>().map_or_else(|_| host.to_owned(), |address| address.to_string());
    if host.contains(':') { format!("[{host}]:{}", server.port) } else { format!("{host}:{}", server.port) }
}

/// The entry in a line; None for a blank line or a comment.
fn parse(line: &str) -> Result<Option<(&str, Pin)>, ()> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (key, fingerprint) = line.split_once(char::is_whitespace).ok_or(())?;
    Ok(Some((key, fingerprint.trim_start().parse().map_err(|_| ())?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn file() -> (tempfile::TempDir, KnownServers) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("homeroom/known_servers");
        (folder, KnownServers { path })
    }

    fn server(text: &str) -> Link {
        text.parse().unwrap()
    }

    #[test]
    fn remembered_and_found_again() {
        let (_folder, known) = file();
        let (one, two) = (Pin::of(b"1"), Pin::of(b"2"));
        assert_eq!(known.find(&server("pi.local")).unwrap(), None);
        known.remember(&server("pi.local"), one).unwrap();
        known.remember(&server("[::1]:99"), two).unwrap();
        assert_eq!(known.find(&server("PI.local:7667")).unwrap(), Some((one, 1)));
        assert_eq!(known.find(&server("[::1]:99")).unwrap(), Some((two, 2)));
        assert_eq!(known.find(&server("[0:0::0001]:99")).unwrap(), Some((two, 2)));
        assert_eq!(known.find(&server("pi.local.")).unwrap(), Some((one, 1)));
        assert_eq!(known.find(&server("pi.local:7668")).unwrap(), None, "another port is another server");
        assert_eq!(fs::read_dir(known.path.parent().unwrap()).unwrap().count(), 1, "nothing is left lying about");
    }

    #[test]
    fn replaced_and_the_rest_kept() {
        let (_folder, known) = file();
        let (one, two) = (Pin::of(b"1"), Pin::of(b"2"));
        known.remember(&server("a"), one).unwrap();
        let text = format!("# mine\n\n{}b:7667  {two}", fs::read_to_string(&known.path).unwrap());
        fs::write(&known.path, text).unwrap();
        known.remember(&server("a"), two).unwrap();
        let expected = format!("# mine\n\nb:7667  {two}\na:7667 {two}\n");
        assert_eq!(fs::read_to_string(&known.path).unwrap(), expected);
    }

    #[test]
    fn a_damaged_file_is_no_unknown_server() {
        let (_folder, known) = file();
        known.remember(&server("a"), Pin::of(b"1")).unwrap();
        for damage in ["a:7667", "a:7667 sha256:12", "x"] {
            fs::write(&known.path, format!("# fine\n{damage}\n")).unwrap();
            assert!(matches!(known.find(&server("b")), Err(KnownServersError::Line(_, 2))), "{damage}");
        }
        fs::write(&known.path, b"\xff").unwrap();
        assert!(matches!(known.find(&server("a")), Err(KnownServersError::Io(..))));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, known) = file();
        known.remember(&server("a"), Pin::of(b"1")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&known.path), mode(known.path.parent().unwrap())), (0o600, 0o700));
    }
}
