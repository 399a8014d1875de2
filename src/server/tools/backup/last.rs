//! When the last backup was made, for `doctor`: a small file in the data folder. It is of the folder, so no backup holds it.

use crate::durations;
use crate::files;
use crate::server::config::folder::LAST_BACKUP;
use crate::server::tools::archive::Manifest;
use crate::server::tools::finding::Finding::{self, Good, Note};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// An older one is worth a word, in days: cron makes one a week at least.
const OLD_DAYS: u64 = 8;

/// The last backup.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Last {
    /// When it was made.
    time: Timestamp,
    /// The newest event in it.
    seq: u64,
    /// What it was written to.
    to: String,
}

impl Last {
    /// What was written just now.
    pub(super) fn now(manifest: &Manifest, to: &str) -> Self {
        Self { time: manifest.made, seq: manifest.seq, to: to.to_owned() }
    }

    /// Notes it in a data folder.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn write(&self, data_dir: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        files::replace(&data_dir.join(LAST_BACKUP), &text)
    }

    /// What `doctor` says of it.
    pub(crate) fn finding(data_dir: &Path, now: Timestamp) -> Finding {
        let none =
            || Note("there was no backup: `homeroom-server backup FILE` makes one, beside a running server too".into());
        let Last { time, seq, to } =
            match files::read(&data_dir.join(LAST_BACKUP)).map(|text| serde_json::from_slice(&text)) {
                Ok(Ok(last)) => last,
                Err(e) if e.kind() == ErrorKind::NotFound => return none(),
                Ok(Err(_)) | Err(_) => {
                    return Note(format!("when the last backup was can't be told: {LAST_BACKUP} can't be read"));
                }
            };
        let to = crate::sanitize::line(&to).to_string();
        // A clock that was ahead then, or is behind now.
        let Ok(age) = Duration::try_from(now.duration_since(time)) else {
            return Note(format!(
                "the last backup says that it was made on {time:.0}, to {to}: one of the clocks was wrong"
            ));
        };
        let told = format!("the last backup was {} ago, to {to}, with {}", durations::lasted(age), upto(seq));
        if age.as_secs() / (24 * 60 * 60) < OLD_DAYS { Good(told) } else { Note(told) }
    }
}

/// How far a backup goes.
pub(super) fn upto(seq: u64) -> String {
    match seq {
        0 => "nothing that was said, since there is no journal, or nothing in it".into(),
        seq => format!("all up to event {seq}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    #[test]
    fn told_as_it_is() {
        let (folder, now) = (tempfile::tempdir().unwrap(), Timestamp::now());
        let told = |now| Last::finding(folder.path(), now);
        assert!(matches!(told(now), Note(text) if text.starts_with("there was no backup")));
        Last { time: now, seq: 7, to: "/mnt/a.tar".into() }.write(folder.path()).unwrap();
        assert!(
            matches!(told(now + 72.hours()), Good(text) if text.contains("3 d ago, to /mnt/a.tar, with all up to event 7"))
        );
        assert!(matches!(told(now + (24 * 30).hours()), Note(text) if text.contains("30 d ago")));
        assert!(matches!(told(now - 1.hours()), Note(text) if text.contains("clocks was wrong")));
        std::fs::write(folder.path().join(LAST_BACKUP), "{").unwrap();
        assert!(matches!(told(now), Note(text) if text.contains("can't be read")));
    }
}
