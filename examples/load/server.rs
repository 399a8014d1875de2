//! The server under load: started on a port of its own with a folder of its own, watched, ended.

use crate::Result;
use crate::crowd::name;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The password of every account made here.
pub(crate) const PASSWORD: &str = "made-for-the-bench";
/// The account that may shut the server down.
pub(crate) const ADMIN: &str = "boss";
/// Rounds of the hashes of those accounts: their number isn't what is measured.
pub(crate) const HASH_ROUNDS: u32 = 1000;

/// And of those that people choose, which are the server's own default.
pub(crate) const OWN_ROUNDS: u32 = 600_000;

/// How long a start may take: the key is made, the accounts are read.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// How long the server may take to end once it's asked to.
const END_DEADLINE: Duration = Duration::from_secs(30);
/// The unit of `/proc/PID/stat`: Linux shows user programs 100 ticks a second on every machine we build for.
const TICKS_PER_SECOND: u64 = 100;

/// A data folder with accounts, and how a server is started on it.
#[derive(Debug)]
pub(crate) struct Site {
    program: PathBuf,
    folder: tempfile::TempDir,
    sync: Option<String>,
    mirror: Option<tempfile::TempDir>,
}

impl Site {
    /// A folder with the accounts `names` and [`ADMIN`].
    pub(crate) fn new(program: &Path, names: impl Iterator<Item = String>) -> Result<Self> {
        let site = Self::empty(program)?;
        site.import(names, HASH_ROUNDS)?;
        Ok(site)
    }

    /// A folder without accounts.
    pub(crate) fn empty(program: &Path) -> Result<Self> {
        Ok(Self { program: program.to_owned(), folder: tempfile::tempdir()?, sync: None, mirror: None })
    }

    /// The same, synced so, and kept in a new folder in `mirror` too.
    pub(crate) fn keeping(self, sync: Option<&str>, mirror: Option<&Path>) -> Result<Self> {
        let mirror = mirror.map(tempfile::tempdir_in).transpose()?;
        Ok(Self { sync: sync.map(str::to_owned), mirror, ..self })
    }

    /// A file of the data folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes the accounts `names` and [`ADMIN`], with hashes of so many rounds.
    pub(crate) fn import(&self, names: impl Iterator<Item = String>, rounds: u32) -> Result<()> {
        let path = self.file("bench.csv");
        let mut csv = format!("{ADMIN},{PASSWORD},admin\n");
        for name in names {
            csv.push_str(&format!("{name},{PASSWORD}\n"));
        }
        fs::write(&path, csv)?;
        let mut command = self.command("import.log", rounds)?;
        let status = command.args(["user", "import"]).arg(&path).stdout(Stdio::null()).status();
        let status = status.map_err(|e| format!("{} can't be started: {e}", self.program.display()))?;
        if !status.success() {
            return Err(format!("`user import` failed: {}", self.last_words("import.log")).into());
        }
        Ok(())
    }

    /// Makes the accounts of so many clients with one-time passwords, and gives those.
    pub(crate) fn one_time(&self, clients: usize) -> Result<Vec<String>> {
        let path = self.file("class.csv");
        fs::write(&path, (0..clients).map(|i| format!("{},\n", name(i))).collect::<String>())?;
        let output =
            self.command("import.log", OWN_ROUNDS)?.args(["user", "import", "--no-header"]).arg(&path).output()?;
        let told = String::from_utf8(output.stdout)?;
        let told = told.lines().filter_map(|line| line.strip_prefix("one-time password for ")?.split_once(": "));
        let passwords: Vec<String> = told.map(|(_, password)| password.to_owned()).collect();
        if !output.status.success() || passwords.len() != clients {
            return Err(format!("{clients} one-time passwords: {}", self.last_words("import.log")).into());
        }
        Ok(passwords)
    }

