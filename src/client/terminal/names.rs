//! What completion knows of the chat: the names that came by, and what one may do oneself.

use crate::protocol::Role;
use crate::sync::lock;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// How many names are kept. Further ones can't be completed.
const NAMES_MAX: usize = 10_000;

/// The names that came by, and one's own role.
#[derive(Debug, Default)]
pub(crate) struct Names {
    names: Mutex<BTreeSet<String>>,
    role: Mutex<Role>,
}

impl Names {
    /// Keeps a name, if it is one.
    pub(crate) fn add(&self, name: &str) {
        let mut names = lock(&self.names);
        let is_name = crate::protocol::Username::parse(name).is_some_and(|parsed| parsed.as_str() == name);
        if names.len() < NAMES_MAX && is_name && !names.contains(name) {
            names.insert(name.to_owned());
        }
    }

    /// One's own role is this now.
    pub(crate) fn set_role(&self, role: Role) {
        *lock(&self.role) = role;
    }

    /// One's own role.
    pub(crate) fn role(&self) -> Role {
        *lock(&self.role)
    }

    /// Those that begin so, in upper or lower case; in order.
    pub(super) fn beginning_with(&self, start: &str) -> Vec<String> {
        let start = start.to_ascii_lowercase();
        lock(&self.names).range(start.clone()..).take_while(|name| name.starts_with(&start)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_alone_are_kept() {
        let names = Names::default();
        for name in ["bob", "ada", "adam", "bob", "Not", "no name", "\x1b[2J"] {
            names.add(name);
        }
        assert_eq!(names.beginning_with(""), ["ada", "adam", "bob"]);
        assert_eq!(names.beginning_with("AD"), ["ada", "adam"]);
        assert_eq!(names.beginning_with("x"), [""; 0]);
    }
}
