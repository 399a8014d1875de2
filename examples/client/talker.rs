//! Somebody who speaks as fast as is asked, and hears it all: a bare TLS client.

use crate::room::PASSWORD;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How often it speaks.
const BEAT: Duration = Duration::from_millis(10);

/// A logged-in session.
pub(crate) struct Talker {
    tls: native_tls::TlsStream<TcpStream>,
}

impl Talker {
    /// Logs in at a server on this machine.
    pub(crate) fn join(address: &str, name: &str) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        let connector = native_tls::TlsConnector::builder()
            .danger_accept_invalid_certs(true)
            .danger_accept_invalid_hostnames(true)
            .build()
            .unwrap();
        let mut tls = connector.connect("localhost", socket).unwrap();
        let login = serde_json::json!({"type": "login", "protocol": 1, "username": name, "password": PASSWORD});
        tls.write_all(format!("{login}\n").as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let n = tls.read(&mut answer).unwrap();
        assert!(answer[..n].starts_with(br#"{"type":"welcome""#), "{}", String::from_utf8_lossy(&answer[..n]));
        tls.get_ref().set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        Self { tls }
    }

    /// Says `lines_per_second` for so many seconds; each line is its number and when it was said, in microseconds after
    /// `epoch`. Gives how long it took.
    pub(crate) fn talk(&mut self, epoch: Instant, lines_per_second: usize, seconds: usize) -> Duration {
        let start = Instant::now();
        let (mut said, all) = (0, lines_per_second * seconds);
        while said < all {
            let due = (start.elapsed().as_secs_f64() * lines_per_second as f64) as usize;
            let mut lines = String::new();
            while said < due.min(all) {
                let text = format!("{said} {} of the very best lines one can say", epoch.elapsed().as_micros());
                lines.push_str(&format!("{{\"type\":\"say\",\"text\":\"{text}\"}}\n"));
                said += 1;
            }
            self.tls.write_all(lines.as_bytes()).unwrap();
            self.hear();
            std::thread::sleep(BEAT);
        }
        start.elapsed()
    }

    /// Reads what has come.
    fn hear(&mut self) {
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match self.tls.read(&mut buffer) {
                Ok(0) => panic!("the server hung up"),
                Ok(_) => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return,
                Err(e) => panic!("{e}"),
            }
        }
    }
}
