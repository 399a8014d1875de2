//! What an HTTP request is answered with: always with a length, never with a version of anything, and then the connection
//! is closed.

use super::head::{BadHead, Head};
use std::borrow::Cow;
use std::fmt::Write;

/// What no answer does without. The page comes from here alone and knows of nobody else, nobody else shows it in a frame or
/// keeps a hand on its window, and nothing is kept. Not among them: `Strict-Transport-Security`, with which a browser would
/// never let anyone past the warning about a certificate that no authority has signed.
const ALWAYS: &str = "Connection: close\r\n\
    Cache-Control: no-store\r\n\
    Referrer-Policy: no-referrer\r\n\
    X-Content-Type-Options: nosniff\r\n\
    X-Frame-Options: DENY\r\n\
    Cross-Origin-Opener-Policy: same-origin\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n";
/// What anything but the page may do in a browser.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: &'static str,
    content_type: &'static str,
    policy: Cow<'static, str>,
    /// Further headers, each with its end.
    more: String,
    pub(super) body: Cow<'static, [u8]>,
}

impl Answer {
    pub(super) fn new(status: &'static str, content_type: &'static str, body: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { status, content_type, policy: NOTHING.into(), more: String::new(), body: body.into() }
    }

    /// A sentence for a person.
    pub(super) fn words(status: &'static str, words: &'static str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", words.as_bytes())
    }

    pub(super) fn not_found() -> Self {
        Self::words("404 Not Found", "there is nothing here: the chat is at /\n")
    }

    /// With one header more.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        // Writing to memory has no way to fail.
        let _ = write!(self.more, "{name}: {value}\r\n");
        self
    }

    /// With what the page may do.
    pub(super) fn policy(self, policy: String) -> Self {
        Self { policy: policy.into(), ..self }
    }

    /// The head, for a body of so many bytes.
    pub(super) fn head(&self, body_bytes: u64) -> String {
        let Self { status, content_type, policy, more, .. } = self;
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {body_bytes}\r\n\
             Content-Security-Policy: {policy}\r\n{ALWAYS}{more}\r\n"
        )
    }

    /// All of it.
    pub(super) fn encode(&self) -> Vec<u8> {
        [self.head(self.body.len() as u64).as_bytes(), &self.body].concat()
    }
}

impl From<BadHead> for Answer {
    fn from(bad: BadHead) -> Self {
        match bad {
            BadHead::Malformed => Self::words("400 Bad Request", "that is no request\n"),
            BadHead::TooLarge => {
                Self::words("431 Request Header Fields Too Large", "a request's head has at most 8 KiB\n")
            }
        }
    }
}

/// The refusal of a method that nothing here is asked with.
pub(super) fn wrong_method(head: &Head) -> Answer {
    let body = if head.method == "HEAD" { "" } else { "only GET\n" };
    Answer::words("405 Method Not Allowed", body).with("Allow", "GET")
}
