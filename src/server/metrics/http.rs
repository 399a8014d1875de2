//! Just enough HTTP for a collector to fetch a page: a few connections at a time, each in a thread of its own and under
//! a deadline. It reads counters and takes no lock for longer than a count, so it can't disturb the chat.

use super::{Snapshot, text};
use crate::reason::{self, Reason};
use crate::server::state::{Server, Stay, Strangers};
use crate::sync::lock;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long one request may take, from the connection to the last byte of its answer.
const REQUEST_DEADLINE: Duration = Duration::from_secs(2);
/// The longest request that is read; a collector's has a few hundred bytes.
const REQUEST_BYTES_MAX: usize = 8 * 1024;
/// The pause after a failed `accept`, which may be out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// How many connections there are at a time: several collectors and a browser. For a further one the oldest makes way, so
/// whoever connects and says nothing keeps no collector waiting.
const CONNECTIONS_MAX: usize = 16;
/// The stack of a connection's thread: it holds a request's piece, and formats numbers.
const STACK_BYTES: usize = 128 * 1024;

/// Everyone who fetches the page.
#[derive(Default)]
struct Collectors {
    present: Strangers,
    /// Over a count: however many ask, no more than one core counts.
    counting: Mutex<()>,
}

/// Serves metrics on `address`. The thread ends with the process.
///
/// # Errors
/// The address can't be listened on, or there is no thread.
pub(crate) fn serve(server: &Arc<Server>, address: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    log::info!("metrics at http://{}/metrics", listener.local_addr()?);
    let (server, collectors) = (Arc::clone(server), Arc::new(Collectors::default()));
    let serve_all = move || loop {
        match listener.accept() {
            Ok((socket, peer)) => receive(&server, &collectors, socket, peer),
            Err(e) => {
                log::warn!("can't accept a collector of metrics: {}", Reason(&e));
                thread::sleep(ACCEPT_PAUSE);
            }
        }
    };
    thread::Builder::new().name("metrics".into()).spawn(serve_all).map(drop)
}

/// Gives a connection a thread of its own. Should there be none, the collector tries again.
fn receive(server: &Arc<Server>, collectors: &Arc<Collectors>, socket: TcpStream, peer: SocketAddr) {
    let (socket, now) = (Arc::new(socket), Instant::now());
    // They are never said to be served, so somebody always makes way.
    let max = (CONNECTIONS_MAX, CONNECTIONS_MAX);
    let Ok(stay) = collectors.present.enter(peer.ip().into(), &socket, (max.0, max), now) else { return };
    let (server, collectors) = (Arc::clone(server), Arc::clone(collectors));
    let serve = move || {
        let _stay: Stay = stay;
        // A collector that goes away has nothing to be told.
        drop(answer(&server, &collectors, &socket, now + REQUEST_DEADLINE));
    };
    if let Err(e) = thread::Builder::new().name("metrics".into()).stack_size(STACK_BYTES).spawn(serve) {
        log::warn!("no thread for a collector of metrics: {}", reason::of_thread(&e));
    }
}

fn answer(server: &Server, collectors: &Collectors, mut socket: &TcpStream, deadline: Instant) -> io::Result<()> {
    let request = read_head(socket, deadline)?;
    let mut words = request.split(|&b| b == b' ' || b == b'\r');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split(|&b| b == b'?').next().unwrap_or_default();
    let (status, body) = match (method, path) {
        (b"GET" | b"HEAD", b"/metrics") => {
            let _turn = lock(&collectors.counting);
            ("200 OK", text::page(&Snapshot::take(server)))
        }
        (b"GET" | b"HEAD", _) => ("404 Not Found", "the metrics are at /metrics\n".into()),
        _ => ("405 Method Not Allowed", "only GET and HEAD\n".into()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    let body = if method == b"HEAD" { "" } else { &body };
    socket.set_write_timeout(Some(left(deadline)?))?;
    // One write of a few KiB, which the socket's buffer takes at once.
    socket.write_all(format!("{head}{body}").as_bytes())
}

/// Reads up to the empty line that ends a request's head.
fn read_head(mut socket: &TcpStream, deadline: Instant) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() > REQUEST_BYTES_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        socket.set_read_timeout(Some(left(deadline)?))?;
        match socket.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => request.extend_from_slice(&buffer[..n]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(request)
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}
