//! What a data folder holds that is worth a copy, and in which order it is copied while a server runs on it.
//!
//! Nobody can stop the server for that, so a copy is made of files as they were at different moments. It is whole all the
//! same, as what a crash leaves is, if of any two files that know of each other the right one is the newer:
//!
//! - **The journal is newer than what names its events.** `rooms.json`, `lesson.json`, `topic.json` and `clock.json` each know
//!   what happened up to some event, and `users.json` after which event an account was made (`since`). A start takes each file,
//!   and then the events behind it, as after a crash between an event and the file; a file that is ahead of the journal would
//!   have people in rooms that they never entered. So these are read first, and how far the journal goes is asked after that.
//! - **`users.json` is newer than what names accounts.** A token holds while its account is at its generation, and what a file
//!   says of a name while there is such an account, which wasn't made after that (`since`, `Kept::forget_the_deleted`). So
//!   whatever ended between the two files is over in the copy: no token outlives a new password or a ban, and nobody gets
//!   what an older account of their name had.
//! - **`sequence` is newer than the journal**, or further ahead: seqs that anybody was shown are never given out again. A copy
//!   doesn't know what was shown since it was made. Whoever starts from one begins further ahead ([`SEQ_LEAP`]).
//! - **`erasing.json` frames all.** While somebody is erased each file is gone through, and a start that finds the file begins
//!   that anew, from wherever it had come. So it is read before all others and after them, and is in the copy if it was there
//!   at either moment. Whoever was erased from beginning to end in between may be in the copy, as in one that was made before.
//! - **The audit log is newer than what was done**: an act without its line can't be found, a line without its act can.
//!   The half that is written is read before the older one: when it becomes that in between, its lines are there twice, and not
//!   lost.
//!
//! Files that are replaced whole are read by one who has them open: the old one or the new one. A segment of the journal may
//! be written anew, cut or deleted meanwhile: whoever copies it looks afterwards whether it is still what was read, and else
//! takes it again.
//!
//! What fills a folder from which a server may be started at any moment (a mirror) *reads* in this order too, keeps what is
//! small in memory, and *puts* it there in the order of [`PUT`]: there each file must be right beside those that are still old.

use super::folder::{
    AUDIT, CLOCK, ERASING, IDENTITY, JOURNAL, LESSON, MOTD, PROGRAMS, ROOMS, SEQUENCE, SETTINGS, TOKENS, TOPIC, USERS,
};

/// The half of the audit log that isn't written any more.
pub(crate) const AUDIT_OLDER: &str = "audit.jsonl.1";
/// The key and certificate from before the last `identity new` or `import`.
pub(crate) const IDENTITY_OLDER: &str = "identity.p12.old";

/// How far ahead of what a copy knows a server begins that goes on from it, in seqs. Clients show no event twice, and tell
/// that by its seq: one that was given out again would be shown to nobody. A school that says a thousand things a minute for
/// eight hours a day takes half a year for so many; and numbers that people type keep nine digits for ten such copies.
pub(crate) const SEQ_LEAP: u64 = 100_000_000;

/// How a part of the folder changes while a server runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A file that is replaced by another one, and never written to.
    Whole,
    /// A file that grows by lines, and is replaced now and then. A line at its end that isn't whole was never acknowledged.
    Lines,
    /// The journal's folder: segments (`timeline/journal/segment.rs` knows their names), the last of which grows by lines.
    Journal,
    /// The folder of the programs that are given out: files that people put there.
    Programs,
}

/// A part of a data folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Part {
    /// Its name in the folder. None need be there.
    pub(crate) name: &'static str,
    /// How it changes.
    pub(crate) kind: Kind,
}

/// The longest name of a program that is given out.
const PROGRAM_NAME_BYTES_MAX: usize = 100;

/// Whether a file in the folder of programs is given out, by its name.
pub(crate) fn is_program(name: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    (1..=PROGRAM_NAME_BYTES_MAX).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(is_part)
}

