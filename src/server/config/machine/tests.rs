//! What is read, from files of the tests' own.

use super::*;
use tempfile::TempDir;

const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units
Max address space         unlimited            unlimited            bytes
Max processes             96365                96365                processes
Max open files            1024                 524288               files
";
const STATUS: &str = "Name:\tserver\nUid:\t1000\t1000\t1000\t1000\nVmSize:\t  4096 kB\nRssAnon:\t  1024 kB\nThreads:\t3\n\
                      CapEff:\t0000000000000000\n";

/// A system with these files.
fn system(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

/// What was found of a bound, as pairs of limit and what is used.
fn found(root: &TempDir, bound: Bound) -> Vec<(u64, u64)> {
    let allowances = Machine::read(root.path()).allowances.into_iter();
    allowances.filter(|found| found.bound == bound).map(|found| (found.limit, found.used)).collect()
}

#[test]
fn what_is_read_of_the_process_and_the_system() {
    let root = system(&[
        ("proc/self/limits", LIMITS),
        ("proc/self/status", STATUS),
        ("proc/self/uid_map", "0 0 4294967295"),
        ("proc/self/maps", "a\nb\nc\n"),
        ("proc/self/fd/0", ""),
        ("proc/self/fd/1", ""),
        ("proc/7/status", "Uid:\t1000\t1000\nThreads:\t40\n"),
        ("proc/8/status", "Uid:\t0\t0\nThreads:\t500\n"),
        ("proc/9/status", STATUS),
        ("proc/loadavg", "0.20 0.18 0.12 1/803 11206"),
        ("proc/meminfo", "MemTotal:  1000 kB\nMemFree: 10 kB\n"),
        ("proc/sys/vm/max_map_count", "262144\n"),
        ("proc/sys/kernel/threads-max", "30000\n"),
        ("proc/sys/kernel/pid_max", "32768\n"),
    ]);
    assert_eq!(found(&root, Bound::OpenFiles), [(1024, 2)]);
    assert_eq!(found(&root, Bound::AddressSpace), [], "unlimited");
    assert_eq!(found(&root, Bound::Mappings), [(262_144, 3)]);
    // Its own threads are counted where its own needs are.
    assert_eq!(found(&root, Bound::SystemThreads), [(30_000, 800)]);
    assert_eq!(found(&root, Bound::ProcessIds), [(32_768, 800)]);
    assert_eq!(found(&root, Bound::UserThreads), [(96_365, 40)]);
    assert_eq!(found(&root, Bound::Memory), [(750 * 1024, 0)]);
}

#[test]
fn what_cannot_be_read_limits_nothing_but_for_the_mappings() {
    let machine = Machine::read(system(&[]).path());
    let of_64_bits: Vec<_> = machine.allowances.iter().filter(|found| found.bound != Bound::AddressSpace).collect();
    assert_eq!(of_64_bits, [&Allowance { bound: Bound::Mappings, limit: MAPPINGS_DEFAULT, used: 0 }]);
}

#[test]
fn threads_of_one_user_bind_nobody_who_is_over_them() {
    let status =
        |user: u32, capabilities: &str| format!("Uid:\t{user}\t{user}\nThreads:\t1\nCapEff:\t{capabilities}\n");
    for (user, capabilities, users, binds) in [
        (1000, "0000000000000000", "0 0 4294967295", true),
        (0, "0000000000000000", "0 0 4294967295", false),
        (1000, "0000000001000000", "0 0 4294967295", false),
        // The root of a container is nobody outside of it.
        (0, "000001ffffffffff", "0 100000 65536", true),
    ] {
        let status = status(user, capabilities);
        let root = system(&[("proc/self/limits", LIMITS), ("proc/self/status", &status), ("proc/self/uid_map", users)]);
        assert_eq!(found(&root, Bound::UserThreads).len(), usize::from(binds), "{user} {capabilities} {users}");
    }
}

#[test]
fn the_cgroups_above_bind_too_in_both_versions() {
    let second = system(&[
        ("proc/self/cgroup", "0::/system.slice/homeroom.service\n"),
        ("proc/self/status", STATUS),
        ("sys/fs/cgroup/system.slice/pids.max", "500"),
        ("sys/fs/cgroup/system.slice/pids.current", "103"),
        ("sys/fs/cgroup/system.slice/homeroom.service/pids.max", "max"),
        ("sys/fs/cgroup/system.slice/homeroom.service/memory.max", "100000000"),
        ("sys/fs/cgroup/system.slice/homeroom.service/memory.stat", "file 70\nanon 3145728\n"),
    ]);
    assert_eq!(found(&second, Bound::GroupThreads), [(500, 100)]);
    assert_eq!(found(&second, Bound::GroupMemory), [(100_000_000, 2 << 20)]);
    let first = system(&[
        ("proc/self/cgroup", "8:pids:/a/b\n4:memory:/m\n3:cpu,cpuacct:/c\n0::/\n"),
        ("proc/self/status", STATUS),
        ("sys/fs/cgroup/pids/a/b/pids.max", "70"),
        ("sys/fs/cgroup/pids/a/pids.max", "60"),
        ("sys/fs/cgroup/pids/pids.max", "50"),
        ("sys/fs/cgroup/memory/m/memory.limit_in_bytes", "9223372036854771712"),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "200000000"),
    ]);
    assert_eq!(found(&first, Bound::GroupThreads), [(70, 0), (60, 0), (50, 0)]);
    assert_eq!(found(&first, Bound::GroupMemory), [(200_000_000, 0)]);
    assert_eq!(Machine::read(first.path()).tightest().iter().filter(|found| found.limit == 50).count(), 1);
}

#[test]
fn in_a_namespace_what_is_seen_binds() {
    let root = system(&[("proc/self/cgroup", "0::/../../outside\n"), ("sys/fs/cgroup/pids.max", "90")]);
    assert_eq!(found(&root, Bound::GroupThreads), [(90, 0)]);
}

#[test]
fn what_is_read_again_does_not_count_the_clients() {
    let root = system(&[("proc/self/limits", LIMITS), ("proc/self/fd/0", ""), ("proc/self/maps", "a\n")]);
    let start = Machine::read(root.path());
    fs::write(root.path().join("proc/self/fd/1"), "").unwrap();
    fs::write(root.path().join("proc/self/maps"), "a\nb\nc\n").unwrap();
    fs::write(root.path().join("proc/self/limits"), LIMITS.replace("1024 ", "4096 ")).unwrap();
    let again = start.read_again(root.path());
    let of = |bound| again.allowances.iter().find(|found| found.bound == bound).map(|found| (found.limit, found.used));
    assert_eq!((of(Bound::OpenFiles), of(Bound::Mappings)), (Some((4096, 1)), Some((MAPPINGS_DEFAULT, 1))));
}
