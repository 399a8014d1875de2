//! Nothing is overwritten that may be the only copy of something, and nothing is put where no mirror is to be.

use super::mirror::{contents, mirrored, start, wait_until_whole};
use crate::harness::{DataDir, Server, run};
use std::fs;
use std::sync::Arc;

/// Waits until administrators are told of it, in words that have these in them; the chat goes on.
#[track_caller]
fn assert_told(server: &Server, words: &str) {
    let mut root = server.admin();
    let notice = root.find("a notice of the mirror", |line| {
        line["type"] == "notice" && line["text"].as_str().unwrap().starts_with("the mirror ")
    });
    let text = notice["text"].as_str().unwrap();
    assert!(text.contains(words) && text.ends_with("; the chat goes on without it"), "{words}: {text}");
    root.say("it goes on");
}

/// A copy of a data folder, as somebody makes it of a card.
pub(super) fn copy_of(data: &DataDir) -> Arc<DataDir> {
    let copy = DataDir::new();
    let done = std::process::Command::new("cp").arg("-a").arg(data.file(".")).arg(copy.path()).status();
    assert!(done.unwrap().success());
    copy
}

/// The heart of it: somebody puts a new card in, and the only copy of everything is where the configuration says `mirror`.
#[test]
fn a_first_start_on_a_new_card_leaves_the_mirror_as_it_is() {
    let (data, mirror, mut server) = mirrored(&["ada"], &[]);
    server.login("ada").say("the only copy");
    wait_until_whole(&data, &mirror);
    server.kill();
    let before = contents(&mirror);
    let card = DataDir::new();
    let path = mirror.path().display().to_string();
    let finished = run(&mut card.server().args(&["--mirror", &path]).command(), b"");
    let told = finished.failed_with(1);
    assert!(told.contains("first start on this data folder") && told.contains(&format!("--data-dir {path}")), "{told}");
    assert_eq!(contents(&mirror), before);
    // Nor where the stick comes only after the start.
    let away = format!("{path}-away");
    fs::rename(&path, &away).unwrap();
    fs::write(&path, "nothing can be mounted over this").unwrap();
    card.fill(&[]);
    let server = start(&card, &mirror, &[]);
    assert_told(&server, "is a file and no folder: move it away");
    fs::remove_file(&path).unwrap();
    fs::rename(&away, &path).unwrap();
    server.stderr.wait_for("nothing of that is overwritten");
    assert_told(&server, "holds what another server keeps, or this one kept on another card");
    assert_eq!(contents(&mirror), before);
    drop(server);
    // What the sentence says is right.
    mirror.start().login("ada").assert_alive();
}

/// The configuration in it names it as the mirror.
#[test]
fn a_start_on_the_mirror_itself_says_that_nothing_is_kept_twice() {
    let (data, mirror, mut server) = mirrored(&["ada"], &[]);
    wait_until_whole(&data, &mirror);
    server.kill();
    let server = start(&mirror, &mirror, &[]);
    assert_told(&server, "is the data folder itself now: this is the mirror");
}

/// An old copy of the card, whose mirror is newer.
#[test]
fn a_server_on_an_old_copy_leaves_the_mirror_as_it_is() {
    let (data, mirror, mut server) = mirrored(&["ada"], &[]);
    server.login("ada").say("one");
    wait_until_whole(&data, &mirror);
    server.kill();
    let old = copy_of(&data);
    let server = start(&data, &mirror, &[]);
    server.login("ada").say("two");
    wait_until_whole(&data, &mirror);
    drop(server);
    let before = contents(&mirror);
    let server = start(&old, &mirror, &[]);
    assert_told(&server, "knows of an event that this data folder doesn't have");
    let path = mirror.path().display().to_string();
    let doctor = || run(old.command().args(["--mirror", &path, "doctor"]), b"").stdout;
    let bad = format!("!!  {path} knows of an event that this data folder doesn't have");
    assert!(doctor().contains(&bad), "{}", doctor());
    // Also when it has gone on beyond what the mirror knows, and been started anew.
    let mut ada = server.login("ada");
    (0..20).for_each(|_| drop(ada.say("something else")));
    drop((ada, server));
    assert!(doctor().contains(&bad), "{}", doctor());
    let server = start(&old, &mirror, &[]);
    assert_told(&server, "knows of an event that this data folder doesn't have");
    assert_eq!(contents(&mirror), before);
}

