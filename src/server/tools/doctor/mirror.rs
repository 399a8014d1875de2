//! The mirror: whether it is there, and how far it is behind.

use crate::server::config::Config;
use crate::server::config::folder::{self, IDENTITY, MIRROR, USERS};
use crate::server::mirror::{self, Behind};
use crate::server::tools::finding::Finding::{self, Bad, Good, Note};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// So many events may be on their way: what is said in a second in a large and lively room.
const ON_THEIR_WAY_MAX: u64 = 1_000;
/// So long what has changed may be on its way to a mirror that is well: a second, and its disk's time.
const ON_ITS_WAY: Duration = Duration::from_secs(3);

/// What there is to say of it.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let data_dir = &config.args.data_dir;
    if let Some(path) = &config.args.mirror {
        return vec![finding(data_dir, path)];
    }
    // The server may have been given it as an option.
    match mirror::known_path(data_dir) {
        None => vec![Note("there is none: with `mirror` everything is kept on another disk too".into())],
        Some(path) => vec![
            Note(format!("{MIRROR} tells where it is: where there is to be none any more, remove that file")),
            finding(data_dir, &path),
        ],
    }
}

fn finding(data_dir: &Path, path: &Path) -> Finding {
    let is_running = folder::is_held(data_dir);
    let found = look(is_running, || mirror::behind(data_dir, path), thread::sleep);
    match found {
        Err(why) => Bad(format!("{} {why}", path.display())),
        Ok(behind) => judge(&path.display().to_string(), &behind, is_running),
    }
}

/// Looks once more, and no oftener, where what has just changed may be on its way.
fn look(
    is_running: bool,
    mut look: impl FnMut() -> Result<Behind, String>,
    wait: impl FnOnce(Duration),
) -> Result<Behind, String> {
    let found = look()?;
    if !is_running || lacking(&found).is_none() {
        return Ok(found);
    }
    wait(ON_ITS_WAY);
    look()
}

/// Without which a start there would be another server's.
fn lacking(behind: &Behind) -> Option<&'static str> {
    behind.files.iter().copied().find(|name| [IDENTITY, USERS].contains(name))
}

fn judge(path: &str, behind: &Behind, is_running: bool) -> Finding {
    let (ours, theirs) = behind.seqs;
    let newest = behind.newest.as_deref().map_or(String::new(), |time| format!(", the newest of {time}"));
    let events = ours.saturating_sub(theirs);
    if let Some(file) = lacking(behind) {
        return Bad(format!("{path} lacks {file}, or has another one; {}", remedy(is_running)));
    }
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

    fn behind(ours: u64, theirs: u64, files: &[&'static str]) -> Behind {
        let newest = Some("2026-01-01T00:00:00.000Z".into());
        Behind { seqs: (ours, theirs), newest, files: files.to_vec() }
    }

    #[test]
    fn what_is_on_its_way_has_three_seconds() {
        let (lacks, whole) = (behind(7, 7, &["users.json"]), behind(7, 7, &[]));
        for (is_running, first, looks, waited) in [
            (true, &lacks, 2, 3),
            (false, &lacks, 1, 0),
            (true, &whole, 1, 0),
            (true, &behind(9, 7, &["rooms.json"]), 1, 0),
        ] {
            let (mut looked, mut slept) = (0, Duration::ZERO);
            let found = look(
                is_running,
                || {
                    looked += 1;
                    Ok(if looked == 1 { first } else { &whole })
                        .map(|found| behind(found.seqs.0, found.seqs.1, &found.files))
                },
                |pause| slept = pause,
            );
            assert_eq!((looked, slept), (looks, Duration::from_secs(waited)));
            assert_eq!(found.as_ref(), Ok(if looks == 2 { &whole } else { first }));
        }
    }

    #[test]
    fn how_far_it_is_behind() {
        for (found, is_running, good, words) in [
            (behind(7, 7, &[]), false, true, "has everything"),
            (behind(9, 7, &["rooms.json"]), true, true, "just now"),
            (behind(9, 7, &[]), false, false, "up to 7, the newest of 2026"),
            (behind(9_007, 7, &[]), true, false, "lacks those up to 9007; the server's log"),
            (behind(7, 7, &["rooms.json"]), false, false, "another rooms.json; it gets the rest"),
            (behind(7, 7, &["users.json"]), false, false, "lacks users.json, or has another one; it gets the rest"),
            (behind(7, 7, &["rooms.json", "identity.p12"]), true, false, "lacks identity.p12"),
        ] {
            let finding = judge("/media/usb", &found, is_running);
            assert!(finding.to_string().contains(words) && matches!(finding, Good(_)) == good, "{finding}");
        }
    }
}
