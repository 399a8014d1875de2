//! What was said before: pages of it, one event again, and the whispers that waited for somebody.
//!
//! For the threads of those who ask: it may be read from the journal.

use crate::protocol::Username;
use crate::server::chat::Session;
use crate::server::timeline::{Record, Timeline, Viewer, WHISPERS_PER_ACCOUNT_MAX, Where};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// How many stretches (of 256 KiB) are looked at for one page, however little of them the account may see: 50 ms of
/// reading and parsing at the most, if all are on the disk. Whoever wants more goes on from there.
const STRETCHES_PER_PAGE_MAX: usize = 32;
/// How long somebody whose turn it isn't waits before it's looked whether they are still there.
const TURN_PAUSE: Duration = Duration::from_millis(50);

/// What was said, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The events' lines.
    pub(crate) lines: Vec<Vec<u8>>,
    /// How many older ones of those asked for didn't fit, or weren't looked for.
    pub(crate) more: usize,
    /// What came before this wasn't looked at, although it may hold more of what was asked for.
    pub(crate) next: Option<u64>,
}

/// The newest `limit` things said there, before `before` and after `since`, that the session's account may see, as many as fit in
/// `bytes_max` bytes from the newest on. Each is counted with its end, which stands for the comma after it.
///
/// What is looked at is charged to the account, and waits until what was looked at for it before is paid for.
///
/// # Errors
/// The journal can't be read.
pub(crate) fn page(
    timeline: &Timeline,
    session: &Session,
    place: &Where,
    (since, before): (u64, u64),
    limit: usize,
    bytes_max: usize,
) -> io::Result<Page> {
    let (mut page, mut left, mut before) = (Page::default(), bytes_max, before);
    let mut looked_at = 0;
    while page.lines.len() + page.more < limit && before > since.saturating_add(1) && !session.is_over() {
        if looked_at == STRETCHES_PER_PAGE_MAX {
            page.next = (page.more == 0).then_some(before);
            // A client that doesn't know `next` goes on too: fewer than it asked for would mean that nothing older is kept.
            page.more = limit - page.lines.len();
            break;
        }
        looked_at += 1;
        session.mandate.standing().looks.charge(1, Instant::now());
        let looked = timeline.look_before(before, session.viewer(), |chunk, eyes| {
            let wanted = limit - page.lines.len() - page.more;
            for (_, line) in chunk.said((since, before), place, eyes).take(wanted) {
                match left.checked_sub(line.len()).filter(|_| page.more == 0) {
                    Some(rest) => {
                        left = rest;
                        page.lines.push(line.to_vec());
                    }
                    None => page.more += 1,
                }
            }
            chunk.first
        })?;
        let Some(first) = looked else { break };
        before = first;
    }
    page.lines.reverse();
    Ok(page)
}

/// Waits until what was looked at for the session's account is paid for. Bounded: each of its few sessions looks at no
/// more than [`STRETCHES_PER_PAGE_MAX`] beyond what it has. Nobody waits for who is gone.
pub(super) fn wait_for_turn(session: &Session) {
    loop {
        let wait = session.mandate.standing().looks.charge(0, Instant::now());
        if wait.is_zero() || session.is_over() {
            return;
        }
        thread::sleep(wait.min(TURN_PAUSE));
    }
}

/// The line of an event that was said, for a session that said it; None if it's no longer kept.
///
/// # Errors
/// The journal can't be read.
pub(super) fn own_event(timeline: &Timeline, session: &Session, seq: u64) -> io::Result<Option<Vec<u8>>> {
    session.mandate.standing().looks.charge(1, Instant::now());
    event(timeline, seq)
}

/// The line of an event that was said, for a session that may see it.
///
/// # Errors
/// The journal can't be read.
pub(super) fn seen_event(timeline: &Timeline, session: &Session, seq: u64) -> io::Result<Option<Vec<u8>>> {
    if seq <= session.mandate.standing().state().since {
        // Perhaps it was for an older account of the name.
        return Ok(None);
    }
    session.mandate.standing().looks.charge(1, Instant::now());
    let (after, before) = (seq.saturating_sub(1), seq.saturating_add(1));
    let line = timeline.look_before(before, session.viewer(), |chunk, eyes| {
        chunk.said((after, before), &Where::Everywhere, eyes).next().map(|(_, line)| line.to_vec())
    })?;
    Ok(line.flatten())
}

/// The line of an event that was said; None if it's no longer kept.
///
/// # Errors
/// The journal can't be read.
fn event(timeline: &Timeline, seq: u64) -> io::Result<Option<Vec<u8>>> {
    let line =
        timeline.look_before(seq.saturating_add(1), Viewer::Anyone, |chunk, _| chunk.get(seq).map(<[u8]>::to_vec))?;
    Ok(line.flatten())
}

/// The lines of the newest whispers to an account that came after `after` up to `upto`, oldest first: at most
/// [`WHISPERS_PER_ACCOUNT_MAX`], and as many as fit in `bytes_max` bytes.
///
/// # Errors
/// The journal can't be read.
pub(super) fn whispers_to(
    timeline: &Timeline,
    name: &Username,
    (after, upto): (u64, u64),
    bytes_max: usize,
) -> io::Result<Vec<u8>> {
    let seqs: Vec<u64> = timeline.recall(|recall| recall.whispers(name, after).filter(|&seq| seq <= upto).collect());
    debug_assert!(seqs.len() <= WHISPERS_PER_ACCOUNT_MAX);
    let (mut lines, mut bytes) = (Vec::new(), 0);
    for seq in seqs.into_iter().rev() {
        let Some(line) = event(timeline, seq)? else { break };
        if Record::parse(&line).is_ok_and(|record| record.to == name.as_str()) {
            bytes += line.len();
            if bytes > bytes_max {
                break;
            }
            lines.push(line);
        }
    }
    lines.reverse();
    Ok(lines.concat())
}
