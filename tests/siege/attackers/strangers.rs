//! Those who never log in: some ask whether the server is there and never stop, some say nothing.

use crate::caller::Line;
use crate::town::Town;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

pub(crate) const PINGERS: &str = "pingers";
pub(crate) const PINGERS_CROWD: u8 = 10;
const PINGS: usize = 100;
/// How many may be unanswered: enough that the server has always something to do.
const UNANSWERED_MAX: usize = 300;
/// How long one of them stays.
const STAY: Duration = Duration::from_secs(3);
/// How many may be answered: so many at once, and so many a second. A session has 200, and 50 a second.
const ANSWERED_AT_ONCE: f64 = 400.0;
const ANSWERED_PER_SECOND: f64 = 100.0;

pub(crate) const SILENT: &str = "silent strangers";
const SILENT_CROWD: usize = 60;
const EVERY: Duration = Duration::from_millis(500);

pub(crate) fn ping(town: &Town, number: u8) {
    town.rounds(PINGERS, EVERY, |_| {
        let mut caller = town.connect(Ipv4Addr::new(127, 1, 9, number + 1), Line::Broad)?;
        let pings = "{\"type\":\"ping\"}\n".repeat(PINGS);
        let (start, mut sent, mut answered) = (Instant::now(), 0, 0);
        while start.elapsed() < STAY {
            if sent - answered < UNANSWERED_MAX {
                // A server that has had enough may close, and may stop to read.
                if caller.send_bytes(pings.as_bytes()).is_err() {
                    break;
                }
                sent += PINGS;
            }
            let Ok(lines) = caller.receive(Duration::from_millis(100)) else { break };
            answered += lines.iter().filter(|line| line["type"] == "pong").count();
        }
        town.judge.add(PINGERS, "pongs", answered as u64);
        let most = ANSWERED_AT_ONCE + ANSWERED_PER_SECOND * start.elapsed().as_secs_f64();
        if answered as f64 > most {
            let passed = start.elapsed();
            town.judge.violation(PINGERS, format!("{answered} pings of one stranger were answered in {passed:.1?}"));
        }
        Ok(())
    });
}

pub(crate) fn silent(town: &Town) {
    let mut crowd = Crowd::default();
    town.rounds(SILENT, EVERY, |_| {
        let new = crowd.fill(SILENT_CROWD, || TcpStream::connect(town.server.address()).ok());
        town.judge.add(SILENT, "connections", new);
        Ok(())
    });
}

/// Connections that say nothing.
#[derive(Default)]
pub(crate) struct Crowd(Vec<TcpStream>);

impl Crowd {
    /// Makes as many as there are to be, new ones for those that were closed; gives how many are new.
    pub(crate) fn fill(&mut self, crowd: usize, connect: impl Fn() -> Option<TcpStream>) -> u64 {
        self.0.retain(is_open);
        let missing = crowd.saturating_sub(self.0.len());
        self.0.extend((0..missing).filter_map(|_| connect()));
        missing as u64
    }
}

fn is_open(socket: &TcpStream) -> bool {
    let waits = socket.set_nonblocking(true).and_then(|()| socket.peek(&mut [0]));
    waits.is_err_and(|e| e.kind() == ErrorKind::WouldBlock)
}
