//! The real client, driven through pipes.

use super::{DEADLINE, Finished, Output, PASSWORD, Server, wait};
use std::io::Write;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Instant;
use tempfile::TempDir;

/// A running client; killed when dropped.
pub(crate) struct Terminal {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    /// Where it keeps what it remembers, unless a test gave it a folder.
    _config: TempDir,
}

impl Terminal {
    /// A user of `server`, who came by its join link.
    #[track_caller]
    pub(crate) fn join(server: &Server, name: &str) -> Self {
        Self::start(&[&server.join_link(), "--user", name], Some(PASSWORD))
    }

    /// With this command line, and a password in the environment. Plain and without sounds.
    #[track_caller]
    pub(crate) fn start(args: &[&str], password: Option<&str>) -> Self {
        let config = TempDir::new().unwrap();
        let mut command = Self::command(config.path());
        command.args(args);
        if let Some(password) = password {
            command.env("HOMEROOM_PASSWORD", password);
        }
        Self::spawn(&mut command, config)
    }

    /// With a folder that it shares with others.
    #[track_caller]
    pub(crate) fn start_in(config: &Path, args: &[&str]) -> Self {
        let mut command = Self::command(config);
        command.args(args).env("HOMEROOM_PASSWORD", PASSWORD);
        Self::spawn(&mut command, TempDir::new().unwrap())
    }

    /// Whether [`at_a_terminal`](Self::at_a_terminal) works on this machine.
    #[cfg(target_os = "linux")]
    pub(crate) fn can_be_at_a_terminal() -> bool {
        let there = Path::new("/usr/bin/script").exists();
        if !there {
            println!("not tested: there is no /usr/bin/script");
        }
        there
    }

    /// In a terminal that util-linux's `script` makes, as a person would have it. What it says is all on `stdout`.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn at_a_terminal(config: &Path, args: &[&str], password: &str) -> Self {
        Self::at_a_terminal_through(&[], config, args, password)
    }

    /// The same, through a program that turns into the client, and its arguments before the client's.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn at_a_terminal_through(wrapper: &[&str], config: &Path, args: &[&str], password: &str) -> Self {
        let client = Self::command(config);
        let words = [client.get_program()].into_iter().chain(client.get_args()).map(|word| word.to_str().unwrap());
        let words = wrapper.iter().copied().chain(words).chain(args.iter().copied());
        let line: Vec<String> = words.map(|word| format!("'{word}'")).collect();
        let mut script = Command::new("script");
        script.args(["-qec", &line.join(" "), "/dev/null"]).env("HOMEROOM_CONFIG_DIR", config);
        Self::spawn(script.env("HOMEROOM_PASSWORD", password), TempDir::new().unwrap())
    }

    /// `homeroom-client`, with nothing of the user who runs the tests.
    pub(crate) fn command(config: &Path) -> Command {
        let mut command = super::process::program("CLIENT", env!("CARGO_BIN_EXE_homeroom-client"));
        command.args(["--plain", "--no-sound"]).env("HOMEROOM_CONFIG_DIR", config);
        command.env_remove("HOMEROOM_PASSWORD").env_remove("RUST_LOG");
        command
    }

    /// This program, as it is.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::spawn(command, TempDir::new().unwrap())
    }

    #[track_caller]
    pub(crate) fn spawn(command: &mut Command, config: TempDir) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = Output::of(child.stdout.take().unwrap());
        let stderr = Output::of(child.stderr.take().unwrap());
        Self { stdin: child.stdin.take(), child, stdout, stderr, _config: config }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    #[cfg(target_os = "linux")]
    #[allow(dead_code, reason = "for long runs")]
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Types a line.
    #[track_caller]
    pub(crate) fn type_line(&mut self, line: &str) {
        self.stdin.as_ref().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Types keys, as they come from a terminal.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.stdin.as_ref().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Types a line once the terminal shows nothing of what is typed. The prompt comes an instant before that: no
    /// person is so quick, but a test is.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn type_hidden(&mut self, line: &str) {
        let deadline = Instant::now() + DEADLINE;
        while !self.echo_is_off() {
            assert!(Instant::now() < deadline, "the terminal goes on showing what is typed");
            thread::yield_now();
        }
        self.type_line(line);
    }

    /// Whether the terminal that `script` made has its echo off, as `stty` tells.
    #[cfg(target_os = "linux")]
    fn echo_is_off(&self) -> bool {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid())).unwrap_or_default();
        children.split_whitespace().any(|client| {
            let stty = Command::new("stty").args(["-F", &format!("/proc/{client}/fd/0"), "-a"]).output();
            stty.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(" -echo "))
        })
    }

    /// Types these lines at once, closes standard input and waits for the end.
    #[track_caller]
    pub(crate) fn script(mut self, lines: &[&str]) -> Finished {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        // It may refuse before it reads anything.
        let _ = self.stdin.as_ref().unwrap().write_all(text.as_bytes());
        self.finish()
    }

    /// Closes standard input and waits for the end.
    #[track_caller]
    pub(crate) fn finish(&mut self) -> Finished {
        self.stdin = None;
        self.wait()
    }

    /// Waits for the end, standard input still open.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> Finished {
        let code = wait(&mut self.child);
        Finished { code, stdout: self.stdout.to_end(), stderr: self.stderr.to_end() }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the client's output:\n{}\nits errors:\n{}", self.stdout.text(), self.stderr.text());
        }
    }
}
