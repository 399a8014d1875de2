//! Why something failed, as the system says it to people: without the number that it has for programs.

use std::fmt;
use std::io::{self, ErrorKind};

/// An error of the system, shown as people read it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reason<'a>(pub(crate) &'a io::Error);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(error) = self;
        match (error.raw_os_error(), error.kind()) {
            // What is said of a socket's timeout is about the way it was asked for.
            (Some(_), ErrorKind::WouldBlock | ErrorKind::TimedOut) => f.write_str("no answer in time"),
            (Some(number), _) => {
                let text = error.to_string();
                let text = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text).trim_end_matches('.');
                let mut chars = text.chars();
                // As our own words begin. A word all in capitals stays what it is.
                match (chars.next(), chars.clone().next()) {
                    (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
                        write!(f, "{}{}", first.to_lowercase(), chars.as_str())
                    }
                    _ => f.write_str(text),
                }
            }
            (None, _) => write!(f, "{error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(error: &io::Error) -> String {
        Reason(error).to_string()
    }

    #[test]
    fn no_number_of_the_systems_is_shown() {
        // Of every system some, whichever these are.
        for number in 1..140 {
            let (error, text) = (io::Error::from_raw_os_error(number), shown(&io::Error::from_raw_os_error(number)));
            assert!(!text.contains("os error") && !text.is_empty(), "{error}: {text}");
        }
        assert_eq!(shown(&io::Error::other("Its own words (os error 1)")), "Its own words (os error 1)");
        assert_eq!(shown(&ErrorKind::UnexpectedEof.into()), "unexpected end of file");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn it_is_said_as_we_say_it() {
        for (number, expected) in [
            (11, "no answer in time"),
            (13, "permission denied"),
            (28, "no space left on device"),
            (104, "connection reset by peer"),
            (110, "no answer in time"),
            (111, "connection refused"),
        ] {
            assert_eq!(shown(&io::Error::from_raw_os_error(number)), expected);
        }
    }
}
