//! One pass over the data folder: all that has changed is read in the order that makes a copy whole, and put into the mirror in
//! the order in which it may be stopped at any moment ([`contents`](crate::server::config::contents)).

use super::health::Health;
use super::parts::{Found, Parts, place};
use super::programs::{self, Programs};
use super::segments::Segments;
use super::spare::{Spare, is_full};
use super::target::Target;
use crate::faults;
use crate::files::Held;
use crate::reason;
use crate::server::config::contents::{Kind, PARTS, PUT, Part};
use crate::server::config::folder::{ERASING, JOURNAL, MIRROR_OF, USERS};
use crate::server::timeline::journal::{Copying, Settled};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::time::Instant;

/// A pass begins so often anew where the journal gets other words under it; then that waits for the next one.
const AGAIN_MAX: usize = 3;

/// A mirror that is open, and what is known of what it has.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) target: Target,
    parts: Parts,
    programs: Programs,
    segments: Option<Segments>,
    spare: Spare,
    /// Somebody else has removed or changed something of the journal there.
    touched: bool,
}

/// What was read.
#[derive(Default)]
struct Read {
    files: HashMap<&'static str, Found>,
    programs: BTreeMap<String, crate::files::Stamp>,
    journal: Option<Vec<Settled>>,
}

impl Open {
    /// Opens the mirror.
    ///
    /// # Errors
    /// Why not, as [`Target::open`] has it.
    pub(super) fn new(
        data_dir: &Path,
        path: &Path,
        journal: Option<&Copying>,
        health: &Health,
    ) -> Result<Self, String> {
        let target = Target::open(data_dir, path, journal)?;
        let segments = |journal| Segments::open(target.held.folder(JOURNAL)?, journal, health);
        let segments = journal.map(segments).transpose().map_err(|e| failed(JOURNAL, &e))?;
        let (parts, programs, spare) = (Parts::default(), Programs::default(), Spare::default());
        Ok(Self { segments, target, parts, programs, spare, touched: false })
    }

    /// Brings the mirror up to date.
    ///
    /// # Errors
    /// What can't be read or written, and why.
    pub(super) fn pass(&mut self, data_dir: &Path, journal: Option<&Copying>, health: &Health) -> Result<(), String> {
        for _ in 0..AGAIN_MAX {
            let (now, asked) = (Instant::now(), journal.map(|journal| journal.copied.asked()));
            let read = self.read(data_dir, journal)?;
            let next = read.journal.iter().flatten().last().map_or(0, |newest| newest.next);
            if self.put(data_dir, read, journal, health)? {
                self.target.complete().map_err(|e| failed(MIRROR_OF, &e))?;
                journal.zip(asked).into_iter().for_each(|(journal, asked)| journal.copied.reached(next, asked));
                let journal = std::mem::take(&mut self.touched).then_some(JOURNAL);
                health.is_mended(self.parts.mended().into_iter().chain(journal));
                health.is_whole(now);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Looks whether what was put there still is; the next pass puts anew what isn't.
    pub(super) fn look(&mut self) {
        self.parts.look(&self.target.held);
        self.spare.look();
        self.touched |= self.segments.as_mut().is_some_and(Segments::look);
    }

    fn read(&self, data_dir: &Path, journal: Option<&Copying>) -> Result<Read, String> {
        let mut read = Read::default();
        for part in &PARTS {
            let failed = |e: io::Error| {
                let (path, why) = (place(data_dir, part), reason::of_file(&e));
                format!("can't be kept up to date, since {} can't be read: {why}", path.display())
            };
            match part.kind {
                Kind::Journal => read.journal = journal.map(Copying::settled),
                Kind::Programs => read.programs = programs::list(&place(data_dir, part)).map_err(failed)?,
                Kind::Whole | Kind::Lines => {
                    let found = self.parts.read(data_dir, part).map_err(failed)?;
                    // What frames the others is there if it was at one of both moments.
                    if !(matches!(found, Found::Gone) && read.files.contains_key(part.name)) {
                        read.files.insert(part.name, found);
                    }
                }
            }
        }
        // What isn't there may be gone with all the rest, and be here alone then.
        match data_dir.join(USERS).try_exists() {
            Ok(true) => Ok(read),
            _ => Err(format!(
                "can't be kept up to date, since {} is gone, perhaps with its disk: nothing is taken from the mirror",
                data_dir.join(USERS).display()
            )),
        }
    }

    /// False where the journal has other words meanwhile: nothing is put there then that names its events.
    fn put(
        &mut self,
        data_dir: &Path,
        mut read: Read,
        journal: Option<&Copying>,
        health: &Health,
    ) -> Result<bool, String> {
        let held = &self.target.held;
        // It goes behind all others.
        let erased = matches!(read.files.get(ERASING), Some(Found::Gone)).then(|| read.files.remove(ERASING)).flatten();
        for part in PUT.iter().filter_map(|name| part(name)) {
            health.is_at_work();
            faults::strike(&format!("mirror.put.{}", part.name)).map_err(|e| failed(part.name, &e))?;
            // The journal takes all the room there is. The first copy has it to itself.
            if part.kind == Kind::Journal && self.target.was_whole() {
                self.spare.take(held);
            }
            let put = match part.kind {
                Kind::Journal => match (&mut self.segments, journal, &read.journal) {
                    (Some(segments), Some(journal), Some(settled)) => {
                        let done = segments.put(settled, journal, health).map_err(|e| failed(part.name, &e))?;
                        if !done {
                            return Ok(false);
                        }
                        Ok(())
                    }
                    _ => Ok(()),
                },
                Kind::Programs => {
                    let ours = std::mem::take(&mut read.programs);
                    self.programs.put(held, part.name, &place(data_dir, part), ours)
                }
                Kind::Whole | Kind::Lines => match read.files.remove(part.name) {
                    Some(found) => put_small((&mut self.parts, &mut self.spare), held, part, &found),
                    None => Ok(()),
                },
            };
            put.map_err(|e| failed(part.name, &e))?;
        }
        let frame = part(ERASING).zip(erased);
        let gone = frame.map_or(Ok(()), |(part, found)| self.parts.put(held, part, &found));
        gone.map_err(|e| failed(ERASING, &e)).map(|()| true)
    }
}

/// Where there is no room for it, there is what was kept for that.
fn put_small((parts, spare): (&mut Parts, &mut Spare), held: &Held, part: &Part, found: &Found) -> io::Result<()> {
    match parts.put(held, part, found) {
        Err(e) if is_full(&e) && spare.give_up(held) => parts.put(held, part, found),
        put => put,
    }
}

fn part(name: &str) -> Option<&'static Part> {
    PARTS.iter().find(|part| part.name == name)
}

fn failed(what: impl Display, e: &io::Error) -> String {
    format!("can't be kept up to date: {what}: {}", reason::of_file(e))
}
