//! Lists of people, as schools' programs save them, and what an import of one comes to.
//!
//! A list is bytes of some encoding (`text.rs`), then a table (`sheet.rs`) whose columns hold this or that (`columns.rs`, as
//! `headings.rs` and `words.rs` know them), then people (`rows.rs`, with `passwords.rs`), with user names and groups made of what
//! it has (`names.rs`). Who of them is here already and who is new is a plan (`plan.rs`); what is said of it is in `report.rs`,
//! and what is handed to them on paper in `slips.rs`.
//!
//! Nothing here asks a server or changes an account: `homeroom-server user import` and the client's `/import` do, each in its way.

mod columns;
mod headings;
mod names;
mod passwords;
mod plan;
mod report;
mod rows;
mod sheet;
mod slips;
mod text;
mod words;

pub(crate) use columns::{FirstLine, Kind};
pub(crate) use plan::{Known, NUMBERS_MAX, Plan, Step, What, free};
pub(crate) use report::{Report, slips_line, tell_mistakes};
pub(crate) use rows::{Roster, read};
pub(crate) use slips::{Place, Slip, rewrite as rewrite_slips, write as write_slips};
pub(crate) use text::{decode, shown};

use crate::reason;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The largest list that is read: 100,000 people with long passwords.
pub(crate) const LIST_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Reads a list's file, wherever that lies.
///
/// # Errors
/// Why not, for people.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LIST_BYTES_MAX + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 > LIST_BYTES_MAX => Err("it is too large for a list of accounts".into()),
        Ok(_) => Ok(bytes),
        Err(e) => Err(reason::of_file(&e)),
    }
}
