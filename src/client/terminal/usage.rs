//! What a command's usage line wants at each place: for Tab, and to be held to it.

use super::known::find;
use crate::moments;
use crate::protocol::CommandHelp;

/// What may stand at a place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Word {
    /// This very word.
    Literal(&'static str),
    /// Somebody's name.
    User,
    /// A command's name.
    Command,
    /// What an account may do.
    Role,
    /// What can be heard.
    Event,
    /// A setting's name.
    Setting,
    /// What it may be set to.
    Value,
    /// In which code is written.
    Language,
    /// A file's path.
    File,
    /// Somebody's name behind an `@`.
    Addressee,
    /// A moment at which something begins, or ends.
    From,
    To,
    /// A room's name.
    Room,
    /// A question and its answers.
    Poll,
    /// All the rest of the line.
    Text,
    /// Something that can't be guessed.
    Other,
}

/// A place behind a command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// The command is right without it.
    pub(crate) optional: bool,
    /// It can only stand there if what is before it does: `to` in `[from [to]]`, `file` in `[save <file>]`.
    pub(crate) follows: bool,
    /// One of these stands there.
    pub(crate) words: Vec<Word>,
}

/// The words in usage lines that stand for others.
const PLACEHOLDERS: [(&str, Word); 20] = [
    ("user", Word::User),
    ("command", Word::Command),
    ("event", Word::Event),
    ("name", Word::Setting),
    ("value", Word::Value),
    ("role", Word::Role),
    ("language", Word::Language),
    ("file", Word::File),
    ("@user", Word::Addressee),
    ("text", Word::Text),
    ("from", Word::From),
    ("to", Word::To),
    ("room", Word::Room),
    ("about", Word::Text),
    ("question", Word::Poll),
    ("seconds", Word::Other),
    ("group", Word::Other),
    ("number", Word::Other),
    ("minutes", Word::Other),
    ("password", Word::Other),
];

/// The places of a command: `/sound [event] [on|off|test]` has two, both optional.
pub(crate) fn places(command: &'static CommandHelp<'static>) -> Vec<Place> {
    // What stands behind a question belongs to it.
    let places = command.usage.split(' ').skip(1).take_while(|place| *place != "|");
    let word = |name| PLACEHOLDERS.iter().find(|known| known.0 == name).map_or(Word::Literal(name), |known| known.1);
    let mut open = 0;
    places
        .map(|place| {
            let follows = open > 0;
            open += place.matches('[').count();
            open -= place.matches(']').count().min(open);
            let words = place.trim_matches(|c| "<>[]".contains(c)).split('|').map(word).collect();
            Place { optional: place.starts_with('['), follows, words }
        })
        .collect()
}

/// What a line that goes so far may go on with: the words at the next place, and those at later ones that may be next
/// because what stands before them is optional. None if that is no command.
pub(super) fn next(head: &str) -> Option<Vec<Word>> {
    let mut typed = head.split_whitespace();
    let places = places(find(&typed.next()?.strip_prefix('/')?.to_ascii_lowercase())?);
    let mut rest = &places[..];
    for word in typed {
        let [place, others @ ..] = rest else { return Some(Vec::new()) };
        if let Some(text) = place.words.iter().find(|word| matches!(word, Word::Text | Word::Poll)) {
            return Some(vec![*text]);
        }
        // Where that word alone may stand, it is left out, and what only stands behind it.
        let left_out = match place.words[..] {
            [Word::Literal(_)] if place.optional => 1 + others.iter().take_while(|place| place.follows).count(),
            _ => 0,
        };
        let others = rest.get(left_out + 1..).unwrap_or_default();
        rest = reached(rest).find(|place| place.has(word)).map_or(others, |found| {
            let index = places.iter().position(|place| std::ptr::eq(place, found)).unwrap_or(places.len());
            &places[index + 1..]
        });
    }
    let mut words = rest.first().map(|place| place.words.clone()).unwrap_or_default();
    let known = reached(rest).skip(1).filter(|place| !place.follows).flat_map(|place| &place.words);
    words.extend(known.filter(|word| matches!(word, Word::Literal(_) | Word::From)));
    Some(words)
}

/// The places that may be next: up to the first that is needed.
fn reached(places: &[Place]) -> impl Iterator<Item = &Place> {
    let is_needed = |(index, place): (usize, &Place)| !place.optional && (index == 0 || !place.follows);
    let needed = places.iter().enumerate().position(is_needed).unwrap_or(places.len());
    places.iter().take(needed + 1)
}

