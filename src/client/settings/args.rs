//! The client's command line.

use super::cue::Cue;
use super::place::Place;
use crate::link::{Link, Pin};
use crate::options::path;
use crate::protocol::Username;
use clap::{Arg, ArgAction, Parser};
use std::path::PathBuf;

/// Chats on a homeroom server: what you type is said to the room, /help lists more
///
/// Works the same from a pipe.
#[derive(Clone, Debug, Parser)]
#[command(name = "homeroom-client", version, max_term_width = 100, after_help = AFTER_HELP)]
#[command(help_template = SCREEN, disable_help_flag = true, arg = help())]
pub struct Args {
    /// Join code, HOST:PORT, both, or a link; else the last one
    ///
    /// The code that the server shows, such as k7f3-9xqm-2hpt-w8dn, is enough in the same network. Else where the server
    /// is, with the code behind it; or its homeroom://… line. Where none was joined before, the network is searched and
    /// you are asked.
    #[arg(value_name = "SERVER")]
    pub server: Vec<String>,
    /// List the servers in this network, and choose
    ///
    /// Even where one was joined before.
    #[arg(long)]
    pub find: bool,
    /// Your name on the server; else you're asked
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub user: Option<Username>,
    /// Keep the login: the next start needs no password
    ///
    /// Only at a terminal, and on a computer of your own: whoever opens its files is in. `/logout` ends it.
    #[arg(long)]
    pub remember: bool,
    /// Make an account, with the code for the class
    ///
    /// You are asked for the code, which a teacher shows, for a name, and for a password of your own.
    #[arg(long)]
    pub register: bool,
    /// Accept this code, sha256:HEX or key:HEX and no other
    ///
    /// The join code, the fingerprint of the server's certificate, or that of the key in it.
    #[arg(long, value_name = "PIN")]
    pub fingerprint: Option<Pin>,
    /// Plain lines, as from a pipe: no colours, no editing
    #[arg(long)]
    pub plain: bool,
    /// Each event as on the wire, one a line, for programs
    #[arg(long)]
    pub json: bool,
    /// Colours: auto (unless NO_COLOR is set), always, never
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub color: ColourWish,
    /// Leave when the connection breaks
    ///
    /// Otherwise the client comes back by itself, and what was typed meanwhile is said then.
    #[arg(long)]
    pub no_reconnect: bool,
    /// Play no sounds
    #[arg(long)]
    pub no_sound: bool,
    /// Mute login, logout, private, message, mention, error
    ///
    /// The events of this list make no sound.
    #[arg(long, value_name = "EVENTS", value_delimiter = ',', value_enum, hide_possible_values = true)]
    pub silent: Vec<Cue>,
    /// Your own login.wav (.ogg, .mp3, .flac) and so on
    #[arg(long, hide_short_help = true, value_name = "DIR", value_parser = path())]
    pub sounds: Option<PathBuf>,
    /// No bell in place of sounds that can't be played
    #[arg(long, hide_short_help = true)]
    pub no_bell: bool,
    /// No word on the desktop of whispers and mentions
    ///
    /// Otherwise the terminal is asked to tell of them while it is not in front.
    #[arg(long, hide_short_help = true)]
    pub no_notify: bool,
    /// Don't show who comes and goes
    ///
    /// Their sounds have settings of their own: login and logout.
    #[arg(long)]
    pub no_presence: bool,
    /// People who are neither shown nor heard
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = parse_name)]
    pub ignore: Vec<Username>,
    /// Append what is shown to FILE, for you alone
    ///
    /// With dates; the file is readable by nobody else.
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub log: Option<PathBuf>,
}

/// When there are colours. Plain and JSON output never has any.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum ColourWish {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// On a terminal, even if NO_COLOR is set
    Always,
    /// Nowhere
    Never,
}

const AFTER_HELP: &str = "\
Password: HOMEROOM_PASSWORD, a pipe's first line, or a prompt. All settings: /set.
Exit: 0 done, 1 failed, 2 bad usage, 3 login refused, 4 certificate not trusted.";

/// On one screen of 24 lines; what is hidden there stands in the manual page.
const SCREEN: &str = "\
{about-with-newline}{usage-heading} {usage}
{positionals}
{options}{after-help}";

/// The short form is the only one on a screen; the manual page has the long one.
fn help() -> Arg {
    Arg::new("help").short('h').long("help").help("Print help").action(ArgAction::HelpShort)
}

impl Args {
    /// The id of the arguments that aren't options.
    pub(super) const SERVER: &str = "server";

    /// Which server is named, if one is.
    ///
    /// # Errors
    /// What is named is no server.
    pub(crate) fn place(&self) -> Result<Option<Place>, String> {
        if self.server.is_empty() { Ok(None) } else { self.server.join(" ").parse().map(Some) }
    }

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
    fn help_fits_a_screen() {
        let help = Args::command().term_width(80).render_help().to_string();
        assert!(help.trim_end().lines().count() < 24, "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }

    #[test]
    fn what_is_taken() {
        let args = Args::try_parse_from(["homeroom-client", "pi.local:7668", "--user", "Ada", "--no-sound"]).unwrap();
        assert_eq!(args.place(), Ok(Some(Place::At("pi.local:7668".parse().unwrap()))));
        assert_eq!(args.user.unwrap().as_str(), "ada");
        assert!(args.no_sound);
    }

    #[test]
    fn bad_usage() {
        for line in [&["x", "--find=a"][..], &["x", "a", "--user", "a b"], &["x", "a", "--fingerprint", "sha1:00"]] {
            assert_eq!(Args::try_parse_from(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }

    #[test]
    fn a_link_and_a_flag_must_agree() {
        let (one, other) = (Pin::of(b"1").to_string(), Pin::of(b"2").to_string());
        let link: Link = format!("homeroom://a#{one}").parse().unwrap();
        let pin = |flag| Args::try_parse_from(["x", "--fingerprint", flag]).unwrap().pin(&link);
        assert_eq!(pin(&one), Ok(Some(Pin::of(b"1"))));
        assert!(pin(&other).is_err());
    }
}
