//! A poll as it is shown: its answers, and how many chose each. In bars on a styled page, in words on a plain one.

use super::layout::Page;
use crate::client::rooms::Poll;
use crate::client::terminal::columns;
use crate::protocol::OPTIONS_MAX;
use crate::sanitize;
use std::borrow::Cow;
use std::fmt::Write;

/// How wide an answer's column is at most: a longer answer has what it needs, and its bar less.
const OPTION_COLUMNS_MAX: usize = 24;
/// No bar is wider: a poll is compared, not measured.
const BAR_COLUMNS_MAX: usize = 40;

/// Appends that a poll begins.
pub(super) fn begun((from, question): (&str, &str), options: &[Cow<'_, str>], until: &str, out: &mut Page) {
    let (from, question) = (sanitize::line(from), sanitize::line(question));
    let _ = writeln!(out, "* {from} asks{until}: {question} (/vote NUMBER chooses)");
    self::options(options, out);
}

/// Appends what can be chosen.
pub(super) fn options(options: &[Cow<'_, str>], out: &mut Page) {
    for (index, option) in options.iter().take(OPTIONS_MAX).enumerate() {
        let _ = writeln!(out, "  {}  {}", index + 1, sanitize::line(option));
    }
}

/// Appends how one came out: the one with this number, which may not be known.
pub(super) fn closed(
    from: Option<&str>,
    (number, poll): (u64, Option<&Poll>),
    (counts, voted, entitled): (&[usize], usize, usize),
    out: &mut Page,
) {
    let by = from.map(|from| format!(" ({})", sanitize::line(from))).unwrap_or_default();
    let _ = match poll {
        Some(poll) => writeln!(out, "* the poll is over{by}: {}", sanitize::line(&poll.question)),
        None => writeln!(out, "* poll #{number} is over{by}"),
    };
    counted(poll, counts, out);
    let _ = writeln!(out, "* {voted} of {entitled} voted");
}

/// Appends how one stands, and who has voted.
pub(super) fn tally(
    poll: Option<&Poll>,
    counts: &[usize],
    voted: &[Cow<'_, str>],
    missing: &[Cow<'_, str>],
    out: &mut Page,
) {
    if let Some(poll) = poll {
        let _ = writeln!(out, "* {}", sanitize::line(&poll.question));
    }
    counted(poll, counts, out);
    let _ = writeln!(out, "* {} of {} voted", voted.len(), voted.len() + missing.len());
    if !missing.is_empty() {
        let missing: Vec<_> = missing.iter().map(|name| sanitize::line(name)).collect();
        let _ = writeln!(out, "* not yet: {}", missing.join(", "));
    }
}

/// A row for each answer.
fn counted(poll: Option<&Poll>, counts: &[usize], out: &mut Page) {
    let counts = &counts[..counts.len().min(OPTIONS_MAX)];
    let option = |index: usize| {
        let option = poll.and_then(|poll| poll.options.get(index)).map(|option| sanitize::line(option).into_owned());
        option.unwrap_or_default()
    };
    let options: Vec<String> = (0..counts.len()).map(option).collect();
    let all = counts.iter().fold(0_usize, |all, count| all.saturating_add(*count));
    if !out.is_styled() {
        for (index, (option, count)) in options.iter().zip(counts).enumerate() {
            let option = if option.is_empty() { String::new() } else { format!("  {option}") };
            let _ = writeln!(out, "  {}{option}: {count} of {all}", index + 1);
        }
        return;
    }
    let width = options.iter().map(|option| columns(option)).max().unwrap_or(0).min(OPTION_COLUMNS_MAX);
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    for (index, (option, &count)) in options.iter().zip(counts).enumerate() {
        let used = width.max(columns(option));
        let blanks = " ".repeat(used - columns(option));
        let row = format!("  {}  {option}{blanks}  ", index + 1);
        let number = format!(" {count}");
        let room = out.columns_left().saturating_sub(columns(&row) + number.len()).min(BAR_COLUMNS_MAX);
        // A vote is always seen.
        let length = (count.saturating_mul(room) / most).max(usize::from(count > 0 && room > 0)).min(room);
        let _ = writeln!(out, "{row}{}{number}", "█".repeat(length));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::terminal::{Colours, Look, Style};

    fn poll() -> Poll {
        Poll {
            number: 1,
            question: "Which?\u{1b}".into(),
            options: vec!["a".into(), "two words".into(), "你好".into()],
        }
    }

    #[test]
    fn in_words() {
        let mut page = Page::new(Look::Plain, "ada");
        closed(Some("ada"), (1, Some(&poll())), (&[3, 9, 0], 12, 28), &mut page);
        let expected = "* the poll is over (ada): Which?␛\n  1  a: 3 of 12\n  2  two words: 9 of 12\n  3  你好: 0 of 12\n\
                        * 12 of 28 voted\n";
        assert_eq!(page.take(), expected);
        closed(None, (17, None), (&[1], 1, 2), &mut page);
        assert_eq!(page.take(), "* poll #17 is over\n  1: 1 of 1\n* 1 of 2 voted\n");
        tally(Some(&poll()), &[1, 0, 0], &["bob".into()], &["eve".into(), "d\r".into()], &mut page);
        assert!(page.take().ends_with("* 1 of 3 voted\n* not yet: eve, d␍\n"));
    }

    #[test]
    fn in_bars_that_fit() {
        for wide in [16, 36, 80, 200] {
            let mut page = Page::for_tests(Look::Styled(Style { colours: Colours::None, is_xterm: false }), wide);
            counted(Some(&poll()), &[1, 900, 0], &mut page);
            let shown = page.take();
            let bars: Vec<usize> = shown.lines().map(|row| row.matches('█').count()).collect();
            assert!(shown.lines().all(|row| columns(row) <= wide), "{wide}: {shown}");
            assert!(bars[1] > 0 || wide < 24, "{wide}: {shown}");
            assert!(wide < 24 || bars[1] >= bars[0] && bars[2..] == [0], "{wide}: {shown}");
        }
        let mut page = Page::for_tests(Look::Styled(Style { colours: Colours::None, is_xterm: false }), 40);
        counted(Some(&poll()), &[3, 9, 0], &mut page);
        let expected = "  1  a          ███████ 3\n  2  two words  ██████████████████████ 9\n  3  你好        0\n";
        assert_eq!(page.take(), expected);
        // A server that counts without an end.
        counted(None, &[usize::MAX; 1000], &mut page);
        assert!(page.take().lines().count() <= 2 * OPTIONS_MAX);
    }
}
