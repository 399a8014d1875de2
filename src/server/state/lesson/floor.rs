//! The floor of a room: who may say something there, for how long, and who was called; and who may whisper, in the whole
//! server.

use super::timer::{Moment, Timer, check_minutes};
use crate::protocol::{Mode, SLOW_SECONDS_MAX, Username, Whispers};
use crate::server::clock::Now;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A room's.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Floor {
    /// Who may say something.
    pub(crate) mode: Mode,
    /// In a slow room: how long everyone waits between two messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<u32>,
    /// When it is open again by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timer: Option<Timer>,
    /// Who was called, and may speak while it is quiet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) called: Option<Username>,
}

/// Who may whisper.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Whispering {
    /// Who may.
    pub(crate) to: Whispers,
    /// When everyone may again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timer: Option<Timer>,
}

/// What is to change. What is absent stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) mode: Option<Mode>,
    pub(crate) minutes: Option<u32>,
    pub(crate) seconds: Option<u32>,
    pub(crate) whispers: Option<Whispers>,
}

impl Wanted {
    /// Changes a room's floor and who may whisper, or nothing.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn apply(
        &self,
        floor: &mut Floor,
        whispering: &mut Whispering,
        now: Moment,
    ) -> Result<(), Cow<'static, str>> {
        let Self { mode, minutes, seconds, whispers } = *self;
        if (mode, minutes, seconds, whispers) == (None, None, None, None) {
            return Err("say what is to change: `mode`, `minutes`, `seconds` or `whispers`".into());
        }
        check_minutes(minutes)?;
        let mode_then = mode.unwrap_or(floor.mode);
        let seconds_then = self.seconds_then(mode_then, floor)?;
        let (sets_mode, sets_whispers) = (mode.is_some() || seconds.is_some(), whispers.is_some());
        let whispers_then = whispers.unwrap_or(whispering.to);
        // Time is for what is set with it; alone, for what holds.
        let for_mode = mode_then != Mode::Open && (sets_mode || !sets_whispers);
        let for_whispers = whispers_then != Whispers::All && (sets_whispers || (!sets_mode && !for_mode));
        let timer = minutes.map(|minutes| Timer::new(minutes, now));
        if timer.is_some() && !for_mode && !for_whispers {
            return Err(
                "`minutes` is how long something lasts, and nothing is to: it is open, and everyone may whisper".into(),
            );
        }
        if mode.is_some() || (for_mode && timer.is_some()) {
            floor.timer = timer.clone().filter(|_| for_mode);
        }
        if sets_whispers || (for_whispers && timer.is_some()) {
            whispering.timer = timer.filter(|_| for_whispers);
        }
        // Whoever was called before it became quiet isn't the one who may speak now.
        if mode == Some(Mode::Open) || (mode_then == Mode::Quiet && floor.mode != Mode::Quiet) {
            floor.called = None;
        }
        (floor.mode, floor.seconds, whispering.to) = (mode_then, seconds_then, whispers_then);
        Ok(())
    }

    /// How slow it is then.
    fn seconds_then(&self, mode: Mode, floor: &Floor) -> Result<Option<u32>, Cow<'static, str>> {
        match (mode, self.seconds.or(floor.seconds)) {
            (Mode::Slow, Some(seconds)) if is_pause(seconds) => Ok(Some(seconds)),
            (Mode::Slow, _) => Err(format!("a slow room needs `seconds`, 1 to {SLOW_SECONDS_MAX}").into()),
            (Mode::Open | Mode::Quiet, _) if self.seconds.is_some() => {
                Err("`seconds` is for a slow room: `mode` must be `slow`".into())
            }
            (Mode::Open | Mode::Quiet, _) => Ok(None),
        }
    }
}

impl Floor {
    /// Opens it if its time is over. Whether it was.
    pub(crate) fn end_if_due(&mut self, now: &Now) -> bool {
        let is_due = self.timer.as_ref().is_some_and(|timer| timer.is_over(now));
        if is_due {
            *self = Self::default();
        }
        is_due
    }

    /// Whether somebody may speak while it is quiet who is no staff.
    pub(crate) fn is_called(&self, name: &Username) -> bool {
        self.called.as_ref() == Some(name)
    }

    /// What is wrong with one that was read, if something is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        match (self.mode, self.seconds) {
            (Mode::Slow, Some(seconds)) if is_pause(seconds) => None,
            (Mode::Slow, _) => Some("a slow room has no `seconds`, or impossible ones"),
            (Mode::Open | Mode::Quiet, Some(_)) => Some("a room that isn't slow has `seconds`"),
            (Mode::Open, None) if self.timer.is_some() => Some("an open room has an end"),
            (Mode::Open | Mode::Quiet, None) => None,
        }
    }
}

impl Whispering {
    /// Lets everyone whisper if the time of what holds is over. Whether it was.
    pub(crate) fn end_if_due(&mut self, now: &Now) -> bool {
        let is_due = self.timer.as_ref().is_some_and(|timer| timer.is_over(now));
        if is_due {
            *self = Self::default();
        }
        is_due
    }

    /// Whether somebody may whisper to somebody: who of the two is staff.
    pub(crate) fn allows(&self, from_staff: bool, to_staff: bool) -> bool {
        match self.to {
            Whispers::All => true,
            Whispers::Staff => from_staff || to_staff,
            Whispers::Off => false,
        }
    }
}

