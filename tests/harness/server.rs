//! The real server, running.

use super::process::assert_on_its_own;
use super::{ADMIN, DataDir, Output, PASSWORD, Peer, assert_for_people, wait};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

/// A server that is yet to start.
pub(crate) struct Builder {
    data: Arc<DataDir>,
    listen: Vec<String>,
    args: Vec<String>,
    wrapper: Vec<String>,
    /// Whether it tells its network that it is there: only in one of a test's own.
    announced: bool,
    environment: Vec<(&'static str, String)>,
    log: Option<&'static str>,
}

impl Builder {
    pub(super) fn on(data: Arc<DataDir>) -> Self {
        Self {
            data,
            listen: Vec::new(),
            args: Vec::new(),
            log: None,
            wrapper: Vec::new(),
            announced: false,
            environment: Vec::new(),
        }
    }

    /// An address to listen on. Without any it's 127.0.0.1 and a free port.
    pub(crate) fn listen(mut self, address: impl ToString) -> Self {
        self.listen.push(address.to_string());
        self
    }

    /// More of the command line.
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// What it logs, as `RUST_LOG` has it. Without, what it logs by itself.
    pub(crate) fn log(mut self, filter: &'static str) -> Self {
        self.log = Some(filter);
        self
    }

    /// A variable of its environment.
    pub(crate) fn env(mut self, name: &'static str, value: impl ToString) -> Self {
        self.environment.push((name, value.to_string()));
        self
    }

    /// The system's clock as it sees it.
    #[cfg(target_os = "linux")]
    pub(crate) fn clock(mut self, clock: &super::FakeClock) -> Self {
        self.environment.extend(clock.environment().map(|(name, value)| (name, value.display().to_string())));
        self
    }

    /// A program that turns into the server, and its arguments before the server's.
    #[cfg(target_os = "linux")]
    pub(crate) fn through(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(ToString::to_string).collect();
        self
    }

    /// It tells the network that it is there.
    #[cfg(all(target_os = "linux", feature = "discovery"))]
    pub(crate) fn announced(mut self) -> Self {
        self.announced = true;
        self
    }

    /// The command line, not run yet.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.data.command();
        if let [program, args @ ..] = &self.wrapper[..] {
            let mut wrapped = Command::new(program);
            wrapped.env_remove("RUST_LOG").args(args).arg(command.get_program()).args(command.get_args());
            command = wrapped;
        }
        let default = ["127.0.0.1:0".to_owned()];
        let listen = if self.listen.is_empty() { &default[..] } else { &self.listen };
        command.args(listen.iter().flat_map(|address| ["--listen", address]));
        command.args((!self.announced).then_some("--no-announce"));
        command.args(&self.args).envs(self.log.map(|filter| ("RUST_LOG", filter)));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts it and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(self) -> Server {
        let mut command = self.command();
        if self.wrapper.is_empty() {
            assert_on_its_own(&command);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = Output::of(child.stdout.take().unwrap());
        let stderr = Output::of(child.stderr.take().unwrap());
        let mut server = Server { child, data: self.data, addresses: Vec::new(), stdout, stderr };
        if let Err(instead) = server.stdout.try_wait_for("ready\n") {
            panic!("the server did not start: {instead}\nits log:\n{}", server.stderr.text());
        }
        server.addresses = server.words_after("listening on ").iter().map(|word| word.parse().unwrap()).collect();
        assert!(!server.addresses.is_empty(), "it doesn't say where it listens: {:?}", server.stdout.text());
        server
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    data: Arc<DataDir>,
    /// Where it listens.
    pub(crate) addresses: Vec<SocketAddr>,
    /// What it prints.
    pub(crate) stdout: Output,
    /// What it logs.
    pub(crate) stderr: Output,
}

impl Server {
    /// A server with [`ADMIN`] and these users.
    #[track_caller]
    pub(crate) fn with_users(names: &[&str]) -> Self {
        DataDir::with_users(names).start()
    }

    /// The same, and messages are not counted.
    #[track_caller]
    pub(crate) fn unlimited(names: &[&str]) -> Self {
        DataDir::with_users(names).server().args(&["--message-rate", "off"]).start()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub(crate) fn data(&self) -> Arc<DataDir> {
        Arc::clone(&self.data)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The join code that it printed.
    pub(crate) fn code(&self) -> String {
        self.words_after("join code ").pop().expect("no join code printed")
    }

    /// The fingerprint of the certificate in its folder: `sha256:` and the digits.
    pub(crate) fn fingerprint(&self) -> String {
        // In a folder of its own: homeroom.toml may be what a test has broken.
        let alone = DataDir::new();
        std::fs::copy(self.data.file("identity.p12"), alone.file("identity.p12")).unwrap();
        let shown = super::run(alone.command().args(["identity", "show"]), b"");
        shown.word("certificate")
    }

    /// A link for a student to join by.
    pub(crate) fn join_link(&self) -> String {
        format!("homeroom://{}#{}", self.address(), self.code())
    }

    /// The one-time password that it printed.
    pub(crate) fn one_time_password(&self) -> Option<String> {
        self.words_after("one-time password for admin: ").pop()
    }

    /// The first word after each place where `what` was printed at the start.
    pub(crate) fn words_after(&self, what: &str) -> Vec<String> {
        let text = self.stdout.text();
        let words = text.split(what).skip(1).filter_map(|rest| rest.split_whitespace().next());
        words.map(str::to_owned).collect()
    }

    /// A connection that hasn't logged in.
    #[track_caller]
    pub(crate) fn connect(&self) -> Peer {
        Peer::connect(self.address())
    }

    /// A session of one of its users.
    #[track_caller]
    pub(crate) fn login(&self, name: &str) -> Peer {
        self.login_with(name, PASSWORD)
    }

    #[track_caller]
    pub(crate) fn login_with(&self, name: &str, password: &str) -> Peer {
        let mut peer = self.connect();
        peer.login(name, password);
        peer
    }

    /// A session of [`ADMIN`].
    #[track_caller]
    pub(crate) fn admin(&self) -> Peer {
        self.login(ADMIN)
    }

    /// Ends it at once, as a power failure would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, as a service manager would.
    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Asks it to reload, as a service manager would.
    #[cfg(unix)]
    pub(crate) fn hang_up(&self) {
        self.signal("-HUP");
    }

    #[cfg(unix)]
    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.pid().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end; gives its exit status.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> Option<i32> {
        wait(&mut self.child)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the server's log:\n{}", self.stderr.text());
        } else {
            assert_for_people(&(self.stdout.text() + &self.stderr.text()));
        }
    }
}