    /// Starts a server with limits that a load from one address doesn't meet.
    pub(crate) fn start(&self, rounds: u32) -> Result<Server> {
        let mut command = self.command("server.log", rounds)?;
        command.args(["--listen", "127.0.0.1:0", "--message-rate", "off"]);
        command.args(["--max-strangers", "2000", "--max-strangers-per-address", "2000"]);
        if let Some(sync) = &self.sync {
            command.args(["--sync", sync]);
        }
        if let Some(mirror) = &self.mirror {
            command.arg("--mirror").arg(mirror.path());
        }
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no standard output")?;
        let mut server = Server { child, address: SocketAddr::from(([0; 4], 0)) };
        let (tell, told) = mpsc::channel();
        // Reads to the end, so that the server never waits for somebody to read what it prints.
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(|line| line.ok()).all(|line| tell.send(line).is_ok())
        });
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            let line = told.recv_timeout(deadline.saturating_duration_since(Instant::now())).map_err(|_| {
                format!("the server isn't ready after {START_DEADLINE:?}: {}", self.last_words("server.log"))
            })?;
            if let Some(address) = line.strip_prefix("listening on ") {
                server.address = address.parse()?;
            } else if line == "ready" {
                self.wait_for_mirror(deadline)?;
                return Ok(server);
            }
        }
    }

    /// Waits until all there is so far is in the mirror: else what it costs would be that of the first copy, or of none.
    fn wait_for_mirror(&self, deadline: Instant) -> Result<()> {
        while self.mirror.is_some() && !self.log_has("everything is kept in the mirror") {
            if Instant::now() >= deadline {
                return Err(format!(
                    "the mirror isn't whole after {START_DEADLINE:?}: {}",
                    self.last_words("server.log")
                )
                .into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Whether the mirror was too slow or failed, so that nobody waited for it for a while.
    pub(crate) fn lost_its_mirror(&self) -> bool {
        ["the mirror is late", "can't be kept up to date"].iter().any(|words| self.log_has(words))
    }

    fn log_has(&self, words: &str) -> bool {
        fs::read_to_string(self.file("server.log")).is_ok_and(|log| log.contains(words))
    }

    /// The last line of a log.
    pub(crate) fn last_words(&self, log: &str) -> String {
        let text = fs::read_to_string(self.file(log)).unwrap_or_default();
        text.lines().last().unwrap_or("it said nothing").to_owned()
    }

    fn command(&self, log: &str, rounds: u32) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.arg("--data-dir").arg(self.folder.path()).args(["--hash-rounds", &rounds.to_string()]);
        command.stdin(Stdio::null()).stderr(File::create(self.file(log))?);
        Ok(command)
    }
}

/// A server that runs; killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// The CPU time of all its threads so far, those that have ended included; in steps of 10 ms. None where the
    /// system has no `/proc`.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let stat = fs::read_to_string(self.proc("stat")).ok()?;
        // The name, in brackets, may hold anything; utime and stime are the 12th and 13th field after it.
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u64>().ok();
        Some(Duration::from_millis((ticks()? + ticks()?) * (1000 / TICKS_PER_SECOND)))
    }

    /// The CPU time of the threads that it has now, to the nanosecond: for a server that does next to nothing.
    pub(crate) fn cpu_of_threads(&self) -> Option<Duration> {
        let mut sum = 0;
        for task in fs::read_dir(self.proc("task")).ok()? {
            // A thread that ended meanwhile is not an error.
            let Ok(schedstat) = fs::read_to_string(task.ok()?.path().join("schedstat")) else { continue };
            sum += schedstat.split_whitespace().next()?.parse::<u64>().ok()?;
        }
        Some(Duration::from_nanos(sum))
    }

    /// Its resident memory. None where the system has no `/proc`.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(self.proc("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Waits for the end that it has been asked for.
    pub(crate) fn wait_for_end(mut self) -> Result<()> {
        let deadline = Instant::now() + END_DEADLINE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() >= deadline {
                return Err(format!("the server hasn't ended after {END_DEADLINE:?}").into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn proc(&self, file: &str) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join(file)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
