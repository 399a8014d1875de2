//! One errand of somebody who looks after the class, over a connection of its own and without any faults.

use crate::harness::{PASSWORD, Wire};
use crate::stage::Stage;
use serde_json::{Value, json};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// How long the server may take to answer.
const SILENCE: Duration = Duration::from_secs(6);
const TICK: Duration = Duration::from_millis(5);
const ID: &str = "errand";

pub(crate) struct Errand {
    wire: Wire,
    pub(crate) welcome: Value,
}

impl Errand {
    /// Logs in by the password; the server may be gone.
    pub(crate) fn of(stage: &Stage, username: &str) -> io::Result<Self> {
        let wire = Wire::connect(stage.address, false)?;
        let mut errand = Self { wire, welcome: Value::Null };
        errand.wire.send(&json!({"type": "login", "protocol": 1, "username": username, "password": PASSWORD}))?;
        errand.welcome = errand.find(|_| true)?;
        if errand.welcome["type"] == "welcome" { Ok(errand) } else { Err(ErrorKind::ConnectionRefused.into()) }
    }

    /// The newest seq when it logged in.
    pub(crate) fn seq(&self) -> u64 {
        self.welcome["seq"].as_u64().unwrap()
    }

    /// Asks for something; the answer, whatever it is.
    pub(crate) fn ask(&mut self, mut request: Value) -> io::Result<Value> {
        request["id"] = json!(ID);
        self.wire.send(&request)?;
        self.find(|line| line["id"] == ID)
    }

    fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> io::Result<Value> {
        let end = Instant::now() + SILENCE;
        while Instant::now() < end {
            if let Some(line) = self.wire.receive(TICK)?.into_iter().find(&wanted) {
                return Ok(line);
            }
        }
        Err(ErrorKind::TimedOut.into())
    }
}

impl Drop for Errand {
    /// Gives its token back: an account has ten, and those of many errands would push out that of its owner.
    fn drop(&mut self) {
        if self.welcome["type"] == "welcome" {
            let _ = self.ask(json!({"type": "logout"}));
        }
    }
}
