//! A file that grows line by line, and that another program may move away, empty or remove meanwhile, as a rotation of logs
//! does: what is written next goes to where the path leads then.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file to append to.
#[derive(Debug)]
pub(crate) struct Growing {
    path: PathBuf,
    file: File,
    open: fn(&Path) -> io::Result<File>,
}

impl Growing {
    /// Opens the file, for its owner alone, or makes it.
    ///
    /// # Errors
    /// As [`append_private`](super::append_private).
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::open_by(path, super::append_private)
    }

    /// The same; a terminal or a pipe is written to as it is.
    ///
    /// # Errors
    /// As [`append_anywhere`](super::append_anywhere).
    pub(crate) fn open_anywhere(path: &Path) -> io::Result<Self> {
        Self::open_by(path, super::append_anywhere)
    }

    fn open_by(path: &Path, open: fn(&Path) -> io::Result<File>) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: open(path)?, open })
    }

    /// Opens it anew if the path no longer leads to it.
    ///
    /// # Errors
    /// It can't be opened or made. The one from before is kept.
    pub(crate) fn renew(&mut self) -> io::Result<()> {
        if self.file.metadata()?.is_file() && !super::leads_to(&self.path, &self.file) {
            self.file = (self.open)(&self.path)?;
        }
        Ok(())
    }

    /// How long the file is.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Appends, with one write, to what the path leads to.
    ///
    /// # Errors
    /// What the system says. If only the path leads nowhere, the file from before has it.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let renewed = self.renew();
        self.file.write_all(bytes)?;
        renewed
    }
}
