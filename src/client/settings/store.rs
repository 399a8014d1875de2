//! The settings: what is typed with `/set` before the command line before `settings.toml` before the defaults.
//!
//! [`Args`] is the one definition of what there is: every option is a setting, and every setting an option.

use super::args::Args;
use super::cue::Cue;
use super::folder;
use super::typed::{OPTIONS, TRANSCRIPT, find, settable, to_item, values};
use crate::files::{self, Growing};
use crate::options::{self, Entry, Problem, key, toml_value};
use crate::protocol::Username;
use crate::reason::Reason;
use crate::sync::lock;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use toml_edit::DocumentMut;

/// The file's name, in the client's folder.
const FILE: &str = "settings.toml";
/// What holds at once when it's set; everything else holds from the next start.
const LIVE: [&str; 6] = ["no_sound", "silent", "no_bell", "no_notify", "no_presence", "ignore"];

/// What holds, as the threads of one client share it.
#[derive(Debug)]
pub struct Settings {
    /// None where there is no telling where it should be.
    path: Option<PathBuf>,
    /// The command line.
    said: ArgMatches,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    args: Args,
    live: Arc<Live>,
    /// The lines of the file that hold, by the option's id.
    lines: BTreeMap<String, usize>,
    /// What was set since the start: it goes before the command line.
    typed: BTreeSet<String>,
    matches: ArgMatches,
}

/// What may change while the client runs.
#[derive(Debug)]
pub(crate) struct Live {
    /// What is heard.
    pub(crate) heard: BTreeSet<Cue>,
    /// Whether the bell rings where nothing can be played.
    pub(crate) bell: bool,
    /// Whether the desktop tells of whispers and mentions.
    pub(crate) notify: bool,
    /// Whether it's shown who comes and goes.
    pub(crate) presence: bool,
    /// Who is neither shown nor heard.
    pub(crate) ignored: BTreeSet<Username>,
}

/// Why there are no settings.
#[derive(Debug)]
pub enum SettingsError {
    /// The command line is wrong, or only help was asked for.
    Usage(Box<clap::Error>),
    /// The file can't be used.
    File {
        /// Where it is.
        path: PathBuf,
        /// All that is wrong with it.
        problems: Vec<Problem>,
    },
}

