//! Who was there comes in pages. It is shown, or handed on, when all of them are here.

use super::Reader;
use crate::client::connection::{Answer, Asked, Show};
use crate::protocol::{Attendee, ErrorCode, Request};
use std::io::Write;

impl<W: Write> Reader<'_, W> {
    /// Takes a page, behind which `more` people come.
    pub(super) fn attendance(&mut self, asked: &Asked, page: Vec<Attendee<'static>>, more: usize) -> Answer {
        if matches!(&*asked.request, Request::Attendance { after: None, .. }) {
            self.people.clear();
        }
        let last = page.last().map(|person| person.username.to_string());
        self.people.extend(page);
        if let Some(last) = last.filter(|_| more > 0) {
            return Answer::Cut(last);
        }
        let people = std::mem::take(&mut self.people);
        if asked.wanted == Show::Nothing {
            return Answer::People(people);
        }
        self.renderer.attendance(&asked.request, &people, &mut self.shown);
        Answer::Done
    }
}

/// Whether what was refused is said again by itself: it came too fast, or the server reads on.
pub(super) fn is_said_again(code: ErrorCode, request: &Request) -> bool {
    let reads_on = matches!(request, Request::Attendance { .. }) && code == ErrorCode::TryLater;
    code == ErrorCode::RateLimited || reads_on
}
