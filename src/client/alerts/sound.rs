//! Sounds, from a thread of their own: a slow or missing audio device delays nobody.
//!
//! One cue at the most waits, the most urgent one, and no two begin within [`STORM_GAP`]: however much happens,
//! nobody hears a drumroll, or what happened long ago.

use super::player::{self, Player};
use crate::client::settings::Cue;
use crate::client::terminal::notice;
use crate::reason::Reason;
use crate::sync::lock;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The shortest time between the beginnings of two sounds.
const STORM_GAP: Duration = Duration::from_millis(300);
/// How long the player is kept after the last cue: an open device costs processor time in silence too.
const PLAYER_IDLE: Duration = Duration::from_secs(5);
/// How long after a failure the device is tried again: by then it may have been plugged in.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Plays cues.
#[derive(Debug, Default)]
pub(super) struct Sounds {
    /// None where no thread could be had.
    waiting: Option<Arc<Waiting>>,
}

/// The cue that waits for its turn, and what it waits for.
#[derive(Debug, Default)]
struct Waiting {
    call: Mutex<Option<Call>>,
    came: Condvar,
    /// Why nothing can be played.
    trouble: Mutex<Option<String>>,
}

/// Something to be heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Call {
    pub(super) cue: Cue,
    /// The terminal's bell may stand in for it.
    pub(super) bell: bool,
    /// Somebody wants to know whether it can be heard.
    pub(super) asked: bool,
}

impl Sounds {
    /// Starts the thread that plays; `folder` replaces the built-in sounds.
    pub(super) fn start(folder: Option<PathBuf>) -> Self {
        // Who has a program without sounds knows: it's said where it's asked for.
        let trouble = Mutex::new(player::missing().map(Into::into));
        let waiting = Arc::new(Waiting { trouble, ..Waiting::default() });
        let theirs = Arc::clone(&waiting);
        let started = thread::Builder::new().name("sound".into()).spawn(move || run(&theirs, folder.as_deref()));
        match started {
            Ok(_) => Self { waiting: Some(waiting) },
            Err(e) => {
                notice(format_args!("no sounds: {}", Reason(&e)));
                Self::default()
            }
        }
    }

    /// Plays a cue soon, unless a more urgent one waits.
    pub(super) fn play(&self, call: Call) {
        let Some(waiting) = &self.waiting else { return };
        let mut other = lock(&waiting.call);
        if other.is_none_or(|other| other.cue <= call.cue) {
            *other = Some(call);
            waiting.came.notify_one();
        }
    }

    /// Why nothing could be played, if that was so the last time.
    pub(super) fn trouble(&self) -> Option<String> {
        lock(&self.waiting.as_ref()?.trouble).clone()
    }
}

impl Waiting {
    /// The next cue; None when none comes within `wait`.
    fn next(&self, wait: Option<Duration>) -> Option<Call> {
        let nothing = |call: &mut Option<_>| call.is_none();
        let call = lock(&self.call);
        let mut call = match wait {
            None => self.came.wait_while(call, nothing).unwrap_or_else(PoisonError::into_inner),
            Some(wait) => self.came.wait_timeout_while(call, wait, nothing).unwrap_or_else(PoisonError::into_inner).0,
        };
        call.take()
    }

    /// Keeps in mind what came of a sound, and tells of what is new, or was asked for. The player, where it is good.
    fn note(&self, played: Result<Player, String>, asked: bool) -> Option<Player> {
        let trouble = played.as_ref().err().cloned();
        let before = std::mem::replace(&mut *lock(&self.trouble), trouble.clone());
        match trouble {
            Some(why) if asked || before.as_ref() != Some(&why) => notice_of(why),
            None if before.is_some() => notice("sounds can be played again"),
            _ => {}
        }
        played.ok()
    }
}

/// Plays for as long as the process lives. A player is started for the first cue: who hears none needs none. A folder of
/// one's own is looked at once, so that what is wrong with it is told at once.
fn run(waiting: &Waiting, folder: Option<&Path>) {
    let (mut player, mut tried_at) = (None, None::<Instant>);
    if folder.is_some() {
        let checked = Player::start(folder).and_then(|mut player| player.check(notice).map(|()| player));
        player = waiting.note(checked, true);
    }
    loop {
        let Some(call) = waiting.next(player.as_ref().map(|_| PLAYER_IDLE)) else {
            player = None;
            continue;
        };
        if call.asked || tried_at.is_none_or(|tried_at| tried_at.elapsed() > TRY_AGAIN_AFTER) {
            let ready = player.take().map_or_else(|| Player::start(folder), Ok);
            let played = ready.and_then(|mut player| player.play(call.cue).map(|()| player));
            tried_at = played.is_err().then(Instant::now);
            player = waiting.note(played, call.asked);
        }
        if tried_at.is_some() && call.bell && call.cue >= Cue::Mention {
            ring();
        }
        // Whatever comes meanwhile waits, the most urgent of it.
        thread::sleep(STORM_GAP);
    }
}

fn notice_of(why: String) {
    notice(format_args!("no sounds: {why}"));
}

/// Rings the terminal's bell. It moves no cursor and shows nothing.
fn ring() {
    if io::stderr().is_terminal() {
        // Without a terminal there is nobody to hear it.
        let _ = io::stderr().write_all(b"\x07");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_of_what_waits_is_heard() {
        let waiting = Arc::new(Waiting::default());
        let sounds = Sounds { waiting: Some(Arc::clone(&waiting)) };
        for cue in [Cue::Message, Cue::Private, Cue::Mention, Cue::Login] {
            sounds.play(Call { cue, bell: false, asked: false });
        }
        assert_eq!(waiting.next(None).map(|call| call.cue), Some(Cue::Private));
        assert_eq!(waiting.next(Some(Duration::ZERO)), None, "the others are not heard late");
    }
}
