//! What is seen to now and then, however quiet the chat is.

use crate::server::clock::LOOK_AFTER;
use crate::server::config::Trouble;
use crate::server::requests::{class_door, split};
use crate::server::state::{Renewals, SUM_AFTER, Server, identity};
use std::sync::Arc;
use std::time::Instant;
use std::{io, thread};

/// Starts the thread that looks whether the clock was set, at the certificate's age and at the files, and tells the sums of
/// the audit log. It ends with the process.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(server: &Arc<Server>) -> io::Result<()> {
    let server = Arc::clone(server);
    let mut trouble = Trouble::with("clock.json", server.notices.clone());
    let mut renewals = Renewals::default();
    let look_on = move || loop {
        identity::warn_if_due(&server.identity, &server.clock, &server.notices);
        server.audit.sum_up(Instant::now());
        server.look_after_files();
        let next = Instant::now() + SUM_AFTER;
        while Instant::now() < next {
            look_at_clock(&server, &mut trouble);
            class_door::look(&server);
            split::look(&server);
            server.look_at_seats(Instant::now());
            server.mirror.get().inspect(|mirror| mirror.look());
            renewals.look(Instant::now(), || server.renew_certificate());
            thread::sleep(LOOK_AFTER);
        }
    };
    thread::Builder::new().name("caretaker".into()).spawn(look_on).map(drop)
}

/// Looks after the clock, and tells what there is to be told of it.
fn look_at_clock(server: &Server, trouble: &mut Trouble) {
    let saved = server.clock.save_if_due();
    trouble.note(saved.err().as_ref(), ", so a start with a wrong clock may count an hour twice or not at all");
    if let Some(news) = server.clock.news() {
        server.notices.tell_admins(news);
    }
}
