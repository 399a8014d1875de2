//! The client's command line.

use super::look::ColourWish;
use super::sound::Cue;
use crate::link::{Link, Pin};
use crate::protocol::Username;
use clap::Parser;
use std::path::PathBuf;

/// Chats on a homeroom server.
///
/// What you type is said to the room; /help lists the commands. Works the same from a pipe.
#[derive(Clone, Debug, Parser)]
#[command(name = "homeroom-client", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Args {
    /// The server: HOST, HOST:PORT, or the homeroom://… line that it printed; else the last one, or you're asked
    #[arg(value_name = "HOST[:PORT]|LINK")]
    pub server: Option<Link>,
    /// List the servers that are found in this network, even where one was joined before
    #[arg(long)]
    pub find: bool,
    /// Your name on the server; asked for otherwise
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub user: Option<Username>,
    /// Accept this certificate of the server, or this key, and no other
    #[arg(long, value_name = "sha256:HEX|key:HEX")]
    pub fingerprint: Option<Pin>,
    /// Plain lines alone, as from a pipe: no colours, no cursor movement
    #[arg(long)]
    pub plain: bool,
    /// Show each event as it comes on the wire, one JSON object a line, for programs
    #[arg(long)]
    pub json: bool,
    /// Colours on a terminal: auto (unless NO_COLOR is set), always, never
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub color: ColourWish,
    /// Leave when the connection breaks, instead of coming back
    #[arg(long)]
    pub no_reconnect: bool,
    /// Play no sounds
    #[arg(long)]
    pub no_sound: bool,
    /// Events that make no sound: login, logout, private, message, mention, error
    #[arg(long, value_name = "EVENT,…", value_delimiter = ',', value_enum, hide_possible_values = true)]
    pub silent: Vec<Cue>,
    /// Take the sounds (login.wav, .ogg, .mp3 or .flac, and so on) from DIR
    #[arg(long, value_name = "DIR")]
    pub sounds: Option<PathBuf>,
    /// Don't ring the terminal's bell where no sound can be played
    #[arg(long)]
    pub no_bell: bool,
    /// Tell the desktop nothing of whispers and mentions while the terminal is not in front
    #[arg(long)]
    pub no_notify: bool,
    /// People who are neither shown nor heard
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = parse_name)]
    pub ignore: Vec<Username>,
    /// Append what is shown to FILE, with dates, readable by you alone
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
The password comes from HOMEROOM_PASSWORD, else it's asked for; from a pipe it's the first line. Each \
option but --fingerprint can also stand in settings.toml (no-bell = true), which /set shows and changes.
Exit status: 0 done, 1 a failure while running, 2 bad usage, 3 login refused, 4 certificate not trusted.";

impl Args {
    /// The id of the one argument that isn't an option.
    pub(super) const SERVER: &str = "server";

    /// What this server must show, if the command line says it.
    ///
    /// # Errors
    /// The link and `--fingerprint` contradict each other.
    pub fn pin(&self, server: &Link) -> Result<Option<Pin>, String> {
        match (server.pin, self.fingerprint) {
            (Some(link), Some(flag)) if link != flag => {
                Err("the link's fingerprint and --fingerprint are not the same".into())
            }
            (link, flag) => Ok(flag.or(link)),
        }
    }
}

fn parse_name(text: &str) -> Result<Username, &'static str> {
    Username::parse(text).ok_or(Username::RULE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_is_taken() {
        let args = Args::try_parse_from(["homeroom-client", "pi.local:7668", "--user", "Ada", "--no-sound"]).unwrap();
        let server = args.server.unwrap();
        assert_eq!((server.host.as_str(), server.port), ("pi.local", 7668));
        assert_eq!(args.user.unwrap().as_str(), "ada");
        assert!(args.no_sound);
    }

    #[test]
    fn bad_usage() {
        for line in [&["x", "a:0"][..], &["x", "a", "--user", "a b"], &["x", "a", "--fingerprint", "sha1:00"]] {
            assert_eq!(Args::try_parse_from(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }

    #[test]
    fn a_link_and_a_flag_must_agree() {
        let (one, other) = (Pin::of(b"1").to_string(), Pin::of(b"2").to_string());
        let link = format!("homeroom://a#{one}");
        let pin = |flag| {
            let args = Args::try_parse_from(["x", &link, "--fingerprint", flag]).unwrap();
            args.pin(args.server.as_ref().unwrap())
        };
        assert_eq!(pin(&one), Ok(Some(Pin::of(b"1"))));
        assert!(pin(&other).is_err());
    }
}
