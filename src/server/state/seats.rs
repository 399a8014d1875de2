//! Who still finds a seat: a session's place is taken before it has a thread, so that no two take the last one, and what it
//! costs is known to be there.

use super::counts::LoginFailure;
use super::server::Server;
use crate::protocol::{Role, Username};
use crate::server::config::capacity::Capacity;
use crate::sync::{Gate, Pass, lock};
use std::net::IpAddr;
use std::time::Instant;

/// A place for one session.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) place: Place,
    /// There is one because an older session of the same account makes way.
    pub(crate) own_makes_way: bool,
}

/// What is given back when the session's thread is gone.
#[derive(Debug)]
pub(crate) struct Place {
    _session: Pass,
    /// Of those who look after others, as many as are kept places for take none of anybody else's.
    _staff: Option<Pass>,
}

impl Server {
    /// A seat for a session of this account, which has shown that it may log in.
    ///
    /// # Errors
    /// There is none; says why, and what may be done about it.
    pub(crate) fn take_seat(&self, name: &Username, role: Role, from: IpAddr) -> Result<Seat, String> {
        let is_here = || lock(self.chat.registry()).presence(name.as_str()).is_some();
        let seat = seat_among((&self.sessions, &self.staff), self.limits.capacity(), role, is_here);
        seat.ok_or_else(|| self.turn_away(Some(name), from))
    }

    /// Whether somebody new finds a seat.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn has_a_seat(&self, from: IpAddr) -> Result<(), String> {
        if self.has_room() { Ok(()) } else { Err(self.turn_away(None, from)) }
    }

    fn has_room(&self) -> bool {
        self.sessions.count() < self.limits.capacity().sessions_beside(self.staff.count())
    }

    fn turn_away(&self, name: Option<&Username>, from: IpAddr) -> String {
        let (now, capacity) = (Instant::now(), self.limits.capacity());
        let why = format!("the server is full, as many are here as {}. Whoever runs it", capacity.allowed_by());
        if self.full_house.turned_away(now) {
            let knob = capacity.knob();
            self.notices
                .tell_admins(format!("{why} may raise {knob}: docs/administration.md tells how. Staff still get in"));
        }
        self.counts.failure(LoginFailure::Full);
        if self.audit.remark(from, "turned away, the server is full", now) {
            log::info!("{} is turned away: the server is full", name.map_or("somebody new", Username::as_str));
        }
        format!("{why} may raise {}; try again when somebody has left", capacity.knob())
    }

    /// Tells administrators once the house isn't full any more.
    pub(crate) fn look_at_seats(&self, now: Instant) {
        if self.full_house.is_over(self.has_room(), now) {
            self.notices.tell_admins("the server has room for newcomers again");
        }
    }
}

/// A seat among these sessions, for somebody of that role: counted from now on, whenever its session's thread begins.
fn seat_among(
    (sessions, staff): (&Gate, &Gate),
    capacity: Capacity,
    role: Role,
    is_here: impl FnOnce() -> bool,
) -> Option<Seat> {
    let seat = |max, own_makes_way| {
        let session = sessions.enter_below(max)?;
        let place = Place { _session: session, _staff: role.is_staff().then(|| staff.enter()) };
        Some(Seat { place, own_makes_way })
    };
    // Whoever is here, perhaps in a session whose connection broke without a word, takes their own place.
    let own = || is_here().then(|| seat(capacity.sessions_for_return(), true)).flatten();
    let max = capacity.sessions_for(role).max(capacity.sessions_beside(staff.count()));
    seat(max, false).or_else(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::machine::Machine;

    /// More than there are seats.
    const MANY: usize = 200;

    /// Seats for as many as come, of that role; they are kept by whoever asked.
    fn take(sessions: &Gate, role: Role, is_here: bool) -> Vec<Seat> {
        take_beside((sessions, &Gate::default()), role, is_here)
    }

    fn take_beside(gates: (&Gate, &Gate), role: Role, is_here: bool) -> Vec<Seat> {
        let capacity = Capacity::of(&Machine::default(), Some(3));
        std::iter::from_fn(|| seat_among(gates, capacity, role, || is_here)).take(MANY).collect()
    }

    #[test]
    fn staff_takes_no_place_of_anybody_else() {
        let (sessions, staff) = (Gate::default(), Gate::default());
        let gates = (&sessions, &staff);
        let capacity = Capacity::of(&Machine::default(), Some(3));
        let teachers = [(); 2].map(|()| seat_among(gates, capacity, Role::Teacher, || false).unwrap());
        assert_eq!(take_beside(gates, Role::User, false).len(), 3);
        drop(teachers);
        assert_eq!((staff.count(), take_beside(gates, Role::User, false).len()), (0, 3));
        // As far as places are kept for them: beyond that they take those of all.
        let staff_alone = take_beside(gates, Role::Admin, false);
        assert!(take_beside(gates, Role::User, false).is_empty(), "{}", staff_alone.len());
    }

    #[test]
    fn a_seat_is_taken_before_its_session_begins_and_is_free_when_that_is_gone() {
        let sessions = Gate::default();
        let seats = take(&sessions, Role::User, false);
        assert_eq!((seats.len(), sessions.count()), (3, 3));
        assert!(take(&sessions, Role::Display, false).is_empty());
        drop(seats);
        assert_eq!(take(&sessions, Role::User, false).len(), 3);
    }

    #[test]
    fn in_a_full_house_staff_finds_a_seat_and_whoever_is_here_but_no_more_than_are_kept_for_them() {
        let sessions = Gate::default();
        let all = take(&sessions, Role::User, false);
        let [teachers, admins] = [Role::Teacher, Role::Admin].map(|role| take(&sessions, role, false));
        assert!(!teachers.is_empty() && !admins.is_empty(), "{teachers:?}, {admins:?}");
        let back = take(&sessions, Role::User, true);
        assert!(!back.is_empty() && back.iter().all(|seat| seat.own_makes_way), "{back:?}");
        assert!([&all, &teachers, &admins].iter().all(|seats| seats.iter().all(|seat| !seat.own_makes_way)));
        assert!(take(&sessions, Role::Admin, true).is_empty(), "there is an end to that too");
    }
}
