//! Why the client ends other than by its user's wish.

mod certificates;

use super::advice;
use crate::duplex::HandshakeError;
use crate::join_code::JoinCode;
use crate::link::Pin;
use crate::protocol::{ErrorCode, Reason};
use crate::reason::Reason as Why;
use crate::sanitize;
use certificates::{changed_certificate, contradicting_link, no_longer_vouched, unknown_server, wrong_certificate};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why the client ends other than by its user's wish. What comes from the server is made safe when it is shown.
#[derive(Debug)]
pub enum ClientError {
    /// The command line contradicts itself.
    Usage(String),
    /// No server is named, none was used before, and nobody is there to be asked.
    NoServer,
    /// No server in this network has the key with this code.
    NoServerWithCode(JoinCode),
    /// The transcript can't be written.
    Transcript {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The end of input where a name or a password was asked for.
    NothingGiven {
        /// What was asked for.
        what: &'static str,
    },
    /// `HOMEROOM_PASSWORD` isn't UTF-8.
    PasswordNotUtf8,
    /// Ctrl-C before there was a session.
    Interrupted,
    /// The host's name can't be resolved.
    Resolve {
        /// The name.
        host: String,
        /// What the system says.
        error: io::Error,
    },
    /// No address of the host answers.
    Connect {
        /// HOST:PORT.
        server: String,
        /// What the system says of the last address.
        error: io::Error,
    },
    /// TLS can't be set up at all on this machine.
    Tls(native_tls::Error),
    /// Something answers, but not with TLS as it should be.
    Handshake {
        /// HOST:PORT.
        server: String,
        /// What went wrong.
        error: HandshakeError,
    },
    /// The server shows no certificate.
    NoCertificate {
        /// HOST:PORT.
        server: String,
    },
    /// The file `known_servers` is no use.
    KnownServers(KnownServersError),
    /// The certificate isn't the one of the link or the command line.
    WrongCertificate {
        /// HOST:PORT.
        server: String,
        /// What it should have shown.
        expected: Box<Pin>,
        /// What it showed.
        shown: Box<Pin>,
    },
    /// The certificate isn't the one that was trusted before.
    ChangedCertificate {
        /// HOST:PORT.
        server: String,
        /// What it showed before.
        expected: Box<Pin>,
        /// What it showed now.
        shown: Box<Pin>,
        /// Where that is remembered: the line and the file.
        entry: String,
    },
    /// The certificate is the link's, and another than was trusted before.
    ContradictingLink {
        /// HOST:PORT.
        server: String,
        /// What it showed before.
        expected: Box<Pin>,
        /// What it showed now, as the link says.
        shown: Box<Pin>,
        /// Where the first is remembered: the line and the file.
        entry: String,
    },
    /// Nothing vouches for the certificate, and there is nobody to ask.
    UnknownServer {
        /// HOST:PORT.
        server: String,
        /// What it showed.
        shown: Box<Pin>,
        /// What is wrong with the certificate's time, if anything.
        trouble: Option<String>,
    },
    /// The person didn't want to trust the server.
    NotTrusted {
        /// HOST:PORT.
        server: String,
    },
    /// The server refused the login.
    Refused {
        /// For programs.
        code: ErrorCode,
        /// Its words.
        message: String,
    },
    /// The connection broke, and the server doesn't let the client come back with its token.
    NotLetBack {
        /// Its words.
        message: String,
    },
    /// The system's roots accepted the certificate before, and don't accept the one that is shown now.
    NoLongerVouched {
        /// HOST:PORT.
        server: String,
        /// What it shows.
        shown: Box<Pin>,
    },
    /// What was typed has no answer when the client leaves.
    Undone {
        /// How many lines.
        lines: usize,
    },
    /// What came from a pipe looked like a slip, and was not said.
    Unsaid {
        /// How many lines.
        lines: usize,
    },
    /// The server's answer to the login makes no sense.
    NoWelcome,
    /// The connection ended.
    Lost {
        /// What the system says; None when the server closed it.
        error: Option<io::Error>,
    },
    /// Nothing comes from the server any more.
    Silent,
    /// The server sends something without end.
    Flood,
    /// The server said goodbye.
    Bye(Reason),
    /// Standard output can't be written to.
    Output(io::Error),
    /// Standard input can't be read.
    Input(io::Error),
    /// The system gives no thread, no random numbers, no signal handler.
    System {
        /// What can't be done.
        what: &'static str,
        /// Why, in words.
        why: String,
    },
}

/// Why the file is no use.
#[derive(Debug)]
pub enum KnownServersError {
    /// There's no telling where it should be.
    NoFolder,
    /// It, or its folder, can't be read or written.
    Io(PathBuf, io::Error),
    /// A line, counted from 1, isn't an entry.
    Line(PathBuf, usize),
    /// A line isn't UTF-8.
    NotUtf8(PathBuf, usize),
    /// Two lines are about one server, and only one of them can be right.
    Contradiction(PathBuf, usize, usize),
}

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// The server said goodbye.
    Bye(Reason),
    /// The server sends something without end.
    Flood,
    /// It closed the connection without a word.
    Closed,
    /// The connection broke.
    Broken(io::Error),
    /// Nothing comes over it any more.
    Silent,
}

