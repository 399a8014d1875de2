//! What is not followed, and whose mode stays as it is.

use super::super::{self as files, Access, append_private, make_folder_private, open, read, read_private, replace};
use nix::sys::stat::Mode;
use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Somebody else: `nobody` on most systems.
const NOBODY: u32 = 65534;

/// A folder, and beside it a file that others may read.
struct Stage {
    _all: TempDir,
    folder: PathBuf,
    aside: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let all = tempfile::tempdir().unwrap();
        let (folder, aside) = (all.path().join("data"), all.path().join("aside"));
        files::create_folder(&folder).unwrap();
        fs::create_dir(all.path().join("away")).unwrap();
        fs::write(&aside, "aside").unwrap();
        fs::set_permissions(&aside, Permissions::from_mode(0o644)).unwrap();
        Self { _all: all, folder, aside }
    }

    /// The name of a link to the file beside.
    fn link(&self) -> PathBuf {
        let link = self.folder.join("users.json");
        symlink(&self.aside, &link).unwrap();
        link
    }

    /// Gives the folder to somebody else, as a service's is. False where that takes root, and this isn't.
    fn is_somebody_elses(&self) -> bool {
        give(&self.folder)
    }

    fn assert_untouched(&self) {
        assert_eq!((fs::read_to_string(&self.aside).unwrap().as_str(), mode(&self.aside)), ("aside", 0o644));
    }
}

fn give(path: &Path) -> bool {
    let given = lchown(path, Some(NOBODY), Some(NOBODY));
    if given.is_err() {
        eprintln!("not tried: only root can make somebody else's files");
    }
    given.is_ok()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o777
}

fn assert_refuses(link: &Path) {
    for (tried, what) in [
        (read(link).map(drop), "read"),
        (read_private(link).map(drop), "read_private"),
        (open(link, Access::Write).map(drop), "write"),
        (append_private(link).map(drop), "append"),
        (files::append_anywhere(link).map(drop), "append_anywhere"),
    ] {
        assert_eq!(tried.map_err(|e| e.kind()), Err(ErrorKind::PermissionDenied), "{what}");
    }
}

#[test]
fn root_follows_no_link_in_a_services_folder() {
    let stage = Stage::new();
    let link = stage.link();
    if !stage.is_somebody_elses() {
        return;
    }
    assert_refuses(&link);
    stage.assert_untouched();
    replace(&link, b"new").unwrap();
    assert_eq!(read(&link).unwrap(), b"new", "the link itself is replaced");
    assert_eq!(fs::symlink_metadata(&link).unwrap().uid(), NOBODY, "what root makes there is the service's");
    stage.assert_untouched();
}

#[test]
fn no_link_of_somebody_elses_is_followed() {
    let stage = Stage::new();
    let link = stage.link();
    if give(&link) {
        assert_refuses(&link);
        stage.assert_untouched();
    }
}

#[test]
fn a_link_of_ones_own_is_followed() {
    let stage = Stage::new();
    let link = stage.link();
    assert_eq!(read_private(&link).unwrap(), b"aside");
    assert_eq!(mode(&stage.aside), 0o600);
    append_private(&link).unwrap().write_all(b"!").unwrap();
    assert_eq!(fs::read_to_string(&stage.aside).unwrap(), "aside!");
    // Where others can write, another one may stand in its place in the next moment.
    fs::set_permissions(&stage.folder, Permissions::from_mode(0o770)).unwrap();
    assert_refuses(&link);
}

