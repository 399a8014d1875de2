//! What of a lesson ends by itself is ended in time, within a second.

use crate::server::requests::endings;
use crate::server::state::Server;
use std::sync::Arc;
use std::{io, thread};

/// The stack of its thread, which appends a few lines and writes a file now and then.
const STACK_BYTES: usize = 256 * 1024;

/// Starts the thread. It waits while nothing is to end, and ends with the process.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(server: &Arc<Server>) -> io::Result<()> {
    let server = Arc::clone(server);
    let look_on = move || {
        let (mut absences, mut seen) = Default::default();
        loop {
            let wait = endings::look(&server, &mut absences);
            server.lesson.wait(&mut seen, wait);
        }
    };
    thread::Builder::new().name("timers".into()).stack_size(STACK_BYTES).spawn(look_on).map(drop)
}
