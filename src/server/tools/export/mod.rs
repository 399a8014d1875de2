//! `homeroom-server export`: prints what the journal holds. It reads beside a running server, a segment at a time, and
//! changes nothing.

mod format;

use crate::server::config::{ExportArgs, ServerError, folder, system};
use crate::server::timeline::journal::segment;
use crate::server::timeline::journal::segment::{DAMAGES_NAMED_MAX, Damage, Line, Place, ReadError};
use format::Printer;
use jiff::Timestamp;
use std::io::{self, BufWriter, ErrorKind};
use std::path::Path;

/// Why no more can be printed.
#[derive(Debug)]
enum Stop {
    /// A segment can't be read.
    Unreadable(ReadError),
    /// Nobody takes what is printed.
    Unwritable(io::Error),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unwritable(error)
    }
}

/// Prints what is wanted of the journal in a data folder. What is damaged is named on standard error, and what is whole
/// is printed all the same.
///
/// # Errors
/// There is no journal, it can't be read, or something in it is damaged.
pub(crate) fn run(data_dir: &Path, wanted: &ExportArgs) -> Result<(), ServerError> {
    let folder = data_dir.join(folder::JOURNAL);
    let places = segment::list(&folder).map_err(|why| ServerError::Folder(why.to_string()))?;
    if places.is_empty() {
        return Err(ServerError::Folder(format!(
            "there is no journal in {}: name the server's folder with --data-dir; if that is it, nothing was said yet, \
             or the server keeps nothing (no-journal)",
            folder.display()
        )));
    }
    match print(&places, wanted, BufWriter::new(io::stdout().lock())) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ServerError::Unwell),
        // Whoever reads has enough.
        Err(Stop::Unwritable(e)) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Unwritable(e)) => Err(system("print", &e)),
        Err(Stop::Unreadable(why)) => Err(ServerError::Folder(why.to_string())),
    }
}

/// True if nothing was damaged.
fn print(places: &[Place], wanted: &ExportArgs, out: impl io::Write) -> Result<bool, Stop> {
    let mut whole = true;
    let mut printer = Printer::begin(wanted, out)?;
    for place in places {
        let mut damaged = 0;
        let read = place.read(|line| {
            let result = line.and_then(|line| is_wanted(place, &line, wanted).map(|is| is.then_some(line)));
            match result {
                Ok(Some(line)) => printer.event(&line)?,
                Ok(None) => {}
                Err(damage) => {
                    tell(&damage, damaged);
                    damaged += 1;
                }
            }
            Ok(())
        });
        match read {
            Err(Stop::Unreadable(e)) if e.is_gone() => {}
            read => drop(read?),
        }
        whole &= damaged == 0;
    }
    printer.end()?;
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

fn is_wanted(place: &Place, line: &Line<'_>, wanted: &ExportArgs) -> Result<bool, Damage> {
    let time: Timestamp = line.record.moment().map_err(|what| place.damage(line.number, what))?;
    let private = !line.record.to.is_empty();
    Ok(wanted.from.is_none_or(|from| time >= from) && wanted.to.is_none_or(|to| time < to) && !(wanted.room && private))
}
