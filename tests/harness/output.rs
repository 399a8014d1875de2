//! What a program writes, collected while it runs.

use super::DEADLINE;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

/// What a system or a library says to programs, or to those who write them.
const NOT_FOR_PEOPLE: [&str; 5] = ["os error", "Os {", "SSL routines", "error:0", "asn1 encoding"];

/// Fails where a person would read that. The log at debug level may have it.
#[track_caller]
pub(crate) fn assert_for_people(text: &str) {
    for line in text.lines().filter(|line| !line.contains(" DEBUG ") && !line.contains(" TRACE ")) {
        assert!(!NOT_FOR_PEOPLE.iter().any(|not| line.contains(not)), "nobody understands {line:?}");
    }
}

/// Everything that has come out of a pipe so far.
#[derive(Clone)]
pub(crate) struct Output(Arc<Collected>);

#[derive(Default)]
struct Collected {
    state: Mutex<State>,
    grew: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Output {
    /// Reads `pipe` to its end in a thread of its own.
    pub(crate) fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let collected = Arc::new(Collected::default());
        let output = Self(Arc::clone(&collected));
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            loop {
                let n = pipe.read(&mut chunk).unwrap_or(0);
                let mut state = collected.state.lock().unwrap();
                state.bytes.extend_from_slice(&chunk[..n]);
                state.ended = n == 0;
                collected.grew.notify_all();
                if n == 0 {
                    return;
                }
            }
        });
        output
    }

    /// What has come so far, and takes it away: a long run reads it in pieces.
    #[allow(dead_code, reason = "not every run is long")]
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.state.lock().unwrap().bytes)
    }

    /// What has come so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.state.lock().unwrap().bytes.clone()
    }

    /// What has come so far, as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Waits until `needle` has come; gives everything up to then. Otherwise what came instead.
    pub(crate) fn try_wait_for(&self, needle: &str) -> Result<String, String> {
        let contains = |state: &State| String::from_utf8_lossy(&state.bytes).contains(needle);
        let found = self.wait_until(|state| state.ended || contains(state)) && self.text().contains(needle);
        if found { Ok(self.text()) } else { Err(format!("waited for {needle:?}, got {:?}", self.text())) }
    }

    /// Waits until `needle` has come.
    #[track_caller]
    pub(crate) fn wait_for(&self, needle: &str) -> String {
        self.try_wait_for(needle).unwrap()
    }

    /// Waits until `needle` has come so often.
    #[allow(dead_code, reason = "not everywhere something comes twice")]
    #[track_caller]
    pub(crate) fn wait_for_the(&self, times: usize, needle: &str) {
        let count = |state: &State| String::from_utf8_lossy(&state.bytes).matches(needle).count();
        let come = self.wait_until(|state| state.ended || count(state) >= times);
        assert!(
            come && self.text().matches(needle).count() >= times,
            "waited for {needle:?} {times} times: {:?}",
            self.text()
        );
    }

    /// Waits for the pipe's end and gives everything.
    #[track_caller]
    pub(crate) fn to_end(&self) -> String {
        assert!(self.wait_until(|state| state.ended), "the program holds its output open: {:?}", self.text());
        self.text()
    }

    fn wait_until(&self, done: impl Fn(&State) -> bool) -> bool {
        let end = Instant::now() + DEADLINE;
        let mut state = self.0.state.lock().unwrap();
        while !done(&state) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.0.grew.wait_timeout(state, left).unwrap().0;
        }
        true
    }
}
