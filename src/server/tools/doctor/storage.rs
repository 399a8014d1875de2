//! The data folder: what lies there, who may read it, whether it can be written to, and how much room there is.

use crate::files;
use crate::reason::{self, Reason};
use crate::server::config::Config;
use crate::server::tools::backup::Last;
use crate::server::tools::check;
use crate::server::tools::finding::Finding::{self, Bad, Good, Note};
use jiff::Timestamp;
use std::fs;
use std::io;

/// Less than this is bad: a day's chat of a class, and users.json written anew.
const FREE_BYTES_MIN: u64 = 50 * 1024 * 1024;
/// Less than this is worth knowing: what the journal and the audit log keep by default, with room to spare.
const FREE_BYTES_FEW: u64 = 500 * 1024 * 1024;

/// The folder itself, what a start reads in it, and the room on its disk.
pub(super) fn folder(config: &Config) -> Vec<Finding> {
    let data_dir = &config.args.data_dir;
    let shown = fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.clone());
    let shown = shown.display();
    match fs::metadata(data_dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return vec![Note(format!("{shown} is not there yet: the first start makes it"))];
        }
        Err(e) => return vec![Bad(format!("{shown} can't be looked at: {}", reason::of_file(&e)))],
        Ok(found) if !found.is_dir() => {
            return vec![Bad(format!("{shown} is no folder: name another with --data-dir"))];
        }
        Ok(_) => {}
    }
    if let Err(e) = files::keeps_modes(data_dir) {
        return vec![Bad(format!("{shown} can't be written to: {}", reason::of_file(&e)))];
    }
    let mut findings = vec![Good(format!("{shown} is there"))];
    findings.extend(check::accounts(data_dir));
    findings.extend(check::rest(config, None));
    findings
        .push(Note("what was said isn't read here: `homeroom-server check` reads every line of the journal".into()));
    findings.push(Last::finding(data_dir, Timestamp::now()));
    findings.push(match fs4::available_space(data_dir) {
        Ok(free) => room(free),
        Err(e) => Note(format!("how much room there is can't be told: {}", Reason(&e))),
    });
    findings
}

fn room(free: u64) -> Finding {
    let text = format!("{} MiB are free on its disk", free / (1024 * 1024));
    match free {
        ..FREE_BYTES_MIN => Bad(format!("{text}: make room, or nothing can be kept")),
        FREE_BYTES_MIN..FREE_BYTES_FEW => Note(format!("{text}: that may soon be too little")),
        _ => Good(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_room() {
        assert!(matches!(room(1 << 20), Bad(_)));
        assert!(matches!(room(100 << 20), Note(_)));
        assert!(matches!(room(1 << 40), Good(_)));
    }
}
