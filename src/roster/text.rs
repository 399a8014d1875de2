//! The text of what another program wrote. In which encoding it is, is found out; where that is no more than a guess, it
//! is refused: a password with a wrong letter in it is nobody's.

use crate::lines;
use crate::sanitize;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// How files begin that are no text, and what they are.
const NO_TEXT: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a spreadsheet in its program's own form (xlsx, ods)"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet in its program's own form (xls)"),
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "a document of a word processor (rtf)"),
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
];

/// What to do about whatever can't be read.
const SAVE_AS: &str = "save it as text or CSV in UTF-8";

/// Ctrl-Z: with it, and as many as fill a block, programs of DOS end a text.
const DOS_END: char = '\u{1a}';

/// How much of a cell is shown: a user name and some more.
const SHOWN_CHARS_MAX: usize = 40;

/// What was read, and as what.
#[derive(Debug)]
pub(crate) struct Text {
    /// Without a byte order mark.
    pub(crate) text: String,
    /// The encoding's name, for people.
    pub(crate) encoding: &'static str,
}

/// Reads UTF-8, UTF-16 and Windows-1252 (Latin-1 with the quotes and the euro sign of Windows).
///
/// # Errors
/// What it is instead, as far as that can be told, and what to do.
pub(crate) fn decode(bytes: &[u8]) -> Result<Text, String> {
    if let Some((_, what)) = NO_TEXT.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(format!("it is {what}: {SAVE_AS}"));
    }
    if let Some((encoding, mark_bytes)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, &bytes[mark_bytes..]);
    }
    if bytes.contains(&0) {
        let encoding = utf_16_without_mark(bytes).ok_or_else(|| format!("it is no text: {SAVE_AS}"))?;
        return decode_as(encoding, bytes);
    }
    if std::str::from_utf8(bytes).is_ok() {
        return decode_as(UTF_8, bytes);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    if guess == WINDOWS_1252 && bytes.iter().all(|&byte| is_sure_in_windows_1252(byte)) {
        return decode_as(guess, bytes);
    }
    let line = lines::number_at(bytes, bytes.iter().take_while(|byte| byte.is_ascii()).count());
    Err(format!("the letters that are not English can't be told for sure, first in line {line}: {SAVE_AS}"))
}

/// A piece of a file or of the command line, safe to print.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => (sanitize::line(&text[..end]) + "…").into_owned().into(),
        None => sanitize::line(text),
    }
}

/// What stands around words, in whichever language, or looks like it: an editor may have made it of a `"`, and a spreadsheet
/// puts a `'` before what is no number. Unicode's own list (Quotation_Mark in PropList.txt), with the primes, the apostrophes,
/// the accents that stand alone and the ornaments, which are typed in its place.
pub(crate) fn is_quote(c: char) -> bool {
    matches!(c,
        '"' | '\'' | '`' | '´' | '«' | '»'
        | '\u{2b9}'..='\u{2bf}' | '\u{2c8}' | '\u{2ca}' | '\u{2cb}' | '\u{2dd}' | '\u{2ee}' | '\u{2f4}'..='\u{2f6}'
        | '\u{374}' | '\u{384}' | '\u{55a}' | '\u{55b}' | '\u{55d}' | '\u{5f3}' | '\u{5f4}' | '\u{7f4}' | '\u{7f5}'
        | '\u{1fbd}' | '\u{1fbf}' | '\u{1fef}' | '\u{1ffd}' | '\u{1ffe}'
        | '\u{2018}'..='\u{201f}' | '\u{2032}'..='\u{2037}' | '‹' | '›' | '\u{2057}'
        | '\u{275b}'..='\u{2760}' | '\u{276e}' | '\u{276f}'
        | '\u{2e02}'..='\u{2e05}' | '\u{2e09}' | '\u{2e0a}' | '\u{2e0c}' | '\u{2e0d}' | '\u{2e1c}' | '\u{2e1d}' | '\u{2e20}' | '\u{2e21}'
        | '\u{2e42}' | '\u{3003}' | '「'..='』' | '〝'..='〟' | '\u{a78b}' | '\u{a78c}' | '\u{fe41}'..='\u{fe44}'
        | '＂' | '＇' | '\u{ff40}' | '\u{ff62}' | '\u{ff63}' | '\u{1f676}'..='\u{1f678}')
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Result<Text, String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    let name = if encoding == WINDOWS_1252 { "Windows-1252 (Latin-1)" } else { encoding.name() };
    match text {
        Some(text) => Ok(Text { text: text.trim_end_matches(DOS_END).to_owned(), encoding: name }),
        None => Err(format!("it begins as {name} and is damaged further on: {SAVE_AS}")),
    }
}