/// All that is worth a copy: with it a server goes on as the same one, with the same accounts, and clients come back by
/// themselves. In the order in which it is read; [`ERASING`] is read once more at the end.
///
/// Never copied: `homeroom.lock`, `last-backup.json` and `mirror.json`, which are of the folder and not of what is in it; what is to take a
/// file's place (`….new`);
/// what was put aside (`….damaged`, `users.json.old`, `journal.old`), which no server reads, and in which people may be named
/// that are erased; and whatever else lies there.
pub(crate) const PARTS: [Part; 17] = [
    whole(ERASING),
    whole(CLOCK),
    whole(TOPIC),
    whole(ROOMS),
    whole(LESSON),
    lines(TOKENS),
    whole(USERS),
    // What nothing else knows of.
    whole(IDENTITY),
    whole(IDENTITY_OLDER),
    whole(SETTINGS),
    whole(MOTD),
    Part { name: PROGRAMS, kind: Kind::Programs },
    Part { name: JOURNAL, kind: Kind::Journal },
    lines(AUDIT),
    lines(AUDIT_OLDER),
    whole(SEQUENCE),
    whole(ERASING),
];

/// In which order they are put into a folder from which a server may be started at any moment, where older ones stand. What is
/// gone, is taken away in the same order; but `erasing.json` after all others.
///
/// First what says that somebody is being erased; then what is small and names nothing; seqs, before events that have them; the
/// accounts, before what names them: beside older ones of these they end what is over; the journal, before what names its events.
///
/// The accounts don't wait for the journal, though they name events (`since`): on a disk that is full it takes all the room, and a
/// ban has to arrive. An account that was made after an event that isn't there has seen less than it might: nothing older is shown
/// to it, and what comes next has a seq from behind `sequence`, which is there before it.
pub(crate) const PUT: [&str; 16] = [
    ERASING,
    IDENTITY_OLDER,
    IDENTITY,
    SETTINGS,
    MOTD,
    SEQUENCE,
    USERS,
    JOURNAL,
    TOKENS,
    ROOMS,
    LESSON,
    TOPIC,
    CLOCK,
    PROGRAMS,
    AUDIT_OLDER,
    AUDIT,
];

const fn whole(name: &'static str) -> Part {
    Part { name, kind: Kind::Whole }
}

const fn lines(name: &'static str) -> Part {
    Part { name, kind: Kind::Lines }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::folder::{ARRIVED, ARRIVING, LAST_BACKUP, LOCK, MIRROR, MIRROR_OF, SPARE};
    use std::collections::BTreeSet;

    fn before(earlier: &str, later: &str, order: &[&str]) -> bool {
        let place = |name: &str| order.iter().position(|part| *part == name);
        place(earlier) < place(later)
    }

    /// `make run` has its data folder in the checkout, and a private key never enters the repository.
    #[test]
    fn git_ignores_what_a_server_keeps_in_a_checkout() {
        let ignored: BTreeSet<_> =
            include_str!("../../../.gitignore").lines().map(|line| line.trim_matches('/')).collect();
        // What people write, or put there.
        let theirs = [SETTINGS, MOTD, PROGRAMS];
        let kept = PARTS.iter().map(|part| part.name).filter(|name| !theirs.contains(name));
        for name in kept.chain([LOCK, MIRROR, MIRROR_OF, SPARE, LAST_BACKUP, ARRIVING, ARRIVED, "identity.p12.new"]) {
            assert!(ignored.contains(name), "{name}");
        }
    }

    /// The reasons stand at the head of this file.
    #[test]
    fn of_two_that_know_of_each_other_the_right_one_is_newer() {
        let read = PARTS.map(|part| part.name);
        for state in [CLOCK, TOPIC, ROOMS, LESSON, TOKENS, USERS] {
            assert!(before(state, JOURNAL, &read), "{state}");
            assert!(state == USERS || before(JOURNAL, state, &PUT), "{state}");
        }
        // Not behind the journal, which may find no room.
        assert!(before(SEQUENCE, USERS, &PUT) && before(USERS, JOURNAL, &PUT));
        for named in [ROOMS, LESSON, TOPIC, TOKENS] {
            assert!(before(named, USERS, &read) && before(USERS, named, &PUT), "{named}");
        }
        assert!(before(JOURNAL, SEQUENCE, &read) && before(SEQUENCE, JOURNAL, &PUT));
        assert!(before(AUDIT, AUDIT_OLDER, &read) && before(AUDIT_OLDER, AUDIT, &PUT));
        assert_eq!((read[0], read[read.len() - 1], PUT[0]), (ERASING, ERASING, ERASING));
        let (all, put): (BTreeSet<_>, BTreeSet<_>) = (read.into_iter().collect(), PUT.into_iter().collect());
        assert_eq!((&all, all.len()), (&put, PUT.len()), "each is put once");
    }
}