impl ClientError {
    /// The process's exit status.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::NoServer | Self::NothingGiven { .. } | Self::PasswordNotUtf8 => 2,
            Self::Refused { .. } | Self::NotLetBack { .. } => 3,
            Self::WrongCertificate { .. }
            | Self::ChangedCertificate { .. }
            | Self::ContradictingLink { .. }
            | Self::UnknownServer { .. }
            | Self::NotTrusted { .. }
            | Self::NoLongerVouched { .. }
            | Self::NoCertificate { .. } => 4,
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => f.write_str(message),
            Self::NoServer => f.write_str(
                "no server is named, and none was used before: homeroom-client HOST[:PORT], or the line that the \
                 server printed",
            ),
            Self::NoServerWithCode(code) => write!(
                f,
                "no server with the join code {code} is found in this network\n  Compare it with what the server shows. Not \
                 every network lets servers be found; then type where it is as well:\n    homeroom-client ADDRESS {code}"
            ),
            Self::Transcript { path, error } => write!(
                f,
                "the transcript `{}` can't be written: {}; name another file with --log, or take it back with \
                 `/set log -`",
                path.display(),
                Why(error)
            ),
            Self::NothingGiven { what } => write!(f, "no {what} was given"),
            Self::PasswordNotUtf8 => f.write_str("HOMEROOM_PASSWORD is not UTF-8"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Resolve { host, error } => {
                write!(f, "no address is known for `{host}`: {}{}", Why(error), advice::unresolved(host, error))
            }
            Self::Connect { server, error } => {
                write!(f, "can't connect to {server}: {}{}", Why(error), advice::unreached(server, error))
            }
            Self::Tls(_) => f.write_str("this system's TLS library can't be set up: is it whole, and its configuration?"),
            Self::Handshake { server, error } => {
                let (why, advice) = (advice::handshake(error), advice::no_tls(error));
                write!(f, "what answers at {server} doesn't speak TLS as a homeroom server does: {why}{advice}")
            }
            Self::NoCertificate { server } => write!(
                f,
                "{server} shows no certificate\n  Probably it is no homeroom server. Check the address and the port."
            ),
            Self::KnownServers(why) => write!(f, "{why}"),
            Self::WrongCertificate { server, expected, shown } => wrong_certificate(f, server, expected, shown),
            Self::ChangedCertificate { server, expected, shown, entry } => {
                changed_certificate(f, server, expected, shown, entry)
            }
            Self::ContradictingLink { server, expected, shown, entry } => {
                contradicting_link(f, server, expected, shown, entry)
            }
            Self::UnknownServer { server, shown, trouble } => unknown_server(f, server, shown, trouble.as_deref()),
            Self::NotTrusted { server } => write!(f, "{} is not trusted: nothing was said to it", server),
            Self::Refused { code, message } => {
                write!(f, "the login was refused: {}{}", sanitize::line(message), advice::refused(*code))
            }
            Self::NotLetBack { message } => write!(
                f,
                "the server doesn't let this session come back ({}): it was ended there, or its account was; begin \
                 again, with the password",
                sanitize::line(message)
            ),
            Self::NoLongerVouched { server, shown } => no_longer_vouched(f, server, shown),
            Self::Undone { lines: 1 } => f.write_str("one line that was typed was not confirmed by the server"),
            Self::Undone { lines } => write!(f, "{lines} lines that were typed were not confirmed by the server"),
            Self::Unsaid { lines: 1 } => f.write_str("one line was not said: why stands above"),
            Self::Unsaid { lines } => write!(f, "{lines} lines were not said: why stands above"),
            Self::NoWelcome => f.write_str(
                "the server's answer to the login makes no sense\n  Probably it is no homeroom server, or one that is much \
                 newer than this client. Check the address and the port.",
            ),
            Self::Lost { error: Some(error) } => write!(f, "the connection to the server is lost: {}", Why(error)),
            Self::Lost { error: None } => f.write_str("the server closed the connection"),
            Self::Silent => f.write_str("the server no longer answers"),
            Self::Flood => f.write_str("the server sends a line without an end: the connection was closed"),
            Self::Bye(reason) => f.write_str(bye(*reason)),
            Self::Output(e) => write!(f, "can't write to standard output: {}", Why(e)),
            Self::Input(e) => write!(f, "can't read standard input: {}", Why(e)),
            Self::System { what, why } => write!(f, "can't {what}: {why}"),
        }
    }
}

