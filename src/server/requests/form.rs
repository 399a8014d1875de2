//! How something is to be shown that somebody says: as speech, as something that is done, or as code.

use super::answer::{Refusal, refuse};
use crate::protocol::{ErrorCode, Format, LANG_BYTES_MAX};

/// How it is to be shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Form<'a> {
    /// It is what the sender does.
    pub(super) action: bool,
    /// It is code, if it is anything but speech.
    pub(super) format: Option<Format>,
    /// Of code: its language.
    pub(super) lang: Option<&'a str>,
}

impl<'a> Form<'a> {
    /// What a request says of it.
    ///
    /// # Errors
    /// It is no form that there is.
    pub(super) fn parse(action: bool, format: Option<Format>, lang: Option<&'a str>) -> Result<Self, Refusal> {
        let wrong = |message: String| Err(refuse(ErrorCode::BadRequest, message));
        match (format, lang) {
            (Some(Format::Other), _) => {
                wrong("the one `format` that there is is `code`: leave it out for plain text".into())
            }
            (Some(Format::Code), _) if action => {
                wrong("code is nothing that is done: leave out `action`, or `format`".into())
            }
            (None, Some(_)) => wrong("`lang` is a language of code: send it with `\"format\":\"code\"`".into()),
            (_, Some(lang)) if !is_lang(lang) => wrong(format!(
                "`lang` has 1 to {LANG_BYTES_MAX} characters of a-z 0-9 _ . -, such as `python` or `cpp`"
            )),
            _ => Ok(Self { action, format, lang }),
        }
    }
}

/// The characters of user names, which may be typed in capitals too. It is passed on as it is.
fn is_lang(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    (1..=LANG_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed)
}
