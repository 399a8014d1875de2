//! A room in which messages are said: how many deliveries a second, what each costs the server, and how long they
//! are on their way.

use crate::Result;
use crate::client::number_at;
use crate::crowd::{Crowd, Stage, read_room};
use crate::progress::Progress;
use crate::server::Server;
use homeroom::protocol::Request;
use homeroom::sync::lock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How many bytes each message has.
const TEXT_BYTES: usize = 64;
/// How long the last message may be on its way to everyone.
const ROOM_DEADLINE: Duration = Duration::from_secs(120);

/// What is said in a room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// The first so many clients speak in turn.
    pub(crate) senders: usize,
    pub(crate) messages: u64,
    pub(crate) pace: Pace,
}

/// When the next message is said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// As soon as fewer than so many are on their way.
    InFlight(u64),
    /// So many a second, whatever is on its way.
    PerSecond(f64),
}

/// What a room has shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) deliveries: u64,
    pub(crate) wall: Duration,
    pub(crate) cpu: Option<Duration>,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Measured {
    pub(crate) fn cpu_us_per_delivery(&self) -> Option<f64> {
        self.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / self.deliveries as f64)
    }

    pub(crate) fn deliveries_per_second(&self) -> f64 {
        self.deliveries as f64 / self.wall.as_secs_f64()
    }
}

/// What is known of a room's messages.
struct Board {
    begun: Instant,
    /// When each message was sent or, at a fixed pace, was to be sent: nanoseconds since `begun`.
    sent_at: Vec<AtomicU64>,
    /// How many have been sent.
    sent: AtomicU64,
    delivered: AtomicU64,
    stage: Stage,
    sender: Thread,
}

/// Has the room's messages said and waits until everyone has been given all of them.
pub(crate) fn run(room: Room, crowd: &Crowd, server: &Server, progress: &Progress) -> Result<Measured> {
    let present = crowd.len() as u64;
    crowd.seats.iter().filter_map(|seat| lock(seat).as_mut().map(|client| client.given = 0)).for_each(drop);
    let cpu = server.cpu();
    let board = Board {
        begun: Instant::now(),
        sent_at: (0..room.messages).map(|_| AtomicU64::new(0)).collect(),
        sent: 0.into(),
        delivered: 0.into(),
        stage: Stage::default(),
        sender: thread::current(),
    };
    let mut delays = thread::scope(|scope| -> Result<Vec<u32>> {
        let readers: Vec<_> = crowd.shares().map(|share| scope.spawn(|| board.read(share, present))).collect();
        let threads: Vec<Thread> = readers.iter().map(|reader| reader.thread().clone()).collect();
        if let Err(e) = board.say_all(room, present, crowd, &threads, progress) {
            board.stage.fail(e);
        }
        board.stage.end();
        let joined = readers.into_iter().map(|reader| reader.join().map_err(|_| "a reader panicked"));
        let delays: std::result::Result<Vec<Vec<u32>>, &str> = joined.collect();
        Ok(delays?.concat())
    })?;
    let (wall, delivered) = (board.begun.elapsed(), board.delivered.into_inner());
    let cpu = server.cpu().zip(cpu).map(|(after, before)| after - before);
    board.stage.result()?;
    if delays.len() as u64 != delivered || delivered == 0 {
        return Err(format!("{delivered} messages were delivered, {} of them are ours", delays.len()).into());
    }
    delays.sort_unstable();
    let quantile = |part: usize| Duration::from_micros(delays[(delays.len() - 1) * part / 100].into());
    Ok(Measured { deliveries: delivered, wall, cpu, p50: quantile(50), p99: quantile(99) })
}

impl Board {
    /// One reader's work; gives back how many microseconds each delivery took.
    fn read(&self, share: &[crate::crowd::Seat], present: u64) -> Vec<u32> {
        let mut delays = Vec::new();
        read_room(share, &self.stage, &self.sent, |line| {
            let Some(number) = number_of(line) else { return };
            let Some(sent) = self.sent_at.get(number as usize) else { return };
            let now = self.begun.elapsed().as_nanos() as u64;
            delays.push((now.saturating_sub(sent.load(Ordering::Relaxed)) / 1000) as u32);
            if (self.delivered.fetch_add(1, Ordering::AcqRel) + 1) % present == 0 {
                self.sender.unpark();
            }
        });
        delays
    }

    fn say_all(&self, room: Room, present: u64, crowd: &Crowd, readers: &[Thread], progress: &Progress) -> Result<()> {
        let deadline = Instant::now() + ROOM_DEADLINE;
        let mut sent = 0;
        loop {
            let delivered = self.delivered.load(Ordering::Acquire);
            progress.tick(delivered, present * room.messages);
            if delivered >= present * room.messages || self.stage.is_over() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(format!("{delivered} deliveries after {ROOM_DEADLINE:?}, {sent} messages sent").into());
            }
            let due = match room.pace {
                Pace::InFlight(messages) => (sent < delivered / present + messages).then(|| self.begun.elapsed()),
                Pace::PerSecond(rate) => {
                    Some(Duration::from_secs_f64(sent as f64 / rate)).filter(|&due| due <= self.begun.elapsed())
                }
            };
            let Some(due) = due.filter(|_| sent < room.messages) else {
                thread::park_timeout(Duration::from_micros(500));
                continue;
            };
            self.sent_at[sent as usize].store(due.as_nanos() as u64, Ordering::Relaxed);
            say(sent, &crowd.seats[sent as usize % room.senders])?;
            sent += 1;
            self.sent.store(sent, Ordering::Release);
            readers.iter().for_each(Thread::unpark);
        }
    }
}

fn say(number: u64, sender: &crate::crowd::Seat) -> Result<()> {
    let mut text = format!("#{number} ");
    text.extend(std::iter::repeat_n('x', TEXT_BYTES - text.len()));
    let line =
        Request::Say { room: None, text, action: false, format: None, lang: None }.encode(Some(&number.to_string()));
    let mut sender = lock(sender);
    Ok(sender.as_mut().ok_or("a sender has left")?.send(&line)?)
}

/// Which of our messages a line is: nothing before the text holds a `#`.
fn number_of(line: &[u8]) -> Option<u64> {
    let mark = line.iter().position(|&b| b == b'#')?;
    number_at(line, mark + 1)
}
