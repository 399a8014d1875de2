//! `homeroom-server export`: prints what the journal holds. It reads beside a running server, a segment at a time, and
//! changes nothing.

mod format;

use super::reading::{self, Untaken};
use crate::server::config::{ExportArgs, ServerError};
use crate::server::timeline::journal::segment::Line;
use format::Printer;
use jiff::Timestamp;
use std::io::{self, BufWriter};
use std::path::Path;

/// Prints what is wanted of the journal in a data folder. What is damaged is named on standard error, and what is whole
/// is printed all the same.
///
/// # Errors
/// There is no journal, it can't be read, or something in it is damaged.
pub(crate) fn run(data_dir: &Path, wanted: &ExportArgs) -> Result<(), ServerError> {
    let places = reading::segments(data_dir)?;
    let printer = Printer::begin(wanted, BufWriter::new(io::stdout().lock()));
    let each = |printer: &mut Printer<_>, line: &Line<'_>| {
        if is_wanted(line, wanted).map_err(Untaken::Damaged)? {
            printer.event(line)?;
        }
        Ok(())
    };
    reading::print(&places, printer, each, |mut printer| printer.end())
}

fn is_wanted(line: &Line<'_>, wanted: &ExportArgs) -> Result<bool, String> {
    let time: Timestamp = line.record.moment()?;
    let is_seen = !wanted.room || line.record.is_for_everyone()?;
    Ok(is_seen && wanted.from.is_none_or(|from| time >= from) && wanted.to.is_none_or(|to| time < to))
}
