//! The hands that are up in a room, in their order.

use crate::protocol::Username;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many hands may be up in one room: more than a teacher ever sees. Some 250 KB of a file at the most.
const HANDS_MAX: usize = 200;

/// Who waits to be called, first come first.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Hands(Vec<Hand>);

/// A hand that is up.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hand {
    /// Whose.
    pub(crate) username: Username,
    /// Why, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// Since then, as people read it.
    pub(crate) since: Timestamp,
}

/// Too many hands are up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooMany;

impl Hands {
    /// A hand goes up; one that is up keeps its place and changes its text. Whether anything changed.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(crate) fn raise(&mut self, hand: Hand) -> Result<bool, TooMany> {
        if let Some(up) = self.0.iter_mut().find(|up| up.username == hand.username) {
            let changed = up.text != hand.text;
            up.text = hand.text;
            return Ok(changed);
        }
        if self.0.len() >= HANDS_MAX {
            return Err(TooMany);
        }
        self.0.push(hand);
        Ok(true)
    }

    /// It goes down. Whether it was up.
    pub(crate) fn lower(&mut self, name: &Username) -> bool {
        let before = self.0.len();
        self.0.retain(|hand| hand.username != *name);
        self.0.len() < before
    }

    /// The first of those who are there is called, and its hand is down. Whoever isn't keeps the place.
    pub(crate) fn call(&mut self, is_there: impl Fn(&Username) -> bool) -> Option<Username> {
        let index = self.0.iter().position(|hand| is_there(&hand.username))?;
        Some(self.0.remove(index).username)
    }

    /// All of them, in their order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Hand> {
        self.0.iter()
    }

    /// Whether none is up.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hand(name: &str, text: Option<&str>) -> Hand {
        let (username, text) = (Username::parse(name).unwrap(), text.map(str::to_owned));
        Hand { username, text, since: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn in_their_order_and_a_second_time_changes_the_text_alone() {
        let mut hands = Hands::default();
        for name in ["ada", "bob", "eve"] {
            assert_eq!(hands.raise(hand(name, None)), Ok(true));
        }
        assert_eq!(hands.raise(hand("ada", Some("why?"))), Ok(true));
        assert_eq!(hands.raise(hand("ada", Some("why?"))), Ok(false));
        assert_eq!(hands.iter().next(), Some(&hand("ada", Some("why?"))));
        assert!(hands.lower(&hand("bob", None).username) && !hands.lower(&hand("bob", None).username));
        let call =
            |hands: &mut Hands, absent: &str| hands.call(|name| name.as_str() != absent).map(|name| name.to_string());
        assert_eq!(call(&mut hands, "ada").as_deref(), Some("eve"), "who isn't there isn't called");
        assert_eq!(call(&mut hands, "ada"), None);
        assert_eq!(call(&mut hands, "").as_deref(), Some("ada"), "and kept the place");
        assert!(hands.is_empty());
    }

    #[test]
    fn there_is_an_end_to_it() {
        let mut hands = Hands::default();
        assert!((0..HANDS_MAX).all(|i| hands.raise(hand(&format!("u{i}"), None)).is_ok()));
        assert_eq!(hands.raise(hand("late", None)), Err(TooMany));
        assert_eq!(hands.raise(hand("u7", Some("mine is up"))), Ok(true));
    }
}
