//! What an account may do, as it stands in `users.json` and as its sessions share it.
//!
//! A session's rights rest on its [`Mandate`]: the account itself, at the generation that it had when the session logged
//! in. What ends the account's sessions changes the generation, so they are over in that moment, all at once.

use super::attention::Attention;
use super::rate::{LessonRate, LoginRate, LookRate, Rate};
use crate::protocol::{Profile, Role};
use crate::server::clock::Now;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::{Arc, Mutex, lock};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What holds for an account, beside its password.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct State {
    /// What it may do.
    pub(crate) role: Role,
    /// Nothing but a change of password is allowed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) must_change_password: bool,
    /// When the password was made that must be changed, in lived time. Its lifetime begins there, and with no login anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) one_time_since: Option<Timestamp>,
    /// It is a guest's, and is deleted then, in lived time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) guest_until: Option<Timestamp>,
    /// It may not log in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) banned: bool,
    /// It may say nothing until then, in lived time; [`Timestamp::MAX`] is until it's unmuted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) muted_until: Option<Timestamp>,
    /// The newest event when the account was made. It never sees older ones: they may have been for another
    /// account of its name.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) since: u64,
    /// When it was made, as people read it; nothing says it of accounts from before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<Timestamp>,
    /// Tokens and sessions of another generation are over (see `tokens.rs`, [`Mandate`]). Another account of its name
    /// begins with another.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) generation: u32,
}

impl State {
    /// Ends every token and every session that the account has.
    pub(crate) fn end_sessions(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }

    /// It has a password for one login from now on.
    pub(super) fn begin_one_time(&mut self, now: Timestamp) {
        (self.must_change_password, self.one_time_since) = (true, Some(now));
    }

    /// It has a password of its owner's own.
    pub(super) fn end_one_time(&mut self) {
        (self.must_change_password, self.one_time_since) = (false, None);
    }

    /// Whether it has a one-time password that is older than `lifetime`.
    pub(crate) fn one_time_is_over(&self, lifetime: SignedDuration, now: &Now) -> bool {
        self.must_change_password && self.one_time_since.is_some_and(|since| now.age(since) > lifetime)
    }

    /// Whether it may say something, as far as mutes and bans go.
    pub(crate) fn may_speak(&self, now: Timestamp) -> bool {
        !self.banned && !self.is_muted(now)
    }

    /// Whether it is muted.
    pub(crate) fn is_muted(&self, now: Timestamp) -> bool {
        self.muted_until.is_some_and(|until| until > now)
    }

    /// Whether it may administrate.
    pub(crate) fn may_administrate(&self) -> bool {
        self.may(Role::Admin)
    }

    /// Whether it may do what needs this role.
    pub(crate) fn may(&self, least: Role) -> bool {
        self.role >= least && !self.banned
    }

    /// It has this role from now on. Whoever becomes a display, or no longer is one, sees other things and is seen
    /// otherwise: the sessions begin anew.
    pub(crate) fn set_role(&mut self, role: Role) {
        if (role == Role::Display) != (self.role == Role::Display) {
            self.end_sessions();
        }
        if role.is_staff() {
            // They stay: nobody's last administrator goes with the guests.
            self.guest_until = None;
        }
        self.role = role;
    }
}

/// An account as its sessions share it: a change reaches them at once.
#[derive(Debug)]
pub(crate) struct Standing {
    state: Mutex<State>,
    profile: Mutex<Profile>,
    deleted: AtomicBool,
    /// How much it may still say.
    pub(crate) rate: Rate,
    /// How often it may still raise a hand and ask.
    pub(crate) lesson: LessonRate,
    /// How often it may still log in with its password.
    pub(crate) logins: LoginRate,
    /// How much of the past may still be looked at for it.
    pub(crate) looks: LookRate,
    /// Whether its owner is there.
    pub(crate) attention: Attention,
}

impl Standing {
    /// That of an account which is opened or made now.
    pub(crate) fn new(state: State, profile: Profile) -> Self {
        Self {
            state: Mutex::new(state),
            profile: Mutex::new(profile),
            deleted: AtomicBool::new(false),
            rate: Rate::new(),
            lesson: LessonRate::new(),
            logins: LoginRate::of_a_password(),
            looks: LookRate::new(),
            attention: Attention::default(),
        }
    }

