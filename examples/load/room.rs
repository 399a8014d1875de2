//! Rooms in which messages are said: how many deliveries a second, what each costs the server, and how long they
//! are on their way.

use crate::Result;
use crate::client::number_at;
use crate::crowd::{Crowd, Seat, Stage, read_rooms};
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
    /// So many rooms like this one, all at once. Client `i` is in the one with the number [`room_of`] says; a single one is
    /// the general room.
    pub(crate) rooms: usize,
    /// The first so many clients of each speak in turn.
    pub(crate) senders: usize,
    /// How many are said in each.
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

/// In which of so many rooms client `i` is.
pub(crate) fn room_of(i: usize, rooms: usize) -> usize {
    i % rooms
}

/// What room number `room` is called.
pub(crate) fn room_name(room: usize) -> String {
    format!("r{room}")
}

/// What is known of all rooms' messages.
struct Board {
    begun: Instant,
    rooms: Vec<Told>,
    stage: Stage,
    sender: Thread,
}

/// What is known of one room's messages.
struct Told {
    present: u64,
    /// When each message was sent or, at a fixed pace, was to be sent: nanoseconds since the board's beginning.
    sent_at: Vec<AtomicU64>,
    /// How many have been sent.
    sent: AtomicU64,
    delivered: AtomicU64,
}

/// Has the rooms' messages said and waits until everyone has been given all of theirs.
pub(crate) fn run(room: Room, crowd: &Crowd, server: &Server, progress: &Progress) -> Result<Measured> {
    let cpu = server.cpu();
    let board = Board {
        begun: Instant::now(),
        rooms: (0..room.rooms).map(|number| Told::new(crowd, room, number)).collect(),
        stage: Stage::default(),
        sender: thread::current(),
    };
    let mut delays = thread::scope(|scope| -> Result<Vec<u32>> {
        let readers: Vec<_> = crowd.shares().map(|share| scope.spawn(|| board.read(share))).collect();
        let threads: Vec<Thread> = readers.iter().map(|reader| reader.thread().clone()).collect();
        if let Err(e) = board.say_all(room, crowd, &threads, progress) {
            board.stage.fail(e);
        }
        board.stage.end();
        let joined = readers.into_iter().map(|reader| reader.join().map_err(|_| "a reader panicked"));
        let delays: std::result::Result<Vec<Vec<u32>>, &str> = joined.collect();
        Ok(delays?.concat())
    })?;
    let (wall, delivered) = (board.begun.elapsed(), board.delivered());
    let cpu = server.cpu().zip(cpu).map(|(after, before)| after - before);
    board.stage.result()?;
    if delays.len() as u64 != delivered || delivered == 0 {
        return Err(format!("{delivered} messages were delivered, {} of them are ours", delays.len()).into());
    }
    delays.sort_unstable();
    let quantile = |part: usize| Duration::from_micros(delays[(delays.len() - 1) * part / 100].into());
    Ok(Measured { deliveries: delivered, wall, cpu, p50: quantile(50), p99: quantile(99) })
}

impl Told {
    /// Nothing yet. Those who are in the room know from now on which one it is, and have been given nothing.
    fn new(crowd: &Crowd, room: Room, number: usize) -> Self {
        let seats = crowd.seats.iter().skip(number).step_by(room.rooms);
        let sit_down =
            |seat: &Seat| lock(seat).as_mut().map(|client| (client.room, client.given) = (number, 0)).is_some();
        Self {
            present: seats.filter(|seat| sit_down(seat)).count() as u64,
            sent_at: (0..room.messages).map(|_| AtomicU64::new(0)).collect(),
            sent: 0.into(),
            delivered: 0.into(),
        }
    }

    fn is_done(&self) -> bool {
        self.delivered.load(Ordering::Acquire) >= self.present * self.sent_at.len() as u64
    }

