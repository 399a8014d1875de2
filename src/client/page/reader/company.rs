//! Who else is in one's group of a class that is split: asked once one is there, and shown.

use super::Reader;
use crate::client::connection::Wire;
use crate::client::page::{lesson, presence};
use crate::protocol::{Reply, UserList};
use std::io::Write;

impl<W: Write> Reader<'_, W> {
    /// Shows that one speaks in another room now, though one didn't choose it. If that is a group, the others there come next.
    pub(super) fn is_moved(&mut self) {
        lesson::moved(&self.session.rooms, &mut self.shown);
        self.want_company(&self.session.rooms.present());
    }

    /// One is in a room: if that is a group, a person is to be told with whom.
    pub(super) fn want_company(&mut self, room: &str) {
        if self.session.rooms.is_moved_to(room) {
            self.company.want(room);
        }
    }

    /// Asks, once what was missed is shown.
    pub(super) fn ask_for_company(&mut self, wire: &Wire) {
        if self.replay.is_none() {
            self.company.ask(|| self.session.new_id()).into_iter().for_each(|line| wire.offer(&line));
        }
    }

    /// Shows it, if that is what a reply says.
    pub(super) fn company_came(&mut self, reply: &Reply<'_>) -> bool {
        let Some(room) = self.company.answered(reply.id.as_deref()) else { return false };
        if let Some(UserList::Names(names)) = &reply.users {
            names.iter().for_each(|name| self.renderer.names().add(name));
        }
        presence::company(&self.session.me, &room, reply, &mut self.shown);
        true
    }
}