#[test]
fn what_replaces_a_file_leaves_the_link_to_it() {
    let stage = Stage::new();
    let link = stage.link();
    let is_link = |path: &Path| fs::symlink_metadata(path).unwrap().is_symlink();
    replace(&link, b"new").unwrap();
    assert!(is_link(&link) && fs::read(&stage.aside).unwrap() == b"new");
    assert_eq!(mode(&stage.aside), 0o600);
    // By a link to a link, from the folder that it is in.
    let second = stage.folder.join("second");
    symlink("users.json", &second).unwrap();
    replace(&second, b"newer").unwrap();
    assert!(is_link(&second) && is_link(&link) && read(&second).unwrap() == b"newer");
    // What isn't there yet is made where the link says, also by whoever appends.
    for (name, make) in [
        ("one", (|path| replace(path, b"x")) as fn(&Path) -> std::io::Result<()>),
        ("two", |path| append_private(path)?.write_all(b"x")),
    ] {
        let (link, target) = (stage.folder.join(name), stage.aside.with_file_name(name));
        symlink(&target, &link).unwrap();
        make(&link).unwrap();
        assert!(is_link(&link) && fs::read(&target).unwrap() == b"x", "{name}");
        files::put_aside(&link, ".old").unwrap();
        assert!(is_link(&link) && !target.exists() && target.with_file_name(format!("{name}.old")).exists());
    }
    let round = stage.folder.join("round");
    symlink("round", &round).unwrap();
    assert!(replace(&round, b"x").is_err());
    // Where others can write, another one may stand in its place in the next moment.
    fs::set_permissions(&stage.folder, Permissions::from_mode(0o770)).unwrap();
    replace(&link, b"own").unwrap();
    assert!(!is_link(&link) && fs::read(&stage.aside).unwrap() == b"newer", "the link itself is replaced");
}

#[test]
fn nothing_is_put_through_a_link_into_somebody_elses_folder() {
    let stage = Stage::new();
    let away = stage.folder.with_file_name("away");
    let link = stage.folder.join("users.json");
    symlink(away.join("users.json"), &link).unwrap();
    if give(&away) {
        let refused = [replace(&link, b"x"), append_private(&link).map(drop)];
        assert!(refused.iter().all(|done| done.as_ref().is_err_and(|e| e.kind() == ErrorKind::PermissionDenied)));
        assert_eq!(fs::read_dir(&away).unwrap().count(), 0);
    }
}

#[test]
fn a_link_of_ones_own_to_somebody_elses_file_is_not() {
    let stage = Stage::new();
    let link = stage.link();
    if give(&stage.aside) {
        assert_refuses(&link);
        stage.assert_untouched();
    }
}

#[test]
fn no_folder_in_a_services_folder_is_a_link() {
    let stage = Stage::new();
    let (journal, away) = (stage.folder.join("journal"), stage.folder.with_file_name("away"));
    fs::set_permissions(&away, Permissions::from_mode(0o755)).unwrap();
    symlink(&away, &journal).unwrap();
    replace(&journal.join("1"), b"one's own link is followed").unwrap();
    if !stage.is_somebody_elses() {
        return;
    }
    let inside = journal.join("1");
    assert_refuses(&inside);
    let failed =
        [replace(&inside, b"x"), files::remove(&inside), files::sync_folder(&inside), make_folder_private(&journal)];
    assert!(
        failed.iter().all(|done| done.as_ref().is_err_and(|e| e.kind() == ErrorKind::PermissionDenied)),
        "{failed:?}"
    );
    assert_eq!((fs::read(away.join("1")).unwrap().len(), mode(&away)), (26, 0o755));
}

#[test]
fn a_second_name_of_somebody_elses_file_is_not_opened() {
    let stage = Stage::new();
    let name = stage.folder.join("users.json");
    fs::hard_link(&stage.aside, &name).unwrap();
    read(&name).unwrap();
    if stage.is_somebody_elses() {
        assert_refuses(&name);
        stage.assert_untouched();
        // One of the folder's owner is theirs to have.
        chown(&stage.aside, Some(NOBODY), Some(NOBODY)).unwrap();
        read(&name).unwrap();
    }
}

#[test]
fn a_pipe_is_no_file_and_nobody_waits_for_it() {
    let stage = Stage::new();
    let pipe = stage.folder.join("users.json");
    nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    for access in [Access::Read, Access::Write, Access::Append] {
        assert!(open(&pipe, access).is_err());
    }
}

#[test]
fn whoever_appends_to_what_is_not_there_makes_it() {
    let stage = Stage::new();
    let name = stage.folder.join("audit.jsonl");
    for _ in 0..2 {
        append_private(&name).unwrap().write_all(b"line\n").unwrap();
    }
    assert_eq!((fs::read(&name).unwrap().len(), mode(&name), mode(&stage.folder)), (10, 0o600, 0o700));
    let mut first = append_private(&stage.folder.join("other")).unwrap();
    let mut second = append_private(&stage.folder.join("other")).unwrap();
    first.write_all(b"x").unwrap();
    second.write_all(b"x").unwrap();
    first.write_all(b"x").unwrap();
    assert_eq!(fs::read(stage.folder.join("other")).unwrap(), b"xxx", "also the one who made it writes at the end");
}
