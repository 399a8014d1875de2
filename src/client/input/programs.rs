//! Code that is to be sent.

use super::arguments::place;
use crate::client::code::{self, Head};
use crate::protocol::{Format, ID_BYTES_MAX, LINE_BYTES_MAX, Request};

/// What a `/code` with code below it asks for, without its slash, where it was typed `here`. None for another command, and where there is none.
pub(super) fn request(command: &str, here: &str) -> Option<Result<Request, String>> {
    Some(code::whole(command)?.and_then(|(head, code)| say(head, code, here)))
}

/// Whether it is that.
pub(super) fn is_code(request: &Request) -> bool {
    matches!(request, Request::Say { format: Some(_), .. } | Request::Whisper { format: Some(_), .. })
}

/// It goes as it is.
fn say(Head { lang, to }: Head, code: &str, here: &str) -> Result<Request, String> {
    code::fits(code)?;
    let (text, format) = (code.to_owned(), Some(Format::Code));
    let request = match to {
        Some(to) => Request::Whisper { to, text, format, lang },
        None => Request::Say { room: place(here), text, action: false, format, lang },
    };
    // Control characters are six bytes each there, and a longer line has no answer of its own.
    if request.encode(Some(&"x".repeat(ID_BYTES_MAX))).len() > LINE_BYTES_MAX {
        return Err(
            "this code has too many control characters for a message: nothing was sent; send it in parts".into()
        );
    }
    Ok(request)
}
