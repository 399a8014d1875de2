//! Connections to the metrics that say nothing, and a collector who wants to know.

use super::strangers::Crowd;
use crate::town::Town;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

pub(crate) const ROW: &str = "silent collectors";
const CROWD: usize = 10;
const EVERY: Duration = Duration::from_millis(500);
/// How soon an honest one has the page: a request has 2 s, and the rest is for a busy machine.
const SERVED_WITHIN: Duration = Duration::from_secs(5);

pub(crate) fn silent(town: &Town) {
    let mut crowd = Crowd::default();
    town.rounds(ROW, EVERY, |_| {
        let new = crowd.fill(CROWD, || TcpStream::connect(town.metrics).ok());
        town.judge.add(ROW, "connections", new);
        Ok(())
    });
}

pub(crate) fn collect(town: &Town) {
    town.rounds(ROW, EVERY, |_| {
        let start = Instant::now();
        let mut socket = TcpStream::connect(town.metrics)?;
        socket.set_read_timeout(Some(SERVED_WITHIN))?;
        socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")?;
        let mut page = String::new();
        let read = socket.read_to_string(&mut page);
        town.judge.took(ROW, "a page took", start.elapsed());
        if read.is_err() || !page.contains("homeroom_sessions") {
            let passed = start.elapsed();
            town.judge.violation(ROW, format!("a collector had no page after {passed:.1?}"));
        }
        Ok(())
    });
}
