//! Room that is kept on the mirror's disk for what is small. On a disk that is full the journal would take whatever becomes free,
//! and no ban, no new account and no new key would arrive. So a file lies there that holds nothing: it is given up where there is
//! no room for one of those, and taken again before the journal gets any. Replacing a file of a few KiB takes room for a moment.

use crate::files::{Access, Held};
use crate::server::config::folder::SPARE;
use std::io::{self, ErrorKind, Write};

/// How large it is, in bytes: a `users.json` of some thousand accounts beside the one that it replaces.
const SPARE_BYTES: u64 = 1024 * 1024;
/// So much is written at a time.
const PIECE: [u8; 4096] = [0; 4096];

/// What is known of the file.
#[derive(Debug, Default)]
pub(super) struct Spare {
    /// It's as large as it should be.
    is_whole: bool,
}

impl Spare {
    /// Takes as much as there is room for. Nobody is told where there's none: what needs it says so.
    pub(super) fn take(&mut self, held: &Held) {
        if !self.is_whole {
            let grown = grow(held);
            self.is_whole = grown.is_ok();
        }
    }

    /// Gives it up. False where there was none.
    pub(super) fn give_up(&mut self, held: &Held) -> bool {
        self.is_whole = false;
        // Synced: a disk may take back what was freed no sooner.
        held.remove(SPARE).is_ok_and(|was_there| was_there && held.sync().is_ok())
    }

    /// Somebody else may have removed it.
    pub(super) fn look(&mut self) {
        self.is_whole = false;
    }
}

/// Whether a disk has no more room, or none for this user.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

fn grow(held: &Held) -> io::Result<()> {
    drop(held.append_private(SPARE)?);
    let mut file = held.file(SPARE, Access::Append)?;
    let mut bytes = file.metadata()?.len();
    while bytes < SPARE_BYTES {
        file.write_all(&PIECE)?;
        bytes += PIECE.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn it_is_taken_and_given_up_and_taken_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, held) = (folder.path().join(SPARE), Held::open(folder.path()).unwrap());
        let length = || fs::metadata(&path).map_or(0, |found| found.len());
        let mut spare = Spare::default();
        assert!(!spare.give_up(&held), "there is none");
        fs::write(&path, "a beginning").unwrap();
        spare.take(&held);
        assert!(length() >= SPARE_BYTES);
        assert!(spare.give_up(&held) && length() == 0);
        spare.take(&held);
        fs::remove_file(&path).unwrap();
        spare.take(&held);
        assert_eq!(length(), 0, "it is looked after now and then");
        spare.look();
        spare.take(&held);
        assert!(length() >= SPARE_BYTES);
    }
}
