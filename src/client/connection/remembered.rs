//! What `--remember` keeps: for each server and account the token of the last login, so that the next start needs no
//! password.
//!
//! `tokens` has one line for each, `HOST:PORT PIN NAME TOKEN`, for its owner alone; PIN is `-` where an authority vouches
//! for the server. A token is shown to no server but the one that gave it: to another key at the same address the person
//! types the password, or doesn't. A line that can't be read is dropped: the password does as well.

use super::trust::{self, Expected};
use crate::client::settings::folder;
use crate::client::terminal::notice;
use crate::files::{self, Access};
use crate::link::{Link, Pin};
use crate::protocol::{Secret, Username};
use crate::reason::Reason;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How many logins are remembered; the oldest are forgotten.
const LOGINS_MAX: usize = 64;
/// The largest file that is read: a line takes some 250 bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// The longest token that is kept; those of homeroom-server have 64 characters.
const TOKEN_CHARS_MAX: usize = 256;

/// The file `tokens`.
#[derive(Debug)]
pub(crate) struct Remembered {
    path: PathBuf,
}

/// One line of it.
#[derive(Debug)]
struct Login {
    server: Link,
    pin: Option<Pin>,
    name: Username,
    token: Secret,
}

impl Remembered {
    /// In the same folder as this file.
    pub(crate) fn beside(file: &Path) -> Self {
        Self { path: file.with_file_name("tokens") }
    }

    /// The last login at this server, under this name if one is given.
    pub(crate) fn find(
        &self,
        server: &Link,
        expected: Expected,
        name: Option<&Username>,
    ) -> Option<(Username, Secret)> {
        let is_same = |login: &Login| trust::is_same(&login.server, server) && login.is_from(expected);
        let is_wanted = |login: &Login| is_same(login) && name.is_none_or(|name| *name == login.name);
        self.read().into_iter().rev().find(is_wanted).map(|login| (login.name, login.token))
    }

    /// Remembers a login, in place of what was remembered of this account there. Without that the client works as well.
    pub(crate) fn keep(&self, server: &Link, expected: Expected, name: &Username, token: &Secret) {
        // Nothing that a server sends may become another line.
        let is_one_word =
            |token: &str| (1..=TOKEN_CHARS_MAX).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
        if is_one_word(token.expose()) {
            let pin = match expected {
                Expected::Pinned(pin) => Some(pin),
                Expected::Roots => None,
            };
            let (server, name, token) = (server.clone(), name.clone(), token.clone());
            self.replace(&server.clone(), &name.clone(), Some(Login { server, pin, name, token }));
        }
    }

    /// Forgets a login.
    pub(crate) fn forget(&self, server: &Link, name: &Username) {
        self.replace(server, name, None);
    }

    /// Puts something in place of what is there of this account.
    fn replace(&self, server: &Link, name: &Username, new: Option<Login>) {
        let mut logins = self.read();
        let before = logins.len();
        logins.retain(|login| login.name != *name || !trust::is_same(&login.server, server));
        if logins.len() == before && new.is_none() {
            return;
        }
        logins.extend(new);
        let lines = logins.iter().skip(logins.len().saturating_sub(LOGINS_MAX)).map(Login::line);
        if let Err(e) = folder::replace(&self.path, lines.collect::<String>().as_bytes()) {
            notice(format_args!("{} can't be written: {}", self.path.display(), Reason(&e)));
        }
    }

    fn read(&self) -> Vec<Login> {
        let mut bytes = Vec::new();
        match files::open(&self.path, Access::Read).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)) {
            Ok(_) => String::from_utf8_lossy(&bytes).lines().filter_map(Login::parse).collect(),
            Err(_) => Vec::new(),
        }
    }
}

impl Login {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (server, pin) = (words.next()?.parse().ok()?, words.next()?);
        let pin = if pin == "-" { None } else { Some(pin.parse().ok()?) };
        let (name, token) = (Username::parse(words.next()?)?, words.next()?.to_owned().into());
        words.next().is_none().then_some(Self { server, pin, name, token })
    }

    fn line(&self) -> String {
        let pin = self.pin.map_or_else(|| "-".into(), |pin| pin.to_string());
        format!("{} {pin} {} {}\n", trust::address(&self.server), self.name, self.token.expose())
    }

    /// Whether the server that is expected is the one that gave the token.
    fn is_from(&self, expected: Expected) -> bool {
        match (self.pin, expected) {
            (Some(pin), Expected::Pinned(expected)) => pin.accepts(&expected),
            (None, Expected::Roots) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn file() -> (tempfile::TempDir, Remembered) {
        let folder = tempfile::tempdir().unwrap();
        let remembered = Remembered::beside(&folder.path().join("homeroom/known_servers"));
        (folder, remembered)
    }

    fn found(remembered: &Remembered, server: &str, expected: Expected, name: Option<&Username>) -> Option<String> {
        let (name, token) = remembered.find(&server.parse().unwrap(), expected, name)?;
        Some(format!("{name} {}", token.expose()))
    }

    #[test]
    fn a_token_is_for_the_server_that_gave_it() {
        let (_folder, remembered) = file();
        let (one, other) = (Expected::Pinned(Pin::of(b"1")), Expected::Pinned(Pin::of(b"2")));
        let server: Link = "pi.local".parse().unwrap();
        remembered.keep(&server, one, &name("ada"), &"t1".to_owned().into());
        remembered.keep(&server, one, &name("bob"), &"t2".to_owned().into());
        assert_eq!(found(&remembered, "PI.local.:7667", one, None).unwrap(), "bob t2");
        assert_eq!(found(&remembered, "pi.local", one, Some(&name("ada"))).unwrap(), "ada t1");
        for (server, expected) in [("pi.local", other), ("pi.local", Expected::Roots), ("pi.local:1", one)] {
            assert_eq!(found(&remembered, server, expected, None), None, "{server} {expected:?}");
        }
        remembered.keep(&server, Expected::Roots, &name("ada"), &"t3".to_owned().into());
        assert_eq!(found(&remembered, "pi.local", one, Some(&name("ada"))), None);
        assert_eq!(found(&remembered, "pi.local", Expected::Roots, None).unwrap(), "ada t3");
        remembered.forget(&server, &name("ada"));
        assert_eq!(found(&remembered, "pi.local", Expected::Roots, None), None);
        assert_eq!(found(&remembered, "pi.local", one, None).unwrap(), "bob t2", "what is another's stays");
    }

    #[test]
    fn so_many_and_no_more() {
        let (_folder, remembered) = file();
        let (server, ada) = ("pi".parse().unwrap(), name("ada"));
        for n in 0..=LOGINS_MAX {
            let server = format!("pi:{}", 1000 + n).parse().unwrap();
            remembered.keep(&server, Expected::Roots, &ada, &"t".to_owned().into());
        }
        assert_eq!(fs::read_to_string(&remembered.path).unwrap().lines().count(), LOGINS_MAX);
        assert_eq!(found(&remembered, "pi:1000", Expected::Roots, None), None);
        for token in ["a b", "a\nb", "", &"x".repeat(TOKEN_CHARS_MAX + 1)] {
            remembered.keep(&server, Expected::Roots, &ada, &token.to_owned().into());
            assert_eq!(found(&remembered, "pi", Expected::Roots, None), None, "{token:?}");
        }
        fs::write(&remembered.path, b"\xff\nx\npi - ada t u\npi - ada t\n").unwrap();
        assert_eq!(found(&remembered, "pi", Expected::Roots, None).unwrap(), "ada t");
    }
}
