//! A bad network: a TCP proxy between clients and a server, whose connections can be cut, slowed and stalled.

use socket2::SockRef;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// How often a write that waits for its reader looks whether the connection was cut meanwhile.
const WRITE_POLL: Duration = Duration::from_millis(100);

/// What may happen to a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// Both ends are told that it is over, as TCP does it in good order, but TLS is not.
    Close,
    /// Both ends get a reset; what was under way is lost.
    Reset,
    /// So many bytes still pass, both directions counted together; then it is reset, in the middle of a TLS record.
    Truncate(usize),
    /// Everything comes so much later from now on.
    Delay(Duration),
    /// Nothing passes for so long; then all that was held back does.
    Stall(Duration),
    /// Nothing that the server says passes any more, and the next that it says after so long resets the connection:
    /// what the client asked meanwhile was done, and it doesn't know.
    #[allow(dead_code, reason = "the long runs do that")]
    Withhold(Duration),
}

/// The proxy; its connections end with it.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    /// A connection belongs to its threads: when they let go of it, its sockets are closed.
    links: Mutex<Vec<Weak<Link>>>,
    closed: AtomicBool,
}

/// One connection: two sockets, and a thread for each direction.
struct Link {
    client: TcpStream,
    server: TcpStream,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    cut: bool,
    /// The directions that have come to their end.
    ended: u8,
    bytes_left: Option<usize>,
    delay: Duration,
    stalled_until: Option<Instant>,
    withheld_until: Option<Instant>,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1; each connection is carried on to `upstream`, which need not be there yet.
    pub(crate) fn to(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { upstream, links: Mutex::default(), closed: false.into() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Self { address, shared }
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections there are.
    pub(crate) fn len(&self) -> usize {
        self.shared.links().len()
    }

    /// Makes trouble for one connection, the `nth` modulo their number; false when there is none.
    pub(crate) fn trouble(&self, nth: usize, trouble: Trouble) -> bool {
        let links = self.shared.links();
        let Some(link) = links.get(nth % links.len().max(1)) else { return false };
        link.suffer(trouble);
        true
    }

    /// Makes trouble for every connection.
    pub(crate) fn trouble_all(&self, trouble: Trouble) {
        self.shared.links().iter().for_each(|link| link.suffer(trouble));
    }

    /// Ends every delay and stall.
    pub(crate) fn heal(&self) {
        for link in self.shared.links() {
            link.change(|state| (state.delay, state.stalled_until) = (Duration::ZERO, None));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Relaxed);
        // Wakes the accepting thread.
        drop(TcpStream::connect(self.address));
        self.trouble_all(Trouble::Close);
    }
}

impl Shared {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.closed.load(Relaxed) {
                return;
            }
            // Without a server behind it, whoever connects is dropped at once.
            let Ok(link) = client.and_then(|client| Link::new(client, self.upstream)) else { continue };
            let link = Arc::new(link);
            self.links.lock().unwrap().push(Arc::downgrade(&link));
            for upwards in [true, false] {
                let link = Arc::clone(&link);
                thread::spawn(move || link.carry(upwards));
            }
        }
    }

    /// The connections that are not over.
    fn links(&self) -> Vec<Arc<Link>> {
        let mut links = self.links.lock().unwrap();
        links.retain(|link| link.upgrade().is_some_and(|link| !link.is_over()));
        links.iter().filter_map(Weak::upgrade).collect()
    }
}

impl Link {
    fn new(client: TcpStream, upstream: SocketAddr) -> io::Result<Self> {
        let server = TcpStream::connect(upstream)?;
        for socket in [&client, &server] {
            socket.set_nodelay(true)?;
            socket.set_write_timeout(Some(WRITE_POLL))?;
        }
        Ok(Self { client, server, state: Mutex::default(), changed: Condvar::new() })
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }

    fn suffer(&self, trouble: Trouble) {
        match trouble {
            Trouble::Close => self.cut(Shutdown::Both),
            Trouble::Reset => self.reset(),
            Trouble::Truncate(bytes) => self.change(|state| state.bytes_left = Some(bytes)),
            Trouble::Delay(delay) => self.change(|state| state.delay = delay),
            Trouble::Withhold(time) => self.change(|state| state.withheld_until = Some(Instant::now() + time)),
            Trouble::Stall(time) => self.change(|state| state.stalled_until = Some(Instant::now() + time)),
        }
    }

    /// Closing a socket that doesn't linger resets it; that happens when the last thread lets go of it.
    fn reset(&self) {
        for socket in [&self.client, &self.server] {
            // It may be over already.
            let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
        }
        self.cut(Shutdown::Read);
    }

    /// Wakes both threads, so that they end.
    fn cut(&self, how: Shutdown) {
        self.change(|state| state.cut = true);
        for socket in [&self.client, &self.server] {
            let _ = socket.shutdown(how);
        }
    }

    fn is_over(&self) -> bool {
        let state = self.state.lock().unwrap();
        state.cut || state.ended == 2
    }

    /// Carries one direction to its end.
    fn carry(&self, upwards: bool) {
        let (mut from, to) = if upwards { (&self.client, &self.server) } else { (&self.server, &self.client) };
        let mut chunk = [0; 16 * 1024];
        let broken = loop {
            match from.read(&mut chunk) {
                Ok(0) => break false,
                Ok(_) if !upwards && self.is_withheld() => break true,
                Ok(n) if self.pass(to, &chunk[..n]) => {}
                _ => break true,
            }
        };
        if broken {
            self.reset();
        } else if !self.is_over() {
            let _ = to.shutdown(Shutdown::Write);
        }
        self.change(|state| state.ended += 1);
    }

    /// Whether what came is to be lost; if so, waits until the connection may be too.
    fn is_withheld(&self) -> bool {
        let state = self.state.lock().unwrap();
        let Some(until) = state.withheld_until else { return false };
        let wait = until.saturating_duration_since(Instant::now());
        drop(self.changed.wait_timeout_while(state, wait, |state| !state.cut).unwrap());
        true
    }

    /// Hands on what came, when it may; false when the connection is over.
    fn pass(&self, mut to: &TcpStream, bytes: &[u8]) -> bool {
        let passing = self.admit(bytes.len());
        let mut rest = &bytes[..passing];
        while !rest.is_empty() {
            if self.is_over() {
                return false;
            }
            match to.write(rest) {
                Ok(n) => rest = &rest[n..],
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return false,
            }
        }
        passing == bytes.len()
    }

    /// Waits as long as it must; gives how many of so many bytes may pass.
    fn admit(&self, bytes: usize) -> usize {
        let mut state = self.state.lock().unwrap();
        let due = Instant::now() + state.delay;
        loop {
            let until = state.stalled_until.map_or(due, |stalled| stalled.max(due));
            let wait = until.saturating_duration_since(Instant::now());
            // A connection that was healed is late no longer.
            if state.cut || wait.is_zero() || (state.delay.is_zero() && state.stalled_until.is_none()) {
                break;
            }
            state = self.changed.wait_timeout(state, wait).unwrap().0;
        }
        let passing = state.bytes_left.map_or(bytes, |left| left.min(bytes));
        state.bytes_left = state.bytes_left.map(|left| left - passing);
        if state.cut { 0 } else { passing }
    }
}
