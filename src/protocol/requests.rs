//! What a client sends, and how a line of it is read.

use super::door::{Guests, Register};
use super::framing::encode_line;
use super::limits::{ID_BYTES_MAX, NESTING_MAX};
use super::names::RequestId;
use super::roles::Role;
use super::secret::Secret;
use crate::reason::Reason;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a client sends.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// Who the client is: with a password, or with the token of an earlier `welcome`.
    Login(Login),
    /// Or makes an account first, with the code of the class's door.
    Register(Register),
    /// A message to everyone in the room.
    Say {
        /// The room, [`GENERAL`](super::GENERAL) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// 1 to [`TEXT_CHARS_MAX`](super::TEXT_CHARS_MAX) characters.
        text: String,
        /// What the sender does rather than says: shown as `* ada waves`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        action: bool,
    },
    /// A message to every session of one account and of the sender's own, and nobody else.
    Whisper {
        /// The account's name.
        to: String,
        /// 1 to [`TEXT_CHARS_MAX`](super::TEXT_CHARS_MAX) characters.
        text: String,
    },
    /// Who is online.
    Who {
        /// List only the names that sort after this one: how a list that was cut (`more`) is continued.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Who an account is, and whether its owner is there.
    Whois {
        /// The account's name.
        username: String,
    },
    /// The person is away, or back.
    Away {
        /// Why, for whoever whispers meanwhile: 0 to [`NOTE_CHARS_MAX`](super::NOTE_CHARS_MAX) characters.
        /// Absent: back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// What the room talks about.
    Topic {
        /// Admin: from now on this, 1 to [`NOTE_CHARS_MAX`](super::NOTE_CHARS_MAX) characters; nothing in particular if
        /// empty. Absent: asks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// What was said before, oldest first.
    History {
        /// Before this seq; what was said last if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// At most so many events, 1 to [`HISTORY_EVENTS_MAX`](super::HISTORY_EVENTS_MAX);
        /// [`HISTORY_EVENTS_DEFAULT`](super::HISTORY_EVENTS_DEFAULT) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    },
    /// How others get in: the join code, the page's addresses.
    Code,
    /// Which commands this role may use.
    Help,
    /// Changes one's own password.
    Passwd {
        /// The password until now.
        old: Secret,
        /// The password from now on.
        new: Secret,
    },
    /// Ends this session.
    Logout,
    /// Asks for a `pong` with the same id.
    Ping,
    /// The answer to the server's `ping`.
    Pong,
    /// Staff: a new account.
    AddUser {
        /// The account's name.
        username: String,
        /// Its password; without one the server makes a one-time password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<Secret>,
        /// Its role.
        #[serde(default)]
        role: Role,
        /// What its owner is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// To which group they belong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    /// Staff: what an account's owner is called, to which group they belong.
    SetUser {
        /// The account's name.
        username: String,
        /// What its owner is called; an empty one removes it, an absent one leaves it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Their group, likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    /// Staff: every account.
    ListUsers {
        /// List only the names that sort after this one: how a list that was cut (`more`) is continued.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Staff: ends every session of an account.
    LogoutUser {
        /// The account's name.
        username: String,
    },
    /// Staff: opens the class's door, or closes it. Alone: asks.
    Door {
        /// For so long; 0 closes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minutes: Option<u32>,
        /// The group of those who come in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
        /// Whether guests may come in, or are to go.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guests: Option<Guests>,
    },
    /// Admin: ends the server.
    Shutdown,
    /// Admin: how the server is.
    Status,
    /// Admin: takes the server's configuration, certificate and message of the day anew.
    Reload,
    /// Admin: ends every session of an account and keeps it out.
    Ban {
        /// The account's name.
        username: String,
    },
    /// Admin: lets it in again.
    Unban {
        /// The account's name.
        username: String,
    },
    /// Staff: an account may say nothing.
    Mute {
        /// The account's name.
        username: String,
        /// For so long; until `unmute` if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minutes: Option<u32>,
    },
    /// Staff: it may speak again.
    Unmute {
        /// The account's name.
        username: String,
    },
    /// Staff: gives an account a one-time password and ends its sessions.
    ResetPassword {
        /// The account's name.
        username: String,
    },
    /// Admin: deletes an account and ends its sessions.
    DeleteUser {
        /// The account's name.
        username: String,
    },
    /// Admin: gives an account another role.
    Promote {
        /// The account's name.
        username: String,
        /// Which; an administrator's if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
    },
    /// Admin: gives an account another role.
    Demote {
        /// The account's name.
        username: String,
        /// Which; a user's if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
    },
    /// A type that this version doesn't know.
    #[serde(other)]
    Unknown,
}

/// The first request of a connection.
#[derive(Debug, Deserialize, Serialize)]
pub struct Login {
    /// [`VERSION`](super::VERSION).
    pub protocol: u32,
    /// The account's name.
    pub username: String,
    /// Its password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Or the token of an earlier `welcome`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// Replay what came after this seq.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// False: others use this computer too, and the token ends soon after its session does.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub keep: bool,
}

pub(super) fn yes() -> bool {
    true
}

/// A request that can't be carried out as it stands.
#[derive(Debug, Eq, PartialEq)]
pub struct BadRequest {
    /// The request's id where it could be read.
    pub id: Option<RequestId>,
    /// What is wrong with it.
    pub message: String,
}

impl Request {
    /// Reads one line, without its end.
    ///
    /// # Errors
    /// [`BadRequest`] when it isn't UTF-8 JSON, its id isn't one, or a field is missing or of the wrong type.
    pub fn parse(line: &[u8]) -> Result<(Option<RequestId>, Self), BadRequest> {
        let no_id = |message: String| BadRequest { id: None, message };
        let line = std::str::from_utf8(line).map_err(|e| no_id(format!("not UTF-8: {}", Reason(&e))))?;
        // Deriving would take an array of the fields' values as well.
        if !line.trim_start().starts_with('{') {
            return Err(no_id("a request is a JSON object, such as {\"type\":\"ping\"}".into()));
        }
        if nesting(line) > NESTING_MAX {
            return Err(no_id(format!("nested deeper than {NESTING_MAX} levels")));
        }
        // The id first, so that whatever else is wrong is answered under it.
        let head: Head = serde_json::from_str(line).map_err(|e| no_id(format!("not a request: {}", Reason(&e))))?;
        let id = match head.id {
            None => None,
            Some(text) => Some(
                RequestId::parse(&text)
                    .ok_or_else(|| no_id(format!("`id` must be 1 to {ID_BYTES_MAX} printable ASCII characters")))?,
            ),
        };
        match serde_json::from_str(line) {
            Ok(Self::Unknown) => Err(BadRequest { id, message: "unknown request type".into() }),
            Ok(request) => Ok((id, request)),
            Err(e) => Err(BadRequest { id, message: format!("not a request: {}", Reason(&e)) }),
        }
    }

    /// One line with its end, as a client sends it.
    pub fn encode(&self, id: Option<&str>) -> Vec<u8> {
        #[derive(Serialize)]
        struct Framed<'a> {
            #[serde(flatten)]
            request: &'a Request,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<&'a str>,
        }
        encode_line(&Framed { request: self, id })
    }
}

/// Part of every request; read before the rest.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
}

/// How many arrays and objects stand inside each other at the deepest place of a JSON text.
fn nesting(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_with_what_is_wrong_under_their_id() {
        let (id, request) = Request::parse(br#"{"type":"say","id":"c1","text":"hi","extra":[1]}"#).unwrap();
        assert_eq!(id.unwrap().as_str(), "c1");
        assert!(matches!(request, Request::Say { room: None, text, .. } if text == "hi"));
        for (line, id) in [
            (&br#"{"type":"say","id":"c2"}"#[..], Some("c2")),
            (br#"{"type":"say","id":"c2","text":5}"#, Some("c2")),
            (br#"{"type":"frobnicate","id":"c2"}"#, Some("c2")),
            (br#"{"id":"c2"}"#, Some("c2")),
            (br#"{"type":"who","id":""}"#, None),
            (br#"{"type":"who","id":7}"#, None),
            (b"[]", None),
            (br#"["ping"]"#, None),
            (b"", None),
            (b"\xff", None),
            (&[b'['; 10_000], None),
            (format!(r#"{{"id":"c2","a":{}1{}}}"#, "[".repeat(16), "]".repeat(16)).as_bytes(), None),
        ] {
            let error = Request::parse(line).unwrap_err();
            assert_eq!(error.id.as_ref().map(RequestId::as_str), id, "{error:?}");
        }
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(nesting(r#"{"text":"[[[[\"[[[","a":[[1],[2]]}"#), 3);
        let text = "[".repeat(100);
        assert!(Request::parse(format!(r#"{{"type":"say","text":"{text}"}}"#).as_bytes()).is_ok());
    }

    #[test]
    fn encoded_requests_read_back() {
        let line = Request::Say { room: None, text: "a\nb".into(), action: false }.encode(Some("x"));
        assert_eq!(line, b"{\"type\":\"say\",\"text\":\"a\\nb\",\"id\":\"x\"}\n");
        let (id, request) = Request::parse(&line[..line.len() - 1]).unwrap();
        assert_eq!(id.unwrap().as_str(), "x");
        assert!(matches!(request, Request::Say { .. }));
    }
}
