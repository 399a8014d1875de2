//! From a server's name to a TCP connection.
//!
//! A name often has several addresses, of which some are dead from here: IPv6 that leads nowhere, a second network. So
//! each is tried without waiting for the one before to fail, and the first that answers is taken: RFC 8305 ("happy
//! eyeballs") in its simple form. Neither a name nor an address can be given up half-way with `std`, so each has a thread
//! that ends by itself.

use crate::link::Link;
use crate::sync::Gate;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

/// How long the system may take to look a name up. It asks a name server that is silent again after 5 s, and then the
/// next one (resolv.conf(5)).
const LOOKUP_WAIT: Duration = Duration::from_secs(15);
/// How many names may be looked up at a time: those that were given up may still hang when the next one begins.
const LOOKUPS_MAX: usize = 4;
/// How many addresses of a name are tried.
const ADDRESSES_MAX: usize = 8;
/// How long an address is waited for before the next is tried too: RFC 8305, section 5.
const HEAD_START: Duration = Duration::from_millis(250);
/// How long one address has to answer. One that lost goes on for as long, and its connection is closed if it comes.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// The lookups under way.
static LOOKUPS: LazyLock<Gate> = LazyLock::new(Gate::default);

/// Why nothing answers.
#[derive(Debug)]
pub(super) enum Unreached {
    /// No address is known.
    Name(io::Error),
    /// None of them answers.
    Addresses(io::Error),
}

/// A connection to the first of the server's addresses that answers.
pub(super) fn reach(server: &Link) -> Result<TcpStream, Unreached> {
    let addresses = match server.host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, server.port)],
        Err(_) => {
            let asked = (server.host.clone(), server.port);
            let found = look_up(LOOKUP_WAIT, move || asked.to_socket_addrs().map(Iterator::collect));
            in_turn(found.map_err(Unreached::Name)?)
        }
    };
    let socket = race(&addresses).map_err(Unreached::Addresses)?;
    socket.set_nodelay(true).map_err(Unreached::Addresses)?;
    Ok(socket)
}

/// What a lookup finds, if it does within `patience`.
fn look_up(
    patience: Duration,
    lookup: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
) -> io::Result<Vec<SocketAddr>> {
    let silent = || io::Error::new(ErrorKind::TimedOut, "the name server gives no answer");
    let pass = LOOKUPS.enter();
    if LOOKUPS.count() > LOOKUPS_MAX {
        return Err(silent());
    }
    let (done, found) = channel();
    thread::Builder::new().name("lookup".into()).spawn(move || {
        // Nobody waits any more after the patience.
        let _ = done.send(lookup());
        drop(pass);
    })?;
    found.recv_timeout(patience).unwrap_or_else(|_| Err(silent()))
}

/// The addresses in the order in which they are tried: the system's, but the two families by turns, so that a dead one
/// costs one head start and not one for each of its addresses.
fn in_turn(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| address.is_ipv6() == is_v6);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut turns = Vec::new();
    while turns.len() < ADDRESSES_MAX {
        let (first, second) = (one.next(), other.next());
        if first.is_none() && second.is_none() {
            break;
        }
        let new = first.into_iter().chain(second);
        let new: Vec<_> = new.filter(|address| !turns.contains(address)).collect();
        turns.extend(new);
    }
    turns.truncate(ADDRESSES_MAX);
    turns
}

/// A connection to the first address that answers. The next one is tried after a [`HEAD_START`], or as soon as one fails.
fn race(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let (finished, results) = channel();
    let mut untried = addresses.iter();
    let (mut running, mut failures) = (0, Vec::new());
    loop {
        let patience = match untried.next() {
            Some(&address) => {
                connect(address, finished.clone());
                running += 1;
                HEAD_START
            }
            // Each ends by itself before that.
            None if running > 0 => CONNECT_WAIT * 2,
            None => return Err(failures.into_iter().min_by_key(rank).unwrap_or(ErrorKind::AddrNotAvailable.into())),
        };
        match results.recv_timeout(patience) {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(e)) => {
                running -= 1;
                failures.push(e);
            }
            Err(_) => {}
        }
    }
}

/// Tries one address, in a thread of its own.
fn connect(address: SocketAddr, finished: Sender<io::Result<TcpStream>>) {
    let no_thread = finished.clone();
    let started = thread::Builder::new().name("connect".into()).spawn(move || {
        // A connection that comes when another one was taken is closed here.
        let _ = finished.send(TcpStream::connect_timeout(&address, CONNECT_WAIT));
    });
    if let Err(e) = started {
        let _ = no_thread.send(Err(e));
    }
}

