//! The data folder: nobody but its owner puts files there, and no link in it leads anybody astray.

use crate::harness::{DataDir, Finished, run};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Two that are neither root nor whoever runs this.
const SERVICE: u32 = 65_534;
const SOMEBODY: u32 = 54_322;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn command(data: &DataDir, words: &[&str]) -> Finished {
    run(data.command().env("HOMEROOM_LISTEN", "127.0.0.1:0").args(words), b"")
}

/// False where that takes root, and this isn't.
fn is_given(path: &Path, to: u32) -> bool {
    let given = chown(path, Some(to), Some(to));
    if given.is_err() {
        eprintln!("not tried: only root can give a folder away");
    }
    given.is_ok()
}

#[test]
fn a_new_data_folder_is_for_its_owner_alone() {
    let data = DataDir::new();
    let folder = data.file("new");
    let mut add = std::process::Command::new(env!("CARGO_BIN_EXE_homeroom-server"));
    add.arg("--data-dir").arg(&folder).args(["--hash-rounds", "1000", "user", "add", "ada"]);
    run(&mut add, b"").succeeded();
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn a_data_folder_that_others_can_write_is_closed_to_them() {
    let data = DataDir::with_users(&["ada"]);
    set_mode(data.path(), 0o777);
    for look in ["doctor", "check"] {
        let told = command(&data, &[look]);
        told.failed_with(1);
        assert!(told.stdout.contains("others can put files there (mode 777)"), "{told:?}");
        assert_eq!(mode(data.path()), 0o777, "{look} changes nothing");
    }
    let server = data.start();
    server.stderr.wait_for("others can put files there (mode 777); its mode is now 755");
    drop(server);
    for words in [&["user", "add", "bob"][..], &["identity", "new"]] {
        set_mode(data.path(), 0o775);
        command(&data, words).succeeded();
        assert_eq!(mode(data.path()), 0o755, "{words:?}");
    }
}

#[test]
fn a_folder_that_is_there_for_everyone_is_refused_and_left_alone() {
    let data = DataDir::new();
    set_mode(data.path(), 0o1777);
    for words in [&["user", "add", "bob"][..], &["identity", "new"], &[]] {
        let told = command(&data, words);
        assert!(told.failed_with(1).contains("name a folder of your own with --data-dir"), "{words:?}: {told:?}");
    }
    assert_eq!((mode(data.path()), fs::read_dir(data.path()).unwrap().count()), (0o1777, 0));
}

/// Where somebody else can run the program: not in a folder of root's own.
fn program_for_others(data: &DataDir) -> PathBuf {
    let program = data.file("homeroom-server");
    // By a program of its own: whatever another test starts meanwhile would inherit a file of ours that is being written,
    // and as long as it is open so nobody can run it.
    let copied = Command::new("cp").arg(data.command().get_program()).arg(&program).status();
    assert!(copied.is_ok_and(|status| status.success()));
    set_mode(data.path(), 0o755);
    program
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_by_whoever_tries() {
    let data = DataDir::new();
    let (program, folder) = (program_for_others(&data), data.file("data"));
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o755);
    let mut doctor = Command::new(program);
    doctor.arg("--data-dir").arg(&folder).args(["--listen", "127.0.0.1:0", "doctor"]);
    // Whoever runs this can write there.
    assert!(run(&mut doctor, b"").succeeded().contains("nothing is wrong here"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "what was tried is gone");
    // Root's alone, for the server's user.
    if is_given(&folder, 0) {
        let told = run(doctor.uid(SERVICE).gid(SERVICE), b"");
        assert!(told.stdout.contains("can't be written to: permission denied; run this as the user"), "{told:?}");
        told.failed_with(1);
    }
}

/// Whoever is somebody else than the server's user is told so by whatever needs its files.
#[test]
fn what_may_not_be_read_is_told_with_as_whom_it_may() {
    let data = DataDir::new();
    let program = program_for_others(&data);
    let folder = data.file("data");
    let words = |words: &[&str]| {
        let mut command = Command::new(&program);
        command.arg("--data-dir").arg(&folder).args(["--listen", "127.0.0.1:0"]).args(words);
        command
    };
    run(&mut words(&["user", "add", "ada"]), b"").succeeded();
    run(&mut words(&["identity", "new"]), b"").succeeded();
    let journal = folder.join("journal");
    fs::create_dir(&journal).unwrap();
    set_mode(&journal, 0o700);
    // Others see what is in it, and no more.
    set_mode(&folder, 0o755);
    if fs::metadata(&folder).unwrap().uid() != 0 {
        return;
    }
    for command in [
        &[][..],
        &["user", "add", "bob"],
        &["identity", "show"],
        &["identity", "new"],
        &["check"],
        &["doctor"],
        &["export"],
        &["attendance"],
    ] {
        let told = run(words(command).uid(SERVICE).gid(SERVICE), b"");
        let told = told.failed_with(1).to_owned() + &told.stdout;
        assert!(told.contains("permission denied") && told.contains("run this as the user"), "{command:?}: {told}");
    }
}

#[test]
fn a_folder_of_somebody_elses_is_refused() {
    let data = DataDir::new();
    let program = program_for_others(&data);
    let folder = data.file("data");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o777);
    if !is_given(&folder, SOMEBODY) {
        return;
    }
    let mut add = Command::new(program);
    let told = run(add.uid(SERVICE).gid(SERVICE).arg("--data-dir").arg(&folder).args(["user", "add", "ada"]), b"");
    assert!(told.failed_with(1).contains(&format!("belongs to somebody else (uid {SOMEBODY})")), "{told:?}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

/// The service's user, taken over, lays links for the next command of root's.
#[test]
fn no_command_of_roots_follows_a_link_in_a_services_folder() {
    let data = DataDir::with_users(&["ada"]);
    drop(data.start());
    let (roots, other) = (DataDir::new(), DataDir::new());
    let names = [
        "users.json",
        "identity.p12",
        "tokens.jsonl",
        "topic.json",
        "rooms.json",
        "lesson.json",
        "clock.json",
        "sequence",
        "audit.jsonl",
        "homeroom.lock",
    ];
    let aside = |name: &str| roots.file(name);
    if !is_given(data.path(), SERVICE) {
        return;
    }
    for name in names {
        // What would be taken if it were followed.
        fs::write(aside(name), fs::read(data.file(name)).unwrap_or_default()).unwrap();
        set_mode(&aside(name), 0o644);
    }
    fs::create_dir(aside("journal")).unwrap();
    set_mode(&aside("journal"), 0o755);
    let contents = || names.map(|name| (fs::read(aside(name)).unwrap(), mode(&aside(name))));
    let before = contents();
    for name in names.into_iter().chain(["journal"]) {
        let (kept, place) = (data.file("kept"), data.file(name));
        let was_there = fs::rename(&place, &kept).is_ok();
        symlink(aside(name), &place).unwrap();
        for words in
            [&["user", "add", "eve"][..], &["identity", "new"], &["check"], &["doctor"], &["export"], &["attendance"]]
        {
            let told = command(&data, words);
            assert!(!format!("{told:?}").contains("panicked"), "{name}, {words:?}: {told:?}");
        }
        let backup = other.file(name);
        let told = command(&data, &["backup", backup.to_str().unwrap()]);
        // The lock is never copied; and of a folder that is a link there is nothing to read.
        if !["homeroom.lock", "journal"].contains(&name) {
            assert!(told.failed_with(1).contains("symbolic link") && !backup.exists(), "{name}: {told:?}");
        }
        fs::remove_file(&place).unwrap();
        symlink(aside(name), &place).unwrap();
        let told = command(&data, &["--listen", "127.0.0.1:0"]);
        assert!(told.failed_with(1).contains("symbolic link"), "{name}: {told:?}");
        assert!(contents() == before, "{name} was followed");
        assert_eq!((mode(&aside("journal")), fs::read_dir(aside("journal")).unwrap().count()), (0o755, 0), "{name}");
        fs::remove_file(&place).unwrap();
        if was_there {
            fs::rename(&kept, &place).unwrap();
        }
    }
}

#[test]
fn ones_own_link_to_the_accounts_is_followed() {
    let (data, other) = (DataDir::with_users(&["ada"]), DataDir::new());
    fs::rename(data.file("users.json"), other.file("accounts.json")).unwrap();
    symlink(other.file("accounts.json"), data.file("users.json")).unwrap();
    set_mode(&other.file("accounts.json"), 0o644);
    data.start().login("ada");
    assert_eq!(mode(&other.file("accounts.json")), 0o600);
}
