//! What is seen to now and then, however quiet the chat is.

use crate::server::state::{SUM_AFTER, Server, identity};
use std::sync::Arc;
use std::time::Instant;
use std::{io, thread};

/// Starts the thread that tells the sums of the audit log and looks at the certificate's age. It ends with the process.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(server: &Arc<Server>) -> io::Result<()> {
    let server = Arc::clone(server);
    let look_on = move || loop {
        identity::warn_if_due(&server.identity, &server.notices);
        server.audit.renew();
        server.audit.sum_up(Instant::now());
        thread::sleep(SUM_AFTER);
    };
    thread::Builder::new().name("caretaker".into()).spawn(look_on).map(drop)
}
