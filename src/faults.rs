//! Faults on demand: disks that fail and processes that die at the worst moment. Only in builds with the feature
//! `fault-injection`; in all others [`strike`] is nothing.
//!
//! `HOMEROOM_FAULTS` names a file. Each of its lines is `POINT ACTION`; it is read at every point that is passed, so a
//! test turns faults on and off while the server runs. The actions are `fail` (the step fails as on a full disk),
//! `half` (of a write: half of it happens, then it fails), `die` (the process ends before the step, as in a power
//! failure), `panic`, and `stall` (the step takes for as long as the file says so, as on a disk that is gone).
//!
//! The points: of the journal, `journal.create`, `journal.folder`, `journal.write`, `journal.truncate` and
//! `journal.sync`; of every file that is replaced whole, `replace.create`, `replace.write`, `replace.sync`,
//! `replace.rename` and `replace.folder`; of one person's data, before each step, `erase.events`, `erase.lesson`,
//! `erase.rooms`, `erase.topic`, `erase.tokens`, `erase.audit`, `erase.account`, `erase.gone` and `erase.end`; of what is restored, `restore.create`, `restore.write`, `restore.sync` of each file, `restore.checked`, `restore.whole`,
//! `restore.put.NAME` of each name that is put in place, and `restore.end`; of the mirror, `mirror.create`, `mirror.write`,
//! `mirror.append`, `mirror.cut`, `mirror.sync`, `mirror.rename`, `mirror.folder` and `mirror.remove`; of modes, `mode.keep`: where it fails, the disk keeps none; and of the clock,
//! `clock.stands`: where it fails, a clock that was set needn't stand for a while to be believed.

use std::io::{self, Write};

/// How often a step that stalls looks whether it still does.
#[cfg(feature = "fault-injection")]
const STALL_LOOK: std::time::Duration = std::time::Duration::from_millis(5);

/// Does at `point` what the file of faults says.
///
/// # Errors
/// The fault that was asked for.
#[cfg(feature = "fault-injection")]
pub(crate) fn strike(point: &str) -> io::Result<()> {
    match action(point).as_deref() {
        Some("die") => std::process::abort(),
        Some("panic") => panic!("a fault was asked for: {point}"),
        Some("stall") => {
            while action(point).as_deref() == Some("stall") {
                std::thread::sleep(STALL_LOOK);
            }
            Ok(())
        }
        Some(_) => Err(asked_for(point)),
        None => Ok(()),
    }
}

/// Nothing.
///
/// # Errors
/// None.
#[cfg(not(feature = "fault-injection"))]
pub(crate) fn strike(_point: &str) -> io::Result<()> {
    Ok(())
}

/// Writes all of `bytes`, or what the file of faults says of `point`.
///
/// # Errors
/// What the system says, or the fault that was asked for.
pub(crate) fn write_all(point: &str, mut file: impl Write, bytes: &[u8]) -> io::Result<()> {
    #[cfg(feature = "fault-injection")]
    if action(point).as_deref() == Some("half") {
        file.write_all(&bytes[..bytes.len() / 2])?;
        // Asked once: the test may end the fault at any moment.
        return Err(asked_for(point));
    }
    strike(point)?;
    file.write_all(bytes)
}

#[cfg(feature = "fault-injection")]
fn asked_for(point: &str) -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, format!("a fault was asked for: {point}"))
}

#[cfg(feature = "fault-injection")]
fn action(point: &str) -> Option<String> {
    let faults = std::fs::read_to_string(std::env::var_os("HOMEROOM_FAULTS")?).ok()?;
    let actions = faults.lines().filter_map(|line| line.split_once(' '));
    actions.into_iter().find(|(name, _)| *name == point).map(|(_, action)| action.trim().to_owned())
}
