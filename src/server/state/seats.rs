//! Who still finds a seat: a session's place is taken before it has a thread, so that no two take the last one, and what it
//! costs is known to be there.

use super::counts::LoginFailure;
use super::kept::{Kept, KeptPlace};
use super::server::Server;
use crate::protocol::{Role, Username};
use crate::server::config::capacity::Capacity;
use crate::sync::{Gate, Pass};
use std::net::IpAddr;
use std::time::Instant;

/// A place for one session.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) place: Place,
    /// There is one because somebody makes way: an older session of the same account, if there is any at the arrival.
    pub(crate) is_made_free: bool,
}

/// What is given back when the session's thread is gone.
#[derive(Debug)]
pub(crate) struct Place {
    _session: Pass,
    _kept: Option<KeptPlace>,
}

impl Server {
    /// A seat for a session of this account, which has shown that it may log in.
    ///
    /// # Errors
    /// There is none; says why, and what may be done about it.
    pub(crate) fn take_seat(&self, name: &Username, role: Role, from: IpAddr) -> Result<Seat, String> {
        let makes_way = || self.chat.make_way_for(name, role.is_staff());
        let seat = seat_among((&self.sessions, &self.staff), self.limits.capacity(), role, makes_way);
        seat.ok_or_else(|| self.turn_away(Some(name), from))
    }

