//! Who was there, and for how long: reckoned from the journal's events, one after the other.
//!
//! An account is there from its `joined` to its `left`, however many sessions it has. Where the journal can't tell how time
//! went on, nobody's time is counted: behind a jump of the seqs (a server that was killed, a part of the journal that is
//! lost), and where the clock was set back. Whoever was killed with their server is told to have `left` at the next start
//! alone; for them the last event before that is the end.

use super::record::Record;
use crate::protocol::{Attendee, Profile, Reason, Role, Username, format_time};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A stretch of time, and who was there in it so far.
#[derive(Debug)]
pub(crate) struct Attendance {
    from: Timestamp,
    to: Timestamp,
    place: Place,
    /// The accounts there are, by their names.
    accounts: BTreeMap<Username, Listed>,
    people: BTreeMap<Whose, Seen>,
    /// The newest event before the stretch's end.
    upto: u64,
}

/// A name, and whether it's of the account that has it now: else of those that had it before and are deleted.
type Whose = (Username, bool);

/// A place in the journal: who is there, and all else that matters for what comes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    present: BTreeMap<Username, Stay>,
    /// The event before it: its seq and its time.
    last: Option<(u64, Timestamp)>,
    /// The latest time of any event before it.
    latest: Option<Timestamp>,
    /// Since when there is no gap.
    whole_since: Option<Timestamp>,
    /// A gap was right before it, and whoever is told to have left with the server was killed with it.
    behind_gap: bool,
}

/// An account that is there.
#[derive(Clone, Debug)]
struct Stay {
    since: Timestamp,
    /// The event that tells whose it is: an account has none from before it was made.
    seq: u64,
    /// It was there before a gap already.
    goes_on: bool,
    profile: Profile,
}

/// What an account did within the stretch.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Seen {
    /// When it was there first and last; None while it wasn't.
    times: Option<(Timestamp, Timestamp)>,
    present: SignedDuration,
    messages: u64,
    profile: Profile,
}

/// An account as the list needs it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) name: Username,
    pub(crate) profile: Profile,
    pub(crate) role: Role,
    /// The newest event when it was made.
    pub(crate) since: u64,
    /// When that was, if it's known.
    pub(crate) created: Option<Timestamp>,
}

/// What a `joined` tells of the account's owner.
#[derive(Deserialize)]
struct Owner {
    #[serde(default, flatten)]
    profile: Profile,
}

impl Attendance {
    /// From a moment on until before another, read from the journal's beginning or from a place in it, of these accounts and of
    /// those that are deleted.
    pub(crate) fn new((from, to): (Timestamp, Timestamp), place: Place, accounts: Vec<Listed>) -> Self {
        let accounts = accounts.into_iter().map(|account| (account.name.clone(), account)).collect();
        Self { from, to, upto: place.seq(), place, accounts, people: BTreeMap::new() }
    }