    /// What holds now.
    pub(crate) fn state(&self) -> State {
        *lock(&self.state)
    }

    /// Who its owner is.
    pub(crate) fn profile(&self) -> Profile {
        lock(&self.profile).clone()
    }

    /// What people call its owner, where that is known.
    pub(crate) fn called(&self) -> Option<String> {
        lock(&self.profile).name.clone()
    }

    /// From now on its owner is this.
    pub(super) fn set_profile(&self, profile: Profile) {
        *lock(&self.profile) = profile;
    }

    /// The account is deleted. Its name may be another's from now on.
    pub(crate) fn delete(&self) {
        let mut state = lock(&self.state);
        state.banned = true;
        state.end_sessions();
        self.deleted.store(true, Ordering::Release);
    }

    /// Whether the account is deleted.
    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    /// From now on this holds, also for `survivor`: a session that goes on although all others end.
    pub(crate) fn set(&self, state: State, survivor: Option<&Mandate>) {
        let mut now = lock(&self.state);
        *now = state;
        if let Some(survivor) = survivor.filter(|survivor| std::ptr::eq(&*survivor.standing, self)) {
            survivor.generation.store(state.generation, Ordering::Relaxed);
        }
    }
}

/// What a session's rights rest on. It holds until the account's sessions are ended, and then never again: another
/// account of the same name has another [`Standing`].
#[derive(Debug)]
pub(crate) struct Mandate {
    /// The account's, shared with its other sessions.
    standing: Arc<Standing>,
    /// Written and compared under the lock of the standing's state.
    generation: AtomicU32,
    /// The session came through the page: its person may have clicked a warning away, and be on another's server.
    through_page: bool,
}

impl Mandate {
    /// That of a session of this account, whose login was right at that generation.
    pub(crate) fn new(standing: Arc<Standing>, generation: u32) -> Self {
        Self { standing, generation: AtomicU32::new(generation), through_page: false }
    }

    /// That of a session that came through the page, or didn't.
    pub(crate) fn through_page(self, through_page: bool) -> Self {
        Self { through_page, ..self }
    }

    /// Whether the session came through the page.
    pub(crate) fn came_through_page(&self) -> bool {
        self.through_page
    }

    /// What the session may do; None once it is over.
    pub(crate) fn state(&self) -> Option<State> {
        let state = lock(&self.standing.state);
        (state.generation == self.generation.load(Ordering::Relaxed)).then_some(*state)
    }

    /// Whether the session isn't over. Asked for each session in each round of the delivery.
    pub(crate) fn holds(&self) -> bool {
        lock(&self.standing.state).generation == self.generation.load(Ordering::Relaxed)
    }

    /// What the account's sessions share.
    pub(crate) fn standing(&self) -> &Arc<Standing> {
        &self.standing
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mandate(standing: &Arc<Standing>) -> Mandate {
        Mandate::new(Arc::clone(standing), standing.state().generation)
    }

    #[test]
    fn a_mandate_ends_for_good_with_its_generation() {
        let standing = Arc::new(Standing::new(State { generation: 7, ..State::default() }, Profile::default()));
        let (first, second) = (mandate(&standing), mandate(&standing));
        let mut state = standing.state();
        state.banned = true;
        state.end_sessions();
        standing.set(state, Some(&second));
        assert!(!first.holds() && second.holds());
        standing.set(State { banned: false, ..state }, None);
        assert!(!first.holds(), "no change of mind brings it back");
        let other = Arc::new(Standing::new(state, Profile::default()));
        other.set(State { generation: 9, ..state }, Some(&second));
        assert!(second.holds(), "another account's change is none of its");
    }

    #[test]
    fn a_one_time_password_gets_old() {
        let (made, week) = ("2026-11-25T12:00:00Z".parse::<Timestamp>().unwrap(), SignedDuration::from_hours(7 * 24));
        let mut state = State::default();
        state.begin_one_time(made);
        assert!(!state.one_time_is_over(week, &(made + week).into()));
        assert!(state.one_time_is_over(week, &(made + week + SignedDuration::from_secs(1)).into()));
        state.end_one_time();
        assert!(!state.one_time_is_over(week, &(made + week * 2).into()));
    }
}