fn is_pause(seconds: u32) -> bool {
    (1..=SLOW_SECONDS_MAX).contains(&seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{SignedDuration, Timestamp};

    const START: Moment = Moment { lived: Timestamp::UNIX_EPOCH, shown: Timestamp::UNIX_EPOCH };

    fn after(minutes: i64) -> Now {
        (START.lived + SignedDuration::from_mins(minutes)).into()
    }

    /// What becomes of an open room with these, one after the other.
    fn floor(wanted: &[Wanted]) -> (Floor, Whispering) {
        let (mut floor, mut whispering) = Default::default();
        wanted.iter().for_each(|wanted| wanted.apply(&mut floor, &mut whispering, START).unwrap());
        (floor, whispering)
    }

    fn quiet(minutes: Option<u32>) -> Wanted {
        Wanted { mode: Some(Mode::Quiet), minutes, ..Wanted::default() }
    }

    #[test]
    fn what_is_absent_stays() {
        let whispers = Wanted { whispers: Some(Whispers::Staff), ..Wanted::default() };
        let (room, whispering) = floor(&[quiet(Some(5)), whispers]);
        assert_eq!((room.mode, whispering.to), (Mode::Quiet, Whispers::Staff));
        assert!(room.timer.is_some() && whispering.timer.is_none());
        let (room, _) = floor(&[quiet(Some(5)), quiet(None)]);
        assert_eq!(room.timer, None, "until it is changed");
        let slow = Wanted { mode: Some(Mode::Slow), minutes: Some(5), seconds: Some(30), whispers: None };
        let slower = Wanted { seconds: Some(60), ..Wanted::default() };
        let (room, _) = floor(&[slow, slower]);
        assert!(room.seconds == Some(60) && room.timer.is_some());
        let (room, _) = floor(&[slow, quiet(None)]);
        assert_eq!((room.mode, room.seconds), (Mode::Quiet, None));
    }

    #[test]
    fn what_was_set_with_minutes_ends_and_nothing_else() {
        let off = |minutes| Wanted { whispers: Some(Whispers::Off), minutes, ..Wanted::default() };
        let (mut room, mut whispering) = floor(&[quiet(Some(5)), off(Some(10))]);
        assert!(!room.end_if_due(&after(4)) && room.end_if_due(&after(5)) && room == Floor::default());
        assert!(!whispering.end_if_due(&after(5)) && whispering.end_if_due(&after(10)));
        assert_eq!(whispering, Whispering::default());
        let (mut room, mut whispering) = floor(&[quiet(Some(5)), off(None)]);
        assert!(room.end_if_due(&after(60)) && !whispering.end_if_due(&after(60)));
        let both = Wanted { whispers: Some(Whispers::Staff), ..quiet(Some(5)) };
        let (room, whispering) = floor(&[both]);
        assert!(room.timer.is_some() && room.timer == whispering.timer);
        let alone = Wanted { minutes: Some(7), ..Wanted::default() };
        let (room, whispering) = floor(&[quiet(None), off(None), alone]);
        assert!(room.timer.is_some() && whispering.timer.is_none(), "minutes alone are for the room");
        let (room, whispering) = floor(&[off(None), alone]);
        assert!(room.timer.is_none() && whispering.timer.is_some());
    }

    #[test]
    fn open_takes_back_whose_turn_it_is() {
        let (mut room, mut whispering) = floor(&[quiet(None)]);
        room.called = Username::parse("eve");
        quiet(Some(5)).apply(&mut room, &mut whispering, START).unwrap();
        assert!(room.is_called(&Username::parse("eve").unwrap()));
        Wanted { mode: Some(Mode::Open), ..Wanted::default() }.apply(&mut room, &mut whispering, START).unwrap();
        assert_eq!(room, Floor::default());
        room.called = Username::parse("eve");
        quiet(None).apply(&mut room, &mut whispering, START).unwrap();
        assert_eq!(room.called, None, "that was before it became quiet");
    }

    #[test]
    fn nonsense_changes_nothing() {
        let open = |wanted: Wanted| Wanted { mode: Some(Mode::Open), ..wanted };
        let slow = |seconds| Wanted { mode: Some(Mode::Slow), seconds, ..Wanted::default() };
        for wanted in [
            Wanted::default(),
            quiet(Some(0)),
            quiet(Some(TOO_LONG)),
            open(Wanted { minutes: Some(5), ..Wanted::default() }),
            Wanted { minutes: Some(5), whispers: Some(Whispers::All), ..Wanted::default() },
            Wanted { seconds: Some(5), ..quiet(None) },
            Wanted { seconds: Some(5), ..Wanted::default() },
            slow(None),
            slow(Some(0)),
            slow(Some(SLOW_SECONDS_MAX + 1)),
        ] {
            let (mut floor, mut whispering) = Default::default();
            assert!(wanted.apply(&mut floor, &mut whispering, START).is_err(), "{wanted:?}");
            assert_eq!((floor, whispering), Default::default());
        }
    }

    const TOO_LONG: u32 = crate::protocol::TIMER_MINUTES_MAX + 1;

    #[test]
    fn who_may_whisper() {
        let allows = |to| {
            let whispering = Whispering { to, timer: None };
            [(true, true), (true, false), (false, true), (false, false)].map(|(from, to)| whispering.allows(from, to))
        };
        assert_eq!(allows(Whispers::All), [true; 4]);
        assert_eq!(allows(Whispers::Staff), [true, true, true, false]);
        assert_eq!(allows(Whispers::Off), [false; 4]);
    }
}
