//! What is shown of what the server sends: plain lines, safe for a terminal, as docs/plain.md describes them.

use super::about::About;
use super::clock::Clock;
use super::crowd::Crowd;
use super::layout::{CONTINUATION, Page, Speaker, YOU};
use super::missed::{Back, HISTORY_SHOWN_MAX, Missed};
use super::taken_back::{self, Shown};
use super::{lesson, presence, replies};
use crate::client::rooms::Rooms;
use crate::client::terminal::Names;
use crate::durations;
use crate::protocol::{Attendee, Format, Reply, Request, Role, ServerMessage, UserList, Welcome};
use crate::sanitize;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

/// How many lines of the server's greeting are shown.
const REMARK_LINES_MAX: usize = 50;

/// Turns messages of the server into lines.
#[derive(Debug)]
pub(crate) struct Renderer {
    me: String,
    clock: Clock,
    /// What was said last.
    said: Shown,
    /// Who came by.
    names: Arc<Names>,
    /// Where one is, and speaks.
    rooms: Arc<Rooms>,
}

impl Renderer {
    /// For the account whose rooms these are, with times in `zone`.
    pub(crate) fn new(rooms: Arc<Rooms>, zone: TimeZone) -> Self {
        let (me, said, names) = (rooms.me().to_owned(), Shown::default(), Arc::default());
        Self { me, clock: Clock::new(zone), said, names, rooms }
    }

