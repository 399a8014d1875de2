//! Why something failed, as people read it: nothing that the system or a library says reaches them as it stands.
//!
//! Without the number that the system has for programs, and without the lines of OpenSSL and serde's shorthand. Whoever
//! needs those finds them in the log at debug level.

mod tls;

use serde_json::error::Category;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

/// What std says by itself of what was read, and what it means to whoever has that file.
const OF_STD: [(&str, &str); 2] = [
    ("stream did not contain valid UTF-8", "it isn't text in UTF-8"),
    ("failed to fill whole buffer", "it ends too early"),
];

/// An error of the system or a library, in words for people.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reason<'a>(pub(crate) &'a (dyn Error + 'static));

/// Why a file or a folder can't be used, and what to do about that cause.
pub(crate) fn of_file(error: &io::Error) -> String {
    // What is of our own making says so itself.
    let remedy = error.raw_os_error().and_then(|number| remedy(number, error.kind()));
    match remedy {
        Some(remedy) => format!("{}; {remedy}", Reason(error)),
        None => Reason(error).to_string(),
    }
}

fn remedy(number: i32, kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::PermissionDenied => Some("run this as the user that it belongs to, or give it to this one"),
        ErrorKind::ReadOnlyFilesystem => Some(
            "its disk is mounted for reading alone, which systems also do when a disk fails (the system's log says so): \
             mount it for writing, or use another",
        ),
        ErrorKind::StorageFull => Some("make room on its disk"),
        ErrorKind::QuotaExceeded => Some("its user may keep no more there: remove something, or have the quota raised"),
        ErrorKind::NotADirectory => Some("a file stands where a folder should be"),
        ErrorKind::StaleNetworkFileHandle
        | ErrorKind::NotConnected
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown => {
            Some("it lies on another machine, which can't be reached: mount it anew, or use a folder of this machine")
        }
        _ if cfg!(unix) && number == EIO => Some("the system's log may say what is wrong with its disk"),
        _ => None,
    }
}

/// What Unix systems say of a disk that fails; std has no kind for it.
const EIO: i32 = 5;

/// Why there is no thread. The system has the same number for that as for a socket's timeout.
pub(crate) fn of_thread(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::OutOfMemory => "this machine has no room for another one".into(),
        _ => Reason(error).to_string(),
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&said(self.0))
    }
}

fn said(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        match (error.raw_os_error(), error.kind(), error.get_ref()) {
            // What is said of a socket's timeout is about the way it was asked for.
            (Some(_), ErrorKind::WouldBlock | ErrorKind::TimedOut, _) => return "no answer in time".into(),
            (None, _, Some(inner)) => return said(inner),
            _ => {}
        }
    }
    if let Some(what) = error.downcast_ref::<serde_json::Error>().and_then(of_json) {
        return what;
    }
    let text = error.to_string();
    if let Some((_, meaning)) = OF_STD.iter().find(|(said, _)| *said == text) {
        return (*meaning).into();
    }
    // The resolver's own words come behind that.
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    in_small(&tls::meaning(text).unwrap_or_else(|| without_numbers(text)))
}

/// What is wrong with a file's JSON. None where it's our own words, or a field's name.
fn of_json(error: &serde_json::Error) -> Option<String> {
    // `invalid type: string "…", expected u64`, which may show what nobody should read.
    let is_of_serde =
        ["invalid type", "invalid value", "invalid length"].iter().any(|start| error.to_string().starts_with(start));
    let what = match error.classify() {
        Category::Eof => "it ends too early",
        Category::Syntax => "it is no JSON any more",
        Category::Data if is_of_serde => "something else stands there than belongs there",
        Category::Data | Category::Io => return None,
    };
    // A value that was read before has no place.
    Some(match error.line() {
        0 => what.into(),
        line => format!("{what}, at line {line} column {}", error.column()),
    })
}

/// A text without the system's numbers, which libraries put in their own words.
fn without_numbers(text: &str) -> String {
    let mut pieces = text.split(" (os error ");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
        // On Windows a sentence ends before it.
        whole.truncate(whole.trim_end_matches('.').len());
        whole += rest.strip_prefix(')').unwrap_or(rest);
    }
    whole.trim_end_matches('.').to_owned()
}

/// As our own words begin. A word all in capitals stays what it is.
fn in_small(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            format!("{}{}", first.to_lowercase(), chars.as_str())
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