/// Every other byte of UTF-16 is 0 in what is mostly English letters, digits and commas.
fn utf_16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let pairs = bytes.chunks_exact(2);
    let (many, whole) = (pairs.len(), pairs.remainder().is_empty());
    let zeros = |at: usize| pairs.clone().filter(|pair| pair[at] == 0).count();
    match (zeros(0), zeros(1)) {
        (0, low) if whole && low * 2 > many => Some(UTF_16LE),
        (high, 0) if whole && high * 2 > many => Some(UTF_16BE),
        _ => None,
    }
}

/// ASCII, and the letters of Latin-1. What Windows has put between them (0x80 to 0x9F) and the signs (0xA0 to 0xBF) are
/// letters in what DOS and old Macs write, where `ü` is 0x81 or 0x9F.
fn is_sure_in_windows_1252(byte: u8) -> bool {
    byte.is_ascii() || (byte >= 0xc0 && !matches!(byte, 0xd7 | 0xf7))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "name;password\nada;blümenwiese-7\nbob;Straße nach Süden\n";

    fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn every_form_that_programs_save_a_list_in() {
        let (latin, _, lost) = WINDOWS_1252.encode(LIST);
        assert!(!lost);
        let marked = format!("\u{feff}{LIST}");
        for (bytes, encoding) in [
            (LIST.as_bytes().to_vec(), "UTF-8"),
            (marked.clone().into_bytes(), "UTF-8"),
            (utf_16(&marked, u16::to_le_bytes), "UTF-16LE"),
            (utf_16(&marked, u16::to_be_bytes), "UTF-16BE"),
            (utf_16(LIST, u16::to_le_bytes), "UTF-16LE"),
            (utf_16(LIST, u16::to_be_bytes), "UTF-16BE"),
            (latin.into_owned(), "Windows-1252 (Latin-1)"),
        ] {
            let read = decode(&bytes).unwrap();
            assert_eq!((read.text.as_str(), read.encoding), (LIST, encoding));
        }
        assert_eq!(decode(b"ada,x\r\n\x1a\x1a").unwrap().text, "ada,x\r\n", "Ctrl-Z");
        assert_eq!(decode(b"ada;bl\xfcmenwiese-7").unwrap().text, "ada;blümenwiese-7", "one word is enough");
    }

    #[test]
    fn whatever_looks_like_a_quote_is_one() {
        let quotes = "\"'`´«»‘’‚‛“”„‟‹›′″‴‵‶‷⁗ʹʺʻʼʽʾʿˈˊˋ˝ˮ˴˵˶՚׳״❛❜❝❞❟❠❮❯⸂⸃⸉⸊⸜⸝⸠⸡⹂〃「」『』〝〞〟﹁﹂﹃﹄＂＇｀｢｣🙶🙷🙸";
        assert_eq!(quotes.chars().find(|&c| !is_quote(c)), None);
        assert_eq!("aZ0é-_.,;:!?()[]{}<>|/*+~^°ß我".chars().find(|&c| is_quote(c)), None);
    }

    #[test]
    fn what_would_be_a_guess_is_refused() {
        for (bytes, told) in [
            (&b"PK\x03\x04\x14\0\x06\0"[..], "xlsx"),
            (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
            (b"\0\x01\x02\0\0", "no text"),
            (b"\xef\xbb\xbfada,x\xff", "damaged"),
            (b"\xff\xfea\0b", "damaged"),
            (b"name,password\nada,bl\x81menwiese\n", "line 2"), // DOS, as "CSV (MS-DOS)" is saved
            (b"name,password\nada,bl\x9fmenwiese\n", "line 2"), // an old Mac
            (b"ada,\xef\xf0\xe8\xe2\xe5\xf2 \xe2\xf1\xe5\xec", "line 1"), // Cyrillic, in Windows-1251
        ] {
            let error = decode(bytes).unwrap_err();
            assert!(error.contains(told) && error.contains("UTF-8"), "{told}: {error}");
        }
    }
}