fn bye(reason: Reason) -> &'static str {
    match reason {
        Reason::Logout => {
            "this session made way: its account has a newer one, and either has too many or the server is full"
        }
        Reason::Removed => "an administrator ended this session",
        Reason::TooSlow => "the server ended this session: what it sent was not read fast enough",
        Reason::Timeout => "the server ended this session: it had no answer from here",
        Reason::Shutdown => "the server was shut down",
        Reason::Disconnected | Reason::Other => "the server ended this session",
    }
}

impl std::error::Error for ClientError {}

impl fmt::Display for KnownServersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder => f.write_str("there is no folder for known_servers: set HOMEROOM_CONFIG_DIR"),
            Self::Io(path, e) => write!(f, "`{}` can't be used: {}", path.display(), Why(e)),
            Self::Line(path, line) => {
                write!(f, "line {line} of `{}` is no HOST:PORT sha256:HEX+key:HEX: mend or remove it", path.display())
            }
            Self::NotUtf8(path, line) => write!(
                f,
                "line {line} of `{}` is not UTF-8: save the file as UTF-8, or remove that line",
                path.display()
            ),
            Self::Contradiction(path, one, other) => write!(
                f,
                "lines {one} and {other} of `{}` are about the same server and contradict each other: remove the one that \
                 is wrong",
                path.display()
            ),
        }
    }
}

impl std::error::Error for KnownServersError {}

impl From<End> for ClientError {
    fn from(end: End) -> Self {
        match end {
            End::Bye(reason) => Self::Bye(reason),
            End::Flood => Self::Flood,
            End::Closed => Self::Lost { error: None },
            End::Broken(error) => Self::Lost { error: Some(error) },
            End::Silent => Self::Silent,
        }
    }
}

impl From<KnownServersError> for ClientError {
    fn from(error: KnownServersError) -> Self {
        Self::KnownServers(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_certificate_says_what_to_do() {
        let error = ClientError::ChangedCertificate {
            server: "pi.local:7667".into(),
            expected: Box::new(Pin::of(b"1")),
            shown: Box::new(Pin::of(b"2")),
            entry: "line 3 of /home/ada/.config/homeroom/known_servers".into(),
        };
        let text = error.to_string();
        assert!(text.contains("THE CERTIFICATE OF pi.local:7667 HAS CHANGED"));
        assert!(text.contains(&format!("--fingerprint {}", Pin::of(b"2"))));
        assert!(text.contains("line 3 of /home/ada/.config/homeroom/known_servers"));
        assert_eq!(error.exit_status(), 4);
    }

    #[test]
    fn a_refusal_is_made_safe() {
        let error = ClientError::Refused { code: ErrorCode::Banned, message: "no\x1b[2J\n".into() };
        let text = error.to_string();
        assert_eq!(text.lines().next(), Some("the login was refused: no␛[2J␊"));
        assert!(text.contains("/unban"), "{text}");
        assert_eq!(error.exit_status(), 3);
        let error = ClientError::NotLetBack { message: "no\x1b[2J\n".into() };
        assert!(error.to_string().contains("(no␛[2J␊)"), "{error}");
    }
}
