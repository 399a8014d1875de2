//! What the machine allows: read where its system tells it. What can't be read limits nothing, but for the mappings, which
//! end the process: of these there are as many as Linux has by itself.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// How many mappings a process may have where nobody has set that and nobody tells (`DEFAULT_MAX_MAP_COUNT`,
/// include/linux/mm.h). A unit with `ProcSubset=pid` hides it.
const MAPPINGS_DEFAULT: u64 = 65_530;
/// How much of the machine's memory is the server's, in percent: as much as the unit says (`MemoryMax=75%`).
const MEMORY_PERCENT: u64 = 75;
/// What a process may address where a pointer has 32 bits: the kernel has the fourth GiB.
const ADDRESS_SPACE_32_BYTES: u64 = 3 << 30;
/// How many processes are looked at for the threads of a user: as many as there are ids for on most machines.
const PROCESSES_MAX: usize = 32_768;
/// How many cgroups, one in the other, are looked at. systemd nests three or four.
const GROUPS_DEEP_MAX: usize = 32;
/// macOS takes no more, whatever it says (`OPEN_MAX`, sys/syslimits.h).
#[cfg(unix)]
const OPEN_FILES_MACOS: nix::sys::resource::rlim_t = 10_240;
/// What cgroups of version 1 say where there is no limit is close to 2^63 bytes; nobody has so much memory.
const MEMORY_ENDLESS_BYTES: u64 = 1 << 60;
/// CAP_SYS_ADMIN and CAP_SYS_RESOURCE: who has one of them may have any number of threads.
const CAPABILITIES_OVER_THREADS: u64 = 1 << 21 | 1 << 24;
/// The map of users outside of any user namespace. Within one, capabilities are over nothing that counts here.
const ALL_USERS: [&str; 3] = ["0", "0", "4294967295"];

/// Below what the system's files are. In builds with `fault-injection` a test may have `HOMEROOM_MACHINE` say another folder, since no
/// system has a `vm.max_map_count` for one process alone.
pub(crate) fn root() -> PathBuf {
    #[cfg(feature = "fault-injection")]
    if let Some(root) = std::env::var_os("HOMEROOM_MACHINE") {
        return root.into();
    }
    PathBuf::from("/")
}

/// What there can be too few of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Bound {
    /// `RLIMIT_NOFILE`.
    OpenFiles,
    /// `RLIMIT_NPROC`.
    UserThreads,
    /// `kernel.threads-max`.
    SystemThreads,
    /// `kernel.pid_max`.
    ProcessIds,
    /// `pids.max`.
    GroupThreads,
    /// `vm.max_map_count`.
    Mappings,
    /// `memory.max`.
    GroupMemory,
    /// What the machine has.
    Memory,
    /// `RLIMIT_AS`.
    AddressSpace,
    /// `RLIMIT_DATA`: of the address space, what the program may write to.
    Data,
}

impl Bound {
    /// What it is, for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenFiles => "open files",
            Self::UserThreads => "threads of one user",
            Self::SystemThreads => "threads of the system",
            Self::ProcessIds => "process ids",
            Self::GroupThreads => "tasks of its cgroup",
            Self::Mappings => "memory mappings",
            Self::GroupMemory => "memory of its cgroup",
            Self::Memory => "memory",
            Self::AddressSpace => "address space",
            Self::Data => "data of a program",
        }
    }

    /// So much of it, for people.
    pub(crate) fn amount(self, limit: u64) -> String {
        match self {
            Self::GroupMemory | Self::Memory | Self::AddressSpace | Self::Data => format!("{} MiB", limit >> 20),
            _ => limit.to_string(),
        }
    }

    /// Where it is raised.
    pub(crate) fn knob(self) -> &'static str {
        match self {
            Self::OpenFiles => "LimitNOFILE= in the unit, or `ulimit -n`",
            Self::UserThreads => "LimitNPROC= in the unit, or `ulimit -u`",
            Self::SystemThreads => "`sysctl kernel.threads-max`",
            Self::ProcessIds => "`sysctl kernel.pid_max`",
            Self::GroupThreads => "TasksMax= in the unit",
            Self::Mappings => "`sysctl vm.max_map_count`",
            Self::GroupMemory => "MemoryMax= in the unit",
            Self::Memory => "a machine with more memory",
            Self::AddressSpace => "LimitAS= in the unit, or `ulimit -v`",
            Self::Data => "LimitDATA= in the unit, or `ulimit -d`",
        }
    }

    /// Whether this process alone uses it up.
    fn is_of_process(self) -> bool {
        matches!(self, Self::OpenFiles | Self::Mappings | Self::AddressSpace | Self::Data)
    }
}

