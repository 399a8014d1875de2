//! What the system knows about the server.

use crate::harness::Proc;
use std::fmt;
use std::time::Duration;

/// Linux counts a process' time in these.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Gauges {
    pub(crate) threads: u64,
    pub(crate) descriptors: usize,
    pub(crate) memory_kib: u64,
    /// Processor time used so far.
    ticks: u64,
}

impl Gauges {
    pub(crate) fn read(pid: u32) -> Self {
        let process = Proc::of(pid);
        let (threads, descriptors) = process.load();
        Self { threads, descriptors, memory_kib: process.memory_kib(), ticks: process.cpu_ticks() }
    }

    /// The share of one processor that it had since `before`.
    pub(crate) fn cores_since(&self, before: &Self, passed: Duration) -> f64 {
        (self.ticks - before.ticks) as f64 / TICKS_PER_SECOND / passed.as_secs_f64()
    }

    /// The greater of each.
    pub(crate) fn max(&self, other: &Self) -> Self {
        Self {
            threads: self.threads.max(other.threads),
            descriptors: self.descriptors.max(other.descriptors),
            memory_kib: self.memory_kib.max(other.memory_kib),
            ticks: self.ticks.max(other.ticks),
        }
    }

    /// Whether nobody is there any more who wasn't there then.
    pub(crate) fn is_back_at(&self, then: &Self) -> bool {
        self.threads <= then.threads && self.descriptors <= then.descriptors
    }
}

impl fmt::Display for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, descriptors, memory_kib, ticks: _ } = self;
        write!(f, "{threads} threads, {descriptors} descriptors, {memory_kib} KiB")
    }
}
