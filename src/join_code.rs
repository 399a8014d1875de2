//! The join code: the one thing that a student types from a projector.
//!
//! `k7f3-9xqm-2hpt-w8dn` is the beginning of the SHA-256 of the server's key. Another key with the same beginning costs
//! 2^80 tries, so whoever has the code knows the server, wherever it is found.

use data_encoding::{Encoding, Specification};
use std::fmt;
use std::str::FromStr;

/// The first [`JoinCode::BYTES`] of a key's SHA-256. Written in Crockford's base32, in groups.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JoinCode([u8; JoinCode::BYTES]);

impl JoinCode {
    /// 80 bits: too many to be tried out, and few enough to be typed.
    const BYTES: usize = 10;
    /// The letters of a group, as they are written.
    const GROUP_CHARS: usize = 4;
    /// What it looks like, for messages.
    pub const RULE: &str = "a join code has 16 letters and digits, such as k7f3-9xqm-2hpt-w8dn";

    /// Of the SHA-256 of a key.
    pub fn of(sha256: &[u8; 32]) -> Self {
        Self(std::array::from_fn(|index| sha256[index]))
    }
}

impl fmt::Display for JoinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = encoding().encode(&self.0);
        for (index, letter) in letters.chars().enumerate() {
            if index > 0 && index % Self::GROUP_CHARS == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

impl FromStr for JoinCode {
    type Err = &'static str;

    /// Reads what `Display` writes, as people type it: in either case, with `o` for 0, `i` and `l` for 1, and hyphens and
    /// blanks wherever they like.
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let bytes = encoding().decode(text.as_bytes()).map_err(|_| Self::RULE)?;
        bytes.try_into().map(Self).map_err(|_| Self::RULE)
    }
}

/// Crockford's base32 (<https://www.crockford.com/base32.html>), in lower case: without the letters that are easily taken
/// for digits, and without `u`.
fn encoding() -> Encoding {
    let mut letters = Specification::new();
    letters.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    letters.translate.from.push_str("ABCDEFGHJKMNPQRSTVWXYZoOiIlL");
    letters.translate.to.push_str("abcdefghjkmnpqrstvwxyz001111");
    letters.ignore.push_str("- \t");
    letters.encoding().expect("32 letters, each once")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_in_four_groups() {
        let code = JoinCode::of(&std::array::from_fn(|index| index as u8 * 8));
        assert_eq!(code.to_string(), "0041-0610-50r3-gg28");
        assert_eq!(code.to_string().parse(), Ok(code));
        assert_eq!(JoinCode::of(&[0; 32]).to_string(), "0000-0000-0000-0000");
    }

    #[test]
    fn read_as_people_type_it() {
        let code: JoinCode = "k0f1-9xqm-2hpt-w8dn".parse().unwrap();
        for typed in [
            "K0F1-9XQM-2HPT-W8DN",
            "kof1 9xqm 2hpt w8dn",
            "kOfl9xqm2hptw8dn",
            "k0fi-9xqm--2hpt - w8dn ",
            "k-0-fL9xqm2hptw8dn",
        ] {
            assert_eq!(typed.parse(), Ok(code), "{typed}");
        }
    }

    #[test]
    fn what_is_none() {
        for typed in
            ["", "k0f1", "k0f1-9xqm-2hpt-w8d", "k0f1-9xqm-2hpt-w8dnn", "u0f1-9xqm-2hpt-w8dn", "k0f1.9xqm.2hpt.w8dn"]
        {
            assert_eq!(typed.parse::<JoinCode>(), Err(JoinCode::RULE), "{typed}");
        }
    }
}
