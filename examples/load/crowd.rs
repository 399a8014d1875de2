//! Many clients, and the few threads that read for them.
//!
//! The standard library can't wait for many sockets at a time, and a thread for each client would make the
//! *server* pay for waking it at every delivery, which the measured figures must not depend on. So a few reader
//! threads go round their clients' sockets, which don't block, and rest a little after a round in which nothing
//! had come. A reader knows how far each client should be, because the load comes from the same process: while
//! nothing is on its way it rests until the next message is sent.

use crate::Result;
use crate::client::{Client, Scratch};
use crate::progress::Progress;
use homeroom::sync::lock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a reader rests after a round in which nothing had come, while more is on its way.
const REST: Duration = Duration::from_micros(100);
/// And while nothing is, or so much more is to come that it can wait.
const LONG_REST: Duration = Duration::from_millis(20);
/// How often it's looked whether a stage is done.
const WATCH_STEP: Duration = Duration::from_millis(1);
/// How long what is on its way to everyone may take to come.
const CATCH_UP_DEADLINE: Duration = Duration::from_secs(120);

/// Everyone who is logged in. Client `i` is the user [`name(i)`](name).
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) seats: Vec<Seat>,
    readers: usize,
    /// So many of a hundred come through the page.
    web_percent: u8,
}

/// A place for a client.
pub(crate) type Seat = Mutex<Option<Client>>;

/// The user name of client `i`.
pub(crate) fn name(i: usize) -> String {
    format!("u{i}")
}

/// What a stage's threads share beside the seats: its end, and what went wrong.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    over: AtomicBool,
    failure: Mutex<Option<String>>,
}

impl Stage {
    /// The stage ends.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// It ends because something went wrong. The first thing that did is kept.
    pub(crate) fn fail(&self, what: impl ToString) {
        lock(&self.failure).get_or_insert_with(|| what.to_string());
        self.end();
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Waits for `done`, and no longer than so.
    pub(crate) fn watch(&self, deadline: Duration, mut done: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !done() && !self.is_over() {
            if begun.elapsed() >= deadline {
                self.fail(format!("it isn't done after {deadline:?}"));
            }
            thread::sleep(WATCH_STEP);
        }
    }

    /// What went wrong, if anything did.
    pub(crate) fn result(self) -> Result<()> {
        match self.failure.into_inner().unwrap_or_default() {
            Some(what) => Err(what.into()),
            None => Ok(()),
        }
    }
}

impl Crowd {
    /// Room for so many clients, nobody there yet.
    pub(crate) fn new(seats: usize, readers: usize, web_percent: u8) -> Self {
        Self { seats: (0..seats).map(|_| Mutex::default()).collect(), readers, web_percent }
    }

    /// Whether client `i` comes through the page. Those who do are spread among the others.
    pub(crate) fn is_web(&self, i: usize) -> bool {
        let percent = usize::from(self.web_percent);
        i * percent % 100 < percent
    }

    /// How many are there.
    pub(crate) fn len(&self) -> usize {
        self.seats.iter().filter(|seat| lock(seat).is_some()).count()
    }

    /// The seats of each reader.
    pub(crate) fn shares(&self) -> impl Iterator<Item = &[Seat]> {
        self.seats.chunks(self.seats.len().div_ceil(self.readers).max(1))
    }

    /// Reads until everyone has seen the event `upto`.
    pub(crate) fn catch_up(&self, upto: u64) -> Result<()> {
        let (stage, upto) = (Stage::default(), AtomicU64::new(upto));
        thread::scope(|scope| {
            let readers: Vec<_> = self.shares().map(|share| scope.spawn(|| read_until(share, &stage, &upto))).collect();
            stage.watch(CATCH_UP_DEADLINE, || readers.iter().all(|reader| reader.is_finished()));
        });
        stage.result()
    }