/// How much there may be of something, and how much of that is used already by others or was at the start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Allowance {
    /// Of what.
    pub(crate) bound: Bound,
    /// So much; memory and addresses in bytes.
    pub(crate) limit: u64,
    /// And so much isn't free for clients.
    pub(crate) used: u64,
}

/// All that was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    pub(crate) allowances: Vec<Allowance>,
}

impl Machine {
    /// Reads it, below `root`, before there are clients.
    pub(crate) fn read(root: &Path) -> Self {
        let system = System { root };
        let mut allowances = Vec::new();
        if cfg!(target_os = "linux") {
            system.read_process(&mut allowances);
            system.read_threads(&mut allowances);
            system.read_memory(&mut allowances);
        } else {
            allowances.extend(open_files().map(|limit| Allowance { bound: Bound::OpenFiles, limit, used: 0 }));
        }
        if usize::BITS == 32 {
            allowances.push(Allowance { bound: Bound::AddressSpace, limit: ADDRESS_SPACE_32_BYTES, used: 0 });
        }
        Self { allowances }
    }

    /// Reads it anew. What the process uses by itself is what it was at the start: since then there are clients.
    pub(crate) fn read_again(&self, root: &Path) -> Self {
        let mut now = Self::read(root);
        for allowance in now.allowances.iter_mut().filter(|allowance| allowance.bound.is_of_process()) {
            let before = self.allowances.iter().find(|before| before.bound == allowance.bound);
            allowance.used = before.map_or(allowance.used, |before| before.used);
        }
        now
    }

    /// Each bound once, for whoever looks at them one by one: of several cgroups the one with the least left.
    pub(crate) fn tightest(&self) -> Vec<Allowance> {
        let mut sorted = self.allowances.clone();
        sorted.sort_by_key(|allowance| allowance.limit.saturating_sub(allowance.used));
        let mut seen = HashSet::new();
        sorted.retain(|allowance| seen.insert(allowance.bound.name()));
        sorted
    }
}

/// Lets the process have as many files open as its user may ask for. The first number, which holds unless somebody asks, is for
/// programs that can't cope with more; systemd has it at 1,024 and the second at half a million. Says from where to where, if
/// that was done.
#[cfg(unix)]
pub(crate) fn raise_open_files() -> Option<String> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    let most = if cfg!(target_os = "macos") { hard.min(OPEN_FILES_MACOS) } else { hard };
    // Where it can't be raised, the lower one holds, and the budget goes by that.
    (soft < most && setrlimit(Resource::RLIMIT_NOFILE, most, hard).is_ok()).then(|| format!("from {soft} to {most}"))
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(crate) fn raise_open_files() -> Option<String> {
    None
}

#[cfg(all(unix, not(target_os = "linux")))]
fn open_files() -> Option<u64> {
    use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
    getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft).filter(|soft| *soft < RLIM_INFINITY)
}

/// On Linux it's read where all else is, and Windows has none.
#[cfg(not(all(unix, not(target_os = "linux"))))]
fn open_files() -> Option<u64> {
    None
}

/// The files in which Linux tells it.
struct System<'a> {
    root: &'a Path,
}

