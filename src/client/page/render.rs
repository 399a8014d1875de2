//! What is shown of what the server sends: plain lines, safe for a terminal, as docs/plain.md describes them.

use super::layout::{CONTINUATION, Page, Speaker, YOU};
use super::missed::{Back, HISTORY_SHOWN_MAX, Missed};
use super::status;
use crate::client::terminal::Names;
use crate::client::terminal::known;
use crate::protocol::{
    AccountInfo, AwayInfo, CommandHelp, Reason, Reply, Request, Role, ServerMessage, TopicInfo, UserList, Welcome,
    Whois,
};
use crate::sanitize;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// How many lines of the server's greeting are shown.
const REMARK_LINES_MAX: usize = 50;

/// Turns messages of the server into lines.
#[derive(Debug)]
pub(crate) struct Renderer {
    me: String,
    zone: TimeZone,
    /// The day of what was shown last; None: whatever day comes first.
    day: Cell<Option<Date>>,
    /// Who came by.
    names: Arc<Names>,
}

impl Renderer {
    /// For the account `me`, with times in `zone`.
    pub(crate) fn new(me: &str, zone: TimeZone) -> Self {
        let day = Cell::new(Some(zone.to_datetime(Timestamp::now()).date()));
        Self { me: me.to_owned(), zone, day, names: Arc::default() }
    }

