//! From a server's name to a session of TLS.
//!
//! A name often has several addresses, of which some are dead from here: IPv6 that leads nowhere, a second network, a
//! machine on which something else answers. So each is tried without waiting for the one before to fail, and the first with
//! which a TLS handshake comes to its end is taken: RFC 8305 ("happy eyeballs") in its simple form. Neither a name nor an
//! address can be given up half-way with `std`, so each has a thread that ends by itself.

use crate::duplex::HandshakeError;
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

/// How long an address that took the connection may keep the next one waiting with its handshake. A slow machine takes a
/// second for it, and a class may be in front.
const HANDSHAKE_START: Duration = Duration::from_secs(2);
/// Longer than any attempt takes: each ends by itself before that.
const ATTEMPT_WAIT: Duration = Duration::from_secs(60);

/// The lookups under way.
static LOOKUPS: LazyLock<Gate> = LazyLock::new(Gate::default);

/// Why nothing answers.
#[derive(Debug)]
pub(super) enum Unreached {
    /// No address is known.
    Name(io::Error),
    /// None of them takes a connection.
    Connection(io::Error),
    /// One does, but there is no TLS with it.
    Handshake(HandshakeError),
}

/// What an attempt tells.
enum Progress<T> {
    /// There is a connection.
    Connected,
    /// It's over.
    Ended(Result<T, Unreached>),
}

/// What `shake` makes of a connection to the first of the server's addresses with which it can.
pub(super) fn reach<T: Send + 'static>(
    server: &Link,
    shake: impl Fn(TcpStream) -> Result<T, HandshakeError> + Clone + Send + 'static,
) -> Result<T, Unreached> {
    let addresses = match server.host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, server.port)],
        Err(_) => {
            let asked = (server.host.clone(), server.port);
            let found = look_up(LOOKUP_WAIT, move || asked.to_socket_addrs().map(Iterator::collect));
            in_turn(found.map_err(Unreached::Name)?)
        }
    };
    race(&addresses, &shake)
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

/// What is made of the first address that it can be made of. The next one is tried after a [`HEAD_START`], or as soon as one
/// fails, or when one that took the connection was silent for [`HANDSHAKE_START`].
fn race<T: Send + 'static>(
    addresses: &[SocketAddr],
    shake: &(impl Fn(TcpStream) -> Result<T, HandshakeError> + Clone + Send + 'static),
) -> Result<T, Unreached> {
    let (tell, told) = channel();
    let mut untried = addresses.iter();
    let (mut running, mut failures) = (0, Vec::new());
    // None: it's the next one's turn.
    let mut patience = None;
    loop {
        let wait = match patience.take() {
            Some(patience) => patience,
            None => match untried.next() {
                Some(&address) => {
                    attempt(address, shake.clone(), tell.clone());
                    running += 1;
                    HEAD_START
                }
                None if running == 0 => return Err(worst(failures)),
                None if failures.iter().any(is_answer) => HANDSHAKE_START,
                None => ATTEMPT_WAIT,
            },
        };
        match told.recv_timeout(wait) {
            Ok(Progress::Ended(Ok(made))) => return Ok(made),
            Ok(Progress::Ended(Err(failure))) => {
                running -= 1;
                failures.push(failure);
            }
            Ok(Progress::Connected) => patience = Some(HANDSHAKE_START),
            // Those that are left are silent: an answer is not kept back for them.
            Err(_) if untried.len() == 0 && failures.iter().any(is_answer) => return Err(worst(failures)),
            Err(_) => {}
        }
    }
}

fn worst(failures: Vec<Unreached>) -> Unreached {
    let none = || Unreached::Connection(ErrorKind::AddrNotAvailable.into());
    failures.into_iter().min_by_key(rank).unwrap_or_else(none)
}

