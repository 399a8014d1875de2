//! The password in a cell, if it's the one that its owner will type.

use super::sheet::{self, Cell};
use super::text;
use crate::protocol::Secret;

/// The password that a cell holds, if it holds one.
///
/// # Errors
/// It may be another than its owner will type.
pub(super) fn read(cell: &Cell) -> Result<Option<Secret>, String> {
    let (text, inner) = (cell.text.as_str(), sheet::trimmed(&cell.text));
    if inner.is_empty() && cell.quoted && !text.is_empty() {
        return Err("nothing but blanks stands in quotes: an empty cell asks for a one-time password".into());
    }
    if inner.is_empty() {
        return Ok(None);
    }
    let around = text.chars().next().filter(|_| !text.starts_with(inner)).or(text.chars().next_back());
    let around = around.filter(|&c| text != inner && !(cell.quoted && text.trim_matches(' ') == inner && c == ' '));
    if let Some(c) = around {
        let what = match c {
            ' ' => "a blank".to_owned(),
            '\t' => "a tab".to_owned(),
            c => format!("U+{:04X}, which can't be seen,", u32::from(c)),
        };
        return Err(format!(
            "{what} stands at an end of the password: take it away; blanks that belong to it stand in quotes with it"
        ));
    }
    if let Some(quote) =
        [text.chars().next(), text.chars().next_back()].into_iter().flatten().find(|&c| text::is_quote(c))
    {
        if !cell.quoted {
            return Err(format!(
                "`{quote}` stands at an end of the password: quotes around a cell are `\"`; where it belongs to the \
                 password, `\"` stand around both, and a `\"` is written twice"
            ));
        }
    }
    if text.contains('\u{fffd}') {
        return Err("a letter of the password was lost when this was saved (U+FFFD): type it anew".into());
    }
    if is_shortened_number(text) {
        return Err("the password looks like a number that a spreadsheet has shortened: make its cell text".into());
    }
    Ok(Some(text.to_owned().into()))
}

/// As spreadsheets show numbers of many digits: `1.23457E+11`, or `1,23457E+11`.
fn is_shortened_number(text: &str) -> bool {
    text.split_once("E+").is_some_and(|(number, exponent)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits(exponent) && number.split([',', '.']).all(digits)
    })
}
