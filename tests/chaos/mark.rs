//! Texts of which each is said once, and from which anybody can tell whether it came as it was said.

use crate::harness::Random;
use std::fmt;

/// What stands before each mark in its text.
const SIGN: char = '#';
/// Pieces of a text. None of them may be changed on its way.
const WORDS: [&str; 9] = ["so", "fractions", "página", "\"quoted\"", "\\", "数学", "🦎", "a  b", "{\"seq\":1}"];
/// How many pieces a text has at most: most have few, and one in sixteen is as long as a text may be.
const WORDS_MAX: usize = 12;
const WORDS_MAX_LONG: usize = 400;

/// Who says it, and their how manieth it is: no two texts of a run have the same.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Mark {
    pub(crate) by: u16,
    pub(crate) number: u32,
}

impl Mark {
    /// The whole text: the mark itself, and words that follow from it.
    pub(crate) fn text(self) -> String {
        let mut random = Random::new((u64::from(self.by) << 32 | u64::from(self.number)) + 1);
        let most = if random.below(16) == 0 { WORDS_MAX_LONG } else { WORDS_MAX };
        let mut text = format!("{SIGN}{self}");
        for _ in 0..random.below(most) {
            text.push(' ');
            text.push_str(WORDS[random.below(WORDS.len())]);
        }
        text
    }

    /// The mark that is a request's id, if one is.
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        let (by, number) = id.split_once('-')?;
        Some(Self { by: by.parse().ok()?, number: number.parse().ok()? })
    }

    /// Every mark in a file, whatever else is in it.
    pub(crate) fn all_in(bytes: &[u8]) -> impl Iterator<Item = Self> {
        let is_of_mark = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
        bytes.split(|&byte| byte == SIGN as u8).skip(1).filter_map(move |piece| {
            let end = piece.iter().position(|byte| !is_of_mark(byte)).unwrap_or(piece.len());
            Self::of_id(std::str::from_utf8(&piece[..end]).ok()?)
        })
    }

    /// The mark of a text, if not one character of it is another.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mark = Self::of_id(text.strip_prefix(SIGN)?.split(' ').next()?)?;
        (mark.text() == text).then_some(mark)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.by, self.number)
    }
}

#[test]
fn a_text_tells_its_mark_only_as_it_was_said() {
    for number in 0..1000 {
        let mark = Mark { by: 3, number };
        let text = mark.text();
        assert_eq!(Mark::of(&text), Some(mark));
        let file = format!("{{\"text\":\"{text}\"}}\n");
        assert_eq!(Mark::all_in(file.as_bytes()).collect::<Vec<_>>(), [mark]);
        assert!(text.chars().count() <= 4000 && text.len() <= 12_000, "{text}");
        assert_eq!(Mark::of(&format!("{text} ")), None);
        // A mark that is changed itself is nobody's.
        assert_ne!(Mark::of(&text.replacen('3', "4", 1)), Some(mark), "{text}");
    }
    let cut = Mark { by: 1, number: 12 }.text();
    assert_eq!((0..cut.len()).filter_map(|end| Mark::of(cut.get(..end)?)).find(|mark| mark.number == 12), None);
}