impl Place {
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| match known {
            Word::Literal(literal) => literal.eq_ignore_ascii_case(word),
            Word::From => moments::is_meant(word),
            _ => false,
        })
    }
}

/// Every way to type a command that its usage line allows, with an example for each word that stands for others.
#[cfg(test)]
pub(crate) fn allowed(command: &'static CommandHelp<'static>) -> Vec<String> {
    let name = command.usage.split(' ').next().unwrap_or_default().to_owned();
    // Each with whether something stands at the place before.
    let mut lines = vec![(name, true)];
    for Place { optional, follows, words } in places(command) {
        let (possible, without): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(_, is_there)| *is_there || !follows);
        let left_out = if optional { possible.clone() } else { Vec::new() };
        let with = |(line, _): &(String, bool)| {
            words.iter().map(|word| (format!("{line} {}", example(*word)), true)).collect::<Vec<_>>()
        };
        let with: Vec<_> = possible.iter().flat_map(with).collect();
        let without = without.into_iter().chain(left_out).map(|(line, _)| (line, false));
        lines = with.into_iter().chain(without).collect();
    }
    lines.into_iter().map(|(line, _)| line).collect()
}

#[cfg(test)]
fn example(word: Word) -> &'static str {
    match word {
        Word::Literal(word) => word,
        Word::User => "eve",
        Word::Command => "msg",
        Word::Role => "teacher",
        Word::Event => "mention",
        Word::Setting => "no-bell",
        Word::Value => "on",
        Word::Language => "python",
        Word::File => "./lesson.py",
        Word::Addressee => "@eve",
        Word::Room => "chess",
        Word::Poll => "Which? | a | b",
        Word::Text => "as it is",
        Word::From => "yesterday",
        Word::To => "today",
        Word::Other => "5",
    }
}

#[cfg(test)]
mod tests {
    use super::super::known::all;
    use super::*;

    #[test]
    fn what_comes_next() {
        let literals = |words: [&'static str; 3]| words.map(Word::Literal);
        let [on, off, test] = literals(["on", "off", "test"]);
        for (head, words) in [
            ("/dnd ", vec![Word::Other, off]),
            ("/sound ", vec![Word::Event, on, off, test]),
            ("/sound mention ", vec![on, off, test]),
            ("/Sound on ", vec![]),
            ("/sound mention on ", vec![]),
            ("/mute ", vec![Word::User]),
            ("/mute eve ", vec![Word::Other]),
            ("/set ", vec![Word::Setting]),
            ("/set no-bell ", vec![Word::Value]),
            ("/msg bob hello ", vec![Word::Text]),
            ("/w ", vec![Word::User]),
            ("/r ", vec![Word::Text]),
            ("/who ", vec![]),
            ("/attendance ", vec![Word::Literal("save"), Word::From]),
            ("/attendance save ", vec![Word::File]),
            ("/attendance 7b ", vec![Word::From]),
            ("/attendance save a.csv 7b ", vec![Word::From]),
            ("/attendance 7b yesterday ", vec![Word::To]),
            ("/attendance yesterday ", vec![Word::To]),
        ] {
            assert_eq!(next(head), Some(words), "{head}");
        }
        assert_eq!((next("/frobnicate "), next("who "), next("")), (None, None, None));
    }

    #[test]
    fn what_stands_for_others_is_no_word_of_its_own() {
        let words = all().flat_map(places).flat_map(|place| place.words);
        let mut literals: Vec<_> = words.filter(|word| matches!(word, Word::Literal(_))).collect();
        literals.sort_by_key(|word| format!("{word:?}"));
        literals.dedup();
        // Whoever adds a word to a usage line says here, or in `PLACEHOLDERS`, which of both it is.
        let known = ["all", "closed", "dry-run", "guests", "nobody", "off", "on", "save", "slips", "staff", "test"];
        assert_eq!(literals, known.map(Word::Literal));
    }

    #[test]
    fn every_way_that_is_allowed() {
        assert_eq!(allowed(find("dnd").unwrap()), ["/dnd 5", "/dnd off", "/dnd"]);
        assert_eq!(allowed(find("msg").unwrap()), ["/msg eve as it is"]);
        assert_eq!(allowed(find("sound").unwrap()).len(), 8);
        let attendance = allowed(find("attendance").unwrap());
        assert_eq!(attendance.len(), 12, "{attendance:?}");
        assert!(
            !attendance.iter().any(|line| line == "/attendance save" || line == "/attendance today"),
            "{attendance:?}"
        );
    }
}
