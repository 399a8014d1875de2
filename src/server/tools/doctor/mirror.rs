//! The mirror: whether it is there, and how far it is behind.

use crate::server::config::Config;
use crate::server::config::folder;
use crate::server::mirror::{self, Behind};
use crate::server::tools::finding::Finding::{self, Bad, Good, Note};

/// So many events may be on their way: what is said in a second in a large and lively room.
const ON_THEIR_WAY_MAX: u64 = 1_000;

/// What there is to say of it.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let data_dir = &config.args.data_dir;
    let Some(path) = &config.args.mirror else {
        return vec![Note("there is none: with `mirror` everything is kept on another disk too".into())];
    };
    let shown = path.display();
    vec![match mirror::behind(data_dir, path) {
        Err(why) => Bad(format!("{shown} {why}")),
        Ok(behind) => judge(&shown.to_string(), &behind, folder::is_held(data_dir)),
    }]
}

fn judge(path: &str, behind: &Behind, is_running: bool) -> Finding {
    let (ours, theirs) = behind.seqs;
    let newest = behind.newest.as_deref().map_or(String::new(), |time| format!(", the newest of {time}"));
    let events = ours.saturating_sub(theirs);
    match (events, behind.files.first()) {
        (0, None) => Good(format!("{path} has everything")),
        (..=ON_THEIR_WAY_MAX, _) if is_running => Good(format!("{path} has everything but what happens just now")),
        (0, Some(file)) => Bad(format!("{path} is behind: it has another {file}; {}", remedy(is_running))),
        _ => Bad(format!(
            "{path} is behind: it has the events up to {theirs}{newest}, and lacks those up to {ours}; {}",
            remedy(is_running)
        )),
    }
}

fn remedy(is_running: bool) -> &'static str {
    match is_running {
        true => "the server's log, and /status, say why",
        false => "it gets the rest when the server runs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_behind() {
        let behind = |ours, theirs, files: &[&'static str]| Behind {
            seqs: (ours, theirs),
            newest: Some("2026-01-01T00:00:00.000Z".into()),
            files: files.to_vec(),
        };
        for (found, is_running, good, words) in [
            (behind(7, 7, &[]), false, true, "has everything"),
            (behind(9, 7, &["rooms.json"]), true, true, "just now"),
            (behind(9, 7, &[]), false, false, "up to 7, the newest of 2026"),
            (behind(9_007, 7, &[]), true, false, "lacks those up to 9007; the server's log"),
            (behind(7, 7, &["users.json"]), false, false, "another users.json; it gets the rest"),
        ] {
            let finding = judge("/media/usb", &found, is_running);
            assert!(finding.to_string().contains(words) && matches!(finding, Good(_)) == good, "{finding}");
        }
    }
}
