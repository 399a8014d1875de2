//! A TLS server that does what a test wants.

use super::{DEADLINE, sha256, wait_until};
use native_tls::{Identity, TlsAcceptor, TlsStream};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A server with a certificate of its own.
pub(crate) struct FakeServer {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    certificate: Vec<u8>,
    pem: String,
}

/// Listens to whoever comes.
pub(crate) struct Recorder {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Heard>,
}

/// What came to a [`FakeServer`].
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// How many connected.
    pub(crate) connections: usize,
    /// What they said through TLS, one after the other.
    pub(crate) bytes: Vec<u8>,
}

/// The server's end of a connection.
pub(crate) struct Guest(BufReader<TlsStream<TcpStream>>);

impl FakeServer {
    /// On a free port.
    pub(crate) fn new() -> Self {
        Self::at("127.0.0.1:0")
    }

    /// In the place of another. Its certificate is for `localhost`.
    pub(crate) fn at(address: impl ToSocketAddrs) -> Self {
        Self::with(address, CertificateParams::new(["localhost".to_owned()]).unwrap())
    }

    /// Its certificate ran out long ago.
    pub(crate) fn of_another_time() -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(2001, 2, 3);
        Self::with("127.0.0.1:0", params)
    }

    fn with(address: impl ToSocketAddrs, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        let pem = made.pem();
        let identity = Identity::from_pkcs8(pem.as_bytes(), key.serialize_pem().as_bytes()).unwrap();
        Self {
            listener: listen(&address),
            acceptor: TlsAcceptor::new(identity).unwrap(),
            certificate: made.der().to_vec(),
            pem,
        }
    }

    /// Its certificate, for a file of trusted roots.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub(crate) fn fingerprint(&self) -> String {
        format!("sha256:{}", sha256(&self.certificate))
    }

    pub(crate) fn join_link(&self) -> String {
        format!("homeroom://{}#{}", self.address(), self.fingerprint())
    }

    /// Takes connections and answers nothing.
    pub(crate) fn record(self) -> Recorder {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut heard = Heard::default();
            while let Some(socket) = self.incoming(&stopped) {
                heard.connections += 1;
                if let Some(mut guest) = self.greet(socket) {
                    heard.bytes.extend(guest.rest());
                }
            }
            heard
        });
        Recorder { stop, thread }
    }

    /// Takes one connection, welcomes whoever logs in, and hands it to `host`.
    pub(crate) fn welcome<T: Send + 'static>(
        self,
        host: impl FnOnce(&mut Guest) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        thread::spawn(move || host(&mut self.welcome_one()))
    }

    /// The same with one connection after the other.
    pub(crate) fn welcome_twice(
        self,
        first: impl FnOnce(&mut Guest) + Send + 'static,
        second: impl FnOnce(&mut Guest) + Send + 'static,
    ) -> JoinHandle<()> {
        thread::spawn(move || {
            first(&mut self.welcome_one());
            second(&mut self.welcome_one());
        })
    }

    /// The same with `many`, for each of which `host` is called. When they came.
    pub(crate) fn welcome_each(
        self,
        many: usize,
        host: impl Fn(&mut Guest) + Send + 'static,
    ) -> JoinHandle<Vec<Instant>> {
        thread::spawn(move || {
            let one = |_| {
                let mut guest = self.welcome_one();
                let came = Instant::now();
                host(&mut guest);
                came
            };
            (0..many).map(one).collect()
        })
    }

    fn welcome_one(&self) -> Guest {
        let socket = self.incoming(&AtomicBool::new(false)).expect("nobody came");
        let mut guest = self.greet(socket).expect("the client refused TLS");
        let login = guest.read();
        assert_eq!(login["type"], "login", "{login}");
        let mut welcome = json!({"type": "welcome", "protocol": 1, "server": "homeroom/0.1.0",
            "username": login["username"], "role": "user", "token": "t", "seq": 1,
            "users": [login["username"]], "must_change_password": false});
        if login["id"].is_string() {
            welcome["id"] = login["id"].clone();
        }
        guest.write(&welcome);
        guest
    }

    /// Takes one connection, reads its login, and hands it to `host` in place of an answer.
    pub(crate) fn meet<T: Send + 'static>(self, host: impl FnOnce(&mut Guest) -> T + Send + 'static) -> JoinHandle<T> {
        thread::spawn(move || {
            let socket = self.incoming(&AtomicBool::new(false)).expect("nobody came");
            let mut guest = self.greet(socket).expect("the client refused TLS");
            assert_eq!(guest.read()["type"], "login");
            host(&mut guest)
        })
    }

    /// Takes one connection and answers its login with `answer` and the end.
    pub(crate) fn refuse(self, answer: Value) -> JoinHandle<()> {
        thread::spawn(move || {
            let never = AtomicBool::new(false);
            let socket = self.incoming(&never).expect("nobody came");
            let mut guest = self.greet(socket).expect("the client refused TLS");
            assert_eq!(guest.read()["type"], "login");
            guest.write(&answer);
        })
    }

    /// The handshake; None if the client refuses.
    fn greet(&self, socket: TcpStream) -> Option<Guest> {
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        socket.set_write_timeout(Some(DEADLINE)).unwrap();
        Some(Guest(BufReader::new(self.acceptor.accept(socket).ok()?)))
    }

    /// The next connection; None when it's told to stop, or at the deadline.
    fn incoming(&self, stop: &AtomicBool) -> Option<TcpStream> {
        let end = Instant::now() + DEADLINE;
        self.listener.set_nonblocking(true).unwrap();
        loop {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    socket.set_nonblocking(false).unwrap();
                    return Some(socket);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    if stop.load(Ordering::Relaxed) || Instant::now() >= end {
                        return None;
                    }
                    thread::sleep(Duration::from_millis(5));
                }
                Err(e) => panic!("can't listen: {e}"),
            }
        }
    }
}

/// Takes the place of a listener that's gone, once it is: a program that another test has just begun to start may hold
/// a copy of it for a moment.
fn listen(address: &impl ToSocketAddrs) -> TcpListener {
    let mut listener = None;
    wait_until("a free place to listen", || match TcpListener::bind(address) {
        Err(e) if e.kind() == ErrorKind::AddrInUse => false,
        bound => {
            listener = Some(bound.unwrap());
            true
        }
    });
    listener.unwrap()
}

impl Recorder {
    /// Stops; gives what was heard.
    pub(crate) fn stop(self) -> Heard {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

impl Guest {
    /// The next line.
    pub(crate) fn read(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    }

    /// Everything until the client closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // However the connection ends: what came before is what counts.
        let _ = self.0.read_to_end(&mut bytes);
        bytes
    }

    pub(crate) fn write(&mut self, line: &Value) {
        self.write_bytes(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Bytes as they are; an error when the client is gone.
    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }
}
