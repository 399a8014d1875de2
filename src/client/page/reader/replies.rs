//! What the server answers to what was asked.

use super::Reader;
use super::lines::said_text;
use crate::client::connection::{Answer, Show};
use crate::protocol::{HISTORY_EVENTS_DEFAULT, Reply, Request, UserList};
use std::io::Write;
use std::sync::Arc;

impl<W: Write> Reader<'_, W> {
    /// Shows a reply, or hands it to whoever asked.
    pub(super) fn reply(&mut self, mut reply: Reply<'static>) {
        if self.company_came(&reply) {
            return;
        }
        let Some(asked) = reply.id.as_deref().and_then(|id| self.session.asked(id)) else { return };
        let answer = match (&*asked.request, asked.wanted) {
            (Request::History { .. }, Show::Text(seq)) => {
                let found = reply.events.iter().flatten().find(|event| event.seq() == Some(seq));
                Answer::Text(found.and_then(said_text).map(str::to_owned))
            }
            (Request::History { before, limit, .. }, wanted) => {
                let wanted = if let Show::Events(wanted) = wanted { wanted } else { 0 };
                let events = reply.events.take().unwrap_or_default();
                let limit = limit.unwrap_or(HISTORY_EVENTS_DEFAULT);
                // A server that doesn't go on would be asked for ever.
                let next = reply.next.filter(|&next| before.is_none_or(|before| next < before));
                self.page(events, (reply.more, next), before.is_some(), limit, wanted)
            }
            (Request::Attendance { .. }, _) => {
                self.attendance(&asked, reply.people.take().unwrap_or_default(), reply.more)
            }
            (request, _) => {
                if asked.wanted == Show::Nothing {
                    self.answered = Some((asked.id, Answer::Given(Arc::new(reply))));
                    return;
                }
                if let Request::Remove { event } = request {
                    self.session.people.took_back(*event);
                }
                self.renderer.reply(request, &reply, &mut self.shown);
                self.rooms_of(request, &reply);
                if let Request::Away { text } = request {
                    self.session.people.set_away(text.is_some());
                }
                if matches!(request, Request::Shutdown) {
                    self.session.set_leaving();
                }
                let last = match &reply.users {
                    Some(UserList::Names(names)) => names.last(),
                    Some(UserList::Accounts(accounts)) => accounts.last().map(|account| &account.username),
                    None => None,
                };
                last.filter(|_| reply.more > 0).map_or(Answer::Done, |last| Answer::Cut(last.to_string()))
            }
        };
        self.answered = Some((asked.id, answer));
    }
}
