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

    /// The mark of a text, if not one character of it is another.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let (by, number) = text.strip_prefix(SIGN)?.split(' ').next()?.split_once('-')?;
        let mark = Self { by: by.parse().ok()?, number: number.parse().ok()? };
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
        assert!(text.chars().count() <= 4000 && text.len() <= 12_000, "{text}");
        assert_eq!(Mark::of(&format!("{text} ")), None);
        // A mark that is changed itself is nobody's.
        assert_ne!(Mark::of(&text.replacen('3', "4", 1)), Some(mark), "{text}");
    }
    let cut = Mark { by: 1, number: 12 }.text();
    assert_eq!((0..cut.len()).filter_map(|end| Mark::of(cut.get(..end)?)).find(|mark| mark.number == 12), None);
}