    /// The names that come by, kept up to date.
    pub(crate) fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }

    /// Appends what is shown of the welcome.
    pub(super) fn welcome(&self, welcome: &Welcome<'_>, out: &mut Page) {
        let role = if welcome.role == Role::User { String::new() } else { format!(", {}", welcome.role.title()) };
        let me = presence::person(&welcome.username, welcome.name.as_deref());
        let _ = writeln!(out, "* you are {me}{role}; /help lists the commands");
        self.names.set_role(welcome.role);
        welcome.users.iter().for_each(|name| self.names.add(name));
        presence::online((&welcome.users, &welcome.names), &[], welcome.more, presence::List::Whole(None), out);
        if let Some(topic) = &welcome.topic {
            let _ = writeln!(out, "* topic: {}", sanitize::line(&topic.text));
        }
        if let Some(split) = &welcome.split {
            lesson::is_split(&self.clock, &self.rooms, welcome.role, split, out);
        }
        for own in welcome.rooms.iter().filter(|own| self.rooms.is_present(&own.room)) {
            lesson::standing(own, out);
        }
        lesson::own_rooms(&self.rooms.names(), out);
        if let Some(motd) = &welcome.motd {
            remark(motd, out);
        }
    }

    /// Appends that the client has come back, after what was `said` meanwhile is shown; `whole` if that is all of it.
    pub(super) fn back(&self, back: &Back, said: usize, whole: bool, out: &mut Page) {
        let missed = match said {
            0 if whole && !back.gap => "; nothing was missed".into(),
            0 => String::new(),
            1 => "; 1 missed message is above".into(),
            _ => format!("; {said} missed messages are above"),
        };
        let lost = if back.gap { "; older ones are no longer kept" } else { "" };
        let _ = writeln!(out, "* back after {}{missed}{lost}; {} online", durations::lasted(back.gone), back.online);
    }

    /// Appends what is said of what was missed, after it is shown.
    pub(super) fn missed(&self, missed: &Missed, out: &mut Page) {
        let shown = missed.events.len();
        if shown == 0 {
            return;
        }
        let are = if shown == 1 { "message is" } else { "messages are" };
        let _ = write!(out, "* {shown} missed {are} above");
        let all = missed.more.saturating_add(shown as u64).min(HISTORY_SHOWN_MAX as u64);
        let _ = match missed.more {
            0 => writeln!(out),
            more => writeln!(out, ", {more} more before them: /history {all} shows them"),
        };
    }

    /// Appends that somebody to whom one has whispered is not there.
    pub(super) fn waits(&self, to: &str, out: &mut Page) {
        let _ = writeln!(out, "* {} is not online, and will see that at the next login", sanitize::line(to));
    }

    /// Appends a stretch of what was said, each with its number.
    pub(super) fn history(&self, events: &[ServerMessage<'_>], out: &mut Page) {
        self.events(events, out);
        let _ = match events.len() {
            0 => writeln!(out, "* nothing was said yet that you may see"),
            1 => writeln!(out, "* this was the last message"),
            n => writeln!(out, "* these were the last {n} messages"),
        };
    }

    /// Appends some events with their numbers; a question with who asks it, where that is known.
    fn events(&self, events: &[ServerMessage<'_>], out: &mut Page) {
        let mut rest = events;
        while let [event, more @ ..] = rest {
            rest = more;
            out.number(event.seq());
            match (event.seq(), more.first()) {
                (Some(seq), Some(ServerMessage::Asked { question, from, .. })) if *question == seq => {
                    rest = &more[1..];
                    self.question(event, from, out);
                }
                _ => self.event(event, out),
            }
        }
        out.number(None);
    }

    /// Appends a question with who asks it.
    pub(super) fn question(&self, question: &ServerMessage<'_>, from: &str, out: &mut Page) {
        let ServerMessage::Question { time, room, text, .. } = question else { return };
        self.clock.new_day(time, out);
        self.mark(question, Some(room), out);
        out.said(&self.clock.time(time), Speaker::Asks(Some(&self.party(from))), text);
        out.in_room(None);
    }

    /// What is appended from now on is of an event in this room.
    fn mark(&self, message: &ServerMessage<'_>, room: Option<&str>, out: &mut Page) {
        let room = lesson::mark(&self.rooms, message, room);
        out.in_room(room.map(sanitize::line).as_deref());
    }

    /// Appends what is shown of an event; nothing for what isn't one.
    pub(super) fn event(&self, message: &ServerMessage<'_>, out: &mut Page) {
        self.said.note(message);
        let about = About::of(message);
        if let Some(about) = about.filter(|about| about.room.is_some()) {
            self.clock.new_day(about.time, out);
            self.mark(message, about.room, out);
        }
        self.lines(message, out);
        out.in_room(None);
    }

    fn lines(&self, message: &ServerMessage<'_>, out: &mut Page) {
        if let Some(line) = taken_back::in_its_place(&self.clock, &self.me, message) {
            let _ = writeln!(out, "* {line}");
            return;
        }
        match message {
            ServerMessage::Removed { event, from, time, .. } => {
                let _ = writeln!(out, "* {}", self.said.told(&self.clock, &self.me, (*event, from, time)));
            }
            ServerMessage::Message { time, from, text, action: true, .. } => {
                self.names.add(from);
                out.said(&self.clock.time(time), Speaker::Acts(&sanitize::line(from)), text);
            }
            ServerMessage::Message {
                seq, time, from, text, format: Some(Format::Code), lang, removed: false, ..
            } => {
                self.names.add(from);
                self.clock.new_day(time, out);
                let speaker = Speaker::Room(&sanitize::line(from));
                out.code(&self.clock.time(time), speaker, (*seq, lang.as_deref()), text);
            }
            ServerMessage::Message { time, from, text, .. } => {
                self.names.add(from);
                out.said(&self.clock.time(time), Speaker::Room(&sanitize::line(from)), text);
            }
            ServerMessage::Whisper {
                seq,
                time,
                from,
                to,
                text,
                format: Some(Format::Code),
                lang,
                removed: false,
                ..
            } => {
                self.names.add(from);
                self.clock.new_day(time, out);
                let speaker = Speaker::Whisper(&self.party(from), &self.party(to));
                out.code(&self.clock.time(time), speaker, (*seq, lang.as_deref()), text);
            }
            ServerMessage::Whisper { time, from, to, text, .. } => {
                self.names.add(from);
                self.clock.new_day(time, out);
                out.said(&self.clock.time(time), Speaker::Whisper(&self.party(from), &self.party(to)), text);
            }
            ServerMessage::Notice { time, text } => {
                let _ = writeln!(out, "[{}] * the server says: {}", self.clock.time(time), sanitize::line(text));
            }
            ServerMessage::Role { role } => {
                let before = self.names.role();
                self.names.set_role(*role);
                let _ = match role {
                    Role::User if before.is_staff() => writeln!(out, "* you are no longer {}", before.title()),
                    _ => writeln!(out, "* you are {} now; /help lists the commands", role.title()),
                };
            }
            ServerMessage::Joined { time, username, name, .. } => {
                self.names.add(username);
                self.clock.new_day(time, out);
                let _ = writeln!(out, "* {} joined", presence::person(username, name.as_deref()));
            }
            ServerMessage::Left { time, username, reason, .. } => {
                self.clock.new_day(time, out);
                let _ = writeln!(out, "* {} left ({})", sanitize::line(username), presence::reason_name(*reason));
            }
            ServerMessage::Topic { from, text, .. } if text.is_empty() => {
                let _ = writeln!(out, "* {} removed the topic", sanitize::line(from));
            }
            ServerMessage::Topic { from, text, .. } => {
                let _ = writeln!(out, "* {} set the topic: {}", sanitize::line(from), sanitize::line(text));
            }
            ServerMessage::Away(away) => {
                let _ = writeln!(out, "* {} {}", sanitize::line(&away.username), presence::away(&self.clock, away));
            }
            ServerMessage::Asked { room, question, from, .. }
                if !self.said.has(*question) && !self.rooms.contains(room) =>
            {
                lesson::asked_elsewhere(room, from, out);
            }
            ServerMessage::Announcement { time, from, .. } => {
                self.names.add(from);
                self.clock.new_day(time, out);
                lesson::event(&self.clock, &self.rooms, message, out);
            }
            _ => lesson::event(&self.clock, &self.rooms, message, out),
        }
    }

    /// Takes note of how a room is now: for lines that stand by themselves.
    pub(super) fn note_state(&self, message: &ServerMessage<'_>) {
        self.rooms.note_state(message);
    }

    /// Appends who has come and gone together.
    pub(super) fn crowd(&self, crowd: &mut Crowd, out: &mut Page) {
        if let Some(time) = crowd.time() {
            self.clock.new_day(time, out);
        }
        for line in crowd.lines() {
            let _ = writeln!(out, "{line}");
        }
    }

    /// Appends who was there, as all replies to `request` have it.
    pub(super) fn attendance(&self, request: &Request, people: &[Attendee<'_>], out: &mut Page) {
        people.iter().for_each(|person| self.names.add(&person.username));
        replies::attendance(&self.clock, request, people, out);
    }

    /// Appends what is shown of the reply to `request`.
    pub(super) fn reply(&self, request: &Request, reply: &Reply<'_>, out: &mut Page) {
        match (request, &reply.users) {
            (Request::Who { .. }, Some(UserList::Names(names))) => names.iter().for_each(|name| self.names.add(name)),
            (Request::ListUsers { .. }, Some(UserList::Accounts(accounts))) => {
                accounts.iter().for_each(|account| self.names.add(&account.username));
            }
            _ => {}
        }
        for room in reply.rooms.iter().flatten() {
            self.rooms.hear_of(&room.room);
        }
        replies::reply(&self.clock, (self.names.role(), &self.rooms), request, reply, out);
        if matches!(request, Request::Code) && self.names.role() > Role::Display {
            let _ = writeln!(
                out,
                "* /code python (or another language) begins code that you send, /code x.py sends a file's"
            );
        }
    }

    /// The next event begins no new day.
    pub(super) fn forget_day(&self) {
        self.clock.forget_day();
    }

    /// Appends that one is no longer away.
    pub(super) fn is_back(&self, out: &mut Page) {
        let _ = writeln!(out, "* you are back");
    }

    fn party<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if name == self.me { YOU.into() } else { sanitize::line(name) }
    }
}

/// What the server's owner has to say, to the end of its last line.
fn remark(text: &str, out: &mut Page) {
    for (index, line) in sanitize::lines(text, REMARK_LINES_MAX).enumerate() {
        let _ = writeln!(out, "{}{line}", if index == 0 { "* " } else { CONTINUATION });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::terminal::Look;
    use std::time::Duration;

    fn ada(zone: TimeZone) -> Renderer {
        Renderer::new(Arc::new(Rooms::new("ada", true)), zone)
    }

    fn plain() -> Page {
        Page::new(Look::Plain, "ada")
    }

    /// What ada sees, five and a half hours east of Greenwich.
    fn shown(json: &str) -> String {
        let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds((5 * 60 + 30) * 60).unwrap());
        let renderer = ada(zone);
        renderer.forget_day();
        let mut out = plain();
        match serde_json::from_str(json).unwrap() {
            ServerMessage::Welcome(welcome) => renderer.welcome(&welcome, &mut out),
            message => renderer.event(&message, &mut out),
        }
        out.take()
    }

    #[test]
    fn events() {
        let message = |text| {
            format!(
                r#"{{"type":"message","seq":1,"time":"2026-11-23T12:00:00.123Z","from":"bob","room":"general","text":"{text}"}}"#
            )
        };
        assert_eq!(shown(&message("hi")), "[17:30] bob: hi\n");
        assert_eq!(
            shown(&message(r"a\n[17:31] eve: b\n\nc")),
            "[17:30] bob: a\n      | [17:31] eve: b\n      | \n      | c\n"
        );
        assert_eq!(shown(&message(r"\u001b[2J\r")), "[17:30] bob: ␛[2J\n");
        assert_eq!(shown(&message(&r"\n".repeat(4000))).lines().count(), 50);

        let whisper = |from, to| {
            format!(
                r#"{{"type":"whisper","seq":1,"time":"2026-11-23T23:59:59Z","from":"{from}","to":"{to}","text":"psst"}}"#
            )
        };
        assert_eq!(shown(&whisper("bob", "ada")), "[05:29] bob -> you (whisper): psst\n");
        assert_eq!(shown(&whisper("ada", "bob")), "[05:29] you -> bob (whisper): psst\n");
        assert_eq!(shown(&whisper("ada", "ada")), "[05:29] you -> you (whisper): psst\n");

        assert_eq!(shown(r#"{"type":"joined","seq":1,"time":"x","username":"bob"}"#), "* bob joined\n");
        let left = |reason| format!(r#"{{"type":"left","seq":1,"time":"x","username":"bob","reason":"{reason}"}}"#);
        assert_eq!(shown(&left("timeout")), "* bob left (timeout)\n");
        assert_eq!(shown(&left("abducted")), "* bob left (gone)\n");
        assert_eq!(
            shown(r#"{"type":"notice","time":"2026-11-23T12:00:00.123Z","text":"the disk is full\n"}"#),
            "[17:30] * the server says: the disk is full␊\n"
        );
        let action =
            r#"{"type":"message","seq":1,"time":"x","from":"bob","room":"general","text":"waves","action":true}"#;
        assert_eq!(shown(action), "[--:--] * bob waves\n");
        let topic = |text| format!(r#"{{"type":"topic","seq":1,"time":"x","from":"bob","text":"{text}"}}"#);
        assert_eq!(shown(&topic("fractions")), "* bob set the topic: fractions\n");
        assert_eq!(shown(&topic("")), "* bob removed the topic\n");
        let away =
            |text| format!(r#"{{"type":"away","username":"bob","text":"{text}","since":"2026-11-23T12:00:00Z"}}"#);
        assert_eq!(shown(&away("lunch")), "* bob is away since 2026-11-23 17:30: lunch\n");
        assert_eq!(shown(&away("")), "* bob is away since 2026-11-23 17:30\n");
        assert_eq!(shown(r#"{"type":"pong"}"#), "");
    }

    #[test]
    fn another_day_is_said() {
        let renderer = ada(TimeZone::UTC);
        let mut out = plain();
        for time in ["2026-11-22T23:59:59Z", "2026-11-23T00:00:00Z", "2026-11-23T00:00:01Z", "x"] {
            let message =
                format!(r#"{{"type":"message","seq":1,"time":"{time}","from":"bob","room":"general","text":"x"}}"#);
            renderer.event(&serde_json::from_str(&message).unwrap(), &mut out);
        }
        let expected = "* it is Sunday, 2026-11-22\n[23:59] bob: x\n* it is Monday, 2026-11-23\n\
                        [00:00] bob: x\n[00:00] bob: x\n[--:--] bob: x\n";
        assert_eq!(out.take(), expected);
    }

    #[test]
    fn the_way_back() {
        let renderer = ada(TimeZone::UTC);
        for (seconds, gap, said, whole, expected) in [
            (12, false, 3, true, "* back after 12 s; 3 missed messages are above; 4 online\n"),
            (0, false, 1, false, "* back after 0 s; 1 missed message is above; 4 online\n"),
            (60, false, 0, true, "* back after 1 min; nothing was missed; 4 online\n"),
            (7_260, false, 0, false, "* back after 2 h 1 min; 4 online\n"),
            (
                59,
                true,
                2,
                true,
                "* back after 59 s; 2 missed messages are above; older ones are no longer kept; 4 online\n",
            ),
        ] {
            let mut out = plain();
            let back = Back { gone: Duration::from_secs(seconds), online: 4, gap };
            renderer.back(&back, said, whole, &mut out);
            assert_eq!(out.take(), expected);
        }
    }

    #[test]
    fn a_time_that_is_none() {
        let message = r#"{"type":"message","seq":1,"time":"\u001b[2J","from":"b\nb","room":"general","text":"hi"}"#;
        assert_eq!(shown(message), "[--:--] b␊b: hi\n");
    }

    #[test]
    fn the_welcome() {
        let welcome = |role, more| {
            format!(
                r#"{{"type":"welcome","protocol":1,"server":"s","username":"ada","role":"{role}","token":"t","seq":1,"users":["ada","bob"],"more":{more},"must_change_password":false}}"#
            )
        };
        assert_eq!(shown(&welcome("user", 0)), "* you are ada; /help lists the commands\n* 2 online: ada, bob\n");
        assert_eq!(
            shown(&welcome("admin", 5)),
            "* you are ada, an administrator; /help lists the commands\n* 7 online: ada, bob\n"
        );
    }
}
