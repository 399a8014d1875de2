//! Code line by line, until a lone dot: as mail ends (RFC 5321, 4.1.1.4). A line that is to be a lone dot is typed as two.
//!
//! No other line is changed. Mail takes a dot off every line that begins with one; code is pasted, and nobody would put
//! them there before.

use crate::protocol::TEXT_CHARS_MAX;

/// The line behind the last one.
const END: &str = ".";
/// What is typed for a line that is the same.
const DOT: &str = "..";

/// How much of code that is too long is kept: only how much there is of it is told then.
const KEPT_BYTES_MAX: usize = 4 * TEXT_CHARS_MAX;

/// Lines as they come.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    text: String,
    chars: usize,
}

impl Lines {
    /// Takes a line with its end. False if it was the one behind the last.
    pub(crate) fn take(&mut self, line: &str) -> bool {
        let content = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
        if content == END {
            return false;
        }
        let line = if content == DOT { &line[1..] } else { line };
        self.chars += line.chars().count();
        if self.text.len() < KEPT_BYTES_MAX {
            self.text.push_str(line);
        }
        true
    }

    /// All of it.
    ///
    /// # Errors
    /// It is empty, or longer than a message may be.
    pub(crate) fn end(self) -> Result<String, String> {
        length(self.chars).map(|()| self.text)
    }
}

/// Whether what is typed in one piece has a lone dot as its last line.
pub(crate) fn is_ended(typed: &str) -> bool {
    typed.strip_suffix(END).is_some_and(|before| before.is_empty() || before.ends_with('\n'))
}

/// What was typed in one piece, without the lone dot behind it.
pub(crate) fn taken(typed: &str) -> String {
    let typed = typed.strip_suffix('\n').filter(|typed| is_ended(typed)).unwrap_or(typed);
    let code = if is_ended(typed) { &typed[..typed.len() - END.len()] } else { typed };
    let line = |line: &str| if line.trim_end_matches('\n') == DOT { line[1..].to_owned() } else { line.to_owned() };
    code.split_inclusive('\n').map(line).collect()
}

/// Whether it is neither empty nor longer than a message may be.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn fits(code: &str) -> Result<(), String> {
    length(code.chars().count())
}

fn length(chars: usize) -> Result<(), String> {
    match chars {
        0 => Err("there is no code in it: nothing was sent".into()),
        1..=TEXT_CHARS_MAX => Ok(()),
        _ => Err(format!(
            "code has at most {TEXT_CHARS_MAX} characters, and this has {chars}: nothing was sent; send it in parts"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piped(lines: &str) -> Result<String, String> {
        let mut code = Lines::default();
        for line in lines.split_inclusive('\n') {
            if !code.take(line) {
                break;
            }
        }
        code.end()
    }

    #[test]
    fn a_lone_dot_ends_it_and_two_are_one() {
        for (typed, code) in [
            ("a\n.\n", "a\n"),
            ("a\n.", "a\n"),
            ("a", "a"),
            ("\ta \r\n\r\n.\r\n", "\ta \r\n\r\n"),
            ("..\n...\n.x\n..x\n .\n.\n", ".\n...\n.x\n..x\n .\n"),
            ("..\r\n.\r\n", ".\r\n"),
            ("\u{feff}a\n.\n", "\u{feff}a\n"),
        ] {
            assert_eq!(piped(typed).as_deref(), Ok(code), "{typed:?}");
            if !typed.contains('\r') {
                assert_eq!(taken(typed), code, "{typed:?}");
            }
        }
        assert_eq!(taken("a\n.\nb"), "a\n.\nb", "a paste goes in as it is");
        assert!(piped(".\n").is_err() && piped("").is_err());
        assert!(is_ended(".") && is_ended("a\n.") && !is_ended("a.") && !is_ended("") && !is_ended("a\n.\n"));
    }

    #[test]
    fn what_is_too_long_is_counted_and_not_kept() {
        let longest = format!("{}\n", "\u{1F600}".repeat(TEXT_CHARS_MAX - 1));
        assert_eq!(piped(&longest), Ok(longest.clone()));
        assert!(piped(&format!("{longest}x")).unwrap_err().contains("this has 4001"));
        let mut code = Lines::default();
        (0..100_000).for_each(|_| assert!(code.take("0123456789\n")));
        assert!(code.text.len() < KEPT_BYTES_MAX + 20);
        assert!(code.end().unwrap_err().contains("1100000"));
    }
}
