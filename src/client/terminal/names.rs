//! The names that came by, for completion.

use crate::sync::lock;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// How many names are kept. Further ones can't be completed.
const NAMES_MAX: usize = 10_000;

/// The names that came by.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<BTreeSet<String>>);

impl Names {
    /// Keeps a name, if it is one.
    pub(crate) fn add(&self, name: &str) {
        let mut names = lock(&self.0);
        let is_name = crate::protocol::Username::parse(name).is_some_and(|parsed| parsed.as_str() == name);
        if names.len() < NAMES_MAX && is_name && !names.contains(name) {
            names.insert(name.to_owned());
        }
    }

    /// Those that begin so, in upper or lower case; in order.
    pub(super) fn beginning_with(&self, start: &str) -> Vec<String> {
        let start = start.to_ascii_lowercase();
        lock(&self.0).range(start.clone()..).take_while(|name| name.starts_with(&start)).cloned().collect()
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
