//! `homeroom.toml`: one line for each option, `KEY = VALUE`.

use super::super::args::Args;
use super::{DATA_DIR, Problem, key};
use crate::nearest::nearest;
use clap::builder::Resettable;
use clap::{Arg, ArgAction, CommandFactory};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The largest file that is read. All options with comments take a tenth of it.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What the file says about one option.
#[derive(Debug)]
pub(super) struct Entry {
    /// The option's.
    pub(super) id: String,
    /// Counted from 1.
    pub(super) line: usize,
    key: String,
    values: Vec<String>,
    /// Takes no value on the command line; here it is `true` or `false`.
    is_flag: bool,
}

/// Reads the file; it says nothing where there is none.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read(path: &Path, options: &[Arg]) -> Result<Vec<Entry>, Vec<Problem>> {
    let whole = |e: io::Error| vec![Problem { line: None, text: format!("can't be read: {e}") }];
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(whole(e)),
        Ok(read) if read as u64 > FILE_BYTES_MAX => Err(whole(io::ErrorKind::FileTooLarge.into())),
        Ok(_) => parse(&text, options),
    }
}

fn parse(text: &str, options: &[Arg]) -> Result<Vec<Entry>, Vec<Problem>> {
    let line_of =
        |span: Range<usize>| text.as_bytes()[..span.start.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1;
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problem = |e: &toml::de::Error| Problem {
            line: e.span().map(line_of),
            text: format!("not TOML, whose lines look like message-rate = 5 or log-level = \"warn\": {}", e.message()),
        };
        return Err(errors.iter().map(problem).collect());
    }
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for (name, value) in table.get_ref() {
        let line = line_of(name.span());
        match entry(name.get_ref(), value.get_ref(), line, options).and_then(Entry::checked) {
            Ok(entry) => entries.push(entry),
            Err(text) => problems.push(Problem { line: Some(line), text }),
        }
    }
    // The table is sorted by name.
    entries.sort_by_key(|entry| entry.line);
    problems.sort_by_key(|problem| problem.line);
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

fn entry(name: &str, value: &DeValue<'_>, line: usize, options: &[Arg]) -> Result<Entry, String> {
    let option = options.iter().find(|option| key(option) == name).ok_or_else(|| unknown(name, value, options))?;
    if option.get_id() == DATA_DIR {
        return Err(format!("`{name}` can't stand here: this file lies in that folder"));
    }
    let is_flag = matches!(option.get_action(), ArgAction::SetTrue);
    let values = match value {
        DeValue::Boolean(value) if is_flag => vec![value.to_string()],
        _ if is_flag => return Err(format!("`{name}` is true or false")),
        DeValue::Array(list) if matches!(option.get_action(), ArgAction::Append) => {
            list.iter().map(|value| scalar(name, value.get_ref())).collect::<Result<_, _>>()?
        }
        single => vec![scalar(name, single)?],
    };
    Ok(Entry { id: option.get_id().to_string(), line, key: name.to_owned(), values, is_flag })
}

fn scalar(name: &str, value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Float(number) => Ok(number.to_string()),
        _ => Err(format!("`{name}` is a number or a text in quotes")),
    }
}

fn unknown(name: &str, value: &DeValue<'_>, options: &[Arg]) -> String {
    if matches!(value, DeValue::Table(_)) {
        return format!("`{name}`: this file has no sections, only lines such as message-rate = 5");
    }
    let known = options.iter().filter(|option| option.get_id() != DATA_DIR).map(key);
    match nearest(name, known.clone()) {
        Some(meant) => format!("there is no option `{name}`: did you mean `{meant}`?"),
        None => format!("there is no option `{name}`; there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

impl Entry {
    /// Itself, if its value is one that the option can have.
    fn checked(self) -> Result<Self, String> {
        check_alone(self.words())?;
        Ok(self)
    }

    /// What it would be on the command line.
    pub(super) fn words(&self) -> Vec<String> {
        let Self { key, values, .. } = self;
        match self.is_flag {
            true => values.iter().filter(|value| *value == "true").map(|_| format!("--{key}")).collect(),
            false => values.iter().map(|value| format!("--{key}={value}")).collect(),
        }
    }
}

/// Whether these words would be right if they stood alone on the command line, and nothing in the environment.
///
/// # Errors
/// What would be wrong, on one line.
pub(super) fn check_alone(words: Vec<String>) -> Result<(), String> {
    let command = Args::command().mut_args(|option| option.env(Resettable::Reset));
    let words = std::iter::once("homeroom-server".to_owned()).chain(words);
    command.try_get_matches_from(words).map(drop).map_err(|e| first_paragraph(&e))
}

/// What clap says, on one line and without advice on usage.
pub(super) fn first_paragraph(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.trim_start_matches("error: ").lines().take_while(|line| !line.is_empty());
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::options;
    use super::*;

    /// What is wrong with a text: the lines, and the words.
    fn problems(text: &str) -> Vec<(usize, String)> {
        let problems = parse(text, &options()).err().unwrap_or_default();
        problems.into_iter().map(|problem| (problem.line.unwrap(), problem.text)).collect()
    }

    #[test]
    fn what_is_right() {
        let text = "# mine\nmessage-rate = \"off\"\nlogin-grace = 1_0\n\nlisten = [\"127.0.0.1:1\", \"[::1]:2\"]\n";
        let entries = parse(text, &options()).unwrap();
        let words: Vec<_> = entries.iter().map(|entry| (entry.line, entry.words())).collect();
        let expected = [
            (2, vec!["--message-rate=off"]),
            (3, vec!["--login-grace=10"]),
            (5, vec!["--listen=127.0.0.1:1", "--listen=[::1]:2"]),
        ];
        assert_eq!(words, expected.map(|(line, words)| (line, words.into_iter().map(str::to_owned).collect())));
        assert!(problems(text).is_empty());
        assert!(problems("").is_empty());
    }

    #[test]
    fn what_is_wrong_with_its_line() {
        for (text, line, words) in [
            ("\nmesage-rate = 5", 2, "did you mean `message-rate`?"),
            ("frobnicate = 1", 1, "there are listen, "),
            ("login-grace = 601", 1, "from 1 to 600"),
            ("login-grace = true", 1, "a number or a text"),
            ("login-grace = [1]", 1, "a number or a text"),
            ("message-rate = \"fast\"", 1, "`off`"),
            ("log-level = \"loud\"", 1, "off, error, warn"),
            ("listen = \"here\"", 1, "listen"),
            ("data-dir = \"/\"", 1, "lies in that folder"),
            ("[limits]\nlogin-grace = 5", 1, "no sections"),
            ("login-grace = 5\nlogin-grace = 6", 2, "duplicate"),
            ("\n\nlogin-grace 5", 3, "not TOML"),
        ] {
            let found = problems(text);
            assert!(matches!(&found[..], [(at, said)] if *at == line && said.contains(words)), "{text:?}: {found:?}");
        }
        assert_eq!(problems("a = 1\nlogin-grace = 5\nb = 2").len(), 2, "all are told at once");
    }
}
