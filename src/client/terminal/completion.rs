//! What Tab completes: commands, names, and the arguments that a command's usage tells of.

use super::block::InCode;
use super::known::all;
use super::names::Names;
use super::usage::{self, Word};
use crate::client::code::{files_beginning_with, languages_beginning_with};
use crate::client::rooms::Rooms;
use crate::client::settings::{Choices, Cue, choices, settings};
use crate::protocol::Role;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Result};
use std::sync::Arc;

/// The editor's helper.
pub(super) struct Helper {
    names: Arc<Names>,
    rooms: Arc<Rooms>,
    in_code: InCode,
}

impl Helper {
    /// Completes these names, and the names of these rooms; nothing in code.
    pub(super) fn new(names: Arc<Names>, rooms: Arc<Rooms>, in_code: InCode) -> Self {
        Self { names, rooms, in_code }
    }

    /// Where the word before the cursor begins, and what it may become.
    fn candidates(&self, before: &str) -> (usize, Vec<String>) {
        let start = before
            .rfind(char::is_whitespace)
            .map_or(0, |blank| blank + before[blank..].chars().next().map_or(1, char::len_utf8));
        let (head, word) = before.split_at(start);
        if start == 0 {
            let found = if word.starts_with('/') { self.commands(word) } else { self.people(word, ": ") };
            return (0, found);
        }
        if !head.starts_with('/') {
            return (start, if word.is_empty() { Vec::new() } else { self.people(word, " ") });
        }
        // Of a list, the last of its values.
        let start = start + word.rfind(',').map_or(0, |comma| comma + 1);
        let wanted = usage::next(head).unwrap_or_default();
        (start, wanted.into_iter().flat_map(|wanted| self.words(wanted, head, &before[start..])).collect())
    }

    /// The words that begin so where such a one is wanted.
    fn words(&self, wanted: Word, head: &str, word: &str) -> Vec<String> {
        let one_of = |words: &mut dyn Iterator<Item = String>| {
            let found = words.filter(|known| known.starts_with(&word.to_ascii_lowercase()));
            found.map(|known| known + " ").collect()
        };
        match wanted {
            Word::Literal(literal) => one_of(&mut [literal.to_owned()].into_iter()),
            // The command wants the name alone.
            Word::User => self.people(word.trim_start_matches('@'), " "),
            Word::Room => {
                let found = self.rooms.beginning_with(word.trim_start_matches('#'));
                found.into_iter().map(|room| room + " ").collect()
            }
            Word::Command => self.commands(&format!("/{word}")).iter().map(|found| found[1..].to_owned()).collect(),
            Word::Role => one_of(&mut Role::ALL.iter().map(|role| role.name().to_owned())),
            Word::From | Word::To => one_of(&mut ["today", "yesterday"].into_iter().map(str::to_owned)),
            Word::Event => one_of(&mut Cue::ALL.iter().map(|cue| cue.name().to_owned())),
            Word::Language => languages_beginning_with(word).map(|found| found + " ").collect(),
            Word::File => files_beginning_with(word),
            Word::Addressee => self.people(&format!("@{}", word.trim_start_matches('@')), " "),
            Word::Setting => one_of(&mut settings().into_iter()),
            Word::Value => match choices(head.split_whitespace().nth(1).unwrap_or_default()) {
                Choices::Words(words) => one_of(&mut words.into_iter()),
                Choices::People => self.people(word, " "),
                Choices::Any => Vec::new(),
            },
            Word::Text | Word::Poll if !word.is_empty() => self.people(word, " "),
            Word::Text | Word::Poll | Word::Other => Vec::new(),
        }
    }

    /// The names that begin so, and `behind` each; those behind an `@` as they are mentioned elsewhere.
    fn people(&self, word: &str, behind: &str) -> Vec<String> {
        let (mark, start) = word.split_at(word.len() - word.trim_start_matches('@').len());
        let behind = if mark.is_empty() { behind } else { " " };
        self.names.beginning_with(start).iter().map(|name| format!("{mark}{name}{behind}")).collect()
    }

    /// The commands that begin so and that one may use, with a blank where something belongs behind them.
    fn commands(&self, start: &str) -> Vec<String> {
        let start = start.to_ascii_lowercase();
        let role = self.names.role();
        let allowed = all().filter(|command| role >= command.role);
        let usages = allowed.map(|command| &*command.usage);
        let found = usages.filter(|usage| usage.split(' ').next().is_some_and(|name| name.starts_with(&start)));
        found.map(|usage| usage.split_once(' ').map_or(usage.to_owned(), |(name, _)| format!("{name} "))).collect()
    }
}

impl Completer for Helper {
    type Candidate = String;

    fn complete(&self, line: &str, cursor: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        if self.in_code.is() {
            return Ok((cursor, vec!["\t".into()]));
        }
        Ok(self.candidates(&line[..cursor]))
    }
}

