//! Text cut to the width of a terminal.

use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The width of a terminal that doesn't tell it.
const COLUMNS_UNTOLD: usize = 80;

/// The terminal's width in columns, at least 1.
pub(crate) fn terminal_columns() -> usize {
    terminal_size::terminal_size().map_or(COLUMNS_UNTOLD, |(width, _)| usize::from(width.0)).max(1)
}

/// How many columns a terminal uses for this, as far as terminals agree.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// Cuts `text` into pieces: the first is at most `first` columns wide, the others `others`. It is cut where Unicode
/// allows (UAX #14: behind blanks and hyphens, between Chinese characters), and inside a word only if that is wider
/// than a whole line. Links are never cut, so that they can be clicked and copied: one that is wider than a line is a
/// piece that the terminal wraps. Blanks at a cut are left out. A width of 0 counts as 1.
pub(crate) fn wrap(text: &str, first: usize, others: usize) -> Vec<&str> {
    let mut cut = Cutter { text, links: links(text), room: first, others: others.max(1), start: 0, pieces: Vec::new() };
    let mut end = 0;
    for (next, _) in unicode_linebreak::linebreaks(text) {
        if cut.links.iter().any(|link| link.start < next && next < link.end) {
            continue;
        }
        if columns(text[cut.start..next].trim_end()) > cut.room {
            if end > cut.start || cut.room < cut.others {
                cut.at(end);
            }
            cut.inside(next);
        }
        end = next;
    }
    if cut.start < text.len() || cut.pieces.is_empty() {
        cut.pieces.push(text[cut.start..].trim_end());
    }
    cut.pieces
}

/// Cuts `text` into pieces that are at most `width` columns wide, wherever that is: together they are the text.
pub(crate) fn cut(text: &str, width: usize) -> Vec<&str> {
    let (mut pieces, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, cluster) in text.grapheme_indices(true) {
        let wide = columns(cluster);
        if used + wide > width && at > start {
            pieces.push(&text[start..at]);
            (start, used) = (at, 0);
        }
        used += wide;
    }
    pieces.push(&text[start..]);
    pieces
}

/// Where there are links in a text. No row of one, wherever a terminal wraps it, can pass for the beginning of a line
/// that is shown here: those have a blank or a bracket, and a link has none, but for the brackets round an IPv6 address.
fn links(text: &str) -> Vec<Range<usize>> {
    const MARK: &str = "://";
    let mut links: Vec<Range<usize>> = Vec::new();
    for (mark, _) in text.match_indices(MARK) {
        let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let has_scheme = text[..mark].ends_with(in_scheme);
        // With the bracket or the quote before it.
        let before = text[..mark].trim_end_matches(|c| in_link(c) || "<\"".contains(c));
        let (start, host) = (before.len(), mark + MARK.len());
        let behind = host + ip_literal(&text[host..]).unwrap_or(0);
        let end = text[behind..].find(|c| !in_link(c)).map_or(text.len(), |length| behind + length);
        if has_scheme && links.last().is_none_or(|link| link.end <= start) {
            links.push(start..end);
        }
    }
    links
}

/// How long the IPv6 address in brackets is that a text begins with.
fn ip_literal(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let length = inner.find(|c: char| !c.is_ascii_hexdigit() && !":.".contains(c))?;
    inner[length..].starts_with(']').then_some(length + 2)
}

/// Whether a link goes on with this: RFC 3986, and the letters of all languages, as people write them.
fn in_link(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_graphic() && !r#"<>"[]{}|\^`"#.contains(c) } else { c.is_alphanumeric() }
}

struct Cutter<'a> {
    text: &'a str,
    links: Vec<Range<usize>>,
    /// The width of the piece that begins at `start`.
    room: usize,
    others: usize,
    start: usize,
    pieces: Vec<&'a str>,
}

