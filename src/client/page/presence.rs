//! Who is there: who is online, who is away, and since when.

use super::clock::Clock;
use super::layout::Page;
use crate::durations;
use crate::protocol::{AwayInfo, Reason, Reply, UserList, Whois};
use crate::sanitize;
pub(super) use crate::sanitize::{in_brackets, person};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// What those who are online are called, by their user names.
pub(super) type Called<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

/// Which part of a list it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum List<'a> {
    /// Its beginning, or all: of a room, or of everybody.
    Whole(Option<&'a str>),
    /// What comes behind.
    Continued,
}

/// Appends who is online.
pub(super) fn online(
    (names, called): (&[Cow<'_, str>], &Called<'_>),
    away: &[Cow<'_, str>],
    more: usize,
    list: List<'_>,
    out: &mut Page,
) {
    let shown = |name: &Cow<'_, str>| {
        let person = person(name, called.get(name).map(|called| &**called));
        if away.contains(name) { format!("{person} (away)") } else { person }
    };
    let safe: Vec<_> = names.iter().map(shown).collect();
    let (all, names) = (names.len().saturating_add(more), safe.join(", "));
    let _ = match list {
        List::Continued => writeln!(out, "* also online: {names}"),
        List::Whole(None) => writeln!(out, "* {all} online: {names}"),
        List::Whole(Some(room)) => writeln!(out, "* {all} online in #{}: {names}", sanitize::line(room)),
    };
}

/// Appends who else is online in one's group of a class that is split, as the reply to `who` has it.
pub(super) fn company(me: &str, room: &str, reply: &Reply<'_>, out: &mut Page) {
    let Some(UserList::Names(names)) = &reply.users else { return };
    let called = |name: &Cow<'_, str>| person(name, reply.names.get(name).map(|called| &**called));
    let others: Vec<String> = names.iter().filter(|name| **name != *me).map(called).collect();
    let (room, others) = (sanitize::line(room), others.join(", "));
    let _ = match reply.more {
        0 if others.is_empty() => writeln!(out, "* you are alone in #{room} so far"),
        0 => writeln!(out, "* with you in #{room}: {others}"),
        more => writeln!(out, "* with you in #{room}: {others}, and {more} more"),
    };
}

/// That somebody is away, behind their name.
pub(super) fn away(clock: &Clock, away: &AwayInfo<'_>) -> String {
    let since = clock.moment(&away.since);
    match &*away.text {
        "" => format!("is away since {since}"),
        text => format!("is away since {since}: {}", sanitize::line(text)),
    }
}

/// Appends who an account is, and whether its owner is there.
pub(super) fn whois(clock: &Clock, whois: &Whois<'_>, out: &mut Page) {
    let name = sanitize::line(&whois.username);
    let person = person(&whois.username, whois.name.as_deref());
    let group = whois.group.as_ref().map(|group| format!(" of {}", sanitize::line(group))).unwrap_or_default();
    let role = if whois.guest { "a guest" } else { whois.role.title() };
    let _ = write!(out, "* {person} is {role}{group}, ");
    match &whois.since {
        None => {
            let _ = write!(out, "not online");
        }
        Some(since) => {
            let _ = write!(out, "online since {}", clock.moment(since));
        }
    }
    if whois.sessions > 1 {
        let _ = write!(out, " with {} sessions", whois.sessions);
    }
    if let Some(seconds) = whois.idle_seconds {
        let _ = write!(out, ", idle for {}", durations::lasted(Duration::from_secs(seconds)));
    }
    let _ = writeln!(out);
    if let Some(away) = &whois.away {
        let _ = writeln!(out, "* {name} {}", self::away(clock, away));
    }
}

/// What a reason is called.
pub(super) fn reason_name(reason: Reason) -> &'static str {
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
