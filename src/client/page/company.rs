//! Who else is in one's group of a class that is split: whether that is still to be asked, and what was.

use crate::protocol::Request;

/// How far that is.
#[derive(Debug, Default)]
pub(super) struct Company {
    /// The group of which it is to be asked.
    wanted: Option<String>,
    /// The id under which it was asked, and of which group.
    asked: Option<(String, String)>,
}

impl Company {
    /// It is to be asked of this group.
    pub(super) fn want(&mut self, room: &str) {
        self.wanted = Some(room.to_owned());
    }

    /// The line that asks it, under this id, if it is to be asked.
    pub(super) fn ask(&mut self, id: impl FnOnce() -> String) -> Option<Vec<u8>> {
        let (room, id) = (self.wanted.take()?, id());
        let line = Request::Who { room: Some(room.clone()), after: None }.encode(Some(&id));
        self.asked = Some((id, room));
        Some(line)
    }

    /// Whether it was asked under this id.
    pub(super) fn was_asked_as(&self, id: &str) -> bool {
        self.asked.as_ref().is_some_and(|(asked, _)| asked == id)
    }

    /// The group that is told of under this id, if it is.
    pub(super) fn answered(&mut self, id: Option<&str>) -> Option<String> {
        self.asked.take_if(|(asked, _)| id == Some(asked)).map(|(_, room)| room)
    }
}