impl Cutter<'_> {
    fn at(&mut self, end: usize) {
        self.pieces.push(self.text[self.start..end].trim_end());
        self.start = end;
        self.room = self.others;
    }

    /// Cuts a word that is too wide until its rest, which ends at `end`, fits.
    fn inside(&mut self, end: usize) {
        while columns(self.text[self.start..end].trim_end()) > self.room {
            let word = &self.text[self.start..end];
            let fits = |(index, cluster): &(usize, &str)| columns(&word[..index + cluster.len()]) <= self.room;
            // One cluster at least, so that it ends.
            let clusters = word.grapheme_indices(true).take_while(fits).count().max(1);
            let here = word.grapheme_indices(true).nth(clusters).map_or(word.len(), |(index, _)| index);
            let here = self.beside_link(self.start + here);
            if self.text[here..end].trim().is_empty() {
                break;
            }
            self.at(here);
        }
    }

    /// The next cut to `here` that isn't inside a link.
    fn beside_link(&self, here: usize) -> usize {
        match self.links.iter().find(|link| link.start < here && here < link.end) {
            Some(link) if link.start > self.start => link.start,
            Some(link) => link.end,
            None => here,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_at_blanks() {
        assert_eq!(wrap("", 10, 10), [""]);
        assert_eq!(wrap("short", 10, 10), ["short"]);
        assert_eq!(wrap("one two three", 7, 7), ["one two", "three"]);
        assert_eq!(wrap("one two   three", 8, 8), ["one two", "three"]);
        assert_eq!(wrap("one two three", 3, 9), ["one", "two three"]);
        assert_eq!(wrap("  indented code", 80, 80), ["  indented code"]);
        assert_eq!(wrap("well-known", 6, 6), ["well-", "known"]);
    }

    #[test]
    fn what_does_not_fit_the_first_line_begins_the_next() {
        assert_eq!(wrap("word", 2, 10), ["", "word"]);
        assert_eq!(wrap("word", 0, 10), ["", "word"]);
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(wrap("abcdefghij", 4, 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a bcdefghij k", 4, 4), ["a", "bcde", "fghi", "j k"]);
        assert_eq!(wrap("abc", 0, 0), ["", "a", "b", "c"]);
    }

    #[test]
    fn links_are_never_cut() {
        let link = "https://example.org/a-long/path-with/hyphens?and=more#than-one";
        let wide = columns(link);
        for (text, expected) in [
            (format!("see {link} there"), vec!["see", link, "there"]),
            (format!("see ({link})."), vec!["see", &format!("({link}).")]),
            (format!("[text]({link})"), vec!["[text]", &format!("({link})")]),
            (format!("<{link}>{link}"), vec![&format!("<{link}"), ">", link]),
            (link.to_owned(), vec![link]),
        ] {
            for width in [1, 10, 30, wide - 1] {
                let pieces = wrap(&text, width, width);
                assert!(pieces.iter().all(|piece| columns(piece) <= width || piece.contains(link)), "{pieces:?}");
                assert!(width < 10 || pieces == expected, "{width}: {pieces:?}");
            }
        }
        assert_eq!(wrap(&format!("see {link}"), wide, wide), ["see", link]);
        assert_eq!(wrap(&format!("see {link} and"), wide + 4, wide), [&format!("see {link}"), "and"]);
        let join = "homeroom://[2001:db8::1]:7667/0123456789abcdef";
        assert_eq!(wrap(&format!("at {join}."), 9, 9), ["at", &format!("{join}.")]);
        assert_eq!(wrap("://a-b-c-d", 4, 4).concat(), "://a-b-c-d");
        assert_eq!(wrap("https://münchen.de/straße-1", 9, 9).len(), 1);
    }

    #[test]
    fn wide_characters_and_clusters() {
        assert_eq!(columns("你好"), 4);
        assert_eq!(columns("👩\u{200d}💻"), 2);
        assert_eq!(columns("e\u{301}"), 1);
        assert_eq!(wrap("你好你好", 5, 5), ["你好", "你好"]);
        assert_eq!(wrap("👩\u{200d}💻👩\u{200d}💻👩\u{200d}💻", 4, 4).len(), 2);
        assert_eq!(wrap("e\u{301}e\u{301}e\u{301}", 2, 2), ["e\u{301}e\u{301}", "e\u{301}"]);
        assert_eq!(wrap("你", 1, 1), ["你"], "wider than the terminal: there is no better place");
    }

    #[test]
    fn nothing_is_lost_but_blanks() {
        let text = "The quick brown fox 跳过懒狗 jumps_over_the_lazy_dog-and-runs 🏳\u{fe0f}\u{200d}🌈 away";
        for width in 1..90 {
            let pieces = wrap(text, width, width);
            let all: String = pieces.concat().split(' ').collect();
            assert_eq!(all, text.split(' ').collect::<String>(), "{width}");
            assert!(width < 2 || pieces.iter().all(|piece| columns(piece) <= width), "{width}: {pieces:?}");
        }
    }
}
