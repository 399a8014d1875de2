//! The polls that are open: what is asked, who may vote, who has, and the ballots.
//!
//! A ballot has a mark and no name: what the file says of who has voted and of what was voted is in two lists, each in an
//! order of its own. The mark comes from its owner's token ([`BallotKey`](crate::server::accounts::BallotKey)), so its owner
//! can vote again, also after a restart. Which ballot is whose is in memory alone.

use super::timer::{Timer, check_minutes};
use crate::protocol::{NOTE_CHARS_MAX, OPTION_CHARS_MAX, OPTIONS_MAX, PollInfo, RoomName, Username};
use crate::server::timeline::Gone;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is asked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Ask {
    /// The question.
    pub(crate) question: String,
    /// The answers to choose from.
    pub(crate) options: Vec<String>,
}

/// A poll that is open.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Poll {
    /// The seq of the event with which it began.
    pub(crate) poll: u64,
    /// In which room.
    pub(crate) room: RoomName,
    /// The question.
    pub(crate) question: String,
    /// The answers to choose from.
    pub(crate) options: Vec<String>,
    /// When it closes by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timer: Option<Timer>,
    /// Who may vote and is waited for.
    entitled: BTreeSet<Username>,
    /// Who has voted.
    voted: BTreeSet<Username>,
    /// What was voted: the option of each ballot, by its mark.
    ballots: BTreeMap<String, usize>,
    /// Whose ballot is which, as far as that is known: in memory alone.
    #[serde(skip)]
    marks: HashMap<Username, String>,
}

/// Why a vote isn't taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoVote {
    /// There is no such option.
    NoOption,
    /// They have voted, and which ballot is theirs can't be told by this login.
    NotYours,
}

/// How a poll came out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Outcome {
    /// How many chose each option.
    pub(crate) counts: Vec<usize>,
    /// How many voted.
    pub(crate) voted: usize,
    /// How many might.
    pub(crate) entitled: usize,
}

impl Ask {
    /// Checks what is to be asked, for so long.
    ///
    /// # Errors
    /// What is wrong with it, for people; and whether something is too long.
    pub(crate) fn check(&self, minutes: Option<u32>) -> Result<(), (bool, Cow<'static, str>)> {
        let wrong = |text: String| Err((false, text.into()));
        if !(2..=OPTIONS_MAX).contains(&self.options.len()) {
            return wrong(format!("a poll has 2 to {OPTIONS_MAX} options"));
        }
        let texts = || self.options.iter().chain([&self.question]);
        if texts().any(|text| text.trim().is_empty()) {
            return wrong("a poll has a question, and each of its options at least one character".into());
        }
        if texts().any(|text| text.contains(char::is_control)) {
            return wrong("question and options must be one line each, without control characters".into());
        }
        let is_long = |text: &String, most| text.chars().count() > most;
        if is_long(&self.question, NOTE_CHARS_MAX) || self.options.iter().any(|text| is_long(text, OPTION_CHARS_MAX)) {
            let text = format!("a question has at most {NOTE_CHARS_MAX} characters, an option {OPTION_CHARS_MAX}");
            return Err((true, text.into()));
        }
        check_minutes(minutes).or_else(wrong)
    }
}

impl Poll {
    /// One that begins with that event.
    pub(crate) fn new(poll: u64, room: RoomName, ask: Ask, timer: Option<Timer>) -> Self {
        let Ask { question, options } = ask;
        let (entitled, voted, ballots, marks) = Default::default();
        Self { poll, room, question, options, timer, entitled, voted, ballots, marks }
    }

    /// These may vote and are waited for, from now on.
    pub(crate) fn entitle(&mut self, names: impl IntoIterator<Item = Username>) {
        self.entitled.extend(names);
    }

    /// These aren't waited for any more.
    pub(crate) fn excuse(&mut self, is_excused: impl Fn(&Username) -> bool) {
        self.entitled.retain(|name| !is_excused(name));
    }

    /// Whether somebody may vote who was there.
    pub(crate) fn is_entitled(&self, name: &Username) -> bool {
        self.entitled.contains(name)
    }

