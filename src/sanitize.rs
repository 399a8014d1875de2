//! Text from others made safe to show.
//!
//! A terminal obeys what it prints: an escape sequence in a message could rename the window, fill the clipboard
//! (OSC 52), go back over the line and write another name in front of it, or turn the reading direction round.
//! Everything that a terminal or a bidi renderer could obey, and what has no width and so could hide, is
//! replaced by something to be seen.

use std::borrow::Cow;

/// What stands for a character that isn't shown.
const HIDDEN: char = '\u{2426}';

/// What stands for a tab: a terminal would obey it, and pasted code stays readable.
const TAB: &str = "    ";

/// Makes `text` one line that is safe to print. What is harmless is borrowed.
///
/// C0 controls and DEL become their pictures (`␛`), everything else that is replaced becomes `␦`. Line feeds are
/// C0 controls too: see [`lines`].
pub fn line(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + TAB.len());
    for c in text.chars() {
        match c {
            '\t' => safe.push_str(TAB),
            '\0'..='\x1f' => safe.push(picture(c)),
            '\x7f' => safe.push('\u{2421}'),
            _ if is_harmless(c) => safe.push(c),
            _ => safe.push(HIDDEN),
        }
    }
    Cow::Owned(safe)
}

/// The lines of a message, each safe to print: at most `lines_max`. In the last of them a line feed is a picture,
/// so that one message can't push everything else off the screen.
pub fn lines(text: &str, lines_max: usize) -> impl Iterator<Item = Cow<'_, str>> {
    text.splitn(lines_max, '\n').map(|part| line(part.strip_suffix('\r').unwrap_or(part)))
}

/// Makes a row of code safe to print, its tabs as they are: whoever prints it sees to them.
pub(crate) fn code(row: &str) -> Cow<'_, str> {
    if row.chars().all(|c| c == '\t' || is_harmless(c)) {
        return Cow::Borrowed(row);
    }
    row.split('\t').map(line).collect::<Vec<_>>().join("\t").into()
}

/// A user name, and behind it what people call its owner: `eve (Eve Noether)`. The user name is first, and nothing in the
/// brackets closes them: nobody can be taken for somebody else, whatever they are called.
pub(crate) fn person(username: &str, called: Option<&str>) -> String {
    match called {
        Some(called) => format!("{} ({})", line(username), in_brackets(called)),
        None => line(username).into_owned(),
    }
}

/// What people call somebody, safe to stand in brackets.
pub(crate) fn in_brackets(called: &str) -> String {
    line(called).replace('(', "[").replace(')', "]")
}

/// Whether `c` is printed, takes its place, and changes nothing around it.
pub(crate) fn is_harmless(c: char) -> bool {
    !matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'                       // C0, DEL, C1
        | '\u{ad}'                                              // soft hyphen: there or not, as the terminal likes
        | '\u{61c}' | '\u{200e}' | '\u{200f}'                   // bidi marks
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'     // bidi embeddings, overrides, isolates
        | '\u{206a}'..='\u{206f}'                               // deprecated format controls
        | '\u{2028}' | '\u{2029}'                               // line and paragraph separators
        | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{feff}'     // no width, no ink
        | '\u{180e}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'   // fillers: blank letters
        | '\u{fff0}'..='\u{fffb}'                               // interlinear annotations and unassigned specials
        | '\u{e0000}'..='\u{e001f}'                             // language tags; the others spell flags
    )
    // The joiners U+200C and U+200D stay: Persian, Indic scripts and many emoji are written with them.
}

/// Whether `c` by itself shows nothing and takes no room of its own: what is made visible here, what stands between letters
/// (Unicode's Default_Ignorable_Code_Point), and the blank of Braille, which is a letter.
pub(crate) fn is_invisible(c: char) -> bool {
    let joins = matches!(c,
        '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{2800}'
    );
    (joins || !is_harmless(c)) && !c.is_whitespace()
}