impl System<'_> {
    fn read_process(&self, found: &mut Vec<Allowance>) {
        let limits = self.text("proc/self/limits");
        let entries = |folder| fs::read_dir(self.root.join(folder)).map_or(0, |entries| entries.count() as u64);
        if let Some(limit) = soft_limit(&limits, "Max open files") {
            found.push(Allowance { bound: Bound::OpenFiles, limit, used: entries("proc/self/fd") });
        }
        if let Some(limit) = soft_limit(&limits, "Max address space") {
            found.push(Allowance { bound: Bound::AddressSpace, limit, used: self.status_kib("VmSize:") * 1024 });
        }
        if let Some(limit) = soft_limit(&limits, "Max data size") {
            found.push(Allowance { bound: Bound::Data, limit, used: self.status_kib("VmData:") * 1024 });
        }
        let limit = self.number("proc/sys/vm/max_map_count").unwrap_or(MAPPINGS_DEFAULT);
        let used = self.text("proc/self/maps").lines().count() as u64;
        found.push(Allowance { bound: Bound::Mappings, limit, used });
    }

    fn read_threads(&self, found: &mut Vec<Allowance>) {
        let own = self.status("Threads:").unwrap_or(0);
        let system = self.all_threads().saturating_sub(own);
        for (bound, file) in
            [(Bound::SystemThreads, "proc/sys/kernel/threads-max"), (Bound::ProcessIds, "proc/sys/kernel/pid_max")]
        {
            found.extend(self.number(file).map(|limit| Allowance { bound, limit, used: system }));
        }
        let limit = soft_limit(&self.text("proc/self/limits"), "Max processes").filter(|_| !self.is_over_threads());
        found.extend(limit.map(|limit| Allowance {
            bound: Bound::UserThreads,
            limit,
            used: self.threads_of_user().saturating_sub(own),
        }));
        for group in self.groups("pids") {
            let limit = number(&read(&group.join("pids.max")));
            let used = || number(&read(&group.join("pids.current"))).unwrap_or(0).saturating_sub(own);
            found.extend(limit.map(|limit| Allowance { bound: Bound::GroupThreads, limit, used: used() }));
        }
    }

    fn read_memory(&self, found: &mut Vec<Allowance>) {
        let total = field(&self.text("proc/meminfo"), "MemTotal:").map(|kib| kib * 1024 / 100 * MEMORY_PERCENT);
        found.extend(total.map(|limit| Allowance { bound: Bound::Memory, limit, used: 0 }));
        let own = self.status_kib("RssAnon:") * 1024;
        for group in self.groups("memory") {
            let limit =
                ["memory.max", "memory.limit_in_bytes"].iter().find_map(|name| number(&read(&group.join(name))));
            let Some(limit) = limit.filter(|limit| *limit < MEMORY_ENDLESS_BYTES) else { continue };
            // Not what the disk's cache has: that makes way.
            let stat = read(&group.join("memory.stat"));
            let used = ["anon", "total_rss"].iter().find_map(|name| field(&stat, name)).unwrap_or(0);
            found.push(Allowance { bound: Bound::GroupMemory, limit, used: used.saturating_sub(own) });
        }
    }

    /// The cgroup that this process is in, and those that this one is in: of version 1 for such a `controller`, of version 2 all.
    fn groups(&self, controller: &str) -> Vec<PathBuf> {
        let text = self.text("proc/self/cgroup");
        let mut groups = Vec::new();
        for line in text.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let mounts: &[&str] = match controllers {
                "" => &["", "unified"],
                list if list.split(',').any(|name| name == controller) => &[controller],
                _ => continue,
            };
            // In a cgroup namespace it may begin with `..`: what is above can't be seen.
            let path: PathBuf =
                Path::new(path).components().filter(|part| matches!(part, Component::Normal(_))).collect();
            let ancestors = path.ancestors().take(GROUPS_DEEP_MAX);
            let mount = |mount: &&str| self.root.join("sys/fs/cgroup").join(mount);
            groups.extend(ancestors.flat_map(|path| mounts.iter().map(mount).map(move |mount| mount.join(path))));
        }
        groups
    }

    /// How many threads there are in all: the second number of `0.20 0.18 0.12 1/80 11206`.
    fn all_threads(&self) -> u64 {
        let text = self.text("proc/loadavg");
        let counts = text.split_whitespace().nth(3).and_then(|counts| counts.split_once('/'));
        counts.and_then(|(_, all)| all.parse().ok()).unwrap_or(0)
    }

    /// Those of this process's user, as far as its processes can be seen.
    fn threads_of_user(&self) -> u64 {
        let user = |status: &str| field(status, "Uid:");
        let own = user(&self.text("proc/self/status"));
        let entries = fs::read_dir(self.root.join("proc")).into_iter().flatten().flatten();
        let processes = entries.filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit));
        let statuses = processes.take(PROCESSES_MAX).map(|entry| read(&entry.path().join("status")));
        statuses.filter(|status| user(status) == own).filter_map(|status| field(&status, "Threads:")).sum()
    }

    /// Whether no number of threads is too many for this user.
    fn is_over_threads(&self) -> bool {
        let status = self.text("proc/self/status");
        let line = |name| status.lines().find_map(|line: &str| line.strip_prefix(name)).unwrap_or_default();
        let capabilities = u64::from_str_radix(line("CapEff:").trim(), 16).unwrap_or(0);
        let is_root = field(&status, "Uid:") == Some(0) || capabilities & CAPABILITIES_OVER_THREADS != 0;
        is_root && self.text("proc/self/uid_map").split_whitespace().eq(ALL_USERS)
    }

    fn status(&self, name: &str) -> Option<u64> {
        field(&self.text("proc/self/status"), name)
    }

    fn status_kib(&self, name: &str) -> u64 {
        self.status(name).unwrap_or(0)
    }

    fn number(&self, file: &str) -> Option<u64> {
        number(&self.text(file))
    }

    fn text(&self, file: &str) -> String {
        read(&self.root.join(file))
    }
}

/// Nothing where it can't be read.
fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// None for `max`, which is no limit.
fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The first number behind a name that begins a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let words = text.lines().map(str::split_whitespace);
    words.into_iter().find_map(|mut words| (words.next() == Some(name)).then(|| words.next()?.parse().ok())?)
}

/// What holds of proc(5)'s `limits`; None where it is `unlimited`.
fn soft_limit(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
