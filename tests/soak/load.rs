//! Who does what to the server during the soak.

use crate::harness::{Server, Share};
use crate::{DEADLINE, PASSWORD};
use serde_json::json;
use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

/// Who chats all the time.
pub(crate) const CHATTERS: [&str; 4] = ["ada", "bob", "carol", "dave"];
/// Who comes and goes.
const CHURNERS: [&str; 2] = ["erin", "frank"];
/// Who asks for everything that was said and then reads nothing.
const SLOW: [&str; 2] = ["grace", "heidi"];
/// Who logs in and is never heard again.
const DEAD: [&str; 2] = ["ivan", "judy"];
/// Who sends what is no request.
const CLUMSY: &str = "mallory";
/// Whose password is guessed.
const VICTIM: &str = "victor";

/// The pause between a chatter's messages: all together they say some hundred a second.
const CHAT_PAUSE: Duration = Duration::from_millis(20);
/// The pause of the others between rounds, so that they don't take all of the processor.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a slow reader and a dead peer stay silent: longer than each deadline that the server has for them.
const SILENCE: Duration = Duration::from_secs(6);
/// Silent strangers at a time.
const STRANGERS: usize = 40;
/// Wrong passwords in all; beyond 60 the server would suspect this address, and everyone here shares it.
const GUESSES_MAX: u64 = 20;

/// How often what has happened.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    said: AtomicU64,
    /// The longest that anybody waited for his own message, in milliseconds.
    waited_ms: AtomicU64,
    visits: AtomicU64,
    slow: AtomicU64,
    dead: AtomicU64,
    strangers: AtomicU64,
    bad: AtomicU64,
    guesses: AtomicU64,
}

/// The load on one server.
pub(crate) struct Load<'a> {
    server: &'a Server,
    stop: AtomicBool,
    counts: Counts,
}

/// Ends the load when a part of it fails: the test need not wait for its end.
struct StopOnPanic<'a>(&'a AtomicBool);

/// Everyone who needs an account.
pub(crate) fn accounts() -> impl Iterator<Item = &'static str> {
    [&CHATTERS[..], &CHURNERS, &SLOW, &DEAD, &[CLUMSY, VICTIM]].concat().into_iter()
}

impl<'a> Load<'a> {
    pub(crate) fn on(server: &'a Server) -> Self {
        Self { server, stop: false.into(), counts: Counts::default() }
    }

