//! What was said before: pages of it, one event again, and the whispers that waited for somebody.
//!
//! For the threads of those who ask: it may be read from the journal.

use super::recall::WHISPERS_PER_ACCOUNT_MAX;
use super::record::Record;
use super::timeline::Timeline;
use crate::protocol::Username;
use std::io;

/// What was said, oldest first.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The events' lines.
    pub(super) lines: Vec<Vec<u8>>,
    /// How many older ones of those asked for didn't fit.
    pub(super) more: usize,
}

/// The newest `limit` things said before `before` and after `since` that an account may see, as many as fit in
/// `bytes_max` bytes from the newest on. Each is counted with its end, which stands for the comma after it.
///
/// # Errors
/// The journal can't be read.
pub(super) fn page(
    timeline: &Timeline,
    viewer: &Username,
    (since, before): (u64, u64),
    limit: usize,
    bytes_max: usize,
) -> io::Result<Page> {
    let (mut page, mut left, mut before) = (Page::default(), bytes_max, before);
    while page.lines.len() + page.more < limit && before > since.saturating_add(1) {
        let looked = timeline.look_before(before, |chunk| {
            for (_, line) in chunk.said(since, before, viewer).take(limit - page.lines.len() - page.more) {
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

/// The line of an event that was said; None if it's no longer kept.
///
/// # Errors
/// The journal can't be read.
pub(super) fn event(timeline: &Timeline, seq: u64) -> io::Result<Option<Vec<u8>>> {
    let line = timeline.look_before(seq.saturating_add(1), |chunk| chunk.get(seq).map(<[u8]>::to_vec))?;
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