    /// Takes a vote, whose ballot has this mark; it replaces the one before. Whether anything changed.
    ///
    /// # Errors
    /// [`NoVote`]; then nothing did.
    pub(crate) fn vote(&mut self, name: &Username, mark: String, option: usize) -> Result<bool, NoVote> {
        if option >= self.options.len() {
            return Err(NoVote::NoOption);
        }
        if self.voted.contains(name) {
            let known = self.marks.get(name).unwrap_or(&mark).clone();
            let before = self.ballots.remove(&known).ok_or(NoVote::NotYours)?;
            if before == option && known == mark {
                self.marks.insert(name.clone(), known.clone());
                self.ballots.insert(known, before);
                return Ok(false);
            }
        }
        self.voted.insert(name.clone());
        self.ballots.insert(mark.clone(), option);
        self.marks.insert(name.clone(), mark);
        Ok(true)
    }

    /// Whether somebody has voted.
    pub(crate) fn has_voted(&self, name: &Username) -> bool {
        self.voted.contains(name)
    }

    /// Everybody who is named.
    pub(super) fn names(&self) -> impl Iterator<Item = &Username> {
        self.entitled.union(&self.voted)
    }

    /// Who has voted, sorted.
    pub(crate) fn voted(&self) -> impl Iterator<Item = &Username> {
        self.voted.iter()
    }

