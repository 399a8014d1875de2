//! The server that was used last: what `homeroom-client` alone joins.

use super::discover;
use super::trust;
use crate::client::console::Console;
use crate::client::error::ClientError;
use crate::client::piped;
use crate::client::settings::{Args, Place, folder};
use crate::client::terminal::{answer, notice};
use crate::files::{self, Access};
use crate::link::Link;
use crate::protocol::Username;
use crate::sanitize;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How often a person is asked for an address in a row.
const ADDRESS_TRIES_MAX: usize = 5;
/// The largest file that is read: an address and a name take a few hundred bytes.
const FILE_BYTES_MAX: u64 = 4096;

/// The server to join.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) server: Link,
    /// The name that was used there.
    pub(crate) name: Option<Username>,
    /// It was looked for by its join code: what it must show was typed, and where it is was not.
    pub(crate) by_code: bool,
}

impl Chosen {
    /// Where a person says, or wherever the one with a code is.
    fn named(place: Place) -> Result<Self, ClientError> {
        let (server, by_code) = match place {
            Place::At(server) => (server, false),
            Place::WithCode(code) => (discover::locate(code)?, true),
        };
        Ok(Self { server, name: None, by_code })
    }
}

/// The file `last_server`: HOST:PORT and the name used there, on one line.
#[derive(Debug)]
pub(crate) struct LastServer {
    path: PathBuf,
}

impl LastServer {
    /// In the same folder as this file.
    pub(crate) fn beside(file: &Path) -> Self {
        Self { path: file.with_file_name("last_server") }
    }

    /// The server of the command line; else the one that was used last, with the name there, unless others are to be
    /// found; else a person is asked, who is shown what is found in the network.
    ///
    /// # Errors
    /// There is none, and nobody to ask.
    pub(crate) fn choose(&self, args: &Args, console: &Console) -> Result<Chosen, ClientError> {
        if let Some(place) = args.place().map_err(ClientError::Usage)? {
            return Chosen::named(place);
        }
        if let Some((server, name)) = self.find().filter(|_| !args.find) {
            let address = trust::address(&server);
            answer(format_args!("joining {address} as last time; another one: homeroom-client CODE"));
            return Ok(Chosen { server, name, by_code: false });
        }
        let found = if args.find || console.is_terminal() { discover::search() } else { Vec::new() };
        discover::list(&found);
        if !console.is_terminal() {
            return Err(ClientError::NoServer);
        }
        answer(match found[..] {
            [] => "no server is found in this network. Type the join code that yours shows, such as",
            _ => "which server? Type the number of one of these, or the join code that yours shows, such as",
        });
        answer("k7f3-9xqm-2hpt-w8dn. Or the server's name or address, with :PORT where that isn't 7667");
        for _ in 0..ADDRESS_TRIES_MAX {
            let typed = console.ask("server")?;
            let typed = typed.trim().trim_start_matches("homeroom-client").trim();
            if let Some(chosen) = typed.parse().ok().and_then(|number: usize| found.get(number.checked_sub(1)?)) {
                return Chosen::named(Place::At(chosen.server.clone()));
            }
            match typed.parse().map(Chosen::named) {
                Ok(Err(ClientError::NoServerWithCode(code))) => notice(ClientError::NoServerWithCode(code)),
                Ok(chosen) => return chosen,
                Err(why) => notice(format_args!("`{}` is no server: {why}", sanitize::line(typed))),
            }
        }
        Err(ClientError::NoServer)
    }

    /// Remembers where somebody is logged in, and under which name. Without that the client works as well.
    pub(crate) fn remember(&self, server: &Link, name: &str) {
        let line = format!("{} {}\n", trust::address(server), sanitize::line(name));
        if files::read_to_string(&self.path).is_ok_and(|before| before == line) {
            return;
        }
        if let Err(e) = folder::replace(&self.path, line.as_bytes()) {
            log::debug!("the last server can't be remembered: {e}");
        }
    }

    fn find(&self) -> Option<(Link, Option<Username>)> {
        let file = files::open(&self.path, Access::Read).ok()?;
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
        let text = piped::without_mark(&text).trim();
        let (server, name) = text.split_once(' ').unwrap_or((text, ""));
        Some((server.parse().ok()?, Username::parse(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembered() {
        let folder = tempfile::tempdir().unwrap();
        let last = LastServer::beside(&folder.path().join("homeroom/known_servers"));
        assert!(last.find().is_none());
        last.remember(&"[::1]:99".parse().unwrap(), "ada");
        let (server, name) = last.find().unwrap();
        assert_eq!((server.host.as_str(), server.port, name.unwrap().as_str()), ("::1", 99, "ada"));
        std::fs::write(&last.path, "\u{feff}pi.local ada\r\n").unwrap();
        assert_eq!(last.find().unwrap().0.host, "pi.local");
        std::fs::write(&last.path, "\u{1b}[2J").unwrap();
        assert!(last.find().is_none(), "what makes no sense is no server");
    }
}