/// Of the failures of several addresses the one that tells most is told: that nothing listens on a machine says more than
/// that there is no way to another.
fn rank(failure: &io::Error) -> u8 {
    match failure.kind() {
        ErrorKind::ConnectionRefused => 0,
        ErrorKind::TimedOut => 1,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::time::Instant;

    /// Far less than a dead address takes, and far more than one that lives.
    const SOON: Duration = Duration::from_secs(5);

    fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// An address on which nothing listens.
    fn closed() -> SocketAddr {
        listener().1
    }

    /// An address that answers nothing, as one does whose packets are dropped: a listener with no room for another
    /// connection. With the connections that fill it.
    #[cfg(target_os = "linux")]
    fn silent() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let fill = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
        let fillers = std::iter::from_fn(fill).collect();
        (listener, fillers, address)
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_dead_address_keeps_nobody_waiting_and_its_late_connection_is_closed() {
        use std::io::Read;
        let (dead, fillers, silent) = silent();
        let (_listener, alive) = listener();
        let start = Instant::now();
        let socket = race(&[silent, alive]).unwrap();
        assert_eq!(socket.peer_addr().unwrap(), alive);
        assert!(start.elapsed() >= HEAD_START, "the first has its chance");
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        // Room for the one that lost: its system asks again after a second.
        for _ in &fillers {
            dead.accept().unwrap();
        }
        let (mut late, _) = dead.accept().unwrap();
        late.set_read_timeout(Some(CONNECT_WAIT)).unwrap();
        assert_eq!(late.read(&mut [0]).unwrap(), 0, "it is closed");
    }

    #[test]
    fn one_that_fails_is_not_waited_for() {
        let (_listener, alive) = listener();
        let start = Instant::now();
        let dead: Vec<_> = (1..ADDRESSES_MAX).map(|_| closed()).chain([alive]).collect();
        assert_eq!(race(&dead).unwrap().peer_addr().unwrap(), alive);
        assert!(start.elapsed() < HEAD_START * 4, "no head start each: {:?}", start.elapsed());
    }

    #[test]
    fn the_failure_that_says_most_is_told() {
        assert_eq!(race(&[]).unwrap_err().kind(), ErrorKind::AddrNotAvailable);
        // No program may connect to a port 0.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        for addresses in [[nowhere, closed()], [closed(), nowhere]] {
            assert_eq!(race(&addresses).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        }
        let kinds = [ErrorKind::ConnectionRefused, ErrorKind::TimedOut, ErrorKind::Other, ErrorKind::HostUnreachable];
        assert!(kinds.map(|kind| rank(&kind.into())).is_sorted());
    }

    #[test]
    fn the_families_take_turns() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let found = ["[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::2]:1", "192.0.2.1:1"].map(address);
        let turns = ["[2001:db8::1]:1", "192.0.2.1:1", "[2001:db8::2]:1"].map(address);
        assert_eq!(in_turn(found.into()), turns);
        let many: Vec<_> = (1..100).map(|n| SocketAddr::from(([192, 0, 2, n], 1))).collect();
        assert_eq!(in_turn(many.clone()), many[..ADDRESSES_MAX]);
        let with_one = many.into_iter().chain([address("[2001:db8::1]:1")]).collect();
        assert_eq!(in_turn(with_one)[1], address("[2001:db8::1]:1"), "many of a family don't crowd the other out");
        assert!(in_turn(Vec::new()).is_empty());
    }

    #[test]
    fn a_lookup_that_hangs_is_given_up_and_few_hang_at_a_time() {
        let (release, held) = channel::<()>();
        let held = std::sync::Arc::new(std::sync::Mutex::new(held));
        let mut begun = Vec::new();
        let (note, noted) = channel();
        for _ in 0..LOOKUPS_MAX * 2 {
            let (held, note) = (std::sync::Arc::clone(&held), note.clone());
            let hangs = move || {
                let _ = note.send(());
                let _ = crate::sync::lock(&held).recv();
                Ok(Vec::new())
            };
            begun.push(look_up(Duration::from_millis(20), hangs).unwrap_err().kind());
        }
        assert!(begun.iter().all(|kind| *kind == ErrorKind::TimedOut), "{begun:?}");
        drop(release);
        assert!(LOOKUPS.wait_until_empty(Instant::now() + SOON));
        assert_eq!(noted.try_iter().count(), LOOKUPS_MAX);
        assert!(look_up(SOON, || Ok(vec![closed()])).is_ok(), "and then again");
    }
}
