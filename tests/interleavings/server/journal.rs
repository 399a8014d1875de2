//! A journal in memory that can't be written now and then.

use super::chunk::Chunk;
use shuttle::rand::Rng;
use std::io;

#[derive(Debug, Default)]
pub struct Journal {
    /// Of eight writes, so many fail.
    fail_of_eight: u32,
    archive: std::sync::Arc<Archive>,
}

/// Nothing is ever read back: all there is fits in memory.
#[derive(Debug, Default)]
pub struct Archive;

impl Journal {
    pub fn new(fail_of_eight: u32) -> Self {
        Self { fail_of_eight, ..Self::default() }
    }

    /// For the unit tests in `timeline.rs`, which are compiled here and not run.
    pub fn none() -> Self {
        Self::default()
    }

    pub fn archive(&self) -> &std::sync::Arc<Archive> {
        &self.archive
    }

    /// As the real one, a write that fails looks at what is in memory.
    pub(super) fn write(&mut self, _chunk: &Chunk, memory: impl Fn(u64, u64) -> Option<Chunk>) -> io::Result<()> {
        shuttle::thread::yield_now();
        let fails = shuttle::rand::thread_rng().gen_range(0..8) < self.fail_of_eight;
        if fails {
            memory(1, u64::MAX);
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    pub fn distrust(&mut self) {}
}

impl Archive {
    pub fn oldest(&self) -> Option<(u64, u64)> {
        None
    }

    pub(super) fn after(&self, _after: u64) -> io::Result<Option<std::sync::Arc<Chunk>>> {
        Ok(None)
    }

    pub(super) fn said_before(&self, _before: u64) -> io::Result<Option<std::sync::Arc<Chunk>>> {
        Ok(None)
    }
}