/// The picture of a C0 control: U+2400 and on, in the same order.
fn picture(c: char) -> char {
    char::from_u32(0x2400 + u32::from(c)).unwrap_or(HIDDEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_is_borrowed() {
        for text in ["", "hi", "Grüße, 你好, नमस्ते, می\u{200c}خواهم", "👩\u{200d}💻 🏳\u{fe0f}\u{200d}🌈", "שלום"]
        {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn attacks_are_shown_instead_of_obeyed() {
        for (attack, shown) in [
            ("\x1b]52;c;cm0gLXJmIH4=\x07", "␛]52;c;cm0gLXJmIH4=␇"), // fills the clipboard
            ("\x1b]0;title\x1b\\", "␛]0;title␛\\"),                 // renames the window
            ("hi\r[12:00] admin: give me your password", "hi␍[12:00] admin: give me your password"),
            ("\x1b[2J\x1b[H", "␛[2J␛[H"),            // clears the screen
            ("\u{9b}2J\u{9d}0;x\u{9c}", "␦2J␦0;x␦"), // the same in C1
            ("a\x08\x08b\x7f", "a␈␈b␡"),             // overtypes
            ("\x0e\x0f\0\x05", "␎␏␀␅"),              // changes the character set, asks back
            ("user\u{202e}nimda", "user␦nimda"),     // turns the direction round
            ("\u{2066}a\u{2069}\u{61c}\u{200e}\u{200f}", "␦a␦␦␦␦"),
            ("a\u{2028}b\u{2029}c\u{85}d", "a␦b␦c␦d"), // breaks lines
            ("pass\u{200b}word\u{feff}\u{ad}\u{2060}", "pass␦word␦␦␦"), // hides
            ("\u{3164}\u{115f}", "␦␦"),                // looks blank
            ("a\tb", "a    b"),
            ("a\nb", "a␊b"),
        ] {
            assert_eq!(line(attack), shown, "{attack:?}");
        }
    }

    #[test]
    fn no_control_character_survives() {
        let everything: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let safe = line(&everything);
        assert!(!safe.contains(char::is_control));
        for c in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}\u{2028}\u{2029}\u{feff}".chars() {
            assert!(!safe.contains(c), "{c:?}");
        }
    }

    #[test]
    fn whatever_unicode_ignores_is_invisible() {
        // DerivedCoreProperties.txt, Default_Ignorable_Code_Point, Unicode 16.
        let ignorable = [
            0xad..=0xad,
            0x34f..=0x34f,
            0x61c..=0x61c,
            0x115f..=0x1160,
            0x17b4..=0x17b5,
            0x180b..=0x180f,
            0x200b..=0x200f,
            0x202a..=0x202e,
            0x2060..=0x206f,
            0x3164..=0x3164,
            0xfe00..=0xfe0f,
            0xfeff..=0xfeff,
            0xffa0..=0xffa0,
            0xfff0..=0xfff8,
            0x1bca0..=0x1bca3,
            0x1d173..=0x1d17a,
            0xe0000..=0xe0fff,
        ];
        for c in ignorable.into_iter().flatten().chain(0..=8).chain(0xe..=0x1f).filter_map(char::from_u32) {
            assert!(is_invisible(c), "{c:?}");
        }
        assert!(" \t\n\u{a0}\u{3000}aéا你😀/".chars().all(|c| !is_invisible(c)));
    }

    #[test]
    fn a_row_of_code_keeps_its_tabs_alone() {
        assert!(matches!(code("\tif x:\t# ü"), Cow::Borrowed("\tif x:\t# ü")));
        assert_eq!(code("\t\x1b[2J\t\u{202e}\r"), "\t␛[2J\t␦␍");
    }

    #[test]
    fn lines_of_a_message() {
        let cut = |text, lines_max| lines(text, lines_max).collect::<Vec<_>>();
        assert_eq!(cut("a\nb\r\n\nc\r", 9), ["a", "b", "", "c"]);
        assert_eq!(cut("a\nb\nc\nd", 2), ["a", "b␊c␊d"]);
        assert_eq!(cut("", 2), [""]);
    }
}
