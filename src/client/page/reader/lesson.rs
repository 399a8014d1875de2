//! What happens in a lesson: where one speaks after it, and what is shown of it.

use super::Reader;
use crate::client::connection::{Answer, Asked};
use crate::client::page::about::About;
use crate::client::page::lesson;
use crate::protocol::{GENERAL, Reply, Request, ServerMessage};
use std::io::Write;

impl<W: Write> Reader<'_, W> {
    /// Takes note of an event and shows it, if it's new. One's own is the answer to its request.
    pub(super) fn lesson(&mut self, message: &ServerMessage<'_>) {
        let Some(about) = About::of(message) else { return };
        let asked = about.id.filter(|_| about.author == self.session.me).and_then(|id| self.session.asked(id));
        self.reach(about.seq);
        if self.seen.is_new(about.seq, asked.as_ref().is_some_and(|asked| asked.resent)) {
            self.event(message, whose(message, &about));
            self.note(message);
        }
        self.end_replay_at(about.seq);
        self.done(asked);
    }

    /// What was asked is done. Of a question it is said where it went, if that isn't to be seen.
    fn done(&mut self, asked: Option<Asked>) {
        let Some(asked) = asked else { return };
        if let Request::Ask { room, .. } = &*asked.request {
            lesson::own_question(&self.session.rooms, room.as_deref().unwrap_or(GENERAL), &mut self.shown);
        }
        self.answered = Some((asked.id, Answer::Done));
    }

    /// What it changes about rooms. Of what was missed the welcome has told already, but for where others have put one.
    fn note(&mut self, message: &ServerMessage<'_>) {
        let is_known = match message {
            ServerMessage::Entered { room, .. } => self.session.rooms.contains(room),
            _ => false,
        };
        let is_of_now = self.replay.is_none() || is_known;
        if is_of_now && self.session.rooms.note(message) {
            self.is_moved();
        }
        match message {
            ServerMessage::Entered { room, username, .. } if is_of_now && *username == *self.session.me => {
                self.want_company(room);
            }
            _ => {}
        }
        if let (Some(replay), ServerMessage::Announcement { .. } | ServerMessage::Question { .. }) =
            (&mut self.replay, message)
        {
            replay.said += 1;
        }
    }

    /// A question is shown with who asks it, where the next line tells that.
    pub(super) fn question(&mut self, next: Option<&ServerMessage<'static>>) -> bool {
        let Some(held) = self.held.take() else { return false };
        let seq = held.seq().unwrap_or_default();
        match next {
            Some(ServerMessage::Asked { question, from, .. }) if *question == seq && !self.seen.has(seq) => {
                self.reach(seq);
                // Both have their turn now; the second is shown with the first.
                if self.seen.is_new(seq, false) && !self.is_ignored(from) {
                    self.renderer.question(&held, from, &mut self.shown);
                    self.count(&held);
                    self.log(&held);
                    if *from != *self.session.me && self.replay.is_none() {
                        self.alerts.came(&held, &self.session.me);
                    }
                }
                true
            }
            _ => {
                self.lesson(&held);
                false
            }
        }
    }

    /// Who asked is told with the question: nothing more is shown of it.
    pub(super) fn asked(&mut self, message: &ServerMessage<'_>) {
        let Some(about) = About::of(message) else { return };
        let asked = about.id.filter(|_| about.author == self.session.me).and_then(|id| self.session.asked(id));
        self.reach(about.seq);
        self.seen.is_new(about.seq, asked.as_ref().is_some_and(|asked| asked.resent));
        self.end_replay_at(about.seq);
        self.done(asked);
    }

    /// Whoever makes a room is in it.
    pub(super) fn rooms_of(&self, request: &Request, reply: &Reply<'_>) {
        if matches!(request, Request::MakeRoom { .. }) {
            let rooms = reply.rooms.iter().flatten().filter(|info| info.member);
            rooms.for_each(|info| self.session.rooms.is_in(&info.room));
        }
    }

    /// Something was said in a room where one doesn't speak.
    pub(super) fn count(&self, message: &ServerMessage<'_>) {
        use ServerMessage::{Message, Poll, Question};
        let about = About::of(message).filter(|about| about.author != self.session.me);
        if let (Message { .. } | Question { .. } | Poll { .. }, Some(room)) =
            (message, about.and_then(|about| about.room))
        {
            self.session.rooms.came(room);
        }
    }
}

/// Whose words an event has, which are not shown where they are ignored. How a room is concerns everyone in it.
fn whose<'a>(message: &ServerMessage<'_>, about: &About<'a>) -> &'a str {
    match message {
        ServerMessage::Announcement { .. } | ServerMessage::Hand { .. } | ServerMessage::Asked { .. } => about.author,
        ServerMessage::Entered { username, .. } | ServerMessage::Exited { username, .. }
            if *username == *about.author =>
        {
            about.author
        }
        _ => "",
    }
}