    /// Starts everyone, each in a thread of its own.
    pub(crate) fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        for (name, to) in CHATTERS.into_iter().zip(CHATTERS.into_iter().cycle().skip(1)) {
            self.spawn(scope, move || self.chat(name, to));
        }
        for name in CHURNERS {
            self.repeat(scope, move |round| self.visit(name, round));
        }
        for name in SLOW {
            self.repeat(scope, move |_| self.read_nothing(name));
        }
        for name in DEAD {
            self.repeat(scope, move |_| self.say_nothing(name));
        }
        self.repeat(scope, |_| self.strangers());
        self.repeat(scope, |round| self.bad_stranger(round));
        self.repeat(scope, |round| self.bad_session(round));
        self.repeat(scope, |_| self.guess());
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    fn spawn<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, role: impl FnOnce() + Send + 'scope) {
        scope.spawn(move || {
            let _guard = StopOnPanic(&self.stop);
            role();
        });
    }

    /// One round after the other, numbered, until the load stops.
    fn repeat<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, round: impl Fn(usize) + Send + 'scope) {
        self.spawn(scope, move || {
            for number in 0.. {
                if self.is_stopped() {
                    return;
                }
                round(number);
                thread::sleep(PAUSE);
            }
        });
    }

    /// Says something, waits for it to come back, and so on; every eighth is a whisper.
    fn chat(&self, name: &str, to: &str) {
        let mut peer = self.server.login(name);
        for number in 0.. {
            if self.is_stopped() {
                break;
            }
            let id = format!("{name}-{number}");
            let start = Instant::now();
            match number % 8 {
                7 => peer.send(&json!({"type": "whisper", "id": id, "to": to, "text": "do you hear this noise?"})),
                _ => peer.send(&json!({"type": "say", "id": id, "text": "what a storm".repeat(number % 8 + 1)})),
            }
            // A whisper to somebody who isn't there yet, or has left, is refused.
            let events = peer.until(&id, |answer| answer["id"] == id);
            self.counts.waited_ms.fetch_max(start.elapsed().as_millis() as u64, Relaxed);
            self.counts.said.fetch_add(1, Relaxed);
            if name == CHATTERS[0] {
                let left = |reason| events.iter().filter(|event| event["reason"] == reason).count() as u64;
                self.counts.slow.fetch_add(left("too_slow"), Relaxed);
                self.counts.dead.fetch_add(left("timeout"), Relaxed);
            }
            thread::sleep(CHAT_PAUSE);
        }
        peer.ask(json!({"type": "logout"}));
        peer.until_closed();
    }

    /// Logs in, says a word, and leaves in one way or another.
    fn visit(&self, name: &str, round: usize) {
        let mut peer = self.server.login(name);
        // Everybody sees everybody's ids.
        let id = format!("{name}-{round}");
        peer.send(&json!({"type": "say", "id": id, "text": "hello"}));
        peer.answer(&id);
        let (token, seq) = (peer.welcome["token"].clone(), peer.seq());
        match round % 4 {
            0 => {
                peer.ask(json!({"type": "logout"}));
                peer.until_closed();
            }
            1 => peer.close(),
            2 => drop(peer),
            _ => {
                drop(peer);
                let mut peer = self.server.connect();
                peer.resume(name, &token, seq);
                peer.assert_alive();
            }
        }
        self.counts.visits.fetch_add(1, Relaxed);
    }

    /// Asks for all that was said, which no socket holds, and reads none of it until the server has had enough.
    fn read_nothing(&self, name: &str) {
        let mut peer = self.server.connect();
        peer.send(&json!({"type": "login", "protocol": 1, "username": name, "password": PASSWORD, "after": 0}));
        thread::sleep(SILENCE);
        assert_eq!(peer.next()["type"], "welcome");
        peer.until_closed();
    }

    /// Logs in and answers nothing from then on, as a computer does that was closed.
    fn say_nothing(&self, name: &str) {
        let mut peer = self.server.login(name);
        thread::sleep(SILENCE);
        peer.until_closed();
    }

    /// Connections that never get through TLS.
    fn strangers(&self) {
        let beginnings: [&[u8]; 4] = [
            b"",                                             // silent
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", // half a ClientHello
            b"GET / HTTP/1.1\r\n\r\n",
            &[0xff; 4096],
        ];
        let connect = |beginning: &&[u8]| {
            let mut socket = TcpStream::connect(self.server.address()).unwrap();
            // Whoever is refused at once may not even be able to write.
            let _ = socket.write_all(beginning);
            socket
        };
        let sockets: Vec<TcpStream> = beginnings.iter().cycle().take(STRANGERS).map(connect).collect();
        sockets.iter().for_each(wait_for_end);
        self.counts.strangers.fetch_add(STRANGERS as u64, Relaxed);
    }

    /// What comes through TLS and is no login.
    fn bad_stranger(&self, round: usize) {
        let over_long = [b'x'; 20_000];
        let words: [&[u8]; 7] = [
            b"\xff\xfe\xfd\n",
            b"{\"type\":\"login\"\n",
            b"{\"type\":\"login\",\"protocol\":99,\"username\":\"x\",\"password\":\"x\"}\n",
            b"{\"type\":\"who\",\"id\":\"early\"}\n",
            b"{\"type\":\"login\",", // and nothing more
            &[b'['; 10_000],         // without an end, but not over the limit
            &over_long,
        ];
        let mut peer = self.server.connect();
        peer.pour(words[round % words.len()], |_| Share::Drop);
        if round % 5 == 0 {
            peer.send_under_tls(b"no TLS record\n");
        }
        peer.until_closed();
        self.counts.bad.fetch_add(1, Relaxed);
    }

    /// What a session sends and shouldn't; it ends with something that no session outlives.
    fn bad_session(&self, round: usize) {
        let mut peer = self.server.login(CLUMSY);
        for line in [&b"\xff\n"[..], b"{}\n", b"{\"type\":\"frobnicate\"}\n", &[&[b'x'; 17_000][..], b"\n"].concat()] {
            peer.pour(line, |_| Share::Keep);
            peer.find("a refusal", |answer| answer["type"] == "error");
            peer.assert_alive();
        }
        if round % 2 == 0 {
            peer.pour(&[b'x'; 1 << 18], |_| Share::Drop);
        } else {
            peer.send_under_tls(b"no TLS record\n");
        }
        peer.until_closed();
        self.counts.bad.fetch_add(1, Relaxed);
    }

    /// Tries a wrong password.
    fn guess(&self) {
        if self.counts.guesses.load(Relaxed) < GUESSES_MAX {
            let mut peer = self.server.connect();
            let login = json!({"type": "login", "protocol": 1, "username": VICTIM, "password": "a wrong guess"});
            assert_eq!(peer.ask(login)["type"], "error");
            peer.until_closed();
            self.counts.guesses.fetch_add(1, Relaxed);
        }
    }
}

/// Waits until the server has closed, which it must in time.
fn wait_for_end(mut socket: &TcpStream) {
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    loop {
        match socket.read(&mut [0; 1024]) {
            Ok(0) => return,
            Ok(_) => {} // TLS says why
            Err(e) => {
                let waits = matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(!waits, "a stranger is still there after {DEADLINE:?}");
                return;
            }
        }
    }
}

impl Counts {
    /// Whether every kind of load has really been there.
    pub(crate) fn is_complete(&self) -> bool {
        let Self { said, waited_ms: _, visits, slow, dead, strangers, bad, guesses } = self;
        [said, visits, slow, dead, strangers, bad, guesses].iter().all(|count| count.load(Relaxed) > 0)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { said, waited_ms, visits, slow, dead, strangers, bad, guesses } = self;
        let [said, waited_ms, visits, slow] = [said, waited_ms, visits, slow].map(|count| count.load(Relaxed));
        let [dead, strangers, bad, guesses] = [dead, strangers, bad, guesses].map(|count| count.load(Relaxed));
        write!(f, "{said} said (longest wait {waited_ms} ms), {visits} visits, {slow} too slow, {dead} timed out, ")?;
        write!(f, "{strangers} strangers, {bad} bad peers, {guesses} guesses")
    }
}

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Relaxed);
        }
    }
}
