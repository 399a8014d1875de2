//! What came since the account last left, fetched between the login and everything else.

use crate::client::connection::{Connected, LOGIN_WAIT, LoggedIn, next_line};
use crate::client::error::ClientError;
use crate::protocol::{HISTORY_EVENTS_MAX, Reply, Request, ServerMessage};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many messages `/history` shows at most.
pub(crate) const HISTORY_SHOWN_MAX: usize = 1_000;
/// How much of it is shown, beside the whispers that waited. The rest is for `/history`.
const SHOWN_MAX: usize = 50;
/// How many requests that may take: a page holds as many events as fit in a line.
const PAGES_MAX: usize = SHOWN_MAX;
/// How much else may come meanwhile: the server sends at most so many whispers that waited, and then live events.
const LINES_MAX: usize = 4_000;

/// What was missed.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    /// By seq.
    pub(super) events: BTreeMap<u64, ServerMessage<'static>>,
    /// How many older ones there are beyond those.
    pub(super) more: u64,
}

/// How the client came back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Back {
    /// How long it was gone.
    pub(super) gone: Duration,
    /// How many accounts are online now.
    pub(super) online: usize,
    /// Part of what it missed is lost.
    pub(super) gap: bool,
}

/// A replay under way.
#[derive(Debug)]
pub(super) struct Replay {
    /// The newest event when the client was back. Whatever it may not see of those up to here doesn't come.
    pub(super) upto: u64,
    /// How much was said.
    pub(super) said: usize,
    /// What is known of it from the beginning.
    pub(super) back: Back,
}

/// Asks for what was missed. What else comes stays in `pending`, for the reader.
///
/// # Errors
/// The connection is lost.
pub(crate) fn fetch(connected: &mut Connected, logged_in: &mut LoggedIn) -> Result<Missed, ClientError> {
    let LoggedIn { welcome, pending } = logged_in;
    let mut missed = Missed::default();
    // Whoever must change the password first may not look back yet.
    if welcome.missed == 0 || welcome.must_change_password {
        return Ok(missed);
    }
    let (left_at, upto) = (welcome.left_at.unwrap_or(0), welcome.seq);
    let mut fetch = Fetch { connected, upto, others: Vec::new(), whispers: BTreeMap::new(), lines: 0 };
    let mut before = upto.checked_add(1);
    for page in 0..PAGES_MAX {
        let limit = SHOWN_MAX - missed.events.len();
        let request = Request::History { room: None, before, limit: Some(limit.min(HISTORY_EVENTS_MAX)) };
        let Some(reply) = fetch.ask(&request, &format!("missed-{page}"), pending)? else { break };
        let events = reply.events.unwrap_or_default();
        let found = events.len();
        let new = events.into_iter().filter_map(|event| event.seq().map(|seq| (seq, event)));
        missed.events.extend(new.filter(|(seq, _)| *seq > left_at && *seq <= upto).take(limit));
        // Where the server goes on if it has only looked so far, but no further back than what was missed.
        let next = reply.next.filter(|&next| next > left_at && before.is_none_or(|before| next < before));
        if missed.events.len() >= SHOWN_MAX || next.is_none() && (reply.more == 0 || found == 0) {
            break;
        }
        before = next.or(missed.events.keys().next().copied());
    }
    let Fetch { others, whispers, .. } = fetch;
    missed.events.extend(whispers);
    missed.more = welcome.missed.saturating_sub(missed.events.len() as u64);
    *pending = [others, std::mem::take(pending)].concat();
    Ok(missed)
}

/// A conversation of which only the answers matter for now.
struct Fetch<'a> {
    connected: &'a mut Connected,
    /// Events up to this one were missed; later ones are live.
    upto: u64,
    /// Whole lines for the reader.
    others: Vec<u8>,
    /// The whispers that waited, which come by themselves.
    whispers: BTreeMap<u64, ServerMessage<'static>>,
    lines: usize,
}

impl Fetch<'_> {
    /// The reply; None when the server refuses, or sends no end of other things.
    fn ask(
        &mut self,
        request: &Request,
        id: &str,
        pending: &mut Vec<u8>,
    ) -> Result<Option<Reply<'static>>, ClientError> {
        self.connected.send(request, Some(id))?;
        let deadline = Instant::now() + LOGIN_WAIT;
        while self.lines < LINES_MAX {
            self.lines += 1;
            let line = next_line(self.connected, deadline, pending)?;
            match serde_json::from_slice(&line) {
                Ok(ServerMessage::Reply(reply)) if reply.id.as_deref() == Some(id) => return Ok(Some(reply)),
                Ok(ServerMessage::Error { id: Some(of), .. }) if of == id => return Ok(None),
                Ok(ServerMessage::Ping {}) => self.connected.send(&Request::Pong, None)?,
                Ok(whisper @ ServerMessage::Whisper { seq, .. }) if seq <= self.upto => {
                    self.whispers.insert(seq, whisper);
                }
                _ => self.others.extend_from_slice(&line),
            }
        }
        Ok(None)
    }
}
