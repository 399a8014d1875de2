//! What a person names a server by: where it is, the code on the projector, or both.

use crate::join_code::JoinCode;
use crate::link::{Link, Pin};
use std::str::FromStr;

/// Which server is meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// The one there.
    At(Link),
    /// The one with this key, wherever it is in the local network.
    WithCode(JoinCode),
}

impl FromStr for Place {
    type Err = String;

    /// Reads an address or a link, a code, or an address and a code, with blanks between and in the code as one likes.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = without_marks(text);
        if let Ok(code) = text.parse() {
            return Ok(Self::WithCode(code));
        }
        let (server, code) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let (server, code) = (without_marks(server), without_marks(code));
        if code.is_empty() && is_nearly_a_code(server) {
            let rule = JoinCode::RULE;
            return Err(format!("`{server}` is no join code: {rule}; if it is a server's name, homeroom://{server}"));
        }
        let mut server: Link = server.parse()?;
        if !code.is_empty() {
            let code: Pin = code.trim_start().parse()?;
            if server.pin.is_some_and(|pin| pin != code) {
                return Err("the link says itself what the server must show: leave out what stands behind it".into());
            }
            server.pin = Some(code);
        }
        Ok(Self::At(server))
    }
}

/// What a sentence or a mail puts around an address: no part of it. An address begins with a letter, a digit or, as IPv6
/// does, with `[` or `:`.
fn without_marks(text: &str) -> &str {
    let quotes = ['<', '>', '(', ')', '{', '}', '"', '\'', '`', '\u{ab}', '\u{bb}', '“', '”', '„', '‘', '’', '‹', '›'];
    let text = text.trim().trim_start_matches(quotes);
    text.trim_end_matches(|c| quotes.contains(&c) || matches!(c, '.' | ',' | ';' | '!' | '?')).trim()
}

/// Four groups of about four: a code with a slip in it rather than a server's name.
fn is_nearly_a_code(word: &str) -> bool {
    let groups: Vec<&str> = word.split('-').collect();
    let fits = |group: &&str| (3..=5).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_alphanumeric());
    groups.len() == 4 && groups.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_code_or_both() {
        let code: JoinCode = "k7f3-9xqm-2hpt-w8dn".parse().unwrap();
        let at = |text: &str| Place::At(text.parse().unwrap());
        for (typed, place) in [
            ("k7f3-9xqm-2hpt-w8dn", Place::WithCode(code)),
            (" K7F3 9XQM 2HPT W8DN\n", Place::WithCode(code)),
            ("192.0.2.5", at("192.0.2.5")),
            ("192.0.2.5:99 k7f3-9xqm-2hpt-w8dn", at("192.0.2.5:99#k7f3-9xqm-2hpt-w8dn")),
            ("pi.local  k7f3 9xqm 2hpt w8dn", at("pi.local#k7f3-9xqm-2hpt-w8dn")),
            ("homeroom://k7f3-9xqm-2hpt-w8dn", at("homeroom://k7f3-9xqm-2hpt-w8dn:7667")),
            ("my-pi-at-home", at("my-pi-at-home")),
            ("<homeroom://192.0.2.5:99>", at("192.0.2.5:99")),
            ("\"homeroom://192.0.2.5:99\".", at("192.0.2.5:99")),
            ("(homeroom://pi.local),", at("pi.local")),
            ("„k7f3-9xqm-2hpt-w8dn“!", Place::WithCode(code)),
            ("<192.0.2.5:99>, \"k7f3-9xqm-2hpt-w8dn\".", at("192.0.2.5:99#k7f3-9xqm-2hpt-w8dn")),
            ("[::1]:99.", at("[::1]:99")),
        ] {
            assert_eq!(typed.parse(), Ok(place), "{typed}");
        }
    }

    #[test]
    fn what_names_no_server() {
        for (typed, told) in [
            ("", "no address"),
            ("<>", "no address"),
            ("k7f3-9xqm-2hpt-w8d", "homeroom://k7f3-9xqm-2hpt-w8d"),
            ("k7f3-9xqu-2hpt-w8dn", "16 letters and digits"),
            ("192.0.2.5 k7f3", "16 letters and digits"),
            ("a#k7f3-9xqm-2hpt-w8dn 0000-0000-0000-0000", "leave out"),
        ] {
            let error = typed.parse::<Place>().unwrap_err();
            assert!(error.contains(told), "{typed}: {error}");
        }
    }
}
