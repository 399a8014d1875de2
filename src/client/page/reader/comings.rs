//! Who comes and goes: shown at once, with others, or not at all.

use super::Reader;
use crate::protocol::{Reason, ServerMessage};
use std::io::Write;
use std::time::{Duration, Instant};

impl<W: Write> Reader<'_, W> {
    /// Shows who came or went; not what of that was missed, but who is there now is told at the end of the replay.
    pub(super) fn presence(&mut self, message: &ServerMessage<'_>, seq: u64, who: (&str, Option<Reason>, &str)) {
        self.reach(seq);
        if self.seen.is_new(seq, false) && self.replay.is_none() && !self.is_ignored(who.0) {
            self.came_or_went(message, who);
            self.alerts.came(message, &self.session.me);
        }
        self.end_replay_at(seq);
    }

    /// Shows who came, or has `gone`, unless that isn't wanted: at once, or with others.
    fn came_or_went(&mut self, message: &ServerMessage<'_>, (name, gone, time): (&str, Option<Reason>, &str)) {
        self.renderer.names().add(name);
        if self.alerts.hides_presence() {
            return;
        }
        if name == self.session.me {
            self.tell_crowd();
            self.show_event(message, name);
            return;
        }
        if self.crowd.as_mut().is_none_or(|crowd| crowd.is_alone(name, gone, time, Instant::now())) {
            self.show_event(message, name);
        } else {
            self.log(message);
        }
    }

    /// Shows the crowd that waits, if one does.
    pub(super) fn tell_crowd(&mut self) {
        if let Some(crowd) = &mut self.crowd {
            self.renderer.crowd(crowd, &mut self.shown);
        }
    }

    /// How long the crowd that waits still does.
    pub(super) fn crowd_wait(&self) -> Option<Duration> {
        self.crowd.as_ref().and_then(|crowd| crowd.wait(Instant::now()))
    }
}
