//! What there is to hear: the names of the sounds.

use clap::ValueEnum;

/// What there is to hear, the least urgent first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ValueEnum)]
pub enum Cue {
    /// Somebody left.
    Logout,
    /// Somebody came.
    Login,
    /// A message to the room.
    Message,
    /// Something was refused.
    Error,
    /// One's own name in a message.
    Mention,
    /// A whisper.
    Private,
}

impl Cue {
    /// All of them, in the order in which they are listed.
    pub(crate) const ALL: [Self; 6] =
        [Self::Login, Self::Logout, Self::Private, Self::Message, Self::Mention, Self::Error];

    /// What it's called: its file, and where it's set.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Private => "private",
            Self::Message => "message",
            Self::Mention => "mention",
            Self::Error => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for cue in Cue::ALL {
            assert_eq!(cue.to_possible_value().unwrap().get_name(), cue.name());
        }
    }
}
