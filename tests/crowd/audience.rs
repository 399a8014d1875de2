//! Those who are in: they read all that comes, and say nothing.

use crate::PART_WITHIN;
use crate::harness::{PASSWORD, connector, try_dial_from};
use native_tls::TlsStream;
use serde_json::{Value, json};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

/// What an administrator says, and everybody hears.
pub(crate) const MARK: &str = "does everybody hear this?";
/// How many threads read for all of them.
const READERS: usize = 2;
/// How long one of these rests when nothing came for any of its people.
const REST: Duration = Duration::from_millis(5);

/// After so long somebody who found no room in the lobby tries again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Everybody who is in.
#[derive(Default)]
pub(crate) struct Audience {
    /// Those who came and whom no reader has taken over yet, for each reader.
    arrivals: [Mutex<Vec<Member>>; READERS],
    came: AtomicUsize,
    /// Who was dropped, or left.
    gone: AtomicUsize,
    heard: AtomicUsize,
    /// They listen for the mark. Before, what comes is read and no more: with all of them it is gigabytes.
    listens: AtomicBool,
    /// How often somebody tried again.
    again: AtomicUsize,
    /// So many are to leave.
    leave: AtomicUsize,
    over: AtomicBool,
}

/// One of them.
struct Member {
    tls: TlsStream<TcpStream>,
    /// The end of what came before, in which a part of the mark may be.
    tail: Vec<u8>,
    has_heard: bool,
}

/// What became of a login.
pub(crate) enum Came {
    In,
    Full,
}

/// Has the readers let go of everybody, also when the test fails.
pub(crate) struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

impl Audience {
    /// Starts the readers. They end, and everybody leaves, when what this gives is dropped.
    pub(crate) fn begin<'a>(&'a self, scope: &'a Scope<'a, '_>) -> Over<'a> {
        for index in 0..READERS {
            scope.spawn(move || self.read(index));
        }
        Over(&self.over)
    }

    /// Somebody logs in from this address, and tries again where the lobby is too full for another one.
    pub(crate) fn come(&self, server: SocketAddr, from: Ipv4Addr, name: &str) -> Came {
        let end = Instant::now() + PART_WITHIN;
        let (tls, line, rest) = loop {
            match log_in(server, from, name) {
                Ok(answered) => break answered,
                Err(e) => assert!(Instant::now() < end, "{name} gets no answer: {e}"),
            }
            self.again.fetch_add(1, SeqCst);
            thread::sleep(AGAIN_AFTER);
        };
        let answer: Value = serde_json::from_slice(&line).unwrap();
        if answer["code"] == "server_full" {
            return Came::Full;
        }
        assert_eq!(answer["type"], "welcome", "{answer}");
        tls.get_ref().set_nonblocking(true).unwrap();
        let n = self.came.fetch_add(1, SeqCst);
        let member = Member { tls, tail: rest, has_heard: false };
        self.arrivals[n % READERS].lock().unwrap().push(member);
        Came::In
    }

    /// Who is in now.
    pub(crate) fn inside(&self) -> usize {
        self.came.load(SeqCst) - self.gone.load(SeqCst)
    }

    /// How many have heard the mark.
    pub(crate) fn heard(&self) -> usize {
        self.heard.load(SeqCst)
    }

    /// From now on the mark is looked for.
    pub(crate) fn listen(&self) {
        self.listens.store(true, SeqCst);
    }

    /// One of them leaves, without a word.
    pub(crate) fn one_leaves(&self) {
        self.leave.store(1, SeqCst);
    }

    /// How many are in, in words.
    pub(crate) fn told(&self) -> String {
        format!("{} in, {} dropped, {} tries again", self.inside(), self.gone.load(SeqCst), self.again.load(SeqCst))
    }

    fn read(&self, index: usize) {
        let (mut members, mut buffer) = (Vec::<Member>::new(), vec![0; 64 * 1024]);
        while !self.over.load(SeqCst) {
            members.append(&mut self.arrivals[index].lock().unwrap());
            if !members.is_empty() && self.leave.swap(0, SeqCst) == 1 {
                members.pop();
                self.gone.fetch_add(1, SeqCst);
            }
            let mut came = 0;
            members.retain_mut(|member| {
                let heard = self.listens.load(SeqCst).then_some(&self.heard);
                let is_in = member.take(&mut buffer, &mut came, heard);
                self.gone.fetch_add(usize::from(!is_in), SeqCst);
                is_in
            });
            if came == 0 {
                thread::sleep(REST);
            }
        }
    }
}

impl Member {
    /// Takes what has come; false when the server has closed.
    fn take(&mut self, buffer: &mut [u8], came: &mut usize, heard: Option<&AtomicUsize>) -> bool {
        loop {
            match self.tls.read(buffer) {
                Ok(0) => return false,
                Ok(n) => {
                    *came += n;
                    if let Some(heard) = heard {
                        self.look_for_mark(&buffer[..n], heard);
                    }
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock) => return true,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    fn look_for_mark(&mut self, bytes: &[u8], heard: &AtomicUsize) {
        if self.has_heard {
            return;
        }
        self.tail.extend_from_slice(bytes);
        let mark = MARK.as_bytes();
        self.has_heard = self.tail.windows(mark.len()).any(|window| window == mark);
        heard.fetch_add(usize::from(self.has_heard), SeqCst);
        let keep = if self.has_heard { 0 } else { self.tail.len().min(mark.len()) };
        self.tail = self.tail[self.tail.len() - keep..].to_vec();
    }
}

/// A login, the first line that it is answered with, and what came behind that.
fn log_in(server: SocketAddr, from: Ipv4Addr, name: &str) -> io::Result<(TlsStream<TcpStream>, Vec<u8>, Vec<u8>)> {
    let socket = try_dial_from(from, false, server)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PART_WITHIN))?;
    let mut tls = connector().connect("localhost", socket).map_err(|e| io::Error::other(e.to_string()))?;
    let login = json!({"type": "login", "protocol": 1, "username": name, "password": PASSWORD});
    tls.write_all(format!("{login}\n").as_bytes())?;
    let (line, rest) = first_line(&mut tls)?;
    Ok((tls, line, rest))
}

/// The first line, and what came behind it.
fn first_line(tls: &mut TlsStream<TcpStream>) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 16 * 1024]);
    loop {
        if let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            let rest = bytes.split_off(end + 1);
            return Ok((bytes, rest));
        }
        match tls.read(&mut chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
