//! `/save N FILE`: what was said is written as it was said.

use crate::files;
use crate::options::at_home;
use crate::reason;
use crate::sanitize;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What is to be written, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Save {
    /// Its number: the event's seq.
    pub(crate) number: u64,
    /// The file.
    path: PathBuf,
}

impl Save {
    /// Reads what stands behind `/save`. None where that is of the wrong form.
    pub(crate) fn parse(arguments: &str) -> Option<Self> {
        let (number, path) = arguments.trim().split_once(char::is_whitespace)?;
        let path = path.trim_start();
        let unquoted = ['"', '\''].iter().find_map(|&quote| path.strip_prefix(quote)?.strip_suffix(quote));
        let number = number.parse().ok().filter(|&number| number > 0)?;
        Some(Self { number, path: at_home(unquoted.unwrap_or(path).into()) })
    }

    /// Why it is asked about first, if it is: there is such a file already.
    pub(crate) fn doubt(&self) -> Option<String> {
        let found = fs::symlink_metadata(&self.path).ok()?;
        files::there(&self.path).filter(|_| found.is_file())
    }

    /// What is said where nobody can be asked.
    pub(crate) fn refused(&self) -> String {
        files::is_taken(&self.path, "nothing was written")
    }

    /// The file's name, safe to show.
    pub(crate) fn name(&self) -> String {
        sanitize::line(&self.path.display().to_string()).into_owned()
    }

    /// Writes the file, with the modes that the umask leaves: it's the user's own. One that is there is replaced whole, and
    /// only if that `replaces`. No link is followed.
    ///
    /// # Errors
    /// Why it isn't written, in words that say what to do.
    pub(crate) fn write(&self, text: &str, replaces: bool) -> Result<(), String> {
        let name = self.name();
        let written = match fs::symlink_metadata(&self.path) {
            Ok(found) if found.is_symlink() => {
                return Err(format!("`{name}` is a link: nothing was written; name another file"));
            }
            Ok(found) if found.is_dir() => return Err(format!("`{name}` is a folder: name a file in it")),
            Ok(found) if !found.is_file() => return Err(format!("`{name}` is no file: nothing was written")),
            Ok(_) if replaces => self.replace(text),
            _ => create(&self.path, text),
        };
        written.map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => self.refused(),
            ErrorKind::NotFound => format!("there is no folder for `{name}`: nothing was written"),
            _ => format!("`{name}` can't be written: {}", reason::of_file(&e)),
        })
    }

    /// Another file takes its place, whole or not at all.
    fn replace(&self, text: &str) -> io::Result<()> {
        let new = files::beside(&self.path, &format!(".{}.new", std::process::id()));
        create(&new, text)?;
        fs::rename(&new, &self.path).inspect_err(|_| drop(fs::remove_file(&new)))
    }
}

/// Makes a file. What is there is never opened, be it a link (open(2), O_EXCL).
fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    drop(file);
    // Half of it would pass for all of it.
    written.inspect_err(|_| drop(fs::remove_file(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed() {
        let saved = |number, path: &str| Some(Save { number, path: path.into() });
        assert_eq!(Save::parse(" 17 a.py "), saved(17, "a.py"));
        assert_eq!(Save::parse("17 \"my lesson.py\""), saved(17, "my lesson.py"));
        assert_eq!(Save::parse("17  my lesson.py"), saved(17, "my lesson.py"));
        for wrong in ["", "17", "a.py 17", "0 a.py", "-1 a.py"] {
            assert_eq!(Save::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn nothing_is_lost_that_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let save = Save { number: 1, path: folder.path().join("a.py") };
        assert_eq!(save.doubt(), None);
        save.write("\tone\r\n", false).unwrap();
        assert!(save.doubt().is_some());
        assert!(save.write("two", false).unwrap_err().contains("is there already"));
        assert_eq!(fs::read_to_string(&save.path).unwrap(), "\tone\r\n");
        save.write("three", true).unwrap();
        assert_eq!(fs::read_to_string(&save.path).unwrap(), "three");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        let inside = Save { number: 1, path: folder.path().into() };
        assert!(inside.write("x", true).unwrap_err().contains("is a folder"));
        let nowhere = Save { number: 1, path: folder.path().join("none/x") };
        assert!(nowhere.write("x", true).unwrap_err().contains("no folder"));
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (aside, link) = (folder.path().join("aside"), folder.path().join("link"));
        fs::write(&aside, "aside").unwrap();
        for target in [&aside, &folder.path().join("nothing")] {
            std::os::unix::fs::symlink(target, &link).unwrap();
            let save = Save { number: 1, path: link.clone() };
            for replaces in [false, true] {
                assert!(save.write("x", replaces).unwrap_err().contains("is a link"));
            }
            fs::remove_file(&link).unwrap();
        }
        assert_eq!(fs::read_to_string(&aside).unwrap(), "aside");
    }
}