    /// The names that come by, kept up to date.
    pub(crate) fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names)
    }

    /// Appends what is shown of the welcome.
    pub(crate) fn welcome(&self, welcome: &Welcome<'_>, out: &mut Page) {
        let role = if welcome.role == Role::Admin { ", an administrator" } else { "" };
        let _ = writeln!(out, "* you are {}{role}; /help lists the commands", sanitize::line(&welcome.username));
        welcome.users.iter().for_each(|name| self.names.add(name));
        online(&welcome.users, &[], welcome.more, false, out);
        if let Some(topic) = &welcome.topic {
            let _ = writeln!(out, "* topic: {}", sanitize::line(&topic.text));
        }
        if let Some(motd) = &welcome.motd {
            remark(motd, out);
        }
    }

    /// Appends that the client has come back, after what was `said` meanwhile is shown; `whole` if that is all of it.
    pub(crate) fn back(&self, back: &Back, said: usize, whole: bool, out: &mut Page) {
        let missed = match said {
            0 if whole && !back.gap => "; nothing was missed".into(),
            0 => String::new(),
            1 => "; 1 missed message is above".into(),
            _ => format!("; {said} missed messages are above"),
        };
        let lost = if back.gap { "; older ones are no longer kept" } else { "" };
        let _ = writeln!(out, "* back after {}{missed}{lost}; {} online", length(back.gone), back.online);
    }

    /// Appends what is said of what was missed, after it is shown.
    pub(crate) fn missed(&self, missed: &Missed, out: &mut Page) {
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
    pub(crate) fn waits(&self, to: &str, out: &mut Page) {
        let _ = writeln!(out, "* {} is not online, and will see that at the next login", sanitize::line(to));
    }

    /// Appends a stretch of what was said.
    pub(crate) fn history(&self, events: &[ServerMessage<'_>], out: &mut Page) {
        events.iter().for_each(|event| self.event(event, out));
        let _ = match events.len() {
            0 => writeln!(out, "* nothing was said yet that you may see"),
            1 => writeln!(out, "* this was the last message"),
            n => writeln!(out, "* these were the last {n} messages"),
        };
    }

    /// Appends what is shown of an event; nothing for what isn't one.
    pub(crate) fn event(&self, message: &ServerMessage<'_>, out: &mut Page) {
        match message {
            ServerMessage::Message { time, from, text, action: true, .. } => {
                self.names.add(from);
                self.new_day(time, out);
                out.said(&self.time(time), Speaker::Acts(&sanitize::line(from)), text);
            }
            ServerMessage::Message { time, from, text, .. } => {
                self.names.add(from);
                self.new_day(time, out);
                out.said(&self.time(time), Speaker::Room(&sanitize::line(from)), text);
            }
            ServerMessage::Whisper { time, from, to, text, .. } => {
                self.names.add(from);
                self.new_day(time, out);
                out.said(&self.time(time), Speaker::Whisper(&self.party(from), &self.party(to)), text);
            }
            ServerMessage::Notice { time, text } => {
                let _ = writeln!(out, "[{}] * the server says: {}", self.time(time), sanitize::line(text));
            }
            ServerMessage::Joined { time, username, .. } => {
                self.names.add(username);
                self.new_day(time, out);
                let _ = writeln!(out, "* {} joined", sanitize::line(username));
            }
            ServerMessage::Left { time, username, reason, .. } => {
                self.new_day(time, out);
                let _ = writeln!(out, "* {} left ({})", sanitize::line(username), reason_name(*reason));
            }
            ServerMessage::Topic { from, text, .. } if text.is_empty() => {
                let _ = writeln!(out, "* {} removed the topic", sanitize::line(from));
            }
            ServerMessage::Topic { from, text, .. } => {
                let _ = writeln!(out, "* {} set the topic: {}", sanitize::line(from), sanitize::line(text));
            }
            ServerMessage::Away(away) => {
                let _ = writeln!(out, "* {} {}", sanitize::line(&away.username), self.away(away));
            }
            _ => {}
        }
    }

    /// Appends what is shown of the reply to `request`.
    pub(crate) fn reply(&self, request: &Request, reply: &Reply<'_>, out: &mut Page) {
        match (request, &reply.users) {
            (Request::Who { after }, Some(UserList::Names(names))) => {
                names.iter().for_each(|name| self.names.add(name));
                online(names, &reply.away, reply.more, after.is_some(), out);
            }
            (Request::ListUsers { .. }, Some(UserList::Accounts(accounts))) => {
                accounts.iter().for_each(|account| self.names.add(&account.username));
                table(accounts, out);
            }
            _ => {}
        }
        if matches!(request, Request::Topic { .. }) {
            self.topic(reply.topic.as_ref(), out);
        }
        if let Some(whois) = &reply.whois {
            self.whois(whois, out);
        }
        if let Some(commands) = &reply.commands {
            help(commands, out);
        }
        if let Some(status) = &reply.status {
            for line in status::words(status) {
                let _ = writeln!(out, "* {line}");
            }
        }
        for sentence in reply.report.iter().flatten() {
            let _ = writeln!(out, "* {}", sanitize::line(sentence));
        }
        if let Some(done) = done(request) {
            let _ = write!(out, "* {done}");
            if let Some(password) = &reply.password {
                let _ = write!(out, ", with the one-time password {}", sanitize::line(password.expose()));
            }
            let _ = writeln!(out);
        }
    }

    /// Appends that one is no longer away.
    pub(crate) fn is_back(&self, out: &mut Page) {
        let _ = writeln!(out, "* you are back");
    }

    /// The next event begins no new day.
    pub(crate) fn forget_day(&self) {
        self.day.set(None);
    }

    /// Appends a line with the day, if it isn't that of what was shown last.
    fn new_day(&self, time: &str, out: &mut Page) {
        let Ok(timestamp) = time.parse::<Timestamp>() else { return };
        let day = self.zone.to_datetime(timestamp).date();
        if self.day.replace(Some(day)).is_some_and(|before| before != day) {
            let _ = writeln!(out, "* it is {}", day.strftime("%A, %Y-%m-%d"));
        }
    }

    /// The time of day here.
    fn time(&self, time: &str) -> Cow<'static, str> {
        match time.parse::<Timestamp>() {
            Ok(timestamp) => {
                let here = self.zone.to_datetime(timestamp);
                format!("{:02}:{:02}", here.hour(), here.minute()).into()
            }
            Err(_) => "--:--".into(),
        }
    }

    /// Day and time of day here.
    fn moment(&self, time: &str) -> String {
        let here = time.parse::<Timestamp>().map(|timestamp| self.zone.to_datetime(timestamp));
        here.map_or_else(|_| "an unknown time".into(), |here| here.strftime("%Y-%m-%d %H:%M").to_string())
    }

    fn away(&self, away: &AwayInfo<'_>) -> String {
        let since = self.moment(&away.since);
        match &*away.text {
            "" => format!("is away since {since}"),
            text => format!("is away since {since}: {}", sanitize::line(text)),
        }
    }

    fn topic(&self, topic: Option<&TopicInfo<'_>>, out: &mut Page) {
        let _ = match topic {
            None => writeln!(out, "* there is no topic"),
            Some(TopicInfo { text, by, time }) => {
                let (text, by) = (sanitize::line(text), sanitize::line(by));
                writeln!(out, "* topic: {text} (set by {by}, {})", self.moment(time))
            }
        };
    }

    fn whois(&self, whois: &Whois<'_>, out: &mut Page) {
        let name = sanitize::line(&whois.username);
        let role = if whois.role == Role::Admin { "an administrator" } else { "a user" };
        let _ = write!(out, "* {name} is {role}, ");
        match &whois.since {
            None => {
                let _ = write!(out, "not online");
            }
            Some(since) => {
                let _ = write!(out, "online since {}", self.moment(since));
            }
        }
        if whois.sessions > 1 {
            let _ = write!(out, " with {} sessions", whois.sessions);
        }
        if let Some(seconds) = whois.idle_seconds {
            let _ = write!(out, ", idle for {}", duration(seconds));
        }
        let _ = writeln!(out);
        if let Some(away) = &whois.away {
            let _ = writeln!(out, "* {name} {}", self.away(away));
        }
    }

    fn party<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if name == self.me { YOU.into() } else { sanitize::line(name) }
    }
}