    /// Where the reading is now.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn take(&mut self, line: &[u8], record: &Record<'_>) -> Result<(), String> {
        let time = record.moment()?;
        match self.place.last {
            None => self.place.whole_since = Some(time),
            Some((seq, before)) if record.seq != seq + 1 || time < before => self.gap(before, time),
            Some(_) => {}
        }
        self.place.last = Some((record.seq, time));
        self.place.latest = self.place.latest.max(Some(time));
        if time < self.to {
            self.upto = record.seq;
        }
        let name = |text: &str| Username::parse(text).ok_or_else(|| format!("`{text}` is no user name"));
        let goes_with_server = &*record.kind == "left" && record.reason == Some(Reason::Shutdown);
        self.place.behind_gap &= goes_with_server;
        match &*record.kind {
            "joined" => {
                let profile = serde_json::from_slice(line).map_or_else(|_| Profile::default(), |o: Owner| o.profile);
                let stay = Stay { since: time, seq: record.seq, goes_on: false, profile };
                self.place.present.entry(name(&record.username)?).or_insert(stay);
            }
            "left" => self.left(&name(&record.username)?, record.seq, time),
            "message" => self.spoke(&name(&record.from)?, record.seq, time),
            _ => {}
        }
        Ok(())
    }

    /// All events up to `now` are taken, and those who are there still are. Gives the accounts of role `user`, and those who
    /// were there and are deleted, sorted by their names, of one name these first; with a group, its members.
    pub(crate) fn end(mut self, now: Timestamp, group: Option<&str>) -> Vec<Attendee<'static>> {
        let lasts = self.to >= now;
        let now = self.place.last.map_or(now, |(_, time)| now.max(time));
        for (name, stay) in std::mem::take(&mut self.place.present) {
            self.count(&name, &stay, now);
        }
        let mut people: BTreeMap<Whose, (Profile, Seen)> = BTreeMap::new();
        for (name, account) in std::mem::take(&mut self.accounts) {
            let whose = (name, true);
            let seen = self.people.remove(&whose).unwrap_or_default();
            let was_due = lasts || account.was_made_before(self.to, self.upto);
            if account.role == Role::User && (seen.times.is_some() || was_due) {
                people.insert(whose, (account.profile, seen));
            }
        }
        people.extend(self.people.into_iter().map(|(whose, seen)| (whose, (seen.profile.clone(), seen))));
        let is_meant = |profile: &Profile| group.is_none_or(|group| profile.group.as_deref() == Some(group));
        let listed = people.into_iter().filter(|(_, (profile, _))| is_meant(profile));
        listed.map(|(whose, (profile, seen))| seen.told(whose, profile)).collect()
    }

    /// What comes now doesn't follow what was before.
    fn gap(&mut self, before: Timestamp, time: Timestamp) {
        for (name, stay) in std::mem::take(&mut self.place.present) {
            self.count(&name, &stay, before);
            self.place.present.insert(name, Stay { since: time, goes_on: true, ..stay });
        }
        self.place.whole_since = Some(time);
        self.place.behind_gap = true;
    }

    fn left(&mut self, name: &Username, seq: u64, time: Timestamp) {
        match self.place.present.remove(name) {
            Some(stay) if stay.goes_on && self.place.behind_gap => {}
            Some(stay) => self.count(name, &stay, time),
            // Its `joined` isn't kept any more.
            None => {
                let since = self.place.whole_since.unwrap_or(time);
                self.count(name, &Stay { since, seq, goes_on: false, profile: Profile::default() }, time);
            }
        }
    }

    /// Whoever speaks is there, also if nobody was told yet that they came back.
    fn spoke(&mut self, name: &Username, seq: u64, time: Timestamp) {
        if (self.from..self.to).contains(&time) {
            let seen = self.seen(name, seq);
            seen.messages += 1;
            seen.widen(time, time);
        }
    }

    /// Somebody was there up to `until`: what of that is within the stretch.
    fn count(&mut self, name: &Username, stay: &Stay, until: Timestamp) {
        if stay.since >= self.to || (until <= self.from && stay.since < self.from) {
            return;
        }
        let first = stay.since.max(self.from);
        let last = until.min(self.to).max(first);
        let seen = self.seen(name, stay.seq);
        seen.widen(first, last);
        seen.present += last.duration_since(first);
        seen.profile.clone_from(&stay.profile);
    }

    /// What was noted of whoever had this name at that event.
    fn seen(&mut self, name: &Username, seq: u64) -> &mut Seen {
        let is_own = self.accounts.get(name).is_some_and(|account| seq > account.since);
        self.people.entry((name.clone(), is_own)).or_default()
    }
}

impl Listed {
    /// Whether it was made before a moment, when the newest event was `upto`. An event that came between tells it whatever the
    /// clock did; else the clock does.
    fn was_made_before(&self, moment: Timestamp, upto: u64) -> bool {
        self.since < upto || self.created.map_or(self.since <= upto, |created| created < moment)
    }
}

impl Place {
    /// The seq of the event before it; 0 at the journal's beginning.
    pub(crate) fn seq(&self) -> u64 {
        self.last.map_or(0, |(seq, _)| seq)
    }

    /// Whether all that happened from a moment on comes behind it.
    pub(crate) fn is_before(&self, moment: Timestamp) -> bool {
        self.latest.is_none_or(|latest| latest < moment)
    }

    /// How many are there.
    pub(crate) fn present(&self) -> usize {
        self.present.len()
    }
}

impl Seen {
    fn widen(&mut self, first: Timestamp, last: Timestamp) {
        let (earliest, latest) = self.times.unwrap_or((first, last));
        self.times = Some((earliest.min(first), latest.max(last)));
    }

