//! How long a postman rests between two rounds, so that the next one has more to bring.

use crate::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The pause after a round that brought so many events, in a busy room, is as long as the round was, and shorter in
/// proportion for fewer: it pays where much comes meanwhile, and only costs throughput where little does. Measured
/// in docs/performance.md.
const PAUSE_EVENTS: u32 = 16;
/// And it's never longer: nobody sees so little.
const PAUSE_MAX: Duration = Duration::from_millis(15);
/// Nor shorter, unless as much has come by then as the round brought: the rounds of a small room are over before those who
/// answer them have read them, and nothing is gained by waiting for more than they say.
const PAUSE_MIN: Duration = Duration::from_micros(500);
/// Comings and goings are told at most so often, unless somebody says something meanwhile.
const PRESENCE_PAUSE: Duration = Duration::from_millis(50);
/// And at most so often while more are about to log in: of a class that arrives at once, everyone is told of everyone.
const CROWD_PAUSE: Duration = Duration::from_millis(200);
/// Of thousands who arrive at once even that is most of the work: so the pause is as many times as long as the last round.
const CROWD_ROUNDS: u32 = 8;
/// But never longer.
const CROWD_PAUSE_MAX: Duration = Duration::from_secs(2);

/// The pause after a round.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pause {
    /// None: the next event finds the postman parked.
    None,
    /// Until so many more events have come, but no longer than [`PAUSE_MIN`].
    ForAsMuch(u64),
    /// So long.
    For(Duration),
}

/// The pause after a round that took so long and brought so many events, and at whose end there's news again or not. In a
/// small room that is busy everyone has soon answered what the round brought.
pub(super) fn after_round(took: Duration, events: u64, has_news: bool) -> Pause {
    if events <= 1 && !has_news {
        return Pause::None;
    }
    let pause = (took * events.min(PAUSE_EVENTS.into()) as u32 / PAUSE_EVENTS).min(PAUSE_MAX);
    if pause >= PAUSE_MIN { Pause::For(pause) } else { Pause::ForAsMuch(events) }
}

/// How long comings and goings can wait at least, so long after the last round, which took so long; whether more are about to
/// log in. A class that arrives at once would cause a round for each student.
pub(super) fn before_comings(took: Duration, since: Duration, are_expected: bool) -> Duration {
    let crowd = || (took * CROWD_ROUNDS).clamp(CROWD_PAUSE, CROWD_PAUSE_MAX);
    let pause = if are_expected { crowd() } else { PRESENCE_PAUSE };
    // Looked at again before it's over: the last of the crowd may be in by then.
    pause.saturating_sub(since).min(PRESENCE_PAUSE)
}

/// While a postman pauses: the newest event's seq that ends the pause. Else 0.
#[derive(Debug, Default)]
pub(super) struct Wanted(AtomicU64);

impl Wanted {
    /// Whether a postman is to be woken, now that the timeline is as far as `head`.
    pub(super) fn is_there(&self, head: u64) -> bool {
        head >= self.0.load(Ordering::Acquire)
    }

    /// Waits until the timeline's `head` is as far as `wanted`, but no longer than [`PAUSE_MIN`].
    pub(super) fn wait(
        &self,
        wanted: u64,
        head: impl Fn() -> u64,
        now: impl Fn() -> Instant,
        mut doze: impl FnMut(Duration),
    ) {
        let end = now() + PAUSE_MIN;
        self.0.store(wanted, Ordering::Release);
        while head() < wanted {
            let left = end.saturating_duration_since(now());
            if left.is_zero() {
                break;
            }
            // Whoever speaks meanwhile may not see yet what is wanted: then the end wakes it.
            doze(left);
        }
        self.0.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_quiet_room_never_pauses_and_a_busy_one_as_long_as_it_pays() {
        assert_eq!(after_round(ms(10), 1, false), Pause::None);
        assert_eq!(after_round(ms(16), 1, true), Pause::For(ms(1)));
        assert_eq!(after_round(ms(8), 8, false), Pause::For(ms(4)));
        assert_eq!(after_round(ms(8), 16, false), Pause::For(ms(8)));
        assert_eq!(after_round(ms(8), 100_000_000_000, false), Pause::For(ms(8)), "no longer than the round");
        assert_eq!(after_round(ms(900), 16, false), Pause::For(PAUSE_MAX));
        assert_eq!(after_round(Duration::from_micros(40), 12, false), Pause::ForAsMuch(12));
    }

    #[test]
    fn comings_wait_longer_the_longer_a_round_of_a_crowd_takes() {
        // How long they wait in all: the pause is looked at again and again until it's over.
        let in_all = |took, are_expected| {
            let over = |since: &Duration| before_comings(took, *since, are_expected).is_zero();
            (0..).map(ms).find(over).unwrap()
        };
        assert_eq!((in_all(ms(0), false), in_all(ms(100), false)), (ms(50), ms(50)));
        assert_eq!((in_all(ms(0), true), in_all(ms(25), true)), (ms(200), ms(200)));
        assert_eq!((in_all(ms(100), true), in_all(ms(240), true)), (ms(800), ms(1_920)));
        assert_eq!(in_all(ms(900), true), ms(2_000));
        assert_eq!(before_comings(ms(100), ms(0), true), ms(50), "it is looked at again: the last may be in by then");
        assert_eq!(before_comings(ms(100), ms(780), true), ms(20));
    }

    /// A pause that waits for event 13, with a clock that stands; gives how long each doze was to be. `meanwhile` may make it go
    /// on, and events come.
    fn pause(meanwhile: impl Fn(&Wanted, &Cell<u64>, &Cell<Instant>)) -> Vec<Duration> {
        let (wanted, head, now) = (Wanted::default(), Cell::new(10), Cell::new(Instant::now()));
        let dozes = RefCell::new(Vec::new());
        let doze = |left| {
            assert!(dozes.borrow().len() < 10, "it dozes for ever");
            dozes.borrow_mut().push(left);
            meanwhile(&wanted, &head, &now);
        };
        wanted.wait(13, || head.get(), || now.get(), doze);
        assert!(wanted.is_there(0), "whatever comes afterwards wakes it");
        dozes.into_inner()
    }

    #[test]
    fn a_short_pause_ends_with_as_much_as_came() {
        let dozes = pause(|wanted, head, _| {
            head.set(head.get() + 1);
            assert_eq!(wanted.is_there(head.get()), head.get() >= 13, "it is woken for no less");
        });
        assert_eq!(dozes, [PAUSE_MIN; 3]);
    }

    #[test]
    fn a_short_pause_ends_by_itself() {
        assert_eq!(pause(|_, _, now| now.set(now.get() + PAUSE_MIN)), [PAUSE_MIN]);
        // Woken for nothing: no longer than what is left.
        let dozes = pause(|_, _, now| now.set(now.get() + PAUSE_MIN / 2));
        assert_eq!(dozes, [PAUSE_MIN, PAUSE_MIN / 2]);
    }
}
