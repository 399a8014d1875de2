//! A connection to the besieged server that may be refused or cut at any time.

use crate::harness::{Wire, try_dial_from};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// How long anybody waits for an answer. Whoever must have it sooner says so.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// The longest that one read waits.
const READ_WAIT: Duration = Duration::from_millis(200);

/// How somebody reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Line {
    Broad,
    /// With a small receive buffer, so that the server's side is soon full.
    Narrow,
}

pub(crate) struct Caller {
    wire: Wire,
    inbox: VecDeque<Value>,
}

impl Caller {
    /// Connects from an address of this machine.
    pub(crate) fn connect(server: SocketAddr, source: Ipv4Addr, line: Line) -> io::Result<Self> {
        let socket = try_dial_from(source, line == Line::Narrow, server)?;
        Ok(Self { wire: Wire::over(socket)?, inbox: VecDeque::new() })
    }

    pub(crate) fn send(&mut self, request: &Value) -> io::Result<()> {
        self.wire.send(request)
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.send_bytes(bytes)
    }

    /// Logs in with the fields of `how`; gives the welcome, or the code of the refusal as an error.
    pub(crate) fn log_in(&mut self, name: &str, how: Value) -> io::Result<Value> {
        let mut request = json!({"type": "login", "protocol": 1, "username": name});
        let fields = how.as_object().into_iter().flatten();
        fields.for_each(|(field, value)| request[field] = value.clone());
        self.send(&request)?;
        let answer = self.find(ANSWER_WITHIN, |line| line["type"] == "welcome" || line["type"] == "error")?;
        match answer["code"].as_str() {
            Some(code) => Err(io::Error::other(code.to_owned())),
            None => Ok(answer),
        }
    }

    /// The first line that is `wanted`. Those before it are gone.
    pub(crate) fn find(&mut self, within: Duration, mut wanted: impl FnMut(&Value) -> bool) -> io::Result<Value> {
        let end = Instant::now() + within;
        loop {
            while let Some(line) = self.inbox.pop_front() {
                if wanted(&line) {
                    return Ok(line);
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.inbox.extend(self.wire.receive(left.min(READ_WAIT))?);
        }
    }

    /// The answer with this id; `each` is shown all that comes before it.
    pub(crate) fn answer(&mut self, id: &str, mut each: impl FnMut(&Value)) -> io::Result<Value> {
        self.find(ANSWER_WITHIN, |line| {
            each(line);
            line["id"] == id
        })
    }

    /// What has come, or comes within `wait`; an error when the connection is over.
    pub(crate) fn receive(&mut self, wait: Duration) -> io::Result<Vec<Value>> {
        if !self.inbox.is_empty() {
            return Ok(self.inbox.drain(..).collect());
        }
        self.wire.receive(wait.max(Duration::from_millis(1)))
    }

    /// Whether the server's process still has its end of this connection: it may have closed it while much that it
    /// wrote before is yet to be read here.
    pub(crate) fn is_held(&self) -> io::Result<bool> {
        let here = self.wire.socket().local_addr()?;
        // Where it was reset there is no other side any more, and what reading says depends on the TLS library.
        let Ok(there) = self.wire.socket().peer_addr() else { return Ok(false) };
        let ends = [in_table(there), in_table(here)];
        let table = fs::read_to_string("/proc/net/tcp")?;
        // Number, local address, remote address, …, and the tenth is the inode, which is 0 without a process.
        let is_it = |line: &&str| ends.iter().eq(line.split_whitespace().skip(1).take(2));
        Ok(table.lines().find(is_it).is_some_and(|line| line.split_whitespace().nth(9) != Some("0")))
    }
}

/// As /proc/net/tcp has it: the address as the machine's own number, and the port.
fn in_table(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) => format!("{:08X}:{:04X}", u32::from_ne_bytes(v4.ip().octets()), v4.port()),
        SocketAddr::V6(v6) => panic!("not an address of this test: {v6}"),
    }
}
