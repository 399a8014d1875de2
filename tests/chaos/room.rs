//! The rooms that occur, by their numbers.

/// A room.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Room(u8);

/// Everyone is in it.
pub(crate) const GENERAL: Room = Room(0);
/// Those that the teacher makes, and makes anew; anyone may enter the first two.
pub(crate) const MADE: [Room; 3] = [Room(1), Room(2), Room(3)];
/// All but the general one: the last three are those of a class that is split.
pub(crate) const BESIDE: [Room; 6] = [Room(1), Room(2), Room(3), Room(4), Room(5), Room(6)];
/// Into how many a class is split at most.
pub(crate) const GROUPS_MAX: usize = 3;

const NAMES: [&str; 7] = ["general", "chess", "music", "council", "group-1", "group-2", "group-3"];

impl Room {
    pub(crate) fn name(self) -> &'static str {
        NAMES[usize::from(self.0)]
    }

    pub(crate) fn named(name: &str) -> Self {
        let number = NAMES.iter().position(|known| *known == name);
        Self(number.unwrap_or_else(|| panic!("which room is {name}?")) as u8)
    }

    /// Whether anyone may enter.
    pub(crate) fn is_open(self) -> bool {
        self < MADE[2]
    }

    /// Whether it is one of a class that is split.
    pub(crate) fn is_group(self) -> bool {
        self > MADE[2]
    }
}