impl Hinter for Helper {
    type Hint = String;
}

impl Highlighter for Helper {}

impl Validator for Helper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(self.in_code.at_enter(context.input()))
    }
}

impl rustyline::Helper for Helper {}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(before: &str) -> Vec<String> {
        completed_by(Role::Admin, before)
    }

    fn completed_by(role: Role, before: &str) -> Vec<String> {
        let names = Names::default();
        names.set_role(role);
        for name in ["ada", "adam", "bob"] {
            names.add(name);
        }
        let rooms = Rooms::new("ada", true);
        for room in ["chess", "choir", "latin"] {
            rooms.hear_of(room);
        }
        let helper = Helper::new(Arc::new(names), Arc::new(rooms), InCode::default());
        let (start, found) = helper.candidates(before);
        found.into_iter().map(|found| format!("{}{found}", &before[..start])).collect()
    }

    #[test]
    fn commands_and_names() {
        assert_eq!(completed("/wh")[0], "/who");
        assert_eq!(completed("/ms"), ["/msg "]);
        assert_eq!(completed("/listu"), ["/listusers"]);
        assert_eq!(completed("bo"), ["bob: "]);
        assert_eq!(completed("AD"), ["ada: ", "adam: "]);
        assert_eq!(completed("I saw bo"), ["I saw bob "]);
        assert_eq!(completed("/msg ad"), ["/msg ada ", "/msg adam "]);
        assert_eq!(completed("/w b"), ["/w bob "]);
        assert_eq!(completed("/ban "), ["/ban ada ", "/ban adam ", "/ban bob "]);
        assert_eq!(completed("/msg bob hello ad"), ["/msg bob hello ada ", "/msg bob hello adam "]);
        assert_eq!(completed("zzz"), [""; 0]);
        assert_eq!(completed("hello "), [""; 0]);
        assert_eq!(completed("Grüße\u{2003}bo"), ["Grüße\u{2003}bob "]);
    }

    #[test]
    fn what_a_usage_line_allows() {
        assert_eq!(completed("/dnd m"), [""; 0], "minutes are no word");
        assert_eq!(completed("/dnd o"), ["/dnd off "]);
        assert_eq!(completed("/sound men"), ["/sound mention "]);
        assert_eq!(completed("/sound mention t"), ["/sound mention test "]);
        assert_eq!(completed("/sound of"), ["/sound off "]);
        assert_eq!(completed("/set no-b"), ["/set no-bell "]);
        assert_eq!(completed("/set no-bell "), ["/set no-bell on ", "/set no-bell off ", "/set no-bell - "]);
        assert_eq!(completed("/set color al"), ["/set color always "]);
        assert_eq!(completed("/set silent login,ment"), ["/set silent login,mention "]);
        assert_eq!(completed("/set ignore b"), ["/set ignore bob "]);
        assert_eq!(completed("/set log a"), [""; 0]);
        assert_eq!(completed("/adduser eve b"), [""; 0], "a password is nobody's name");
        assert_eq!(completed("/promote ada t"), ["/promote ada teacher "]);
        assert_eq!(
            completed("/demote ada "),
            ["display", "user", "teacher", "admin"].map(|role| format!("/demote ada {role} "))
        );
        assert_eq!(completed("/who b"), [""; 0]);
    }

    #[test]
    fn rooms() {
        assert_eq!(completed("/join ch"), ["/join chess ", "/join choir "]);
        assert_eq!(completed("/join #L"), ["/join latin "]);
        assert_eq!(completed("/room gen"), ["/room general "]);
        assert_eq!(completed("/letin bo"), ["/letin bob "]);
        assert_eq!(completed("/letin bob la"), ["/letin bob latin "]);
        assert_eq!(completed("/whispers st"), ["/whispers staff "]);
    }

    #[test]
    fn names_behind_an_at() {
        assert_eq!(completed("@bo"), ["@bob "]);
        assert_eq!(completed("I saw @AD"), ["I saw @ada ", "I saw @adam "]);
        assert_eq!(completed("/msg @bo"), ["/msg bob "]);
        assert_eq!(completed("/me waves to @b"), ["/me waves to @bob "]);
    }

    #[test]
    fn what_the_role_allows() {
        assert_eq!(completed_by(Role::User, "/ba"), ["/back"]);
        assert_eq!(completed_by(Role::Admin, "/ba"), ["/back", "/ban "]);
        assert_eq!(completed_by(Role::Teacher, "/ba"), ["/back"]);
        assert_eq!(completed_by(Role::Teacher, "/mu"), ["/mute "]);
        assert_eq!(completed_by(Role::User, "/mu"), [""; 0]);
        assert_eq!(completed_by(Role::Display, "/m"), [""; 0]);
        assert_eq!(completed_by(Role::User, "/help prom"), [""; 0]);
        assert_eq!(completed_by(Role::Admin, "/help prom"), ["/help promote "]);
    }
}