/// Tries one address, in a thread of its own.
fn attempt<T: Send + 'static>(
    address: SocketAddr,
    shake: impl Fn(TcpStream) -> Result<T, HandshakeError> + Send + 'static,
    tell: Sender<Progress<T>>,
) {
    let no_thread = tell.clone();
    let started = thread::Builder::new().name("connect".into()).spawn(move || {
        let socket = match TcpStream::connect_timeout(&address, CONNECT_WAIT) {
            Ok(socket) => socket,
            Err(e) => return drop(tell.send(Progress::Ended(Err(Unreached::Connection(e))))),
        };
        // A connection that comes when another one was taken is closed here.
        if tell.send(Progress::Connected).is_ok() {
            let _ = tell.send(Progress::Ended(shake(socket).map_err(Unreached::Handshake)));
        }
    });
    if let Err(e) = started {
        let _ = no_thread.send(Progress::Ended(Err(Unreached::Connection(e))));
    }
}

/// Whether an address has answered, though not as it should.
fn is_answer(failure: &Unreached) -> bool {
    matches!(failure, Unreached::Handshake(HandshakeError::Tls(_)))
}

/// Of the failures of several addresses the one that tells most is told: what answers wrongly says more than what doesn't
/// answer, and that nothing listens on a machine more than that there is no way to another.
fn rank(failure: &Unreached) -> u8 {
    match failure {
        Unreached::Handshake(HandshakeError::Tls(_)) => 0,
        Unreached::Handshake(HandshakeError::Io(_)) => 1,
        Unreached::Connection(e) | Unreached::Name(e) => match e.kind() {
            ErrorKind::ConnectionRefused => 2,
            ErrorKind::TimedOut => 3,
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => 5,
            _ => 4,
        },
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
        let socket = race(&[silent, alive], &Ok).unwrap();
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
        assert_eq!(race(&dead, &Ok).unwrap().peer_addr().unwrap(), alive);
        assert!(start.elapsed() < HEAD_START * 4, "no head start each: {:?}", start.elapsed());
    }

    /// Such as another program, that waits for the client to begin, or hangs up.
    #[test]
    fn an_address_that_speaks_no_tls_is_passed_over() {
        let ((_mute, mute), (_other, alive)) = (listener(), listener());
        let (done, over) = channel::<()>();
        let over = std::sync::Arc::new(std::sync::Mutex::new(over));
        let shake = move |socket: TcpStream| match socket.peer_addr().unwrap() {
            address if address == alive => Ok(address),
            _ => {
                // Until the test is over.
                let _ = crate::sync::lock(&over).recv();
                Err(HandshakeError::Io(ErrorKind::TimedOut.into()))
            }
        };
        let start = Instant::now();
        assert_eq!(race(&[mute, alive], &shake).unwrap(), alive);
        assert!(start.elapsed() >= HANDSHAKE_START, "it has its chance");
        assert!(start.elapsed() < HANDSHAKE_START + SOON, "{:?}", start.elapsed());
        drop(done);
        let hangs_up = move |socket: TcpStream| match socket.peer_addr().unwrap() {
            address if address == alive => Ok(address),
            _ => Err(HandshakeError::Io(ErrorKind::UnexpectedEof.into())),
        };
        let start = Instant::now();
        assert_eq!(race(&[mute, alive], &hangs_up).unwrap(), alive);
        assert!(start.elapsed() < HANDSHAKE_START, "{:?}", start.elapsed());
    }

    #[test]
    fn the_failure_that_says_most_is_told() {
        let kind = |addresses: &[SocketAddr]| match race(addresses, &Ok) {
            Err(Unreached::Connection(e)) => e.kind(),
            other => panic!("{other:?}"),
        };
        assert_eq!(kind(&[]), ErrorKind::AddrNotAvailable);
        // No program may connect to a port 0.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        for addresses in [[nowhere, closed()], [closed(), nowhere]] {
            assert_eq!(kind(&addresses), ErrorKind::ConnectionRefused);
        }
        let kinds = [ErrorKind::ConnectionRefused, ErrorKind::TimedOut, ErrorKind::Other, ErrorKind::HostUnreachable];
        assert!(kinds.map(|kind| rank(&Unreached::Connection(kind.into()))).is_sorted());
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