/// Somebody has gone on from the mirror; then the old card turns out to be alive.
#[test]
fn a_mirror_that_somebody_went_on_from_is_nobodys_mirror_any_more() {
    let (data, mirror, mut server) = mirrored(&["ada"], &[]);
    server.login("ada").say("one");
    wait_until_whole(&data, &mirror);
    server.kill();
    mirror.user_add(&["zed"], Some(crate::harness::PASSWORD)).succeeded();
    let before = contents(&mirror);
    let server = start(&data, &mirror, &[]);
    assert_told(&server, "has lost its mark");
    assert_eq!(contents(&mirror), before);
}

/// A new card gets what is on the stick, and the stick goes on as its mirror.
#[test]
fn a_copy_of_the_mirror_goes_on_with_it() {
    let (data, mirror, mut server) = mirrored(&["ada"], &[]);
    server.login("ada").say("one");
    wait_until_whole(&data, &mirror);
    server.kill();
    let card = copy_of(&mirror);
    let server = start(&card, &mirror, &[]);
    server.login("ada").say("two");
    wait_until_whole(&card, &mirror);
    drop(server);
    // The card from before, should it be alive after all, has no mirror now.
    let before = contents(&mirror);
    assert_told(&start(&data, &mirror, &[]), "knows of an event that this data folder doesn't have");
    assert_eq!(contents(&mirror), before);
}

#[test]
fn it_is_no_folder_in_which_something_lies() {
    let (data, mirror) = (DataDir::with_users(&[]), DataDir::elsewhere());
    // What a disk has at its root by itself is nothing.
    for own in ["lost+found", ".Trash-1000", "System Volume Information"] {
        fs::create_dir(mirror.file(own)).unwrap();
    }
    fs::write(mirror.file("holiday.jpg"), "x").unwrap();
    let server = start(&data, &mirror, &[]);
    assert_told(&server, "holds something already (holiday.jpg): name an empty folder");
    fs::remove_file(mirror.file("holiday.jpg")).unwrap();
    wait_until_whole(&data, &mirror);
    // Another server's, also while that runs.
    let other = DataDir::with_users(&[]);
    drop(other.start());
    let others = start(&other, &mirror, &[]);
    assert_told(&others, "holds what another server keeps");
    server.admin().say("and it is still ours");
    wait_until_whole(&data, &mirror);
}

#[test]
fn it_lies_on_another_disk_and_apart_from_the_data_folder() {
    let data = DataDir::with_users(&[]);
    fs::create_dir(data.file("inside")).unwrap();
    let same_disk = DataDir::new();
    let path = |path: &std::path::Path| path.display().to_string();
    for (mirror, words) in [
        (path(data.path()), "is the data folder itself"),
        (path(&data.file("inside")), "lies in the data folder"),
        (path(data.path().parent().unwrap()), "or that in it"),
        (path(same_disk.path()), "would lie on the disk of the data folder"),
        ("/dev/shm/homeroom-no-such-folder/mirror".into(), "isn't there: plug its disk in"),
    ] {
        let server = data.server().args(&["--mirror", &mirror]).start();
        assert_told(&server, words);
    }
    assert_eq!(same_disk.files(), [""; 0].map(std::path::PathBuf::from));
}

/// Nobody starts on a mirror that is being written, and nobody else writes to it.
#[test]
fn it_is_held_while_it_is_written() {
    let (data, mirror, server) = mirrored(&["ada"], &[]);
    wait_until_whole(&data, &mirror);
    let told = run(&mut mirror.server().command(), b"");
    assert!(told.failed_with(1).contains("a homeroom-server is running on"), "{told:?}");
    server.terminate();
    drop(server);
    let held = mirror.start();
    let server = start(&data, &mirror, &[]);
    assert_told(&server, "has lost its mark");
    drop(held);
}
