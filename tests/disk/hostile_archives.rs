//! Archives that somebody made to harm, or that something has harmed: none of them leaves anything.

use super::backup::{back_up, restore, restored};
use crate::harness::{DataDir, Random, assert_for_people};
use std::fs;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

/// How many archives have a byte changed somewhere.
const CHANGED: usize = 40;
/// Tar's own measure.
const BLOCK: usize = 512;

/// A member whose head says this, whatever a library thinks of it.
fn member(name: &str, kind: EntryType, link: &str, size: u64, contents: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(contents);
    bytes.resize(bytes.len().div_ceil(BLOCK) * BLOCK, 0);
    bytes
}

fn plain(name: &str, contents: &[u8]) -> Vec<u8> {
    member(name, EntryType::Regular, "", contents.len() as u64, contents)
}

/// Fails unless this is refused with these words, and nothing is left.
#[track_caller]
fn assert_refused(parent: &Path, archive: &[u8], words: &str) {
    let file = parent.join("a.tar");
    fs::write(&file, archive).unwrap();
    let data = DataDir::new();
    let refused = restore(&data, &file);
    let told = refused.failed_with(1);
    assert!(told.contains(words) && told.contains("nothing was restored"), "{words}: {told}");
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "{words}");
    let around: Vec<PathBuf> = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(around, [file], "{words}");
}

/// The members of a backup, each with its head.
fn members(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut entries = tar::Archive::new(archive);
    let entries = entries.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let begin = entry.raw_header_position() as usize;
        let end = (entry.raw_file_position() + entry.size()) as usize;
        (entry.path().unwrap().display().to_string(), archive[begin..end.div_ceil(BLOCK) * BLOCK].to_vec())
    });
    entries.collect()
}

#[test]
fn what_no_backup_has_is_refused() {
    let parent = TempDir::new().unwrap();
    let refused = |archive: &[u8], words: &str| assert_refused(parent.path(), archive, words);
    for name in [
        "/etc/cron.d/x",
        "../users.json",
        "journal/../../x.jsonl",
        "users.json.old",
        "homeroom.lock",
        "get/../x",
        "a/b",
        "journal/00000000000000000001.jsonl.new",
        "restore.whole/users.json",
        "\x1b]52;c;eA==\x07",
    ] {
        refused(&plain(name, b"x"), "a server keeps nothing of the name");
    }
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::Directory,
        EntryType::GNULongName,
        EntryType::GNUSparse,
        EntryType::XHeader,
    ] {
        refused(&member("users.json", kind, "/etc/passwd", 0, b""), "is no file: no backup has links");
    }
    refused(&member("users.json", EntryType::Regular, "", 1 << 40, b"x"), "is larger than any such file");
    refused(&member("users.json", EntryType::Regular, "", u64::MAX, b"x"), "");
    refused(&member("users.json", EntryType::Regular, "", 100_000, b"x"), "breaks off");
    refused(&[plain("users.json", b"{}"), plain("users.json", b"{}")].concat(), "is twice in it");
    refused(&plain("users.json", b"{}"), "there is no backup.json");
    refused(&plain("backup.json", b"{"), "backup.json is damaged");
    refused(b"", "nothing is in it");
    refused(&[0; 1024], "nothing is in it");
    refused(&[0x1f; 2000], "it is damaged, or no backup");
    refused("just a text\n".repeat(200).as_bytes(), "it is damaged, or no backup");
    for (magic, program) in [
        (&b"\x1f\x8b\x08\0"[..], "gunzip"),
        (b"BZh9", "bunzip2"),
        (b"\xfd7zXZ\0", "unxz"),
        (b"\x28\xb5\x2f\xfd", "unzstd"),
    ] {
        refused(&[magic, &[7; 2000]].concat(), &format!("it is compressed: {program} it first"));
    }
    // A number that is none: what the bytes say is for no terminal.
    let mut colourful = plain("users.json", b"{}");
    colourful[148..154].copy_from_slice(b"\x1b[31mX");
    refused(&colourful, "it is damaged, or no backup: what stands in it is no tar archive");
    colourful[124..132].copy_from_slice(b"\x1b]0;hix\x07");
    let mut header = Header::new_gnu();
    header.as_mut_bytes().copy_from_slice(&colourful[..BLOCK]);
    header.set_cksum();
    colourful[..BLOCK].copy_from_slice(header.as_bytes());
    refused(&colourful, "it is damaged, or no backup: what stands in it is no tar archive");
}

