//! Somebody is taken out of the audit log: what was done stays, and they are called otherwise.

use super::Audit;
use crate::fields::Fields;
use crate::files;
use crate::protocol::Username;
use crate::server::timeline::Gone;
use crate::sync::lock;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Instant;

/// What names somebody.
const NAMES: [&str; 2] = ["by", "username"];

impl Audit {
    /// Takes somebody out of both files.
    ///
    /// # Errors
    /// One of them can't be read or written. It may be tried again.
    pub(crate) fn erase(&self, gone: &Gone<'_>, now: Instant) -> io::Result<()> {
        // What is summed up names people too.
        self.end(now);
        let mut slot = lock(&self.file);
        let older = files::beside(&slot.path, ".1");
        // Windows replaces no file that is open.
        slot.file = None;
        let result = erase_from(&older, gone).and_then(|()| erase_from(&slot.path, gone));
        // Where it can't be opened now, the next line tries that again.
        let _ = slot.file();
        result
    }

    /// The highest number that anybody has here who was erased; 0 where there is none.
    ///
    /// # Errors
    /// A file can't be read.
    pub(crate) fn last_deleted(&self) -> io::Result<u64> {
        let mut last = 0;
        self.each_name(|name| last = last.max(name.deleted_number().unwrap_or(0)))?;
        Ok(last)
    }

    /// Whether a line of it names somebody.
    ///
    /// # Errors
    /// A file can't be read.
    pub(crate) fn names(&self, wanted: &Username) -> io::Result<bool> {
        let mut is_named = false;
        self.each_name(|name| is_named |= name == wanted)?;
        Ok(is_named)
    }

    /// Gives `look` each name in both files.
    fn each_name(&self, mut look: impl FnMut(&Username)) -> io::Result<()> {
        let path = lock(&self.file).path.clone();
        for path in [files::beside(&path, ".1"), path] {
            let text = read(&path)?;
            let lines = text.split(|&b| b == b'\n').filter_map(|line| serde_json::from_slice::<Fields>(line).ok());
            let names = lines.flat_map(|line| NAMES.map(|name| line.text(name).and_then(Username::parse)));
            names.flatten().for_each(|name| look(&name));
        }
        Ok(())
    }
}

fn erase_from(path: &Path, gone: &Gone<'_>) -> io::Result<()> {
    let before = read(path)?;
    let mut after = Vec::with_capacity(before.len());
    for line in before.split_inclusive(|&b| b == b'\n') {
        match without(line, gone) {
            Some(anew) => after.extend_from_slice(&anew),
            None => after.extend_from_slice(line),
        }
    }
    if after == before {
        return files::remove_leftover(path).map(drop);
    }
    files::replace(path, &after)
}

/// A line without them; None where they aren't in it. What is no JSON any more, as after a crash, goes where it has the name.
fn without(line: &[u8], gone: &Gone<'_>) -> Option<Vec<u8>> {
    if !gone.may_be_in(line) {
        return None;
    }
    let Ok(mut fields) = serde_json::from_slice::<Fields>(line) else { return Some(Vec::new()) };
    for name in NAMES {
        if gone.is(fields.text(name)) {
            fields.set(name, gone.alias.as_str().into());
        }
    }
    Some(fields.line())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    match files::read(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}
