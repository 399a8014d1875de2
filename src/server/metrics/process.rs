//! What the system says about this process; only Linux is asked.

/// How much memory it has.
pub(super) fn memory_bytes() -> Option<u64> {
    status_field("VmRSS:").map(|kib| kib * 1024)
}

/// How many threads it has.
pub(crate) fn threads() -> Option<u64> {
    status_field("Threads:")
}

/// How many descriptors it has.
pub(super) fn open_files() -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as u64)
}

/// A number in proc(5)'s `status`.
fn status_field(name: &str) -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
