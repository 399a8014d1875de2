//! Which certificate a server must show, and the memory of those that a person trusted before.
//!
//! `known_servers` has one line for each server, `HOST:PORT sha256:HEX+key:HEX`, where either of both may be missing;
//! blank lines and lines that begin with `#` are kept as they are. Whatever else can't be read stops the client: a file
//! that is half understood would make strangers of servers that are known. It lies in the folder that `HOMEROOM_CONFIG_DIR`
//! names, otherwise in `homeroom` in the user's configuration folder.

use crate::client::error::KnownServersError;
use crate::client::piped;
use crate::client::settings::folder;
use crate::files::{self, Access};
use crate::lines;
use crate::link::{Link, Pin};
use std::fmt::Write as _;
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, Ipv6Addr};
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
        let (key, text) = (Key::of(server), self.read()?);
        let mut found: Option<(Pin, usize)> = None;
        for (number, line) in (1..).zip(text.lines()) {
            let entry = parse(line).map_err(|()| KnownServersError::Line(self.path.clone(), number))?;
            let Some((_, pin)) = entry.filter(|entry| entry.0 == key) else { continue };
            match found {
                Some((first, at)) if !first.accepts(&pin) => {
                    return Err(KnownServersError::Contradiction(self.path.clone(), at, number));
                }
                _ => found = found.or(Some((pin, number))),
            }
        }
        Ok(found)
    }

    /// Remembers what this server shows, in place of what it showed before.
    ///
    /// # Errors
    /// [`KnownServersError`].
    pub(super) fn remember(&self, server: &Link, pin: Pin) -> Result<(), KnownServersError> {
        let (key, text) = (Key::of(server), self.read()?);
        let others = text.lines().filter(|line| !matches!(parse(line), Ok(Some(entry)) if entry.0 == key));
        let mut new = others.fold(String::new(), |new, line| new + line + "\n");
        let _ = writeln!(new, "{} {pin}", address(server));
        folder::replace(&self.path, new.as_bytes()).map_err(|e| KnownServersError::Io(self.path.clone(), e))
    }

    /// The file's text, without the mark with which some editors begin it.
    fn read(&self) -> Result<String, KnownServersError> {
        let mut bytes = Vec::new();
        match files::open(&self.path, Access::Read).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(String::new()),
            Ok(read) if (read as u64) < FILE_BYTES_MAX => {}
            Ok(_) => return Err(KnownServersError::Io(self.path.clone(), ErrorKind::FileTooLarge.into())),
            Err(e) => return Err(KnownServersError::Io(self.path.clone(), e)),
        }
        let text = lines::as_text(&bytes).map_err(|line| KnownServersError::NotUtf8(self.path.clone(), line))?;
        Ok(piped::without_mark(text).to_owned())
    }
}

/// HOST:PORT, as a server is called in what is shown, and in the file.
pub(super) fn address(server: &Link) -> String {
    let host = server.host.to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    let host = host.parse::<Ipv6Addr>().map_or_else(|_| host.to_owned(), |address| address.to_string());
    if host.contains(':') { format!("[{host}]:{}", server.port) } else { format!("{host}:{}", server.port) }
}

/// Whether both are the place of one server, however they are written.
pub(super) fn is_same(one: &Link, other: &Link) -> bool {
    Key::of(one) == Key::of(other)
}

/// What all the ways to write one server's place have in common.
#[derive(Debug, Eq, PartialEq)]
struct Key {
    host: String,
    port: u16,
}

impl Key {
    /// Names mean the same in upper and lower case, with a dot at their end, and in letters or as `xn--…`; addresses
    /// however many of their zeros are written, in whichever numbers, and as IPv4 within IPv6.
    fn of(server: &Link) -> Self {
        let (host, zone) = server.host.split_once('%').map_or((&*server.host, None), |(host, zone)| (host, Some(zone)));
        let name = || idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_lowercase());
        let mut host = match host.parse::<Ipv6Addr>() {
            Ok(address) => address.to_canonical().to_string(),
            Err(_) => {
                let name = name();
                let name = name.strip_suffix('.').unwrap_or(&name);
                ipv4(name).map_or_else(|| name.to_owned(), |address| address.to_string())
            }
        };
        if let Some(zone) = zone {
            host = format!("{host}%{zone}");
        }
        Self { host, port: server.port }
    }
}

