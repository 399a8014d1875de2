//! What was said before, in as many pages as it comes in.

use super::{Reader, speaker};
use crate::client::connection::Answer;
use crate::protocol::ServerMessage;
use std::io::Write;

impl<W: Write> Reader<'_, W> {
    /// A page of the history, before those that came already if it `continues` them. All is shown when it's here. How
    /// many more there are, and from where the server goes on if it has only looked so far.
    pub(super) fn page(
        &mut self,
        mut events: Vec<ServerMessage<'static>>,
        (more, next): (usize, Option<u64>),
        continues: bool,
        limit: usize,
        wanted: usize,
    ) -> Answer {
        events.truncate(limit);
        let (found, first) = (events.len(), events.first().and_then(ServerMessage::seq));
        if continues {
            events.append(&mut self.history);
        }
        self.history = events;
        let left = wanted.saturating_sub(found);
        match next.or(first.filter(|_| more > 0 || found == limit)) {
            Some(place) if left > 0 => Answer::Page(place, left),
            _ => {
                let mut history = std::mem::take(&mut self.history);
                history.retain(|event| !self.is_ignored(speaker(event)));
                history.iter().for_each(|event| self.session.people.happened(event, &self.session.me));
                self.renderer.history(&history, &mut self.shown);
                Answer::Done
            }
        }
    }
}
