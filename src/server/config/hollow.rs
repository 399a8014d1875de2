//! Files of the data folder that hold nothing: no byte, or zeros alone, as a power cut leaves them. One function says
//! which: a start, `config check`, `check` and `doctor` ask it.

use super::folder::{CLOCK, IDENTITY, LESSON, ROOMS, SEQUENCE, TOPIC, USERS};
use crate::files::{self, Access};
use crate::reason;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// How the name of one that is put aside ends.
const ASIDE: &str = ".damaged";

/// What follows when one holds nothing.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// Nothing that is believed depends upon it: a start puts it aside and goes on. With what is lost.
    Goes(&'static str),
    /// A start would end what nobody can make anew. With what to do.
    Stops(&'static str),
}

/// The files that are always replaced whole, and hold something from their first write on.
const NEVER_EMPTY: [(&str, Then); 7] = [
    (CLOCK, Then::Goes("ages go by the times of what was said")),
    (TOPIC, Then::Goes("there is no topic until somebody sets one")),
    (ROOMS, Then::Goes("the journal knows who is in which room; what a room is about, and that it was open, is lost")),
    (LESSON, Then::Goes("every room is open, no hand is up, and votes of open polls are lost")),
    (
        USERS,
        Then::Stops(
            "put a copy of it in its place; if there is none, remove it: the next start then makes `admin` anew, and no \
             other account",
        ),
    ),
    (
        IDENTITY,
        Then::Stops(
            "put a copy of it in its place (identity.p12.old, where there is one, is the one before the last change); if \
             there is none, make a new one with `homeroom-server identity new`: then every join link so far ends",
        ),
    ),
    (SEQUENCE, Then::Stops("write a larger number into it than any client has seen as `seq`, such as 1000000000")),
];

/// A file that holds nothing.
#[derive(Debug)]
pub(crate) struct Hollow {
    path: PathBuf,
    name: &'static str,
    then: Then,
}

/// Those of a data folder.
pub(crate) fn hollow(folder: &Path) -> Vec<Hollow> {
    let found = NEVER_EMPTY.iter().map(|&(name, then)| Hollow { path: folder.join(name), name, then });
    found.filter(|file| holds_nothing(&file.path).unwrap_or(false)).collect()
}

/// Puts those aside whose loss ends nothing, before anything is read. What there is to be told about each.
///
/// # Errors
/// One holds nothing that is needed, or can't be put aside.
pub(crate) fn put_aside(folder: &Path) -> Result<Vec<String>, String> {
    let all = hollow(folder);
    if let Some(needed) = all.iter().find(|file| file.stops()) {
        return Err(format!("{needed}: it has not been touched"));
    }
    let aside = |file: &Hollow| {
        let done = files::put_aside(&file.path, ASIDE);
        done.map_err(|e| format!("{file}, and can't be put aside: {}", reason::of_file(&e)))?;
        Ok(format!("{file}; it is kept as {}{ASIDE}", file.name))
    };
    all.iter().map(aside).collect()
}

impl Hollow {
    /// Its name in the folder.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Whether no server starts with it.
    pub(crate) fn stops(&self) -> bool {
        matches!(self.then, Then::Stops(_))
    }
}

impl fmt::Display for Hollow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.path.display();
        match self.then {
            Then::Goes(lost) => {
                write!(f, "{shown} is empty, as a power cut leaves a file: a start goes on without it, and {lost}")
            }
            Then::Stops(remedy) => {
                write!(f, "{shown} is damaged: it is empty, as a power cut leaves a file; {remedy}")
            }
        }
    }
}

/// Whether there is a file, and not one byte in it but zeros. What can't be read is told by whoever must read it.
fn holds_nothing(path: &Path) -> io::Result<bool> {
    for byte in BufReader::new(files::open(path, Access::Read)?).bytes() {
        if byte? != 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_holds_nothing_is_put_aside_or_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        let names = || hollow(folder.path()).iter().map(Hollow::name).collect::<Vec<_>>();
        assert_eq!(names(), [""; 0], "what isn't there holds nothing that was lost");
        put(CLOCK, b"");
        put(TOPIC, &[0; 10_000]);
        put(USERS, b"\0{}");
        assert_eq!(names(), [CLOCK, TOPIC]);
        let told = put_aside(folder.path()).unwrap();
        assert!(told.len() == 2 && told[0].contains("clock.json.damaged"), "{told:?}");
        assert_eq!(names(), [""; 0]);
        put(SEQUENCE, b"");
        put(CLOCK, b"");
        assert!(put_aside(folder.path()).unwrap_err().contains("such as 1000000000"));
        assert_eq!(names(), [CLOCK, SEQUENCE], "then nothing was touched");
    }
}
