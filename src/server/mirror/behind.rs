//! How far a mirror is behind, told from the files alone: for `doctor`.

use super::mark::Mark;
use super::target::strange;
use crate::files::{self, Held};
use crate::reason;
use crate::server::config::contents::{Kind, PARTS};
use crate::server::config::folder::JOURNAL;
use crate::server::timeline::journal::segment;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a look at both folders has found.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Behind {
    /// The newest event's seq here, and there; 0 where there is none.
    pub(crate) seqs: (u64, u64),
    /// When the newest one there happened.
    pub(crate) newest: Option<String>,
    /// Which other files are others there.
    pub(crate) files: Vec<&'static str>,
}

/// Compares a mirror with its data folder.
///
/// # Errors
/// It isn't there, or is none of that folder's: what comes behind its path.
pub(crate) fn behind(data_dir: &Path, path: &Path) -> Result<Behind, String> {
    let theirs = Held::open(path).and_then(|held| Mark::of_mirror(&held));
    let theirs = match theirs {
        Err(e) if e.kind() == ErrorKind::NotFound => return Err("isn't there: plug its disk in, and mount it".into()),
        Err(e) => return Err(format!("can't be read: {}", reason::of_file(&e))),
        Ok(None) => return Err("is no mirror yet, or its disk isn't mounted: the server's log says more".into()),
        Ok(Some(theirs)) => theirs,
    };
    if Mark::of_folder(data_dir)?.is_none_or(|ours| ours.id != theirs.id) {
        return Err("is the mirror of another data folder: name another one".into());
    }
    if theirs.unfinished {
        return Err("isn't whole yet, so nobody can start on it: its first copy goes on while the server runs".into());
    }
    let newest =
        |folder: &Path| segment::last(&folder.join(JOURNAL), |record| Some((record.seq, record.time.to_string())));
    // That first: ours has whatever is there, and grows.
    let there = newest(path);
    if let Some((seq, time)) = &there {
        let known = segment::knows(&data_dir.join(JOURNAL), *seq, time);
        if !known.map_err(|e| format!("can't be compared with the journal: {}", reason::of_file(&e)))? {
            return Err(strange(path, *seq, time));
        }
    }
    let here = newest(data_dir);
    let seq = |newest: &Option<(u64, String)>| newest.as_ref().map_or(0, |(seq, _)| *seq);
    let is_other = |name: &&'static str| {
        let read = |folder: &Path| files::read(&folder.join(name)).ok();
        read(data_dir) != read(path)
    };
    let whole = PARTS.iter().filter(|part| part.kind == Kind::Whole).map(|part| part.name);
    let seqs = (seq(&here), seq(&there));
    Ok(Behind { seqs, newest: there.map(|(_, time)| time), files: whole.filter(is_other).collect() })
}

/// Where the data folder's mirror is, as the folder itself knows it.
pub(crate) fn known_path(data_dir: &Path) -> Option<PathBuf> {
    Mark::of_folder(data_dir).ok().flatten()?.folder.map(PathBuf::from)
}
