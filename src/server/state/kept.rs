//! The places that are kept for staff: an administrator gets in however full the house is, and so does a teacher.

use crate::protocol::Role;
use crate::server::config::capacity::Capacity;
use crate::sync::{Gate, Pass};

/// Who is on the places that are kept for staff: these take none of anybody else's. Whoever of staff finds none of them free has a place
/// like any other, and counts like any other: those who come in number take nothing from an administrator who comes last.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    all: Gate,
    teachers: Gate,
}

/// Given back when whoever has it is gone.
#[derive(Debug)]
pub(super) struct KeptPlace {
    _of_all: Pass,
    _of_teachers: Option<Pass>,
}

impl Kept {
    /// One of these places for somebody of that role, if there is one: half of them at the most are teachers'.
    pub(super) fn enter(&self, capacity: Capacity, role: Role) -> Option<KeptPlace> {
        if !role.is_staff() {
            return None;
        }
        let of_teachers = match role {
            Role::Teacher => Some(self.teachers.enter_below(capacity.kept_for(role))?),
            _ => None,
        };
        let of_all = self.all.enter_below(capacity.kept_for(Role::Admin))?;
        Some(KeptPlace { _of_all: of_all, _of_teachers: of_teachers })
    }

    pub(super) fn count(&self) -> usize {
        self.all.count()
    }
}
