//! What a message costs a thread that receives it and does nothing else: no server with a thread for each client does it
//! for less, whatever it does with the message.

use crate::Result;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// As many as speak in thirty rooms, four in each.
const THREADS: usize = 120;
const MESSAGES: usize = 30_000;
/// A message of 64 characters in its TLS record.
const MESSAGE_BYTES: usize = 160;
/// One comes after the other, about as fast as they come there.
const PACE: Duration = Duration::from_micros(80);
/// How long a thread waits for the next message.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The CPU of a message, in microseconds. None where the system doesn't tell what a thread has used.
pub(crate) fn cpu_us_per_message() -> Result<Option<f64>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    thread::scope(|scope| {
        let (mut senders, mut receivers) = (Vec::new(), Vec::new());
        for _ in 0..THREADS {
            let sender = TcpStream::connect(listener.local_addr()?)?;
            sender.set_nodelay(true)?;
            senders.push(sender);
            let (receiver, _) = listener.accept()?;
            receiver.set_read_timeout(Some(SILENCE_MAX))?;
            receivers.push(scope.spawn(move || receive(receiver)));
        }
        let begun = Instant::now();
        for (count, index) in (0..THREADS).cycle().take(MESSAGES).enumerate() {
            senders[index].write_all(&[0; MESSAGE_BYTES])?;
            // Not asleep: nobody wakes after so short a time.
            while begun.elapsed() < PACE * (count + 1) as u32 {
                std::hint::spin_loop();
            }
        }
        drop(senders);
        let used = receivers.into_iter().map(|receiver| receiver.join().ok().flatten());
        let used: Option<Duration> = used.sum();
        Ok(used.map(|used| used.as_secs_f64() * 1e6 / MESSAGES as f64))
    })
}

/// Receives until the other side closes. What this thread has used for it.
fn receive(mut socket: TcpStream) -> Option<Duration> {
    let before = used()?;
    let mut buffer = [0; 1024];
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => break,
            Err(e) if e.kind() != ErrorKind::Interrupted => return None,
            _ => {}
        }
    }
    Some(used()? - before)
}

/// The CPU time of this thread so far.
fn used() -> Option<Duration> {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    schedstat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