    /// Lets so much time pass, in which the clients answer the server's pings and do nothing else.
    pub(crate) fn rest(&self, time: Duration, progress: &Progress) -> Result<()> {
        let (begun, mut scratch) = (Instant::now(), Scratch::new());
        while begun.elapsed() < time {
            sweep(&self.seats, &mut scratch, |_| true, |_, _| {})?;
            progress.tick(begun.elapsed().as_millis() as u64, time.as_millis() as u64);
            thread::sleep(Duration::from_millis(100).min(time.saturating_sub(begun.elapsed())));
        }
        Ok(())
    }

    /// Everyone from the seat `first` on leaves without a word; `watcher`, who stays, sees them all go.
    pub(crate) fn leave(&self, first: usize, watcher: &mut Client) -> Result<()> {
        let gone = self.seats[first..].iter().filter_map(|seat| lock(seat).take()).count();
        let (deadline, mut scratch) = (Instant::now() + CATCH_UP_DEADLINE, Scratch::new());
        let all = watcher.left + gone as u64;
        while watcher.left < all {
            if Instant::now() >= deadline {
                return Err(format!("the server hasn't seen {gone} clients leave after {CATCH_UP_DEADLINE:?}").into());
            }
            if !watcher.poll(&mut scratch, |_| {})? {
                thread::sleep(WATCH_STEP);
            }
        }
        self.catch_up(watcher.seen)
    }
}

/// What is to be seen isn't known yet.
pub(crate) const UNKNOWN: u64 = u64::MAX;

/// Reads for some clients until each has seen the event `upto`, which may become known meanwhile, as may the clients.
pub(crate) fn read_until(share: &[Seat], stage: &Stage, upto: &AtomicU64) {
    let mut scratch = Scratch::new();
    while !stage.is_over() {
        let upto = upto.load(Ordering::Acquire);
        match sweep(share, &mut scratch, |client| client.seen < upto, |_, _| {}) {
            // More are coming, and a reader that never rests would take the core from them.
            Ok(_) if upto == UNKNOWN => thread::sleep(LONG_REST),
            Ok(Sweep { all: true, .. }) => return,
            Ok(Sweep { any: true, .. }) => {}
            Ok(_) => thread::sleep(REST),
            Err(e) => stage.fail(e),
        }
    }
}

/// Reads the rooms' messages for some clients until the stage is over. `sent` is how many are on their way in a room;
/// `each` gets every line that comes, and in which room whoever got it is.
pub(crate) fn read_rooms(
    share: &[Seat],
    stage: &Stage,
    sent: impl Fn(usize) -> u64,
    mut each: impl FnMut(usize, &[u8]),
) {
    let mut scratch = Scratch::new();
    while !stage.is_over() {
        match sweep(share, &mut scratch, |client| client.given < sent(client.room), &mut each) {
            // Whoever sends the next message wakes us.
            Ok(Sweep { all: true, .. }) => thread::park_timeout(LONG_REST),
            Ok(Sweep { any: true, .. }) => {}
            Ok(_) => thread::sleep(REST),
            Err(e) => stage.fail(e),
        }
    }
}

/// What one round over the sockets of some clients has found.
struct Sweep {
    /// Something had come for somebody.
    any: bool,
    /// Nobody is behind.
    all: bool,
}

/// Takes what has come for those who are behind.
fn sweep(
    share: &[Seat],
    scratch: &mut Scratch,
    behind: impl Fn(&Client) -> bool,
    mut each: impl FnMut(usize, &[u8]),
) -> Result<Sweep> {
    let mut found = Sweep { any: false, all: true };
    for seat in share {
        let mut seat = lock(seat);
        let Some(client) = seat.as_mut().filter(|client| behind(client)) else { continue };
        let room = client.room;
        let polled = client.poll(scratch, |line| each(room, line));
        found.any |= polled.map_err(|e| format!("a client lost its connection: {e}"))?;
        found.all &= !behind(client);
    }
    Ok(found)
}
