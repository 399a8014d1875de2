//! Options in a file, one line for each, `KEY = VALUE`: the server's `homeroom.toml`, the client's `settings.toml`.
//!
//! A program's command line is the one definition of what there is: a key's name is the option's, and each value goes
//! through the parser that stands there.

use crate::files::{self, Access};
use crate::lines;
use crate::nearest::nearest;
use crate::reason;
use crate::sanitize;
use clap::builder::{PathBufValueParser, Resettable, TypedValueParser};
use clap::{Arg, ArgAction, Command};
use std::ffi::OsString;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The largest file that is read. All options with comments take a tenth of it.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Reads a path in which `~` is the home folder, as [`at_home`] has it.
pub(crate) fn path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(at_home)
}

/// A path as people write it: `~` at its beginning is the home folder. A shell sees to that on a command line, but in
/// no file and not behind a `=`.
pub(crate) fn at_home(path: PathBuf) -> PathBuf {
    match (path.strip_prefix("~"), dirs::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

/// A program's options, and their file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Its command line.
    pub(crate) command: fn() -> Command,
    /// What a line of the file looks like.
    pub(crate) example: &'static str,
    /// The options that can't stand in the file, each by its id and with the reason.
    pub(crate) not_in_file: &'static [(&'static str, &'static str)],
}

/// What is wrong with the file.
#[derive(Debug, Eq, PartialEq)]
pub struct Problem {
    /// Counted from 1; none if it's the file as a whole.
    line: Option<usize>,
    /// What is wrong, and what would be right.
    text: String,
}

impl Problem {
    /// With the place where it is. The file may be somebody else's, as one that was restored: none of it reaches a terminal raw.
    pub(crate) fn at(&self, path: &Path) -> String {
        let text = sanitize::line(&self.text);
        match self.line {
            Some(line) => format!("{} line {line}: {text}", path.display()),
            None => format!("{}: {text}", path.display()),
        }
    }
}

/// What the file says about one option.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The option's.
    pub(crate) id: String,
    /// Counted from 1.
    pub(crate) line: usize,
    key: String,
    values: Vec<String>,
    /// Takes no value on the command line; here it is `true` or `false`.
    is_flag: bool,
}

impl Options {
    /// Every option, in the order of `--help`.
    pub(crate) fn all(&self) -> Vec<Arg> {
        (self.command)().get_arguments().filter(|option| option.get_long().is_some()).cloned().collect()
    }

    /// Why an option can't stand in the file, if it can't.
    fn banned(&self, option: &Arg) -> Option<&'static str> {
        self.not_in_file.iter().find(|banned| option.get_id() == banned.0).map(|banned| banned.1)
    }

    /// Whether these words would be right if they stood alone on the command line, and nothing in the environment.
    ///
    /// # Errors
    /// What would be wrong, on one line.
    pub(crate) fn check_alone(&self, words: impl IntoIterator<Item: Into<OsString>>) -> Result<(), String> {
        let command = (self.command)().mut_args(|option| option.env(Resettable::Reset));
        let words = std::iter::once(command.get_name().into()).chain(words.into_iter().map(Into::into));
        command.try_get_matches_from(words).map(drop).map_err(|e| first_paragraph(&e))
    }
}

/// Its name on the command line and in the file.
pub(crate) fn key(option: &Arg) -> &str {
    option.get_long().unwrap_or_default()
}

/// How a value is written in the file: a number and `true` as they are, everything else in quotes.
pub(crate) fn toml_value(text: &str) -> String {
    let bare = text.parse::<i64>().is_ok() || text.parse::<f64>().is_ok_and(f64::is_finite);
    if bare || text == "true" || text == "false" { text.to_owned() } else { toml::Value::from(text).to_string() }
}

/// Reads the file; it says nothing where there is none.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read(path: &Path, options: &Options) -> Result<Vec<Entry>, Vec<Problem>> {
    let whole = |e: io::Error| vec![Problem { line: None, text: format!("can't be read: {}", reason::of_file(&e)) }];
    let mut text = String::new();
    match files::open(path, Access::Read).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(whole(e)),
        Ok(read) if read as u64 > FILE_BYTES_MAX => Err(whole(io::ErrorKind::FileTooLarge.into())),
        Ok(_) => parse(&text, options),
    }
}

fn parse(text: &str, options: &Options) -> Result<Vec<Entry>, Vec<Problem>> {
    let line_of = |span: Range<usize>| lines::number_at(text.as_bytes(), span.start);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problem = |e: &toml::de::Error| Problem {
            line: e.span().map(line_of),
            text: format!("not TOML, whose lines look like {}: {}", options.example, e.message()),
        };
        return Err(errors.iter().map(problem).collect());
    }
    let all = options.all();
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for (name, value) in table.get_ref() {
        let line = line_of(name.span());
        let entry = entry(name.get_ref(), value.get_ref(), line, options, &all);
        match entry.and_then(|entry| options.check_alone(entry.words()).map(|()| entry)) {
            Ok(entry) => entries.push(entry),
            Err(text) => problems.push(Problem { line: Some(line), text }),
        }
    }
    // The table is sorted by name.
    entries.sort_by_key(|entry| entry.line);
    problems.sort_by_key(|problem| problem.line);
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

fn entry(name: &str, value: &DeValue<'_>, line: usize, options: &Options, all: &[Arg]) -> Result<Entry, String> {
    let known = || all.iter().filter(|option| options.banned(option).is_none()).map(key);
    let option = all.iter().find(|option| key(option) == name);
    let option = option.ok_or_else(|| unknown(name, value, options, known()))?;
    if let Some(why) = options.banned(option) {
        return Err(format!("`{name}` can't stand here: {why}"));
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

fn unknown<'a>(
    name: &str,
    value: &DeValue<'_>,
    options: &Options,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    if matches!(value, DeValue::Table(_)) {
        return format!("`{name}`: this file has no sections, only lines such as {}", options.example);
    }
    match nearest(name, known.clone()) {
        Some(meant) => format!("there is no option `{name}`: did you mean `{meant}`?"),
        None => format!("there is no option `{name}`; there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

impl Entry {
    /// What it would be on the command line.
    pub(crate) fn words(&self) -> Vec<String> {
        let Self { key, values, .. } = self;
        match self.is_flag {
            true => values.iter().filter(|value| *value == "true").map(|_| format!("--{key}")).collect(),
            false => values.iter().map(|value| format!("--{key}={value}")).collect(),
        }
    }
}

/// What clap says, on one line and without advice on usage.
pub(crate) fn first_paragraph(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.trim_start_matches("error: ").lines().take_while(|line| !line.is_empty());
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::OPTIONS;

    /// What is wrong with a text: the lines, and the words.
    fn problems(text: &str) -> Vec<(usize, String)> {
        let problems = parse(text, &OPTIONS).err().unwrap_or_default();
        problems.into_iter().map(|problem| (problem.line.unwrap(), problem.text)).collect()
    }

    #[test]
    fn what_is_right() {
        let text = "# mine\nmessage-rate = \"off\"\nlogin-grace = 1_0\n\nlisten = [\"127.0.0.1:1\", \"[::1]:2\"]\n";
        let entries = parse(text, &OPTIONS).unwrap();
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
