//! Programs that run to their end.

use super::{DEADLINE, Output, assert_for_people};
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How a program ended and what it said.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// Fails unless the exit status was `code`; gives standard error.
    #[track_caller]
    pub(crate) fn failed_with(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!self.stderr.trim().is_empty(), "it failed without a word: {self:?}");
        &self.stderr
    }

    /// Fails unless the exit status was 0; gives standard output.
    #[track_caller]
    pub(crate) fn succeeded(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }

    /// The word behind `what`, in the line of its output that begins with that.
    #[track_caller]
    pub(crate) fn word(&self, what: &str) -> String {
        let text = self.succeeded();
        let line = text.lines().find(|line| line.starts_with(what)).unwrap_or_else(|| panic!("no {what} in {text}"));
        line[what.len()..].split_whitespace().next().unwrap_or_else(|| panic!("nothing behind {what}")).to_owned()
    }
}

/// The program of this build, `built`; or another build of it: `HOMEROOM_TEST_SERVER` or `HOMEROOM_TEST_CLIENT` is its
/// path, and `HOMEROOM_TEST_SERVER_RUNNER` or `HOMEROOM_TEST_CLIENT_RUNNER` what runs it, such as an emulator.
pub(super) fn program(which: &str, built: &str) -> Command {
    let path = std::env::var_os(format!("HOMEROOM_TEST_{which}")).unwrap_or_else(|| built.into());
    let Some(runner) = std::env::var_os(format!("HOMEROOM_TEST_{which}_RUNNER")) else { return Command::new(path) };
    let mut command = Command::new(runner);
    command.arg(path);
    command
}

/// What the server's program is told to do when it is not to be a server.
const NO_SERVER: [&str; 12] = [
    "user",
    "identity",
    "doctor",
    "check",
    "export",
    "attendance",
    "person",
    "config",
    "backup",
    "restore",
    "--help",
    "--version",
];

/// Refuses to start a server that would listen where others do: on its default port, or beyond loopback outside of a
/// network of its own.
#[track_caller]
pub(super) fn assert_on_its_own(command: &Command) {
    let words: Vec<_> =
        [command.get_program()].into_iter().chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    let is_server = words.iter().any(|word| word.ends_with("homeroom-server"));
    let is_tool = words.iter().any(|word| NO_SERVER.contains(&&**word));
    let in_words = words.windows(2).filter(|pair| pair[0] == "--listen").map(|pair| pair[1].clone());
    let variables = command.get_envs().filter(|(name, _)| *name == "HOMEROOM_LISTEN");
    let listen: Vec<_> = in_words.chain(variables.filter_map(|(_, value)| Some(value?.to_string_lossy()))).collect();
    let ours =
        |address: &str| ["127.", "[::1]"].iter().any(|start| address.starts_with(start)) || !address.contains(':');
    let is_alone = !listen.is_empty() && listen.iter().all(|address| ours(address));
    assert!(!is_server || is_tool || is_alone, "this would listen where others do: use DataDir::server ({words:?})");
}

/// Runs a program with this standard input until it ends.
#[track_caller]
pub(crate) fn run(command: &mut Command, stdin: &[u8]) -> Finished {
    assert_on_its_own(command);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdout = Output::of(child.stdout.take().unwrap());
    let stderr = Output::of(child.stderr.take().unwrap());
    // A program may end without having read all of it.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let code = wait(&mut child);
    let finished = Finished { code, stdout: stdout.to_end(), stderr: stderr.to_end() };
    assert_for_people(&(finished.stdout.clone() + &finished.stderr));
    finished
}

/// Waits for a program's end; gives its exit status, None after a signal. One that doesn't end is killed.
#[track_caller]
pub(crate) fn wait(child: &mut Child) -> Option<i32> {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() >= end {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the program did not end");
        }
        thread::sleep(Duration::from_millis(5));
    }
}