    /// Who hasn't and is waited for, sorted.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &Username> {
        self.entitled.difference(&self.voted)
    }

    /// What somebody is told of it who comes.
    pub(crate) fn info(&self, viewer: &Username) -> PollInfo<'static> {
        PollInfo {
            poll: self.poll,
            question: self.question.clone().into(),
            options: self.options.iter().cloned().map(Into::into).collect(),
            until: self.timer.as_ref().map(|timer| timer.until().into()),
            voted: self.has_voted(viewer),
        }
    }

    /// How it stands. Who has voted might.
    pub(crate) fn outcome(&self) -> Outcome {
        let mut counts = vec![0; self.options.len()];
        self.ballots.values().for_each(|&option| counts[option] += 1);
        let voted = self.ballots.len();
        Outcome { counts, voted, entitled: voted + self.missing().count() }
    }

    /// Forgets an account. Its ballot goes with it where it is known, and is nobody's where it isn't.
    pub(crate) fn forget(&mut self, name: &Username) -> bool {
        if let Some(mark) = self.marks.remove(name) {
            self.ballots.remove(&mark);
        }
        let was_entitled = self.entitled.remove(name);
        self.voted.remove(name) || was_entitled
    }

    /// Somebody is erased: that they voted is somebody's who was, and their ballot stays, which is nobody's. They aren't waited
    /// for any more. What they asked themselves goes. Whether anything changed.
    pub(super) fn erase(&mut self, gone: &Gone<'_>, is_theirs: bool) -> bool {
        self.marks.remove(gone.name);
        let was_entitled = self.entitled.remove(gone.name);
        let has_voted = self.voted.remove(gone.name);
        if has_voted {
            self.voted.insert(gone.alias.clone());
        }
        if is_theirs {
            self.question.clear();
            self.options.iter_mut().for_each(String::clear);
        }
        was_entitled || has_voted || is_theirs
    }

    /// What is wrong with one that was read, if something is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if !(2..=OPTIONS_MAX).contains(&self.options.len()) {
            return Some("a poll has too few options, or too many");
        }
        let is_none = |option: &usize| *option >= self.options.len();
        self.ballots.values().any(is_none).then_some("a poll has a ballot for an option that there isn't")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn ask(question: &str, options: &[&str]) -> Ask {
        Ask { question: question.into(), options: options.iter().map(ToString::to_string).collect() }
    }

    fn poll() -> Poll {
        let mut poll = Poll::new(17, RoomName::general(), ask("Which?", &["a", "b"]), None);
        poll.entitle(["ada", "bob", "eve"].map(name));
        poll
    }

    /// As it is after a restart.
    fn again(poll: &Poll) -> Poll {
        serde_json::from_str(&serde_json::to_string(poll).unwrap()).unwrap()
    }

    #[test]
    fn one_vote_each_and_another_replaces_it() {
        let mut poll = poll();
        let mut vote = |who, mark: &str, option| poll.vote(&name(who), mark.into(), option);
        assert_eq!((vote("ada", "m1", 0), vote("ada", "m1", 0), vote("ada", "m2", 1)), (Ok(true), Ok(false), Ok(true)));
        assert_eq!((vote("bob", "m3", 1), vote("bob", "m3", 2)), (Ok(true), Err(NoVote::NoOption)));
        assert_eq!(poll.outcome(), Outcome { counts: vec![0, 2], voted: 2, entitled: 3 });
        assert_eq!(poll.missing().collect::<Vec<_>>(), [&name("eve")]);
        assert!(poll.has_voted(&name("ada")) && !poll.has_voted(&name("eve")));
        poll.vote(&name("root"), "m4".into(), 0).unwrap();
        assert_eq!(poll.outcome(), Outcome { counts: vec![1, 2], voted: 3, entitled: 4 }, "who isn't waited for may");
    }

    #[test]
    fn after_a_restart_whoever_has_the_mark_votes_again_and_nobody_twice() {
        let mut poll = poll();
        poll.vote(&name("ada"), "m1".into(), 0).unwrap();
        let mut poll = again(&poll);
        assert_eq!(poll.vote(&name("ada"), "m2".into(), 1), Err(NoVote::NotYours));
        assert_eq!(poll.outcome().counts, [1, 0]);
        assert_eq!(poll.vote(&name("ada"), "m1".into(), 1), Ok(true));
        assert_eq!(poll.vote(&name("ada"), "m2".into(), 0), Ok(true), "now it is known whose it is");
        assert_eq!(poll.outcome().counts, [1, 0]);
    }

    #[test]
    fn what_is_written_ties_nobody_to_anything() {
        let mut poll = poll();
        for (who, mark, option) in [("eve", "0f", 1), ("ada", "ff", 0), ("bob", "7f", 1)] {
            poll.vote(&name(who), mark.into(), option).unwrap();
        }
        let text = serde_json::to_string(&poll).unwrap();
        assert!(text.contains(r#""voted":["ada","bob","eve"],"ballots":{"0f":1,"7f":1,"ff":0}}"#), "{text}");
    }

    #[test]
    fn who_is_forgotten_takes_a_known_ballot_along() {
        let mut poll = poll();
        poll.vote(&name("ada"), "m1".into(), 0).unwrap();
        let mut later = again(&poll);
        assert!(poll.forget(&name("ada")) && later.forget(&name("ada")) && !later.forget(&name("ada")));
        assert_eq!(poll.outcome(), Outcome { counts: vec![0, 0], voted: 0, entitled: 2 });
        assert_eq!(
            later.outcome(),
            Outcome { counts: vec![1, 0], voted: 1, entitled: 3 },
            "nobody knows which is hers"
        );
        assert!(!serde_json::to_string(&later).unwrap().contains("ada"));
    }

    #[test]
    fn what_may_be_asked() {
        let long = "ä".repeat(OPTION_CHARS_MAX);
        assert!(ask("Which?", &["a", "b"]).check(None).is_ok() && ask("?", &["a"; 9]).check(Some(1)).is_ok());
        assert!(ask("?", &["a", &long]).check(None).is_ok());
        for (question, options) in
            [("?", &["a"][..]), ("?", &["a"; 10]), ("", &["a", "b"]), ("?", &["a", " "]), ("?", &["a", "b\n"])]
        {
            assert!(matches!(ask(question, options).check(None), Err((false, _))), "{question} {options:?}");
        }
        assert!(matches!(ask("?", &["a", &format!("{long}a")]).check(None), Err((true, _))));
        assert!(matches!(ask(&"?".repeat(NOTE_CHARS_MAX + 1), &["a", "b"]).check(None), Err((true, _))));
        assert!(ask("?", &["a", "b"]).check(Some(0)).is_err());
    }
}