impl Settings {
    /// Reads everything. `line` is the command line with the program's name before it.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn load(line: &[OsString]) -> Result<Self, SettingsError> {
        let usage = |e| SettingsError::Usage(Box::new(e));
        let said = Args::command().try_get_matches_from(line).map_err(usage)?;
        let path = folder::find().map(|folder| folder.join(FILE));
        let entries = path.as_deref().map_or(Ok(Vec::new()), read)?;
        let state = State::combine(&said, &entries, BTreeSet::new()).map_err(usage)?;
        Ok(Self { path, said, state: Mutex::new(state) })
    }

    /// What held at the start, and what was set since.
    pub(crate) fn args(&self) -> Args {
        lock(&self.state).args.clone()
    }

    /// What holds now.
    pub(crate) fn live(&self) -> Arc<Live> {
        Arc::clone(&lock(&self.state).live)
    }

    /// Each setting, its value, and who says so: lines of the file. With a name that one alone.
    ///
    /// # Errors
    /// There is no such setting.
    pub(crate) fn show(&self, name: Option<&str>) -> Result<Vec<String>, String> {
        let state = lock(&self.state);
        match name {
            Some(name) => Ok(vec![state.line(&find(name)?)]),
            None => Ok(settable().iter().map(|option| state.line(option)).collect()),
        }
    }

    /// Sets something, here and in the file; `-` takes it back. Gives its line, and whether it holds at once.
    ///
    /// # Errors
    /// What is wrong with it, or with the file.
    pub(crate) fn set(&self, name: &str, text: &str) -> Result<(String, bool), String> {
        let option = find(name)?;
        let values = values(&option, text)?;
        if let (TRANSCRIPT, [path]) = (name, &values[..]) {
            // As the next start will.
            let path = options::at_home(path.into());
            let failed = |e: io::Error| format!("`{name}` can't be `{}`: {}", path.display(), Reason(&e));
            Growing::open_anywhere(&path).map_err(failed)?;
        }
        self.store(&option, values)
    }

    /// Whether it is the file that says so, and not the command line.
    pub(crate) fn is_in_file(&self, name: &str) -> bool {
        find(name).is_ok_and(|option| lock(&self.state).lines.contains_key(option.get_id().as_str()))
    }

    /// Adds a value to a list, or takes it away. False when there was nothing to do.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn put(&self, name: &str, value: &str, there: bool) -> Result<bool, String> {
        let option = find(name)?;
        let mut list = lock(&self.state).values(&option);
        // Names may be written in either case.
        let same = |other: &String| other.eq_ignore_ascii_case(value);
        if list.iter().any(same) == there {
            return Ok(false);
        }
        list.retain(|other| !same(other));
        list.extend(there.then(|| value.to_owned()));
        self.store(&option, list).map(|_| true)
    }

    /// Writes an option's values to the file, and takes them over. None of them: the default.
    fn store(&self, option: &Arg, values: Vec<String>) -> Result<(String, bool), String> {
        let path = self.path.as_deref().ok_or("there is no folder for settings.toml: set HOMEROOM_CONFIG_DIR")?;
        let mut state = lock(&self.state);
        let failed = |e: io::Error| format!("`{}` can't be written: {}", path.display(), Reason(&e));
        // What somebody else has written meanwhile is kept, and must be right.
        read(path).map_err(|why| why.to_string())?;
        let mut document: DocumentMut = match files::read_to_string(path) {
            Ok(text) => text.parse().map_err(|e| format!("`{}` is not TOML: {}", path.display(), Reason(&e)))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => DocumentMut::new(),
            Err(e) => return Err(failed(e)),
        };
        match to_item(option, &values) {
            Some(item) => document[key(option)] = item,
            None => drop(document.remove(key(option))),
        }
        folder::replace(path, document.to_string().as_bytes()).map_err(failed)?;
        let entries = read(path).map_err(|why| why.to_string())?;
        let mut typed = std::mem::take(&mut state.typed);
        typed.insert(option.get_id().to_string());
        *state = State::combine(&self.said, &entries, typed).map_err(|e| options::first_paragraph(&e))?;
        Ok((state.line(option), LIVE.contains(&option.get_id().as_str())))
    }
}

impl State {
    fn combine(said: &ArgMatches, entries: &[Entry], typed: BTreeSet<String>) -> Result<Self, clap::Error> {
        let (mut words, mut lines) = (vec![OsString::from("homeroom-client")], BTreeMap::new());
        for option in OPTIONS.all() {
            let id = option.get_id().as_str();
            if is_said(said, id) && !typed.contains(id) {
                words.extend(said_words(said, &option));
            } else {
                for entry in entries.iter().filter(|entry| entry.id == id) {
                    words.extend(entry.words().into_iter().map(OsString::from));
                    lines.insert(id.to_owned(), entry.line);
                }
            }
        }
        let positional = said.get_raw(Args::SERVER).into_iter().flatten().map(ToOwned::to_owned);
        words.extend(positional);
        let matches = Args::command().try_get_matches_from(words)?;
        let args = Args::from_arg_matches(&matches)?;
        let live = Arc::new(Live::of(&args));
        Ok(Self { args, live, lines, typed, matches })
    }

    /// A setting as it would stand in the file, and who says so.
    fn line(&self, option: &Arg) -> String {
        let id = option.get_id().as_str();
        let values = self.values(option);
        let source = match self.lines.get(id) {
            Some(line) => format!("{FILE} line {line}"),
            None if self.matches.value_source(id) == Some(ValueSource::CommandLine) => format!("--{}", key(option)),
            None => "default".into(),
        };
        let shown: Vec<String> = values.iter().map(|value| toml_value(value)).collect();
        match (&shown[..], option.get_action()) {
            (list, ArgAction::Append) => format!("{} = [{}] # {source}", key(option), list.join(", ")),
            ([], _) => format!("{} is not set", key(option)),
            (list, _) => format!("{} = {} # {source}", key(option), list[0]),
        }
    }

