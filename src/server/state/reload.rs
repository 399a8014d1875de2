//! A reload: configuration, certificate and message of the day are read anew while everyone stays.
//!
//! SIGHUP and `/reload` ask for it. Configuration and certificate are taken together or not at all: whatever is broken is
//! told, and what held before goes on. A message of the day that can't be one is none, as at a start.

use super::identity::{InUse, warn_if_due};
use super::server::Server;
use super::systemd;
use crate::reason;
use crate::server::config::{Config, logging, motd};
use crate::sync::lock;
use std::thread;
use std::time::Duration;

/// What a program's first thread has on most systems: options are read there at the start.
const STACK_BYTES: usize = 8 * 1024 * 1024;

impl Server {
    /// Reads everything anew. Gives what an administrator should know about it, one sentence each.
    ///
    /// # Errors
    /// What is broken; then everything is as it was. The log and the administrators online have been told.
    pub(crate) fn reload(&self) -> Result<Vec<String>, String> {
        // Held to the end: of two at once, the later one reads later.
        let mut config = lock(&self.config);
        systemd::reloading();
        self.look_after_files();
        let taken = self.on_a_large_stack(&mut config);
        systemd::ready();
        let taken = taken.inspect_err(|why| {
            self.notices.tell_admins(format!("nothing was reloaded, all is as before: {why}"));
        })?;
        taken.iter().for_each(|sentence| log::info!("{sentence}"));
        Ok(taken)
    }

    /// A session's thread has a small stack, and reading options takes much.
    fn on_a_large_stack(&self, config: &mut Config) -> Result<Vec<String>, String> {
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("reload".into()).stack_size(STACK_BYTES);
            let reading = thread
                .spawn_scoped(scope, || self.take_anew(config))
                .map_err(|e| format!("no thread: {}", reason::of_thread(&e)))?;
            reading.join().unwrap_or_else(|_| Err("a fault of the server's own; the log says where".into()))
        })
    }

    fn take_anew(&self, config: &mut Config) -> Result<Vec<String>, String> {
        let new = config.load_again().map_err(|why| why.to_string().replace('\n', "; "))?;
        let live = &new.args.live;
        let identity = InUse::read(&self.folder)?;
        // As at a start: a mistake in it keeps nothing else from being taken.
        let motd = motd::read(live.motd.as_deref(), &self.folder.motd()).unwrap_or_else(|e| {
            self.notices.tell_admins(e);
            None
        });

        let mut taken = vec!["the configuration is read anew".to_owned()];
        let before = self.limits.capacity();
        self.limits.set(live);
        let capacity = self.limits.capacity();
        self.chat.delivery().set_couriers_max(capacity.budget.couriers);
        if capacity != before {
            taken.push(capacity.told());
        }
        taken.extend(capacity.too_much_asked());
        self.chat.delivery().set_slow_deadline(Duration::from_secs(live.slow_deadline));
        logging::set_level(live.log_level);
        if std::mem::replace(&mut *lock(&self.motd), motd.clone()) != motd {
            taken.push("the message of the day has changed".into());
        }
        let fingerprint = identity.certificate.fingerprint;
        if self.show(identity) {
            taken.push(format!("the certificate is another: {fingerprint}"));
        }
        if self.renew_certificate() {
            let fingerprint = lock(&self.identity).certificate.fingerprint;
            taken.push(format!("the certificate is made anew, for the same key: {fingerprint}"));
        }
        warn_if_due(&self.identity, &self.clock, &self.notices);
        let later = new.needs_restart(config);
        if !later.is_empty() {
            taken.push(format!("only the next start takes {}", later.join(", ")));
        }
        *config = new;
        Ok(taken)
    }
}