    /// Whether somebody new finds a seat.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn has_a_seat(&self, from: IpAddr) -> Result<(), String> {
        let has_a_seat = self.has_room() || self.chat.could_make_way();
        if has_a_seat { Ok(()) } else { Err(self.turn_away(None, from)) }
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
///
/// In a full house there is one more for a moment where somebody `makes_way`. That is asked once the place is taken, and each yes
/// is another session that goes: so there are as many too many as are on their way out.
fn seat_among(
    (sessions, staff): (&Gate, &Kept),
    capacity: Capacity,
    role: Role,
    makes_way: impl FnOnce() -> bool,
) -> Option<Seat> {
    if let Some(kept) = staff.enter(capacity, role) {
        let place = Place { _session: sessions.enter(), _kept: Some(kept) };
        return Some(Seat { place, is_made_free: false });
    }
    let seat = |max, is_made_free| {
        let session = sessions.enter_below(max)?;
        Some(Seat { place: Place { _session: session, _kept: None }, is_made_free })
    };
    let there = staff.count();
    let for_a_moment = || seat(capacity.sessions_for_a_moment(there), true).filter(|_| makes_way());
    seat(capacity.sessions_beside(there), false).or_else(for_a_moment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::machine::{Allowance, Bound, Machine};
    use crate::sync::atomic::{AtomicUsize, Ordering};

    /// More than there are seats.
    const MANY: usize = 200;
    /// `--max-sessions`.
    const MAX: usize = 3;

    /// A house for three, on a machine with room for some more.
    fn house() -> Capacity {
        let allowances = vec![Allowance { bound: Bound::OpenFiles, limit: 128, used: 10 }];
        Capacity::of(&Machine { allowances }, Some(MAX))
    }

    /// Seats for as many as come, of that role; they are kept by whoever asked.
    fn take(sessions: &Gate, role: Role, makes_way: bool) -> Vec<Seat> {
        take_beside((sessions, &Kept::default()), role, makes_way)
    }

    fn take_beside(gates: (&Gate, &Kept), role: Role, makes_way: bool) -> Vec<Seat> {
        std::iter::from_fn(|| seat_among(gates, house(), role, || makes_way)).take(MANY).collect()
    }

    #[test]
    fn staff_takes_no_place_of_anybody_else() {
        let (sessions, staff) = (Gate::default(), Kept::default());
        let gates = (&sessions, &staff);
        let teacher = seat_among(gates, house(), Role::Teacher, || false).unwrap();
        assert_eq!(take_beside(gates, Role::User, false).len(), MAX);
        drop(teacher);
        assert_eq!((staff.count(), take_beside(gates, Role::User, false).len()), (0, MAX));
        // As far as places are kept for them: beyond that they take those of all.
        let staff_alone = take_beside(gates, Role::Admin, false);
        assert!(take_beside(gates, Role::User, false).is_empty(), "{}", staff_alone.len());
    }

    #[test]
    fn whatever_of_staff_came_first_an_administrator_finds_a_place_and_so_does_a_teacher() {
        let (sessions, staff) = (Gate::default(), Kept::default());
        let take = |role| take_beside((&sessions, &staff), role, false);
        let teachers = take(Role::Teacher);
        assert_eq!(teachers.len(), house().kept_for(Role::Teacher) + MAX, "they have others' places too");
        assert!(take(Role::User).is_empty());
        let admins = take(Role::Admin);
        assert_eq!(admins.len(), house().kept_for(Role::Admin) - house().kept_for(Role::Teacher));
        drop((teachers, admins));
        let _users = take(Role::User);
        let _admin = seat_among((&sessions, &staff), house(), Role::Admin, || false).unwrap();
        assert_eq!(take(Role::Teacher).len(), house().kept_for(Role::Teacher));
    }

    #[test]
    fn a_seat_is_taken_before_its_session_begins_and_is_free_when_that_is_gone() {
        let sessions = Gate::default();
        let seats = take(&sessions, Role::User, false);
        assert_eq!((seats.len(), sessions.count()), (MAX, MAX));
        assert!(take(&sessions, Role::Display, false).is_empty());
        drop(seats);
        assert_eq!(take(&sessions, Role::User, false).len(), MAX);
    }

    #[test]
    fn in_a_full_house_staff_finds_a_seat_and_whoever_others_make_way_for() {
        let (sessions, staff) = (Gate::default(), Kept::default());
        let take = |role, makes_way| take_beside((&sessions, &staff), role, makes_way);
        let all = take(Role::User, false);
        let back = take(Role::User, true);
        assert!(back.iter().all(|seat| seat.is_made_free), "{back:?}");
        assert_eq!(all.len() + back.len(), house().sessions_for_a_moment(0), "there is an end to that too");
        // Those who make way are still there, and take none of the places that are kept.
        let [teachers, admins] = [Role::Teacher, Role::Admin].map(|role| take(role, false));
        assert_eq!(teachers.len(), house().kept_for(Role::Teacher));
        assert_eq!(teachers.len() + admins.len(), house().kept_for(Role::Admin));
        assert!([&all, &teachers, &admins].iter().all(|seats| seats.iter().all(|seat| !seat.is_made_free)));
        assert!(take(Role::Admin, true).is_empty());
    }

    #[test]
    fn where_nobody_makes_way_the_place_is_given_back_and_nobody_is_asked_while_there_is_room() {
        let (sessions, staff) = (Gate::default(), Kept::default());
        let come = |makes_way: &dyn Fn() -> bool| seat_among((&sessions, &staff), house(), Role::User, makes_way);
        let _all = [(); MAX].map(|()| come(&|| panic!("there is room")).unwrap());
        assert!(come(&|| false).is_none());
        assert_eq!(sessions.count(), MAX);
    }

    #[test]
    fn of_those_who_come_at_once_as_many_get_in_as_others_make_way() {
        const SPARE: usize = 4;
        let (sessions, staff, spare) = (Gate::default(), Kept::default(), AtomicUsize::new(SPARE));
        let all = take(&sessions, Role::User, false);
        let makes_way = || spare.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |spare| spare.checked_sub(1)).is_ok();
        let come = || seat_among((&sessions, &staff), house(), Role::User, makes_way);
        let came: Vec<Seat> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4 * SPARE).map(|_| scope.spawn(come)).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!((came.len(), sessions.count()), (SPARE, all.len() + SPARE));
    }
}
