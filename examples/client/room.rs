//! A server with a few accounts, and how its people come.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use tempfile::TempDir;

/// The password of every account.
pub(crate) const PASSWORD: &str = "seven green bottles";

/// A running server; ended when dropped.
pub(crate) struct Room {
    folder: TempDir,
    server: Child,
    link: String,
}

/// Somebody who talks through a pipe; leaves when dropped.
pub(crate) struct Guest(Child);

impl Room {
    /// With these accounts, and no limit on how fast they speak.
    pub(crate) fn open(names: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let accounts: String = names.iter().map(|name| format!("{name},{PASSWORD}\n")).collect();
        std::fs::write(folder.path().join("accounts.csv"), accounts).unwrap();
        // How long a hash takes is none of the client's business.
        let server = || {
            let mut command = Command::new(beside_us("homeroom-server"));
            command.current_dir(&folder).args(["--hash-rounds", "1000"]).stderr(Stdio::null());
            command
        };
        let imported = server().args(["user", "import", "accounts.csv"]).stdout(Stdio::null()).status().unwrap();
        assert!(imported.success(), "`user import` failed");
        let mut running = server();
        running.args(["--listen", "127.0.0.1:0", "--message-rate", "off", "--no-announce"]);
        let mut server = running.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
        let link = lines.find_map(|line| line.trim().strip_prefix("homeroom-client ").map(str::to_owned));
        let link = link.expect("the server printed no line to join by");
        thread::spawn(move || lines.for_each(drop));
        Self { folder, server, link }
    }

    /// HOST:PORT.
    pub(crate) fn address(&self) -> &str {
        self.link.split_whitespace().next().unwrap()
    }

    /// How somebody comes with this client.
    pub(crate) fn client(&self, program: &Path, name: &str) -> Command {
        let mut command = self.known_to(program, name);
        command.args(self.link.split_whitespace().skip(1));
        command
    }

    /// How somebody comes with this client who has been here: by the address alone.
    pub(crate) fn known_to(&self, program: &Path, name: &str) -> Command {
        let config = self.folder.path().join(format!("config-{name}"));
        let mut command = Command::new(program);
        command.args([self.address(), "--user", name, "--no-sound"]);
        command.env("HOMEROOM_CONFIG_DIR", config).env("HOMEROOM_PASSWORD", PASSWORD);
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("COLORTERM");
        command
    }

    /// Somebody who talks through a pipe.
    pub(crate) fn guest(&self, name: &str) -> Guest {
        let mut command = self.client(&beside_us("homeroom-client"), name);
        Guest(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Guest {
    /// Types a line.
    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.0.stdin.as_ref().unwrap(), "{line}").unwrap();
    }
}

/// A program of ours, built as this one was.
pub(crate) fn beside_us(name: &str) -> PathBuf {
    let us = std::env::current_exe().unwrap();
    let program = us.parent().and_then(Path::parent).unwrap().join(name);
    assert!(program.exists(), "there is no {}: build it first", program.display());
    program
}

impl Drop for Guest {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