    /// When the next message is due, if it is: since `begun`.
    fn due(&self, pace: Pace, begun: Instant) -> Option<Duration> {
        let (sent, delivered) = (self.sent.load(Ordering::Relaxed), self.delivered.load(Ordering::Acquire));
        let due = match pace {
            Pace::InFlight(messages) => (sent < delivered / self.present.max(1) + messages).then(|| begun.elapsed()),
            Pace::PerSecond(rate) => {
                Some(Duration::from_secs_f64(sent as f64 / rate)).filter(|&due| due <= begun.elapsed())
            }
        };
        due.filter(|_| sent < self.sent_at.len() as u64)
    }
}

impl Board {
    fn delivered(&self) -> u64 {
        self.rooms.iter().map(|room| room.delivered.load(Ordering::Acquire)).sum()
    }

    /// One reader's work; gives back how many microseconds each delivery took.
    fn read(&self, share: &[Seat]) -> Vec<u32> {
        let mut delays = Vec::new();
        let sent = |room: usize| self.rooms[room].sent.load(Ordering::Acquire);
        read_rooms(share, &self.stage, sent, |room, line| {
            let Some((said_in, number)) = place_of(line) else { return };
            if said_in != room as u64 {
                self.stage.fail(format!("what was said in {} came to somebody in {}", said_in, room));
            }
            let room = &self.rooms[room];
            let Some(sent) = room.sent_at.get(number as usize) else { return };
            let now = self.begun.elapsed().as_nanos() as u64;
            delays.push((now.saturating_sub(sent.load(Ordering::Relaxed)) / 1000) as u32);
            if (room.delivered.fetch_add(1, Ordering::AcqRel) + 1) % room.present == 0 {
                self.sender.unpark();
            }
        });
        delays
    }

    fn say_all(&self, room: Room, crowd: &Crowd, readers: &[Thread], progress: &Progress) -> Result<()> {
        let deadline = Instant::now() + ROOM_DEADLINE;
        let all = self.rooms.iter().map(|told| told.present * room.messages).sum();
        while !self.stage.is_over() && !self.rooms.iter().all(Told::is_done) {
            let delivered = self.delivered();
            progress.tick(delivered, all);
            if Instant::now() >= deadline {
                return Err(format!("{delivered} of {all} deliveries after {ROOM_DEADLINE:?}").into());
            }
            let mut said = false;
            for (number, told) in self.rooms.iter().enumerate() {
                let Some(due) = told.due(room.pace, self.begun) else { continue };
                let sent = told.sent.load(Ordering::Relaxed);
                told.sent_at[sent as usize].store(due.as_nanos() as u64, Ordering::Relaxed);
                // Client `i` of a room is the crowd's number + i * rooms: see `room_of`.
                let sender = number + sent as usize % room.senders * room.rooms;
                say((number, sent), room.rooms > 1, &crowd.seats[sender])?;
                told.sent.store(sent + 1, Ordering::Release);
                said = true;
            }
            if said {
                readers.iter().for_each(Thread::unpark);
            } else {
                thread::park_timeout(Duration::from_micros(500));
            }
        }
        Ok(())
    }
}

fn say((room, number): (usize, u64), is_named: bool, sender: &Seat) -> Result<()> {
    let mut text = format!("#{number}#{room} ");
    text.extend(std::iter::repeat_n('x', TEXT_BYTES - text.len()));
    let line = Request::Say { room: is_named.then(|| room_name(room)), text, action: false, format: None, lang: None }
        .encode(Some(&format!("{number}-{room}")));
    let mut sender = lock(sender);
    Ok(sender.as_mut().ok_or("a sender has left")?.send(&line)?)
}

/// In which room one of our messages was said, and which it is there: nothing before the text holds a `#`.
fn place_of(line: &[u8]) -> Option<(u64, u64)> {
    let mark = line.iter().position(|&b| b == b'#')?;
    let number = number_at(line, mark + 1)?;
    let second = mark + 1 + line[mark + 1..].iter().position(|&b| b == b'#')?;
    Some((number_at(line, second + 1)?, number))
}
