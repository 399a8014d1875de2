//! What Tab completes: commands, names, and the arguments that a command's usage tells of.

use super::known::all;
use super::names::Names;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Result};
use std::sync::Arc;

/// The editor's helper.
pub(super) struct Helper {
    names: Arc<Names>,
}

impl Helper {
    /// Completes these names.
    pub(super) fn new(names: Arc<Names>) -> Self {
        Self { names }
    }

    /// Where the word before the cursor begins, and what it may become.
    fn candidates(&self, before: &str) -> (usize, Vec<String>) {
        let start = before
            .rfind(char::is_whitespace)
            .map_or(0, |blank| blank + before[blank..].chars().next().map_or(1, char::len_utf8));
        let (head, word) = before.split_at(start);
        let names =
            |behind: &str| self.names.beginning_with(word).iter().map(|name| format!("{name}{behind}")).collect();
        if start == 0 {
            return (0, if word.starts_with('/') { commands(word) } else { names(": ") });
        }
        if word.is_empty() && !head.starts_with('/') {
            return (start, Vec::new());
        }
        let usage = head.starts_with('/').then(|| placeholder(head)).flatten();
        let found = match usage {
            Some(Placeholder::User) => names(" "),
            Some(Placeholder::Command) => {
                commands(&format!("/{word}")).iter().map(|found| found[1..].to_owned()).collect()
            }
            Some(Placeholder::OneOf(words)) => {
                words.split('|').filter(|known| known.starts_with(word)).map(|known| format!("{known} ")).collect()
            }
            None if word.is_empty() => Vec::new(),
            None => names(" "),
        };
        (start, found)
    }
}

/// What a command's usage wants at some place.
enum Placeholder {
    User,
    Command,
    OneOf(&'static str),
}

/// What the command wants behind these words of a line.
fn placeholder(head: &str) -> Option<Placeholder> {
    let mut words = head.split_whitespace();
    let command = words.next()?.to_ascii_lowercase();
    // Aliases that take a name.
    let command = if matches!(&*command, "/w" | "/whisper") { "/msg" } else { &*command };
    let mut usage = all()
        .map(|known| known.usage.split(' '))
        .find_map(|mut usage| (usage.next() == Some(command)).then_some(usage))?;
    let wanted = usage.nth(words.count())?.trim_matches(|c| "<>[]".contains(c));
    match wanted {
        "user" => Some(Placeholder::User),
        "command" => Some(Placeholder::Command),
        _ if wanted.contains('|') => all().find_map(|known| {
            let from = known.usage.find(wanted)?;
            match &known.usage {
                std::borrow::Cow::Borrowed(usage) => Some(Placeholder::OneOf(&usage[from..from + wanted.len()])),
                std::borrow::Cow::Owned(_) => None,
            }
        }),
        _ => None,
    }
}

/// The commands that begin so, with a blank where something belongs behind them.
fn commands(start: &str) -> Vec<String> {
    let start = start.to_ascii_lowercase();
    let found = all()
        .map(|command| &*command.usage)
        .filter(|usage| usage.split(' ').next().is_some_and(|name| name.starts_with(&start)));
    found.map(|usage| usage.split_once(' ').map_or_else(|| usage.to_owned(), |(name, _)| format!("{name} "))).collect()
}

impl Completer for Helper {
    type Candidate = String;

    fn complete(&self, line: &str, cursor: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        Ok(self.candidates(&line[..cursor]))
    }
}

impl Hinter for Helper {
    type Hint = String;
}

impl Highlighter for Helper {}

impl Validator for Helper {}

impl rustyline::Helper for Helper {}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(before: &str) -> Vec<String> {
        let names = Names::default();
        for name in ["ada", "adam", "bob"] {
            names.add(name);
        }
        let (start, found) = Helper::new(Arc::new(names)).candidates(before);
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
}
