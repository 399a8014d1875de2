//! What everybody asked for and was shown, as it is written down while it happens and judged afterwards.

use crate::mark::Mark;
use crate::room::{GENERAL, Room};
use serde_json::Value;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

/// An account, by its number.
pub(crate) type Account = u16;

/// The one account of staff that is there as others are; beside it an administrator does this and that.
pub(crate) const TEACHER: Account = 8;
/// How many answers a poll has to choose from.
pub(crate) const OPTIONS: usize = 3;

/// Where something is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum To {
    Room(Room),
    Person(Account),
    /// To a room, without a name.
    Question(Room),
}

/// An event as somebody was shown it, or as the journal has it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Event {
    pub(crate) seq: u64,
    pub(crate) what: What,
    /// Of every field it has, but for what goes when it is taken back: two that are the same are one event.
    pub(crate) print: u64,
}

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum What {
    /// Somebody said something. Without a mark the text is another than was said; of what was `removed` the id tells it.
    Said {
        from: Account,
        to: To,
        mark: Option<Mark>,
        removed: bool,
    },
    /// Somebody came or went.
    Presence,
    /// Somebody is in a room from now on, and no longer; a room is no more.
    Entered {
        room: Room,
        who: Account,
    },
    Exited {
        room: Room,
        who: Account,
    },
    Closed {
        room: Room,
    },
    /// The class is split into groups, and no longer.
    Split,
    Gathered,
    /// What was said under this seq was taken back; who did that isn't told of one's own question.
    Removed {
        event: u64,
        from: Option<Account>,
        to: To,
    },
    /// Somebody asked, and this is who. The mark is that of the text, until that is removed, and of the request's id.
    Question {
        room: Room,
        mark: Option<Mark>,
        removed: bool,
    },
    Asked {
        question: u64,
        room: Room,
        from: Account,
        mark: Option<Mark>,
    },
    /// A poll began, under its own seq, and ended.
    Poll {
        room: Room,
    },
    PollClosed {
        room: Room,
        poll: u64,
        counts: [usize; OPTIONS],
    },
}

/// Something that one client did or met with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    /// A connection that was welcomed at this moment.
    Connected(Instant),
    /// It was welcomed: by its password alone, or with what came after `after`.
    Welcomed {
        after: Option<u64>,
        seq: u64,
        left_at: Option<u64>,
        gap: bool,
    },
    /// It asked for this to be said, for the first time or `again`.
    Asked {
        mark: Mark,
        to: To,
        again: bool,
    },
    /// The server refused it, and it was asked for only once: it must not have been said.
    Refused(Mark),
    /// The server refused it, but an earlier try may have succeeded.
    Doubtful(Mark),
    /// It was shown this.
    Shown(Event),
    /// It asked for this event to be taken back, and was told that it is.
    Removing(u64),
    Took(u64),
    /// It voted for the how manieth time, and that was answered: it counts, or not.
    Voted {
        number: u32,
        poll: u64,
        option: usize,
    },
    VoteAnswered {
        number: u32,
        counts: bool,
    },
    /// Its token was refused, although the server could write it down.
    TokenRefused,
}

/// All of that, of one client.
#[derive(Debug)]
pub(crate) struct Record {
    /// What it signs its marks with.
    pub(crate) by: u16,
    /// The account in which it's logged in; others may be too.
    pub(crate) account: Account,
    /// It shows nothing twice, not even the answer to something sent again.
    pub(crate) once: bool,
    pub(crate) entries: Vec<Entry>,
}

/// How an event stands to those before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// It's the next one.
    Next,
    /// It answers what was sent again, before its turn.
    Early,
    /// It was to come before.
    Late,
}

/// How far a client has come.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// The newest event that was shown in its turn: a client that comes back asks for what came after it.
    pub(crate) last: u64,
    /// Newer ones that came before their turn, and will come again in it.
    early: BTreeSet<u64>,
}

