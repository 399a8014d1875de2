//! The configuration: the command line before the environment before `homeroom.toml` before the defaults.
//!
//! [`Args`] is the one definition of what there is. A variable's name and a key's are made from the option's, and
//! each value, wherever it comes from, goes through the parser that stands there: an option more is one field more.

use super::args::{Args, LIVE};
use super::environment::variable;
use crate::options::{self, Entry, Options, Problem, key};
use crate::sanitize;
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// The file's name, in the data folder.
pub(super) const FILE: &str = super::folder::SETTINGS;
/// It tells where the file is, so it can't stand in it.
pub(super) const DATA_DIR: &str = "data_dir";

/// What there is to configure.
pub(crate) const OPTIONS: Options = Options {
    command: Args::command,
    example: "message-rate = 5 or log-level = \"warn\"",
    not_in_file: &[(DATA_DIR, "this file lies in that folder")],
};

/// What holds, and who says so.
#[derive(Debug)]
pub struct Config {
    /// What holds.
    pub args: Args,
    pub(crate) matches: ArgMatches,
    /// The lines of `homeroom.toml` that hold, by the option's id.
    pub(crate) lines: BTreeMap<String, usize>,
    pub(crate) file: PathBuf,
    /// What is wrong with that file, where it's gone on without it.
    pub(crate) unusable: Option<String>,
    /// The command line.
    line: Vec<OsString>,
}

/// Why there is no configuration.
#[derive(Debug)]
pub enum ConfigError {
    /// The command line is wrong, or only help was asked for.
    Usage(Box<clap::Error>),
    /// A variable has a value that it can't have.
    Variable {
        /// Its name.
        name: String,
        /// What is wrong, and what would be right.
        text: String,
    },
    /// `homeroom.toml` can't be used.
    File {
        /// Where it is.
        path: PathBuf,
        /// All that is wrong with it.
        problems: Vec<Problem>,
    },
}

impl Config {
    /// Reads everything. `line` is the command line with the program's name before it. A command that doesn't need the file goes
    /// on without one that is wrong.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(line: &[OsString]) -> Result<Self, ConfigError> {
        let usage = |e| ConfigError::Usage(Box::new(e));
        let wrong_usage = |e: clap::Error| match wrong_variable() {
            Some((name, text)) if e.use_stderr() => ConfigError::Variable { name, text },
            _ => usage(e),
        };
        let said = Args::command().try_get_matches_from(line).map_err(wrong_usage)?;
        let before = Args::from_arg_matches(&said).map_err(usage)?;
        let file = before.data_dir.join(FILE);
        let entries = options::read(&file, &OPTIONS);
        let entries = entries.map_err(|problems| ConfigError::File { path: file.clone(), problems });
        match entries.and_then(|entries| Self::of_both(line, &said, &file, &entries)) {
            Err(wrong) if before.command.as_ref().is_some_and(|command| !command.needs_settings()) => {
                // What is wrong with the command line is so without the file too.
                let without = Self::of_both(line, &said, &file, &[])?;
                Ok(Self { unusable: Some(wrong.to_string().replace('\n', "; ")), ..without })
            }
            config => config,
        }
    }

    /// Of the command line, by which `said` is said, and what the file says.
    fn of_both(line: &[OsString], said: &ArgMatches, file: &Path, entries: &[Entry]) -> Result<Self, ConfigError> {
        let usage = |e| ConfigError::Usage(Box::new(e));
        // What the file says goes before the command line's words, where these and the environment are silent.
        let silent = |entry: &&Entry| !is_said(said, &entry.id);
        let words = entries.iter().filter(silent).flat_map(Entry::words).map(OsString::from);
        let whole_line = line.iter().take(1).cloned().chain(words).chain(line.iter().skip(1).cloned());
        let matches = Args::command().try_get_matches_from(whole_line).map_err(usage)?;
        let args = Args::from_arg_matches(&matches).map_err(usage)?;
        let contradiction = |e| usage(Args::command().error(ErrorKind::ArgumentConflict, e));
        args.check().map_err(contradiction)?;
        let lines = entries.iter().filter(silent).map(|entry| (entry.id.clone(), entry.line)).collect();
        Ok(Self { args, matches, lines, file: file.to_owned(), unusable: None, line: line.to_owned() })
    }

    /// What there is to say of a file without which it's gone on.
    pub(crate) fn told_unusable(&self) -> Option<String> {
        let why = self.unusable.as_ref()?;
        Some(format!("{why}; no server starts with that: mend it. This goes on as if {FILE} said nothing"))
    }

    /// Reads everything anew. Only the file can have changed.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub(crate) fn load_again(&self) -> Result<Self, ConfigError> {
        Self::load(&self.line)
    }

    /// What can't be changed by a reload and is another than in `before`: the options' names, with their dashes.
    pub(crate) fn needs_restart(&self, before: &Self) -> Vec<String> {
        let changed =
            |option: &&Arg| option.get_help_heading() != Some(LIVE) && values(self, option) != values(before, option);
        OPTIONS.all().iter().filter(changed).map(|option| format!("--{}", key(option))).collect()
    }
}

/// The first variable that is wrong, and what is wrong with it.
fn wrong_variable() -> Option<(String, String)> {
    OPTIONS.all().iter().find_map(|option| {
        let name = variable(option.get_id().as_str());
        let value = std::env::var_os(&name)?;
        let text = if matches!(option.get_action(), ArgAction::SetTrue) {
            let parser = clap::builder::BoolishValueParser::new();
            // Without the option: clap panics at one that it has not built.
            let read = parser.parse_ref(&Args::command(), None, &value);
            read.err().map(|_| format!("`{}` is neither true nor false", value.to_string_lossy()))
        } else {
            let mut word = OsString::from(format!("--{}=", key(option)));
            word.push(&value);
            OPTIONS.check_alone([word]).err()
        };
        // What is not text may be a path all the same.
        let not_utf8 = || format!("`{}` isn't UTF-8", value.to_string_lossy());
        Some((name, text.map(|text| if value.to_str().is_none() { not_utf8() } else { text })?))
    })
}

fn is_said(matches: &ArgMatches, id: &str) -> bool {
    matches!(matches.value_source(id), Some(ValueSource::CommandLine | ValueSource::EnvVariable))
}

/// What an option is, as text. A flag is `true` or `false`.
pub(crate) fn values(config: &Config, option: &Arg) -> Vec<String> {
    let id = option.get_id().as_str();
    if matches!(option.get_action(), ArgAction::SetTrue) {
        return vec![config.matches.get_flag(id).to_string()];
    }
    let raw = config.matches.get_raw(id).into_iter().flatten();
    raw.map(|value| value.to_string_lossy().into_owned()).collect()
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(e) => write!(f, "{}", options::first_paragraph(e)),
            Self::Variable { name, text } => write!(f, "the variable {name}: {}", sanitize::line(text)),
            Self::File { path, problems } => {
                let lines: Vec<String> = problems.iter().map(|problem| problem.at(path)).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for ConfigError {}
