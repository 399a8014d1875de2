//! How many may be here: what the machine has room for, or fewer where `--max-sessions` says so; and how that is told.

use super::budget::Budget;
use super::machine::{self, Machine};
use crate::protocol::Role;

/// How many there may be, and why no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Capacity {
    pub(crate) budget: Budget,
    /// `--max-sessions`.
    asked: Option<usize>,
}

impl Capacity {
    /// Of a machine, where so many were asked for.
    pub(crate) fn of(machine: &Machine, asked: Option<usize>) -> Self {
        Self { budget: Budget::here(machine), asked }
    }

    /// Of this machine, as a server that starts now would find it.
    pub(crate) fn here(asked: Option<usize>) -> Self {
        machine::raise_open_files();
        Self::of(&Machine::read(&machine::root()), asked)
    }

    /// How many sessions there may be. The reserve for staff comes on top.
    pub(crate) fn sessions(self) -> usize {
        let room = self.budget.sessions_for_all();
        self.asked.map_or(room, |asked| asked.min(room))
    }

    /// How many of staff find a place of those that are kept for them, when one of that role comes: the last are for administrators.
    pub(crate) fn kept_for(self, role: Role) -> usize {
        match role {
            Role::Admin => self.budget.reserve(),
            Role::Teacher => self.budget.reserve() / 2,
            _ => 0,
        }
    }

    /// How many there may be for everyone, where so many of them are staff's: these take the places that are kept for them.
    pub(crate) fn sessions_beside(self, staff: usize) -> usize {
        self.sessions() + staff.min(self.budget.reserve())
    }

    /// How many there may be for a moment, while others make way: as many as the machine has room for. The places that are kept
    /// for staff, of whom there are so many, stay free.
    pub(crate) fn sessions_for_a_moment(self, staff: usize) -> usize {
        self.budget.sessions_for_all() + staff.min(self.budget.reserve()) + self.budget.returns()
    }

    /// What ends it, in words: `memory mappings (65530)`; None where nothing does.
    pub(crate) fn limit(self) -> Option<String> {
        if self.option_holds() {
            return Some("max-sessions".into());
        }
        self.budget.bound.map(|(bound, limit)| format!("{} ({})", bound.name(), bound.amount(limit)))
    }

    /// What allows no more: `max-sessions allows`.
    pub(crate) fn allowed_by(self) -> String {
        match self.budget.bound {
            Some((bound, _)) if !self.option_holds() => format!("this machine's limit of {} allows", bound.name()),
            _ => "max-sessions allows".into(),
        }
    }

    /// With what that is raised.
    pub(crate) fn knob(self) -> &'static str {
        match self.budget.bound {
            Some((bound, _)) if !self.option_holds() => bound.knob(),
            _ => "that option",
        }
    }

    /// One sentence for the log and for `config show`.
    pub(crate) fn told(self) -> String {
        let (sessions, reserve) = (self.sessions(), self.budget.reserve());
        match self.limit() {
            Some(limit) => {
                let s = if sessions == 1 { "" } else { "s" };
                format!("room for {sessions} session{s} and {reserve} more of staff; what limits them is {limit}")
            }
            None => "room for as many sessions as come: this machine tells of no limit".into(),
        }
    }

    /// What is wrong with a machine that has hardly room for the server itself.
    pub(crate) fn too_small(self) -> Option<String> {
        let (bound, limit) = self.budget.bound.filter(|_| self.budget.is_too_small())?;
        Some(format!(
            "this machine's limit of {} ({}) is hardly enough for the server itself, and clients may be dropped: raise {}",
            bound.name(),
            bound.amount(limit),
            bound.knob()
        ))
    }

    /// What is wrong with what was asked for.
    pub(crate) fn too_much_asked(self) -> Option<String> {
        let room = self.budget.sessions_for_all();
        let (bound, limit) = self.budget.bound?;
        let asked = self.asked.filter(|asked| *asked > room)?;
        Some(format!(
            "max-sessions is {asked}, and this machine has room for {room}: its {} ({}) allow no more; raise that with {}, \
             docs/administration.md tells how",
            bound.name(),
            bound.amount(limit),
            bound.knob()
        ))
    }

    fn option_holds(self) -> bool {
        self.asked.is_some_and(|asked| asked <= self.budget.sessions_for_all())
    }
}

#[cfg(test)]
mod tests {
    use super::super::machine::{Allowance, Bound};
    use super::*;

    fn capacity(asked: Option<usize>) -> Capacity {
        let allowances = vec![Allowance { bound: Bound::OpenFiles, limit: 1_024, used: 10 }];
        Capacity::of(&Machine { allowances }, asked)
    }

    #[test]
    fn the_lower_of_the_two_holds() {
        let machine = capacity(None);
        assert!(machine.sessions() > 500 && machine.limit().unwrap() == "open files (1024)", "{machine:?}");
        assert!(machine.knob().contains("LimitNOFILE") && machine.told().contains("open files (1024)"));
        let few = capacity(Some(30));
        assert_eq!((few.sessions(), few.limit().unwrap()), (30, "max-sessions".into()));
        assert!(few.allowed_by().contains("max-sessions") && few.too_much_asked().is_none());
        let many = capacity(Some(100_000));
        assert_eq!((many.sessions(), many.limit()), (machine.sessions(), machine.limit()));
        let told = many.too_much_asked().unwrap();
        assert!(told.contains("100000") && told.contains("LimitNOFILE"), "{told}");
    }

    #[test]
    fn the_last_places_are_for_staff_and_the_very_last_for_administrators() {
        let capacity = capacity(Some(30));
        let [user, display, teacher, admin] =
            [Role::User, Role::Display, Role::Teacher, Role::Admin].map(|role| capacity.kept_for(role));
        assert!(user == 0 && display == 0 && teacher > 0 && admin > teacher, "{capacity:?}");
    }

    #[test]
    fn while_others_make_way_there_are_no_more_than_the_machine_has_room_for() {
        let (few, all) = (capacity(Some(30)), capacity(None));
        let room = all.sessions() + all.budget.returns();
        assert_eq!((few.sessions_for_a_moment(0), all.sessions_for_a_moment(0)), (room, room));
        assert_eq!(all.sessions_for_a_moment(usize::MAX), room + all.budget.reserve());
    }

    #[test]
    fn where_nothing_is_told_the_option_alone_holds() {
        let (none, some) = (Capacity::of(&Machine::default(), None), Capacity::of(&Machine::default(), Some(5)));
        assert!(none.limit().is_none() && none.told().contains("no limit"));
        assert_eq!((some.sessions(), some.limit().unwrap()), (5, "max-sessions".into()));
    }
}
