//! A server's folder.

use super::{ADMIN, Finished, PASSWORD, Server, run};
use serde_json::Value;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// The rounds of hashing where a test doesn't ask for others: the fewest there are.
const HASH_ROUNDS: u32 = 1000;

/// A folder of a server's own, gone after the test.
pub(crate) struct DataDir {
    folder: TempDir,
    hash_rounds: u32,
}

impl DataDir {
    /// An empty one.
    pub(crate) fn new() -> Arc<Self> {
        Self::with_hash_rounds(HASH_ROUNDS)
    }

    /// An empty one, whose passwords take this many rounds to check.
    pub(crate) fn with_hash_rounds(hash_rounds: u32) -> Arc<Self> {
        Arc::new(Self { folder: TempDir::new().unwrap(), hash_rounds })
    }

    /// An empty one on another disk than the others: in memory.
    #[cfg(target_os = "linux")]
    #[allow(dead_code, reason = "not every target has mirrors")]
    pub(crate) fn elsewhere() -> Arc<Self> {
        Arc::new(Self { folder: TempDir::new_in("/dev/shm").unwrap(), hash_rounds: HASH_ROUNDS })
    }

    /// One with the administrator [`ADMIN`] and these users.
    #[track_caller]
    pub(crate) fn with_users(names: &[&str]) -> Arc<Self> {
        let data = Self::new();
        data.fill(names);
        data
    }

    /// Makes the administrator [`ADMIN`] and these users.
    #[track_caller]
    pub(crate) fn fill(&self, names: &[&str]) {
        let users: String = names.iter().map(|name| format!("{name},{PASSWORD},user\n")).collect();
        self.import(format!("{ADMIN},{PASSWORD},admin\n{users}")).succeeded();
    }

    /// The server that will run here.
    pub(crate) fn server(self: &Arc<Self>) -> super::server::Builder {
        super::server::Builder::on(Arc::clone(self))
    }

    /// Starts it as it is.
    #[track_caller]
    pub(crate) fn start(self: &Arc<Self>) -> Server {
        self.server().start()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A file's text.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// Every file in it and in its folders, sorted.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files = files_in(self.path());
        files.extend(self.journal());
        files.sort();
        files
    }

    /// The journal's segments, oldest first.
    pub(crate) fn journal(&self) -> Vec<PathBuf> {
        files_in(&self.file("journal"))
    }

    /// The files that have these words in them.
    pub(crate) fn files_with(&self, words: &str) -> Vec<String> {
        let holds = |bytes: Vec<u8>| bytes.windows(words.len()).any(|found| found == words.as_bytes());
        let has = |path: &Path| match fs::read(path) {
            // It was being written anew, and has its name by now.
            Err(e) if e.kind() == ErrorKind::NotFound => false,
            read => holds(read.unwrap()),
        };
        self.files().iter().filter(|path| has(path)).map(|path| path.display().to_string()).collect()
    }

    /// A file's bytes.
    pub(crate) fn read_bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap()
    }

    /// `users.json` as it is now.
    #[track_caller]
    pub(crate) fn users_json(&self) -> Value {
        let text = self.read("users.json");
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("users.json is broken: {e}\n{text}"))
    }

    /// All accounts that there are were made then. No server runs.
    #[track_caller]
    pub(crate) fn date_accounts(&self, created: &str) {
        let mut users = self.users_json();
        users["users"].as_object_mut().unwrap().values_mut().for_each(|user| user["created"] = created.into());
        fs::write(self.file("users.json"), users.to_string()).unwrap();
    }

    /// Makes a user whose password takes so many rounds of hashing.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn add_user_with_rounds(&self, name: &str, rounds: &str) {
        let mut command = super::process::program("SERVER", env!("CARGO_BIN_EXE_homeroom-server"));
        command.arg("--data-dir").arg(self.path()).args(["--hash-rounds", rounds, "user", "add", name]);
        run(command.arg("--password-stdin"), PASSWORD.as_bytes()).succeeded();
    }

    /// `homeroom-server` on this folder, with its rounds of hashing.
    pub(crate) fn command(&self) -> Command {
        let mut command = super::process::program("SERVER", env!("CARGO_BIN_EXE_homeroom-server"));
        command
            .env_remove("RUST_LOG")
            .arg("--data-dir")
            .arg(self.path())
            .args(["--hash-rounds", &self.hash_rounds.to_string()]);
        command
    }

    /// `user add …`; with a password, `--password-stdin`.
    #[track_caller]
    pub(crate) fn user_add(&self, args: &[&str], password: Option<&str>) -> Finished {
        let mut command = self.command();
        command.args(["user", "add"]).args(args);
        if let Some(password) = password {
            command.arg("--password-stdin");
            return run(&mut command, format!("{password}\n").as_bytes());
        }
        run(&mut command, b"")
    }

    /// `user import` of a file with this text, or these bytes.
    #[track_caller]
    pub(crate) fn import(&self, csv: impl AsRef<[u8]>) -> Finished {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("class.csv");
        fs::write(&file, csv).unwrap();
        run(self.command().args(["user", "import"]).arg(file), b"")
    }
}

/// None if there is no such folder.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    files.sort();
    files
}