    /// As the wire has it.
    fn told(&self, (name, is_own): Whose, profile: Profile) -> Attendee<'static> {
        let minutes = u64::try_from((self.present.as_secs() + 30) / 60).unwrap_or(0);
        Attendee {
            username: name.to_string().into(),
            name: profile.name.map(Into::into),
            group: profile.group.map(Into::into),
            first: self.times.map(|(first, _)| format_time(first).into()),
            last: self.times.map(|(_, last)| format_time(last).into()),
            minutes: self.times.map(|_| minutes),
            messages: self.times.map(|_| self.messages),
            deleted: !is_own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal in short: a seq, a time of day and what happened, such as `3 08:15 left ada shutdown`.
    fn take(attendance: &mut Attendance, events: &[&str]) {
        for event in events {
            let words: Vec<&str> = event.split(' ').collect();
            let [seq, time, kind, name, ref rest @ ..] = words[..] else { panic!("{event}") };
            let whose = if matches!(kind, "joined" | "left") { "username" } else { "from" };
            let mut line = serde_json::json!({"type": kind, "seq": seq.parse::<u64>().unwrap(), whose: name});
            line["time"] = at(time).to_string().into();
            match rest {
                [reason] if kind == "left" => line["reason"] = (*reason).into(),
                [group] => line["group"] = (*group).into(),
                _ => {}
            }
            let line = line.to_string();
            attendance.take(line.as_bytes(), &Record::parse(line.as_bytes()).unwrap()).unwrap();
        }
    }

    fn at(time: &str) -> Timestamp {
        format!("2026-11-28T{time}:00Z").parse().unwrap()
    }

    fn account(name: &str, role: Role, group: Option<&str>, since: u64) -> Listed {
        let profile = Profile { name: None, group: group.map(str::to_owned) };
        Listed { name: Username::parse(name).unwrap(), profile, role, since, created: None }
    }

    /// Who was there of Ada and Bob, from `from` to `to`: `ada 08:00 08:45 45 min 3`.
    fn there(from: &str, to: &str, now: &str, events: &[&str]) -> Vec<String> {
        let accounts = ["ada", "bob"].map(|name| account(name, Role::User, None, 0)).to_vec();
        let mut attendance = Attendance::new((at(from), at(to)), Place::default(), accounts);
        take(&mut attendance, events);
        attendance.end(at(now), None).iter().map(shown).collect()
    }

    fn shown(person: &Attendee<'_>) -> String {
        let Attendee { username, first: Some(first), last: Some(last), minutes, messages, .. } = person else {
            return person.username.to_string();
        };
        format!("{username} {} {} {} min {}", &first[11..16], &last[11..16], minutes.unwrap(), messages.unwrap())
    }

    #[test]
    fn the_stretch_has_its_ends() {
        let events = [
            "1 07:00 joined ada",
            "2 07:10 message ada",
            "3 08:00 message ada",
            "4 08:30 left ada",
            "5 08:40 joined bob",
            "6 09:00 message bob",
            "7 09:10 left bob",
        ];
        assert_eq!(there("08:00", "09:00", "12:00", &events), ["ada 08:00 08:30 30 min 1", "bob 08:40 09:00 20 min 0"]);
        assert_eq!(
            there("07:20", "07:40", "12:00", &events),
            ["ada 07:20 07:40 20 min 0", "bob"],
            "without an event in it"
        );
        assert_eq!(there("08:30", "08:40", "12:00", &events), ["ada", "bob"], "until FROM, and from TO on");
        assert_eq!(there("06:00", "12:00", "12:00", &events), ["ada 07:00 08:30 90 min 2", "bob 08:40 09:10 30 min 1"]);
    }

    #[test]
    fn who_is_there_still_is_until_now_or_the_end_of_the_stretch() {
        let events = ["1 08:00 joined ada", "2 08:10 joined bob"];
        assert_eq!(there("08:00", "12:00", "08:45", &events), ["ada 08:00 08:45 45 min 0", "bob 08:10 08:45 35 min 0"]);
        assert_eq!(there("08:00", "08:05", "08:45", &events), ["ada 08:00 08:05 5 min 0", "bob"]);
        assert_eq!(there("09:00", "09:30", "10:00", &events), ["ada 09:00 09:30 30 min 0", "bob 09:00 09:30 30 min 0"]);
    }

    #[test]
    fn the_time_when_a_killed_server_was_down_is_nobodys() {
        let events = [
            "1 08:00 joined ada",
            "2 08:00 joined bob",
            "3 08:20 message bob",
            // Killed; the next start is half an hour later, and Bob comes back to it.
            "1000001 08:50 left ada shutdown",
            "1000002 08:50 left bob shutdown",
            "1000003 08:55 joined bob",
            // A proper end: it is as long after the last event as it is.
            "1000004 09:30 left bob shutdown",
        ];
        assert_eq!(there("08:00", "12:00", "12:00", &events), ["ada 08:00 08:20 20 min 0", "bob 08:00 09:30 55 min 1"]);
        assert_eq!(there("08:30", "12:00", "12:00", &events), ["ada", "bob 08:55 09:30 35 min 0"]);
    }

    #[test]
    fn what_is_lost_of_the_journal_is_not_counted_and_who_is_there_behind_it_is() {
        let events = ["1 08:00 joined ada", "2 08:10 message bob", "9 08:40 message ada", "10 09:00 left ada"];
        assert_eq!(there("08:00", "12:00", "12:00", &events), ["ada 08:00 09:00 30 min 1", "bob 08:10 08:10 0 min 1"]);
        let events = ["7 08:00 joined ada", "8 08:30 left bob", "9 08:45 left ada"];
        let expected = ["ada 08:00 08:45 45 min 0", "bob 08:00 08:30 30 min 0"];
        assert_eq!(there("07:00", "12:00", "12:00", &events), expected, "Bob's coming is older than the journal");
    }

    #[test]
    fn a_clock_that_is_set_back_takes_no_minutes_away() {
        let events = ["1 10:00 joined ada", "2 10:20 message ada", "3 08:20 joined bob", "4 08:45 left ada"];
        assert_eq!(there("08:00", "12:00", "08:45", &events), ["ada 08:20 10:20 45 min 1", "bob 08:20 08:45 25 min 0"]);
    }

    #[test]
    fn minutes_add_up_and_are_rounded_once() {
        let events = [
            "1 08:00 joined ada",
            "2 08:10 left ada",
            "3 08:20 joined ada",
            "4 08:25 left ada",
            "5 08:30 message ada",
            "6 08:31 message ada",
        ];
        assert_eq!(there("08:00", "09:00", "12:00", &events), ["ada 08:00 08:31 15 min 2", "bob"]);
    }

    #[test]
    fn who_is_listed() {
        let accounts = [
            account("ada", Role::User, Some("8a"), 0),
            account("bob", Role::User, Some("7b"), 4),
            account("new", Role::User, Some("7b"), 5),
            account("board", Role::Display, None, 0),
            account("noether", Role::Teacher, Some("7b"), 0),
        ];
        let names = |group| {
            let mut attendance = Attendance::new((at("08:00"), at("09:00")), Place::default(), accounts.to_vec());
            take(
                &mut attendance,
                &[
                    "1 08:00 joined ada 7b",
                    "2 08:00 joined noether",
                    "3 08:01 joined guest 7b",
                    "4 08:02 left guest",
                    "5 09:30 message ada",
                ],
            );
            attendance.end(at("10:00"), group).iter().map(shown).collect::<Vec<_>>()
        };
        let (ada, guest) = ("ada 08:00 09:00 60 min 0", "guest 08:01 08:02 1 min 0");
        assert_eq!(names(None), [ada, "bob", guest], "no staff, no display, nobody who had no account yet");
        assert_eq!(names(Some("7b")), ["bob", guest], "whose account is gone was of the group that they came with");
        assert_eq!(names(Some("8a")), [ada]);
        assert_eq!(names(Some("9c")), [""; 0]);
    }

    #[test]
    fn an_account_has_nothing_from_before_it_was_made() {
        let events = [
            "1 08:00 joined ada 7b",
            "2 08:05 message ada",
            "3 08:20 left ada",
            // Made anew with the third event.
            "4 08:30 joined ada 8a",
            "5 08:31 message ada",
            "6 08:32 message ada",
        ];
        let there = |since, events: &[&str]| {
            let accounts = vec![account("ada", Role::User, Some("8a"), since)];
            let mut attendance = Attendance::new((at("08:00"), at("09:00")), Place::default(), accounts);
            take(&mut attendance, events);
            let people = attendance.end(at("08:40"), None);
            people.iter().map(|person| (shown(person), person.deleted)).collect::<Vec<_>>()
        };
        let (older, own) = ("ada 08:00 08:20 20 min 1".to_owned(), "ada 08:30 08:40 10 min 2".to_owned());
        assert_eq!(there(3, &events), [(older.clone(), true), (own, false)]);
        assert_eq!(there(3, &events[..3]), [(older, true), ("ada".into(), false)]);
    }

    #[test]
    fn nobody_is_absent_before_their_account_was_made() {
        let absent = |since, created: Option<&str>, events: &[&str]| {
            let made = Listed { created: created.map(at), ..account("bob", Role::User, None, since) };
            let mut attendance = Attendance::new((at("08:00"), at("09:00")), Place::default(), vec![made]);
            take(&mut attendance, events);
            attendance.end(at("12:00"), None).iter().any(|person| person.username == "bob")
        };
        let events = ["1 08:00 left ada", "2 08:30 left ada", "3 10:00 left ada"];
        assert!(!absent(2, Some("09:00"), &events) && absent(2, Some("08:59"), &events), "no event tells it");
        assert!(absent(1, Some("11:00"), &events), "an event tells it, and the clock was ahead");
        assert!(!absent(0, Some("11:00"), &[]) && absent(0, None, &[]) && absent(9, Some("07:00"), &[]));
    }

    #[test]
    fn it_goes_on_from_a_place() {
        let mut attendance = Attendance::new((at("00:00"), at("00:01")), Place::default(), Vec::new());
        take(&mut attendance, &["1 07:00 joined ada", "2 07:30 message ada"]);
        let place = attendance.place().clone();
        assert!(place.is_before(at("07:31")) && !place.is_before(at("07:30")));
        assert_eq!((place.seq(), place.present()), (2, 1));
        let mut attendance = Attendance::new((at("08:00"), at("09:00")), place, Vec::new());
        take(&mut attendance, &["1000001 10:00 left ada shutdown"]);
        assert_eq!(attendance.end(at("12:00"), None), [], "she was killed at 07:30");
    }
}