impl Event {
    /// What the server sent, if it's an event.
    pub(crate) fn of(line: &Value) -> Option<Self> {
        let account = |field: &str| account(text(line, field));
        let number = |field: &str| line[field].as_u64().unwrap_or_else(|| panic!("no {field}: {line}"));
        let room = || Room::named(text(line, "room"));
        let id = || line["id"].as_str().and_then(Mark::of_id);
        let removed = line["removed"] == true && line["text"].as_str().is_none_or(str::is_empty);
        let mark = || if removed { id() } else { line["text"].as_str().and_then(Mark::of) };
        let said = |to| What::Said { from: account("from"), to, mark: mark(), removed };
        let what = match line["type"].as_str()? {
            "message" => said(To::Room(room())),
            "whisper" => said(To::Person(account("to"))),
            "joined" | "left" => What::Presence,
            "entered" => What::Entered { room: room(), who: account("username") },
            "exited" => What::Exited { room: room(), who: account("username") },
            "room_closed" => What::Closed { room: room() },
            "split" => What::Split,
            "gathered" => What::Gathered,
            "removed" => {
                let to = if line["to"].is_null() { To::Room(room()) } else { To::Person(account("to")) };
                let from = (!line["from"].is_null()).then(|| account("from"));
                What::Removed { event: number("event"), from, to }
            }
            "question" => What::Question { room: room(), mark: mark(), removed },
            "asked" => What::Asked { question: number("question"), room: room(), from: account("from"), mark: id() },
            "poll" => What::Poll { room: room() },
            "poll_closed" => {
                let count = |option: usize| line["counts"][option].as_u64().unwrap() as usize;
                What::PollClosed { room: room(), poll: number("poll"), counts: std::array::from_fn(count) }
            }
            _ => return None,
        };
        Some(Self {
            seq: number("seq"),
            what,
            print: print(line, matches!(what, What::Said { .. } | What::Question { .. })),
        })
    }

    /// What its text says.
    pub(crate) fn mark(&self) -> Option<Mark> {
        match self.what {
            What::Said { mark, .. } | What::Question { mark, .. } => mark,
            _ => None,
        }
    }

    /// What it is the answer to.
    pub(crate) fn answers(&self) -> Option<Mark> {
        match self.what {
            What::Said { mark, .. } | What::Asked { mark, .. } => mark,
            _ => None,
        }
    }

    /// Whether it was taken back.
    pub(crate) fn is_removed(&self) -> bool {
        matches!(self.what, What::Said { removed: true, .. } | What::Question { removed: true, .. })
    }

    /// Whether this is the same event, with its words or without.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let is_removed = self.is_removed() || other.is_removed();
        let with_words = |mut event: Self| {
            match &mut event.what {
                What::Said { removed, .. } => *removed = false,
                // Nothing in it tells any more what it was.
                What::Question { mark, removed, .. } if is_removed => (*mark, *removed) = (None, false),
                _ => {}
            }
            event
        };
        with_words(*self) == with_words(*other)
    }

    /// Whether it's a whisper to this account.
    pub(crate) fn is_whisper_to(&self, account: Account) -> bool {
        matches!(self.what, What::Said { to: To::Person(to), .. } if to == account)
    }

    /// Whether `history` has it.
    pub(crate) fn is_told_again(&self) -> bool {
        match self.what {
            What::Said { .. } | What::Question { .. } | What::Asked { .. } => true,
            What::Poll { .. } | What::PollClosed { .. } => true,
            What::Presence | What::Removed { .. } | What::Split | What::Gathered => false,
            What::Entered { .. } | What::Exited { .. } | What::Closed { .. } => false,
        }
    }

    /// Whether it was said in a room of which not everyone is.
    pub(crate) fn is_beside_general(&self) -> bool {
        self.room().is_some_and(|room| room != GENERAL)
    }

    /// The room whose history has it.
    pub(crate) fn room(&self) -> Option<Room> {
        match self.what {
            What::Said { to: To::Room(room), .. } => Some(room),
            What::Question { room, .. } | What::Poll { room } | What::PollClosed { room, .. } => Some(room),
            _ => None,
        }
    }
}

impl Place {
    /// Notes an event. `asked_again`: its client has sent it again over this connection.
    pub(crate) fn take(&mut self, seq: u64, asked_again: bool) -> Turn {
        if seq <= self.last {
            return Turn::Late;
        }
        if !self.early.remove(&seq) && asked_again {
            self.early.insert(seq);
            return Turn::Early;
        }
        self.last = seq;
        Turn::Next
    }

    /// Begins anew.
    pub(crate) fn begin(&mut self, last: u64) {
        *self = Self { last, early: BTreeSet::new() };
    }
}

/// Two lines with the same are the same but for what was taken back, and by whom.
fn print(line: &Value, is_said: bool) -> u64 {
    let mut line = line.clone();
    if let Some(fields) = line.as_object_mut().filter(|_| is_said) {
        fields.retain(|field, _| !["text", "removed", "by"].contains(&field.as_str()));
    }
    let mut print = DefaultHasher::new();
    line.to_string().hash(&mut print);
    print.finish()
}

fn text<'a>(line: &'a Value, field: &str) -> &'a str {
    line[field].as_str().unwrap_or_else(|| panic!("no {field}: {line}"))
}

/// An account's name.
pub(crate) fn name(account: Account) -> String {
    format!("p{account}")
}

fn account(name: &str) -> Account {
    name.strip_prefix('p').and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("who is {name}?"))
}
