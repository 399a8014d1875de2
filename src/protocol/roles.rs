//! Who may do what: the roles, and the least role for each request.
//!
//! This is the one place where that is decided. The server asks it before it carries anything out, and once more in the
//! moment of a change; `help` and Tab completion offer what it allows.

use super::codes::ErrorCode;
use super::limits::GENERAL;
use super::requests::Request;
use serde::{Deserialize, Serialize};

/// What an account may do. Each may do what those before it may.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Shows the room, on a projector: sees what everyone sees, and says nothing.
    Display,
    /// Chats.
    #[default]
    User,
    /// Looks after a class: its accounts, and what happens in the room.
    Teacher,
    /// Looks after all accounts and the server too.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Display, Self::User, Self::Teacher, Self::Admin];

    /// As it goes over the wire, and as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Display => "display",
            Self::User => "user",
            Self::Teacher => "teacher",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What somebody of that role is, with an article.
    pub fn title(self) -> &'static str {
        match self {
            Self::Display => "a display",
            Self::User => "a user",
            Self::Teacher => "a teacher",
            Self::Admin => "an administrator",
        }
    }

    /// Whether it looks after others.
    pub fn is_staff(self) -> bool {
        self >= Self::Teacher
    }

    /// Whether it may change accounts of the role `other`, or make one.
    pub fn reaches(self, other: Self) -> bool {
        match self {
            Self::Admin => true,
            Self::Teacher => !other.is_staff(),
            Self::User | Self::Display => false,
        }
    }

    /// What somebody is told who may not do what takes this role.
    pub(crate) fn refusal(self) -> &'static str {
        match self {
            Self::Display | Self::User => "a display shows the room, and says nothing",
            Self::Teacher => "only teachers and administrators may do that",
            Self::Admin => "only administrators may do that",
        }
    }
}

/// What somebody is told who may change accounts, and not one of that role.
pub(crate) const OUT_OF_REACH: &str = "a teacher looks after users and displays alone: ask an administrator";

/// What whoever would erase themselves is told.
pub(crate) const NOT_ONESELF: &str = "nobody erases the account that they use: another administrator can, or \
     `homeroom-server person erase` while the server is stopped";

impl Request {
    /// The least role that may ask for it.
    pub fn least_role(&self) -> Role {
        match self {
            // What a display needs to show the room, and to be looked after.
            Self::Login(_) | Self::Register(_) | Self::Logout | Self::Passwd { .. } | Self::Help | Self::Code => {
                Role::Display
            }
            Self::Ping | Self::Pong | Self::Unknown => Role::Display,
            Self::Who { .. } | Self::Whois { .. } | Self::History { .. } | Self::Topic { text: None, .. } => {
                Role::Display
            }
            Self::Rooms | Self::Hands { .. } => Role::Display,
            Self::Say { .. } | Self::Whisper { .. } | Self::Away { .. } | Self::Remove { .. } => Role::User,
            Self::Enter { .. } | Self::Leave { .. } => Role::User,
            // Whether it is for staff alone is a setting; and for whoever made the room.
            Self::MakeRoom { .. } | Self::LetIn { .. } | Self::PutOut { .. } | Self::CloseRoom { .. } => Role::User,
            Self::Topic { text: Some(_), room: Some(room) } if room != GENERAL => Role::User,
            Self::Hand { .. } | Self::Ask { .. } | Self::Vote { .. } => Role::User,
            // What happens in a lesson.
            Self::Split { .. } | Self::Gather | Self::Announce { .. } | Self::Floor { .. } => Role::Teacher,
            Self::Next { .. } | Self::Poll { .. } | Self::Tally { .. } | Self::ClosePoll { .. } => Role::Teacher,
            Self::Attendance { .. } => Role::Teacher,
            // For accounts that a teacher reaches.
            Self::AddUser { .. } | Self::SetUser { .. } | Self::ResetPassword { .. } => Role::Teacher,
            Self::LogoutUser { .. } | Self::Mute { .. } | Self::Unmute { .. } => Role::Teacher,
            Self::ListUsers { .. } => Role::Teacher,
            Self::Door { .. } => Role::Teacher,
            Self::Promote { .. } | Self::Demote { .. } | Self::DeleteUser { .. } => Role::Admin,
            Self::Ban { .. } | Self::Unban { .. } | Self::Topic { text: Some(_), .. } => Role::Admin,
            Self::Status | Self::Reload | Self::Shutdown | Self::EraseUser { .. } => Role::Admin,
        }
    }

    /// What somebody of that role is answered who may not ask for it; None if they may.
    pub fn refused_to(&self, role: Role) -> Option<ErrorCode> {
        let least = self.least_role();
        if role >= least {
            return None;
        }
        // What was for administrators before there were teachers is refused as it was. A teacher knows of both.
        let was_admins = least.is_staff() && !self.is_of_a_lesson();
        Some(if was_admins && !role.is_staff() { ErrorCode::NotAdmin } else { ErrorCode::NotAllowed })
    }
}

impl Request {
    /// Whether staff look after a class with it: there were teachers before it was.
    fn is_of_a_lesson(&self) -> bool {
        matches!(
            self,
            Self::Door { .. }
                | Self::Split { .. }
                | Self::Gather
                | Self::Announce { .. }
                | Self::Floor { .. }
                | Self::Next { .. }
                | Self::Poll { .. }
                | Self::Tally { .. }
                | Self::ClosePoll { .. }
                | Self::Attendance { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_those_before_it_may() {
        assert!(Role::ALL.is_sorted() && Role::default() == Role::User);
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Some(role));
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{}\"", role.name()));
        }
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn a_teacher_reaches_those_who_are_no_staff() {
        let reached = |by: Role| Role::ALL.into_iter().filter(|&role| by.reaches(role)).collect::<Vec<_>>();
        assert_eq!(reached(Role::Teacher), [Role::Display, Role::User]);
        assert_eq!(reached(Role::Admin), Role::ALL);
        assert!(reached(Role::User).is_empty() && reached(Role::Display).is_empty());
    }
}
