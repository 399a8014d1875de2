//! How a command deals with a data folder that isn't as it should be: one that isn't whole, one whose `homeroom.toml` is wrong.
//! Each command stands in both lists, so that a new one can't be forgotten.

use super::args::{Command, ConfigCommand, PersonCommand};

impl Command {
    /// Whether it takes what is there for whole without holding the folder. Nothing is taken from a folder into which a restore
    /// is coming, nor from a mirror whose first copy isn't complete: whoever holds the folder is refused by
    /// [`finish`](super::arrival::finish), these before they begin.
    pub(crate) fn takes_it_for_whole(&self) -> bool {
        match self {
            Self::Identity(_)
            | Self::Export(_)
            | Self::Attendance(_)
            | Self::Person(PersonCommand::Export { .. })
            | Self::Backup { .. }
            | Self::Config(ConfigCommand::Show) => true,
            // These hold it.
            Self::User(_) | Self::Person(PersonCommand::Erase { .. }) => false,
            // These say themselves what they find.
            Self::Restore { .. } | Self::Check | Self::Doctor | Self::Config(ConfigCommand::Check) => false,
        }
    }

    /// Whether it can't do its work without what `homeroom.toml` says: it would go by another hash, other days that are kept, or
    /// is about that file alone. All others go on without a file that is wrong: they are for the day on which something is.
    pub(super) fn needs_settings(&self) -> bool {
        match self {
            Self::User(_) | Self::Person(PersonCommand::Erase { .. }) | Self::Config(_) => true,
            Self::Identity(_)
            | Self::Export(_)
            | Self::Attendance(_)
            | Self::Person(PersonCommand::Export { .. })
            | Self::Backup { .. }
            | Self::Restore { .. }
            | Self::Check
            | Self::Doctor => false,
        }
    }
}