#[test]
fn what_isnt_what_it_was_is_refused() {
    let (files, parent) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    server.login("ada").say("hello");
    let archive = fs::read(back_up(&data, files.path(), "a.tar")).unwrap();
    server.kill();
    let all = members(&archive);
    let refused = |archive: &[Vec<u8>], words: &str| assert_refused(parent.path(), &archive.concat(), words);
    let whole: Vec<Vec<u8>> = all.iter().map(|(_, bytes)| bytes.clone()).collect();
    let manifest = whole.len() - 1;
    assert_eq!(all[manifest].0, "backup.json");
    for (index, (name, bytes)) in all[..manifest].iter().enumerate() {
        let mut without = whole.clone();
        without.remove(index);
        refused(&without, &format!("`{name}` in it isn't what was written there"));
        if bytes.len() > BLOCK {
            let mut changed = whole.clone();
            changed[index][BLOCK] ^= 1;
            refused(&changed, &format!("`{name}` in it isn't what was written there"));
        }
    }
    let more = [whole[..manifest].to_vec(), vec![plain("motd.txt", b"x")], whole[manifest..].to_vec()].concat();
    refused(&more, "`motd.txt` in it isn't what was written there");
    let behind = "something stands in it behind its end";
    refused(&[whole.clone(), vec![plain("motd.txt", b"x")]].concat(), behind);
    for junk in [archive.clone(), b"x".to_vec(), vec![0; 2 * 1024 * 1024]] {
        refused(&[archive.clone(), junk], behind);
    }
    // As other programs fill up their last record.
    let padded = files.path().join("padded.tar");
    fs::write(&padded, [archive.clone(), vec![0; 10_240]].concat()).unwrap();
    restored(&padded);
    let text = String::from_utf8(all[manifest].1[BLOCK..].to_vec()).unwrap().replace("\"version\":1", "\"version\":2");
    let newer =
        [whole[..manifest].to_vec(), vec![plain("backup.json", text.trim_end_matches('\0').as_bytes())]].concat();
    refused(&newer, "it has the form 2, and this program knows form 1");
}

#[test]
fn what_was_damaged_before_it_was_copied_is_told_and_not_restored() {
    let (files, parent) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    server.login("ada").say("hello");
    server.kill();
    let segment = data.journal().remove(0);
    let text = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, text.replacen("\"type\"", "\"tipe\"", 1)).unwrap();
    let archive = fs::read(back_up(&data, files.path(), "a.tar")).unwrap();
    assert_refused(parent.path(), &archive, "what it was made of was damaged");
}

#[test]
fn cut_anywhere_or_changed_anywhere_it_is_refused_or_what_it_was() {
    let (files, parent) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    server.login("ada").say("hello");
    let file = back_up(&data, files.path(), "a.tar");
    let archive = fs::read(&file).unwrap();
    server.kill();
    let contents = |data: &DataDir| -> Vec<Vec<u8>> {
        let names = data.files().into_iter().filter(|path| !path.ends_with("homeroom.lock"));
        names.map(|path| fs::read(path).unwrap()).collect()
    };
    let whole = contents(&restored(&file));
    let end = members(&archive).iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    let mut random = Random::new(21);
    let cut = (0..end).step_by(BLOCK).chain((0..CHANGED / 2).map(|_| random.below(end))).collect::<Vec<_>>();
    for length in cut {
        assert_refused(parent.path(), &archive[..length], "");
    }
    for _ in 0..CHANGED {
        let mut changed = archive.clone();
        changed[random.below(end)] ^= 1 << random.below(8);
        let file = parent.path().join("a.tar");
        fs::write(&file, &changed).unwrap();
        let copy = DataDir::new();
        let finished = restore(&copy, &file);
        assert_for_people(&finished.stderr);
        match finished.code {
            // In what tells about it, or between two files.
            Some(0) => assert_eq!(contents(&copy), whole),
            _ => assert_eq!((finished.code, fs::read_dir(copy.path()).unwrap().count()), (Some(1), 0), "{finished:?}"),
        }
    }
}

/// Made by another `tar` of what was unpacked: nothing of ours is needed to make one, so nothing of ours makes it safe.
#[test]
fn an_archive_of_any_making_is_judged_by_what_is_in_it() {
    let (files, parent) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let data = DataDir::with_users(&["ada"]);
    let archive = fs::read(back_up(&data, files.path(), "a.tar")).unwrap();
    let mut builder = Builder::new(Vec::new());
    for (name, bytes) in members(&archive) {
        let mut entries = tar::Archive::new(&bytes[..]);
        let entry = entries.entries().unwrap().next().unwrap().unwrap();
        let mut header = Header::new_gnu();
        header.set_size(entry.size());
        header.set_mode(0o777);
        builder.append_data(&mut header, name, entry).unwrap();
    }
    let file = parent.path().join("other.tar");
    fs::write(&file, builder.into_inner().unwrap()).unwrap();
    restored(&file).start().login("ada").say("hello");
}
