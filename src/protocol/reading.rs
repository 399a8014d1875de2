//! How a line of a client's is read, and written.

use super::framing::encode_line;
use super::limits::{ID_BYTES_MAX, NESTING_MAX};
use super::names::RequestId;
use super::requests::Request;
use crate::reason::Reason;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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
        let line =
            Request::Say { room: None, text: "a\nb".into(), action: false, format: None, lang: None }.encode(Some("x"));
        assert_eq!(line, b"{\"type\":\"say\",\"text\":\"a\\nb\",\"id\":\"x\"}\n");
        let (id, request) = Request::parse(&line[..line.len() - 1]).unwrap();
        assert_eq!(id.unwrap().as_str(), "x");
        assert!(matches!(request, Request::Say { .. }));
    }
}
