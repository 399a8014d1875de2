//! `homeroom-server attendance`: who was there, from the journal and the accounts of a data folder. It reads beside a running
//! server, and changes nothing.

use super::reading::{self, Untaken};
use crate::attendance::{lines, write_csv};
use crate::files;
use crate::protocol::Attendee;
use crate::reason;
use crate::server::accounts::users_file;
use crate::server::config::{AttendanceArgs, ExportFormat, ServerError, folder};
use crate::server::timeline::attendance::{Attendance, Listed, Place};
use crate::server::timeline::journal::segment;
use jiff::{Timestamp, tz::TimeZone};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Prints who was there.
///
/// # Errors
/// There is no journal, it or the accounts can't be read, something is damaged, or no such stretch can be.
pub(crate) fn run(data_dir: &Path, wanted: &AttendanceArgs) -> Result<(), ServerError> {
    let (now, zone) = (Timestamp::now(), TimeZone::system());
    let stretch = wanted.stretch(now, &zone).map_err(ServerError::Configuration)?;
    let group = wanted.group().map_err(|rule| ServerError::Configuration(rule.into()))?;
    let places = reading::segments(data_dir)?;
    let accounts = accounts(data_dir).map_err(ServerError::Folder)?;
    // Before the journal is read: who goes meanwhile has left in it.
    let until =
        if folder::is_held(data_dir) { now } else { segment::newest(&data_dir.join(folder::JOURNAL)).unwrap_or(now) };
    let attendance = Attendance::new(stretch, Place::default(), accounts);
    reading::print(
        &places,
        Ok(attendance),
        |attendance, line| attendance.take(line.bytes, &line.record).map_err(Untaken::Damaged),
        |attendance| {
            let people = attendance.end(until, group.as_deref());
            let mut out = BufWriter::new(io::stdout().lock());
            match wanted.form.format {
                ExportFormat::Text => {
                    lines(&people, group.as_deref(), stretch, (now, &zone))
                        .iter()
                        .try_for_each(|line| writeln!(out, "{line}"))?;
                }
                ExportFormat::Json => people.iter().try_for_each(|person| json(person, &mut out))?,
                ExportFormat::Csv => {
                    write_csv(&people, &zone, (wanted.form.separator.byte(), wanted.form.bom), &mut out)?
                }
            }
            out.flush()
        },
    )
}

/// One person as the wire has them, in a line.
fn json(person: &Attendee<'_>, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, person)?;
    out.write_all(b"\n")
}

/// Those in users.json, which a running server replaces whole.
fn accounts(data_dir: &Path) -> Result<Vec<Listed>, String> {
    let path = data_dir.join(folder::USERS);
    let file = files::read(&path).map_err(|e| format!("can't read {}: {}", path.display(), reason::of_file(&e)))?;
    let entries = users_file::parse(&file).map_err(|why| format!("{} is damaged: {why}", path.display()))?;
    let listed = |(name, state, profile, _): users_file::Entry| Listed {
        name,
        profile,
        role: state.role,
        since: state.since,
        created: state.created,
    };
    Ok(entries.into_iter().map(listed).collect())
}