/// A length of time, for people.
fn length(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ ..3600 => format!("{} min", seconds / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// What a request has done, where the answer itself doesn't show it.
fn done(request: &Request) -> Option<String> {
    let (username, what) = match request {
        Request::AddUser { username, .. } => (username, "is added"),
        Request::LogoutUser { username } => (username, "is logged out"),
        Request::Ban { username } => (username, "is banned"),
        Request::Unban { username } => (username, "is no longer banned"),
        Request::Mute { username, minutes: None } => (username, "is muted"),
        Request::Mute { username, minutes: Some(minutes) } => {
            return Some(format!("{} is muted for {minutes} min", sanitize::line(username)));
        }
        Request::Unmute { username } => (username, "is no longer muted"),
        Request::ResetPassword { username } => (username, "begins again"),
        Request::DeleteUser { username } => (username, "is deleted"),
        Request::Promote { username } => (username, "is an administrator now"),
        Request::Demote { username } => (username, "is no longer an administrator"),
        Request::Away { text: Some(_) } => {
            return Some("you are away; whoever whispers to you is told, and speaking ends it".into());
        }
        Request::Away { text: None } => return Some("you are back".into()),
        Request::Passwd { .. } => return Some("your password is changed".into()),
        Request::Shutdown => return Some("the server shuts down".into()),
        _ => return None,
    };
    Some(format!("{} {what}", sanitize::line(username)))
}

/// What the server's owner has to say, to the end of its last line.
fn remark(text: &str, out: &mut Page) {
    for (index, line) in sanitize::lines(text, REMARK_LINES_MAX).enumerate() {
        let _ = writeln!(out, "{}{line}", if index == 0 { "* " } else { CONTINUATION });
    }
}

/// A length of time in the two largest of its units.
fn duration(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

fn online(names: &[Cow<'_, str>], away: &[Cow<'_, str>], more: usize, continued: bool, out: &mut Page) {
    let shown = |name| match away.contains(name) {
        true => format!("{} (away)", sanitize::line(name)),
        false => sanitize::line(name).into_owned(),
    };
    let safe: Vec<_> = names.iter().map(shown).collect();
    let _ = match continued {
        true => writeln!(out, "* also online: {}", safe.join(", ")),
        false => writeln!(out, "* {} online: {}", names.len().saturating_add(more), safe.join(", ")),
    };
}

fn table(accounts: &[AccountInfo<'_>], out: &mut Page) {
    let names: Vec<_> = accounts.iter().map(|account| sanitize::line(&account.username)).collect();
    let width = widest(&names);
    for (name, account) in names.iter().zip(accounts) {
        let role = if account.role == Role::Admin { "admin" } else { "user " };
        let _ = write!(out, "  {name:width$}  {role}  {}", if account.online { "online" } else { "-" });
        for (_, mark) in [(account.banned, ", banned"), (account.muted, ", muted")].iter().filter(|(is, _)| *is) {
            let _ = out.write_str(mark);
        }
        let _ = writeln!(out);
    }
}

/// What the server knows, and what this program does by itself.
fn help(commands: &[CommandHelp<'_>], out: &mut Page) {
    let commands = commands.iter().chain(known::LOCAL);
    let usages: Vec<_> = commands.clone().map(|command| sanitize::line(&command.usage)).collect();
    let width = widest(&usages);
    for (usage, command) in usages.iter().zip(commands) {
        let _ = writeln!(out, "  {usage:width$}  {}", sanitize::line(&command.about));
    }
}

/// The width of a column. A cell that is wider than any should be doesn't push the others out of sight.
fn widest(cells: &[Cow<'_, str>]) -> usize {
    const COLUMN_CHARS_MAX: usize = 40;
    cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0).min(COLUMN_CHARS_MAX)
}

fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::Logout => "logout",
        Reason::Disconnected => "disconnected",
        Reason::Timeout => "timeout",
        Reason::Removed => "removed",
        Reason::TooSlow => "too slow",
        Reason::Shutdown => "shutdown",
        Reason::Other => "gone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::terminal::Look;

    fn plain() -> Page {
        Page::new(Look::Plain, "ada")
    }

    /// What ada sees, five and a half hours east of Greenwich.
    fn shown(json: &str) -> String {
        let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds((5 * 60 + 30) * 60).unwrap());
        let renderer = Renderer::new("ada", zone);
        renderer.day.set(None);
        let mut out = plain();
        match serde_json::from_str(json).unwrap() {
            ServerMessage::Welcome(welcome) => renderer.welcome(&welcome, &mut out),
            message => renderer.event(&message, &mut out),
        }
        out.take()
    }

    fn answered(request: &Request, json: &str) -> String {
        let mut out = plain();
        Renderer::new("ada", TimeZone::UTC).reply(request, &serde_json::from_str(json).unwrap(), &mut out);
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
        let renderer = Renderer::new("ada", TimeZone::UTC);
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
        let renderer = Renderer::new("ada", TimeZone::UTC);
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

    #[test]
    fn replies() {
        let name = || "eve".to_owned();
        let add = Request::AddUser { username: name(), password: None, role: Role::User };
        assert_eq!(
            answered(&Request::Who { after: None }, r#"{"ok":true,"users":["a","b\r"]}"#),
            "* 2 online: a, b␍\n"
        );
        assert_eq!(
            answered(&Request::Who { after: Some("a".into()) }, r#"{"ok":true,"users":["b"]}"#),
            "* also online: b\n"
        );
        assert_eq!(answered(&add, r#"{"ok":true}"#), "* eve is added\n");
        assert_eq!(
            answered(&add, r#"{"ok":true,"password":"xyz"}"#),
            "* eve is added, with the one-time password xyz\n"
        );
        assert_eq!(answered(&Request::LogoutUser { username: name() }, r#"{"ok":true}"#), "* eve is logged out\n");
        let mute = Request::Mute { username: name(), minutes: Some(5) };
        assert_eq!(answered(&mute, r#"{"ok":true}"#), "* eve is muted for 5 min\n");
        assert_eq!(
            answered(&Request::ResetPassword { username: name() }, r#"{"ok":true,"password":"xyz"}"#),
            "* eve begins again, with the one-time password xyz\n"
        );
        assert_eq!(
            answered(
                &Request::ListUsers { after: None },
                r#"{"ok":true,"users":[{"username":"admin","role":"admin","online":true},{"username":"eve","role":"user","online":false,"banned":true,"muted":true}]}"#
            ),
            "  admin  admin  online\n  eve    user   -, banned, muted\n"
        );
        let whois = |rest| format!(r#"{{"ok":true,"whois":{{"username":"eve","role":"user",{rest}}}}}"#);
        let ask = Request::Whois { username: name() };
        assert_eq!(answered(&ask, &whois(r#""sessions":0"#)), "* eve is a user, not online\n");
        assert_eq!(
            answered(
                &ask,
                &whois(
                    r#""sessions":2,"since":"2026-11-23T12:00:00.123Z","idle_seconds":7500,"away":{"username":"eve","text":"\u001b]lunch","since":"x"}"#
                )
            ),
            "* eve is a user, online since 2026-11-23 12:00 with 2 sessions, idle for 2 h 5 min\n\
             * eve is away since an unknown time: ␛]lunch\n"
        );
        let topic = r#"{"ok":true,"topic":{"text":"fractions","by":"bob","time":"2026-11-23T12:00:00.123Z"}}"#;
        let ask = Request::Topic { text: None };
        assert_eq!(answered(&ask, topic), "* topic: fractions (set by bob, 2026-11-23 12:00)\n");
        assert_eq!(answered(&ask, r#"{"ok":true}"#), "* there is no topic\n");
        assert_eq!(
            answered(&Request::Who { after: None }, r#"{"ok":true,"users":["a","b"],"away":["b"]}"#),
            "* 2 online: a, b (away)\n"
        );
        let help = answered(
            &Request::Help,
            r#"{"ok":true,"commands":[{"usage":"/who","about":"who is online","admin":false}]}"#,
        );
        let (who, clear) =
            ("  /who                          who is online\n", "  /clear                        clear the screen\n");
        assert!(help.starts_with(who) && help.ends_with(clear), "the server's, then this program's: {help}");
    }
}