    /// What an option is, as text. A flag is `true` or `false`.
    fn values(&self, option: &Arg) -> Vec<String> {
        let id = option.get_id().as_str();
        if matches!(option.get_action(), ArgAction::SetTrue) {
            return vec![self.matches.get_flag(id).to_string()];
        }
        let raw = self.matches.get_raw(id).into_iter().flatten();
        raw.map(|value| value.to_string_lossy().into_owned()).collect()
    }
}

impl Live {
    fn of(args: &Args) -> Self {
        let heard = |cue: &Cue| !args.no_sound && !args.silent.contains(cue);
        Self {
            heard: Cue::ALL.into_iter().filter(heard).collect(),
            bell: !args.no_bell,
            notify: !args.no_notify,
            presence: !args.no_presence,
            ignored: args.ignore.iter().cloned().collect(),
        }
    }
}

fn read(path: &Path) -> Result<Vec<Entry>, SettingsError> {
    options::read(path, &OPTIONS).map_err(|problems| SettingsError::File { path: path.to_owned(), problems })
}

fn is_said(said: &ArgMatches, id: &str) -> bool {
    said.value_source(id) == Some(ValueSource::CommandLine)
}

/// An option as the command line has it.
fn said_words(said: &ArgMatches, option: &Arg) -> Vec<OsString> {
    let name = format!("--{}", key(option));
    if matches!(option.get_action(), ArgAction::SetTrue) {
        return vec![name.into()];
    }
    let with_value = |value: &std::ffi::OsStr| {
        let mut word = OsString::from(format!("{name}="));
        word.push(value);
        word
    };
    said.get_raw(option.get_id().as_str()).into_iter().flatten().map(with_value).collect()
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(e) => write!(f, "{}", options::first_paragraph(e)),
            Self::File { path, problems } => {
                let lines: Vec<String> = problems.iter().map(|problem| problem.at(path)).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for SettingsError {}

/// For the unit tests of others: the defaults, and a file that doesn't exist yet.
#[cfg(test)]
pub(crate) fn for_tests(folder: &Path, line: &[&str]) -> Settings {
    let line = std::iter::once("homeroom-client").chain(line.iter().copied());
    let said = Args::command().try_get_matches_from(line).unwrap();
    let path = folder.join(FILE);
    let state = State::combine(&said, &read(&path).unwrap(), BTreeSet::new()).unwrap();
    Settings { path: Some(path), said, state: Mutex::new(state) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(settings: &Settings, name: &str) -> String {
        settings.show(Some(name)).unwrap().remove(0)
    }

    #[test]
    fn what_goes_before_what() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "# mine\nuser = \"ada\"\nsilent = [\"login\"]\n").unwrap();
        let settings = for_tests(folder.path(), &["--user", "bob", "a.example"]);
        assert_eq!(settings.args().user.unwrap().as_str(), "bob", "the command line before the file");
        assert_eq!(shown(&settings, "user"), "user = \"bob\" # --user");
        assert_eq!(shown(&settings, "silent"), "silent = [\"login\"] # settings.toml line 3");
        assert_eq!(shown(&settings, "no-bell"), "no-bell = false # default");
        assert!(!settings.live().heard.contains(&Cue::Login) && settings.live().heard.contains(&Cue::Logout));

        let (line, at_once) = settings.set("user", "Eve").unwrap();
        assert_eq!(
            (line.as_str(), at_once),
            ("user = \"Eve\" # settings.toml line 2", false),
            "what is typed before all"
        );
        assert_eq!(settings.args().server, ["a.example"]);
        settings.set("silent", "message, error").unwrap();
        assert!(settings.live().heard.contains(&Cue::Login) && !settings.live().heard.contains(&Cue::Error));
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(text, "# mine\nuser = \"Eve\"\nsilent = [\"message\", \"error\"]\n", "comments stay");
        settings.set("user", "-").unwrap();
        assert_eq!(shown(&settings, "user"), "user is not set");
    }

    #[test]
    fn lists_grow_and_shrink() {
        let folder = tempfile::tempdir().unwrap();
        let settings = for_tests(folder.path(), &[]);
        assert!(settings.put("ignore", "eve", true).unwrap());
        assert!(!settings.put("ignore", "eve", true).unwrap(), "it was there");
        assert!(settings.live().ignored.contains("eve"));
        assert!(settings.put("ignore", "eve", false).unwrap());
        settings.set("ignore", "Eve bob").unwrap();
        assert!(settings.put("ignore", "eve", false).unwrap());
        let left: Vec<_> = settings.live().ignored.iter().map(ToString::to_string).collect();
        assert_eq!(left, ["bob"]);
    }

    #[test]
    fn what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let settings = for_tests(folder.path(), &[]);
        for (name, value, word) in [
            ("usr", "ada", "did you mean `user`?"),
            ("frobnicate", "1", "/set lists them"),
            ("no-bell", "perhaps", "on or off"),
            ("user", "a b", "user name"),
            ("silent", "everything", "login"),
            ("fingerprint", "sha256:00", "there is no setting"),
        ] {
            let error = settings.set(name, value).unwrap_err();
            assert!(error.contains(word), "{name} {value}: {error}");
        }
        std::fs::write(folder.path().join(FILE), "\nusr = 1\n").unwrap();
        let error = settings.set("user", "ada").unwrap_err();
        assert!(error.contains("settings.toml line 2") && error.contains("did you mean `user`?"), "{error}");
        assert!(std::fs::read_to_string(folder.path().join(FILE)).unwrap().contains("usr"), "it is left as it is");
    }

    /// Whatever is typed, with nothing and with everything wrong with it.
    #[test]
    fn what_is_set_never_stops_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let settings = for_tests(folder.path(), &[]);
        let nowhere = folder.path().join("none/chat.log").display().to_string();
        let nonsense =
            ["~", "x", "", " ", ",", " , ", "--", "=", "007", "-1", "1e5", "\u{200b}", "a\0b", "\"", "/", &nowhere];
        for option in settable() {
            // A file of any name can be made; it wouldn't be in that folder.
            let fits = |value: &&str| key(&option) != TRANSCRIPT || ["~", "", "a\0b", "/", &nowhere].contains(value);
            for value in nonsense.into_iter().filter(fits) {
                let set = settings.set(key(&option), value);
                let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap_or_default();
                assert_eq!(read(&folder.path().join(FILE)).map(drop).map_err(|e| e.to_string()), Ok(()), "{text}");
                let told = set.map(|set| set.0).unwrap_or_else(|e| e);
                assert!(!told.contains("--silent") && !told.contains("invalid value"), "{value:?}: {told}");
                let _ = settings.set(key(&option), "-");
            }
        }
        settings.set("user", "007").unwrap();
        assert_eq!(settings.args().user.unwrap().as_str(), "007");
        for path in ["~", "/", &nowhere] {
            assert!(settings.set(TRANSCRIPT, path).unwrap_err().starts_with("`log` can't be `"), "{path}");
        }
        let error = settings.set("silent", "x").unwrap_err();
        assert_eq!(error, "`silent` can't be `x`: there are logout, login, message, error, mention, private");
    }

    #[test]
    fn each_is_explained_and_shown() {
        for option in settable() {
            assert!(option.get_help().is_some(), "{}", option.get_id());
        }
        let folder = tempfile::tempdir().unwrap();
        let lines = for_tests(folder.path(), &[]).show(None).unwrap();
        assert_eq!(lines.len(), settable().len());
        let text: String = lines.iter().filter(|line| line.contains(" = ")).map(|line| line.clone() + "\n").collect();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(for_tests(folder.path(), &[]).show(None).unwrap().len(), lines.len(), "what is shown can be a file");
    }
}
