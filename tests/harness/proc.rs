//! What Linux knows about a program.

use super::DEADLINE;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// A running program's entry in /proc.
pub(crate) struct Proc(u32);

impl Proc {
    pub(crate) fn of(pid: u32) -> Self {
        Self(pid)
    }

    /// Memory in use now, in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most memory it ever had in use, in KiB.
    pub(crate) fn memory_peak_kib(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> u64 {
        self.status("Threads:")
    }

    /// How many files and sockets it has open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.0)).unwrap().count()
    }

    /// How many mappings of memory it has.
    #[allow(dead_code, reason = "only some runs have small machines")]
    pub(crate) fn mappings(&self) -> usize {
        fs::read_to_string(format!("/proc/{}/maps", self.0)).unwrap().lines().count()
    }

    /// Waits until it has no more threads and descriptors than `before`, as [`load`](Self::load) gave them.
    #[track_caller]
    pub(crate) fn wait_for_load(&self, before: (u64, usize)) {
        let end = Instant::now() + DEADLINE;
        loop {
            let now = self.load();
            if now.0 <= before.0 && now.1 <= before.1 {
                return;
            }
            assert!(Instant::now() < end, "(threads, descriptors) were {before:?} and are {now:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its threads and its descriptors.
    pub(crate) fn load(&self) -> (u64, usize) {
        (self.threads(), self.descriptors())
    }

    /// Processor time used so far, in ticks of a hundredth of a second.
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap();
        // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th after it.
        let after_name = stat.rsplit_once(')').unwrap().1;
        after_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum()
    }

    fn status(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
