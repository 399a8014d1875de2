//! The player: a process of its own, of this same program, that alone uses the system's sound library.
//!
//! Such a library prints to standard error when it likes, panics on a configuration that it doesn't understand, hangs on a
//! device that is gone, and is C: what happens to the player happens to nobody else. It has no terminal. Its standard
//! input tells it the cues, one a line, and its standard output tells what came of them; it ends with its input.

use crate::client::connection::PASSWORD_VARIABLE;
use crate::client::settings::Cue;
use crate::reason::Reason;
use crate::sanitize;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// The program's first argument where it's to be the player; a folder of sounds may follow.
pub const PLAY_SOUNDS: &str = "--play-sounds";
/// Asks for what is wrong with the folder.
pub(super) const CHECK: &str = "check";

/// How long a device may take to be opened: one that sleeps wakes within a second or two.
const ANSWER_WAIT: Duration = Duration::from_secs(5);
/// How many answers wait to be heard; there is one a question, and a few notes.
const ANSWERS_WAITING_MAX: usize = 8;
/// As much of an answer as is shown.
const ANSWER_BYTES_MAX: u64 = 400;
/// How long the end of a player takes that has closed its output.
const END_WAITS_MAX: u32 = 50;
const END_WAIT: Duration = Duration::from_millis(10);

/// A player that runs.
#[derive(Debug)]
pub(super) struct Player {
    process: Child,
    cues: ChildStdin,
    answers: Receiver<Answer>,
}

/// What a player says: a line each.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// It was done.
    Done,
    /// It wasn't, and why.
    Failed(String),
    /// What is wrong with the folder.
    Note(String),
}

impl Player {
    /// Starts one, whose sounds are those of the folder.
    pub(super) fn start(folder: Option<&Path>) -> Result<Self, String> {
        if let Some(why) = missing() {
            return Err(why.into());
        }
        let failed = |e: io::Error| format!("the player can't be started: {}", Reason(&e));
        let mut command = Command::new(this_program().map_err(failed)?);
        command.arg(PLAY_SOUNDS).args(folder).env_remove(PASSWORD_VARIABLE);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Ctrl-C and Ctrl-Z at the terminal aren't for it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW);
        let mut process = command.spawn().map_err(failed)?;
        let (Some(cues), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        let (sender, answers) = sync_channel(ANSWERS_WAITING_MAX);
        let player = Self { process, cues, answers };
        let hears = move || hear(output, &sender);
        thread::Builder::new().name("player".into()).spawn(hears).map_err(failed)?;
        Ok(player)
    }

    /// Plays a cue at once, in place of what is being played.
    ///
    /// # Errors
    /// Why it can't. Then this player is good for nothing more.
    pub(super) fn play(&mut self, cue: Cue) -> Result<(), String> {
        self.ask(cue.name(), |_| ())
    }

    /// Tells what is wrong with the folder.
    ///
    /// # Errors
    /// As [`play`](Self::play).
    pub(super) fn check(&mut self, told: impl FnMut(String)) -> Result<(), String> {
        self.ask(CHECK, told)
    }

    fn ask(&mut self, question: &str, mut told: impl FnMut(String)) -> Result<(), String> {
        // Where this fails, the answers tell more.
        let _ = writeln!(self.cues, "{question}").and_then(|()| self.cues.flush());
        loop {
            match self.answers.recv_timeout(ANSWER_WAIT) {
                Ok(Answer::Done) => return Ok(()),
                Ok(Answer::Failed(why)) => return Err(why),
                Ok(Answer::Note(note)) => told(note),
                Err(RecvTimeoutError::Timeout) => return Err("the sound system doesn't answer".into()),
                Err(RecvTimeoutError::Disconnected) => return Err(self.end()),
            }
        }
    }

    /// How it ended that closed its output.
    fn end(&mut self) -> String {
        for _ in 0..END_WAITS_MAX {
            if let Ok(Some(status)) = self.process.try_wait() {
                return format!("the sound library ended its process ({status})");
            }
            thread::sleep(END_WAIT);
        }
        "the player has closed its output".into()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // It may be gone already, or hang.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// No console, not even a hidden one.
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// Why there can be no player at all.
pub(super) fn missing() -> Option<&'static str> {
    cfg!(not(feature = "sound")).then_some("this program was built without them")
}

/// Where this program is, also when an update has put another one in its place.
fn this_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

/// Hands on what a player says until it has closed its output, or nobody listens.
fn hear(output: ChildStdout, answers: &SyncSender<Answer>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let read = output.by_ref().take(ANSWER_BYTES_MAX).read_until(b'\n', &mut line);
        if !read.is_ok_and(|read| read > 0) {
            return;
        }
        let answer = Answer::parse(&String::from_utf8_lossy(&line));
        if answer.is_some_and(|answer| answers.send(answer).is_err()) {
            return;
        }
    }
}

impl Answer {
    /// None: a library may print to standard output as well.
    fn parse(line: &str) -> Option<Self> {
        let (kind, words) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        let words = sanitize::line(words).into_owned();
        match kind {
            "done" => Some(Self::Done),
            "failed" => Some(Self::Failed(words)),
            "note" => Some(Self::Note(words)),
            _ => None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Failed(why) => write!(f, "failed {}", sanitize::line(why)),
            Self::Note(note) => write!(f, "note {}", sanitize::line(note)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_player_says() {
        for answer in [Answer::Done, Answer::Failed("no device".into()), Answer::Note("`a` is no folder".into())] {
            assert_eq!(Answer::parse(&format!("{answer}\n")), Some(answer));
        }
        assert_eq!(Answer::parse("ALSA lib conf.c:4625: failed"), None);
        let two_lines = Answer::Failed("a\nb\x1b[2J".into()).to_string();
        assert_eq!(Answer::parse(&two_lines), Some(Answer::Failed("a␊b␛[2J".into())));
    }
}
