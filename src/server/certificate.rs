//! The `certificate` thread: it looks whether the certificate ends soon.

use super::identity::warn_if_due;
use super::state::Server;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How often the certificate's age is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// Starts the thread that looks at the certificate's age. It ends with the process.
///
/// # Errors
/// The system has no thread to give.
pub(super) fn watch(server: &Arc<Server>) -> io::Result<()> {
    let server = Arc::clone(server);
    let look_on = move || loop {
        warn_if_due(&server.identity, &server.notices);
        thread::sleep(LOOK_EVERY);
    };
    thread::Builder::new().name("certificate".into()).spawn(look_on).map(drop)
}
