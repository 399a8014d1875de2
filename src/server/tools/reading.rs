//! A data folder's journal, read from end to end for a command that prints something of it, also beside a running server.

use crate::server::config::{ServerError, folder, system};
use crate::server::timeline::journal::segment;
use crate::server::timeline::journal::segment::{DAMAGES_NAMED_MAX, Damage, Line, Place, ReadError};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Why an event isn't taken.
#[derive(Debug)]
pub(super) enum Untaken {
    /// Something is wrong with it. The others are all the same.
    Damaged(String),
    /// Nobody takes what is printed.
    Unwritable(io::Error),
}

impl From<io::Error> for Untaken {
    fn from(error: io::Error) -> Self {
        Self::Unwritable(error)
    }
}

/// Why no more can be read.
#[derive(Debug)]
enum Stop {
    Unreadable(ReadError),
    Unwritable(io::Error),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error)
    }
}

/// The segments of a data folder's journal, oldest first; at least one.
///
/// # Errors
/// There is none, or the folder can't be read.
pub(super) fn segments(data_dir: &Path) -> Result<Vec<Place>, ServerError> {
    let folder = data_dir.join(folder::JOURNAL);
    let places = segment::list(&folder).map_err(|why| ServerError::Folder(why.to_string()))?;
    if places.is_empty() {
        return Err(ServerError::Folder(format!(
            "there is no journal in {}: name the server's folder with --data-dir; if that is it, nothing was said yet, \
             or the server keeps nothing (no-journal)",
            folder.display()
        )));
    }
    Ok(places)
}

/// Gives `each` every event, and prints with `end` what there is to print at the end. What is damaged is named on standard
/// error, and what is whole is printed all the same.
///
/// # Errors
/// Something is damaged, or can't be read, or what is printed can't be written.
pub(super) fn print<P>(
    places: &[Place],
    begun: io::Result<P>,
    mut each: impl FnMut(&mut P, &Line<'_>) -> Result<(), Untaken>,
    end: impl FnOnce(P) -> io::Result<()>,
) -> Result<(), ServerError> {
    let printed = begun.map_err(Stop::Unwritable).and_then(|mut printer| {
        let whole = read(places, |line| each(&mut printer, line))?;
        end(printer).map_err(Stop::Unwritable)?;
        Ok(whole)
    });
    match printed {
        Ok(true) => Ok(()),
        Ok(false) => Err(ServerError::Unwell),
        // Whoever reads has enough.
        Err(Stop::Unwritable(e)) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Unwritable(e)) => Err(system("print", &e)),
        Err(Stop::Unreadable(why)) => Err(ServerError::Folder(why.to_string())),
    }
}

/// True if nothing was damaged.
fn read(places: &[Place], mut each: impl FnMut(&Line<'_>) -> Result<(), Untaken>) -> Result<bool, Stop> {
    let mut whole = true;
    for place in places {
        let mut damaged = 0;
        let read = place.read(|line| {
            let taken = line.map(|line| (line.number, each(&line)));
            let damage = match taken {
                Ok((_, Ok(()))) => return Ok(()),
                Ok((_, Err(Untaken::Unwritable(e)))) => return Err(Stop::Unwritable(e)),
                Ok((number, Err(Untaken::Damaged(what)))) => place.damage(number, what),
                Err(damage) => damage,
            };
            tell(&damage, damaged);
            damaged += 1;
            Ok(())
        });
        match read {
            Err(Stop::Unreadable(e)) if e.is_gone() => {}
            read => drop(read?),
        }
        whole &= damaged == 0;
    }
    Ok(whole)
}

/// Names a damage, where so many were found before in the same segment.
fn tell(damage: &Damage, before: usize) {
    match before {
        ..DAMAGES_NAMED_MAX => log::error!("{damage}"),
        DAMAGES_NAMED_MAX => log::error!("{} is damaged in more places", damage.file.display()),
        _ => {}
    }
}