/// An IPv4 address as systems take it (inet_aton(3)): one to four numbers, decimal, octal or hexadecimal, the last of which
/// fills all bytes that are left.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let numbers: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    let (&last, bytes) = numbers.split_last().filter(|(_, bytes)| bytes.len() < 4)?;
    let room = 32 - 8 * bytes.len();
    let fits = bytes.iter().all(|&byte| byte < 256) && u64::from(last) < 1 << room;
    let high = bytes.iter().zip([24, 16, 8]).map(|(byte, shift)| byte << shift).sum::<u32>();
    fits.then(|| (high | last).into())
}

fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    // A sign is none of these numbers'.
    u32::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))
}

/// The entry in a line; None for a blank line or a comment.
fn parse(line: &str) -> Result<Option<(Key, Pin)>, ()> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (place, fingerprint) = line.split_once(char::is_whitespace).ok_or(())?;
    let server: Link = place.parse().map_err(drop)?;
    Ok(Some((Key::of(&server), fingerprint.trim_start().parse().map_err(drop)?)))
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
        for damage in [&b"\xff"[..], b"\xff\xfea\0:\0", b"# M\xfcller", b"a:7667\xa0sha256:12"] {
            fs::write(&known.path, [b"# fine\r\n", damage].concat()).unwrap();
            assert!(matches!(known.find(&server("b")), Err(KnownServersError::NotUtf8(_, 2))), "{damage:?}");
        }
    }

    #[test]
    fn what_another_editor_made_of_it() {
        let (_folder, known) = file();
        let (one, two, three) = (Pin::of(b"1"), Pin::of(b"2"), Pin::of(b"3"));
        known.remember(&server("a"), one).unwrap();
        fs::write(
            &known.path,
            format!("\u{feff}PI.Local:7667 {one}\r\n# mine\r\n\r\n[0:0::1]:99\t {two} \r\nb {three}\r\n"),
        )
        .unwrap();
        assert_eq!(known.find(&server("pi.local")).unwrap(), Some((one, 1)));
        assert_eq!(known.find(&server("[::1]:99")).unwrap(), Some((two, 4)));
        assert_eq!(known.find(&server("b:7667")).unwrap(), Some((three, 5)));
        known.remember(&server("pi.local"), two).unwrap();
        let expected = format!("# mine\n\n[0:0::1]:99\t {two} \nb {three}\npi.local:7667 {two}\n");
        assert_eq!(fs::read_to_string(&known.path).unwrap(), expected);
    }

    #[test]
    fn one_place_in_many_spellings() {
        let same: [&[&str]; 6] = [
            &[
                "127.0.0.1",
                "127.1",
                "127.0.1",
                "0x7f000001",
                "0X7F.1",
                "2130706433",
                "017700000001",
                "127.000.000.001",
                "127.0.0.1.",
                "::ffff:127.0.0.1",
                "[::ffff:7f00:1]",
                "[0:0:0:0:0:FFFF:127.0.0.1]:7667",
                "homeroom://127.0.0.1:7667/",
            ],
            &["::1", "[0:0::1]", "[::0001]:7667", "[0:0:0:0:0:0:0:1]"],
            &["fe80::1%eth0", "[FE80:0::1%eth0]"],
            &["pi.local", "PI.Local.", "pi.local:7667"],
            &[
                "müller.example",
                "MÜLLER.example",
                "mu\u{308}ller.example.",
                "xn--mller-kva.example",
                "XN--mller-KVA.example",
            ],
            &["pi_4", "PI_4"],
        ];
        let keys = same.map(|spellings| spellings.iter().map(|text| Key::of(&server(text))).collect::<Vec<_>>());
        for (index, spellings) in keys.iter().enumerate() {
            assert!(spellings.iter().all(|key| *key == spellings[0]), "{spellings:?}");
            assert!(keys[..index].iter().all(|others| others[0] != spellings[0]));
        }
        for none in ["1.2.3.4.5", "256.1", "1.2.65536", "4294967296", "0x", "08", "+1.2.3.4", "1..2", "a.1", ""] {
            assert_eq!(ipv4(none), None, "{none:?}");
        }
    }

    #[test]
    fn two_lines_for_one_server_must_agree() {
        let (_folder, known) = file();
        let (one, two) = (Pin::of(b"1"), Pin::of(b"2"));
        known.remember(&server("a"), one).unwrap();
        let lines = |second| format!("127.1 {one}\n# mine\n0x7f000001:7667 {second}\n");
        fs::write(&known.path, lines(two)).unwrap();
        assert!(matches!(known.find(&server("127.0.0.1")), Err(KnownServersError::Contradiction(_, 1, 3))));
        assert_eq!(known.find(&server("b")).unwrap(), None);
        fs::write(&known.path, lines(one)).unwrap();
        assert_eq!(known.find(&server("127.0.0.1")).unwrap(), Some((one, 1)));
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
