//! Who changes accounts, and which of them.

use super::standing::Mandate;
use crate::protocol::Role;

/// Who changes accounts. Asked again in the moment of the change: what was asked for before its sender was ended, or
/// demoted, is not done after that.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Author<'a> {
    /// Whoever has the data folder.
    Owner,
    /// A session that does what needs this role.
    Staff(&'a Mandate, Role),
    /// A session whose account it is.
    Own(&'a Mandate),
}

impl<'a> Author<'a> {
    /// Whether it still may.
    pub(super) fn may(self) -> bool {
        match self {
            Self::Owner => true,
            Self::Staff(mandate, least) => mandate.state().is_some_and(|state| state.may(least)),
            Self::Own(mandate) => mandate.holds(),
        }
    }

    /// Whether it may change accounts of this role, or make one. Their owners change their own in ways of their own.
    pub(super) fn reaches(self, role: Role) -> bool {
        match self {
            Self::Owner => true,
            Self::Staff(mandate, _) => mandate.state().is_some_and(|state| state.role.reaches(role)),
            Self::Own(_) => false,
        }
    }

    /// Whose session goes on when all others of its account end.
    pub(super) fn survivor(self) -> Option<&'a Mandate> {
        match self {
            Self::Own(mandate) => Some(mandate),
            Self::Owner | Self::Staff(..) => None,
        }
    }
}
