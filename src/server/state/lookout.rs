//! The look at the files of the data folder, each minute and with a reload: whether another program has removed or changed what
//! the server has written. What is in memory is written anew, and administrators are told.
//!
//! (The journal's own thread looks after the journal: `timeline/journal/writer/mend.rs`.)

use super::server::Server;
use crate::sync::lock;

impl Server {
    /// Looks at every file that a running server relies on.
    pub(crate) fn look_after_files(&self) {
        let mut lasting = lock(&self.lasting);
        let mut is_well = |file, found| lasting.note(file, found, &self.notices);
        // Where another server has the folder, its files are that one's.
        if !is_well("homeroom.lock", self.folder.look()) {
            return;
        }
        self.audit.renew();
        self.mirror.get().inspect(|mirror| mirror.look_after_files());
        is_well("identity.p12", self.folder.look_for_identity());
        is_well("users.json", self.accounts.look());
        is_well("tokens.jsonl", self.tokens.look());
        is_well("topic.json", self.topic.look());
        is_well("rooms.json", self.rooms.look(self.chat.timeline()));
        is_well("lesson.json", self.lesson.look());
        is_well("sequence", self.chat.timeline().look());
    }
}
