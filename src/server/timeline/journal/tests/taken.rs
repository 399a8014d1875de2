//! What another program takes away while the server runs.

use super::*;
use std::io::Write;

/// What the keeper does each second.
pub(super) fn tend(timeline: &Timeline) {
    if let Some(point) = timeline.with_journal(|journal| journal.sync_point()) {
        let result = point.sync();
        timeline.with_journal(|journal| journal.synced(&point, result));
    }
    timeline.with_journal(|journal| {
        journal.tend();
        journal.mend(|first, next| timeline.copy(first, next));
    });
    timeline.retry();
}

/// Each line of the journal as it is on the disk.
fn on_disk(folder: &TempDir) -> Vec<String> {
    segments(folder)
        .iter()
        .flat_map(|path| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// What another program does to a file, by its path.
type Deed = (&'static str, fn(&Path));

const DEEDS: [Deed; 8] = [
    ("remove it", |path| fs::remove_file(path).unwrap()),
    ("move it away", |path| fs::rename(path, path.with_extension("away")).unwrap()),
    ("empty it", |path| fs::File::options().write(true).open(path).unwrap().set_len(0).unwrap()),
    ("cut it in a line", |path| fs::File::options().write(true).open(path).unwrap().set_len(100).unwrap()),
    ("save it as an editor that renames", |path| {
        let new = path.with_extension("tmp");
        fs::copy(path, &new).unwrap();
        fs::rename(new, path).unwrap();
    }),
    ("save it with less in it", |path| fs::write(path, "an editor's\n").unwrap()),
    ("add to it", |path| {
        fs::File::options().append(true).open(path).unwrap().write_all(b"# mine\n").unwrap();
    }),
    ("put a folder there", |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        fs::remove_dir(path).unwrap();
    }),
];

#[test]
fn what_is_in_memory_is_written_anew_whatever_becomes_of_the_segment() {
    for sync in [Sync::Always, Sync::Second, Sync::Never] {
        for (what, deed) in DEEDS {
            let folder = TempDir::new().unwrap();
            let options = Options { sync, ..OPTIONS };
            let timeline = open(&folder, options).unwrap();
            let said: Vec<String> = (0..9).map(|i| i.to_string()).collect();
            for (i, text) in said.iter().enumerate() {
                if i % 3 == 1 {
                    deed(segments(&folder).last().unwrap());
                }
                say(&timeline, text);
                if i % 3 == 2 {
                    tend(&timeline);
                    assert_eq!(on_disk(&folder).len(), i + 1, "{what}, {sync:?}");
                }
            }
            assert!(!timeline.with_journal(|journal| journal.is_troubled()), "{what}");
            // As after a crash.
            drop(timeline);
            let timeline = open(&folder, options).unwrap_or_else(|e| panic!("{what}, {sync:?}: {e}"));
            say(&timeline, "next");
            assert_eq!(texts(&timeline, 0), [&said[..], &["next".to_owned()]].concat(), "{what}, {sync:?}");
        }
    }
}

/// With a sync before each acknowledgement nothing is acknowledged into nothing, not even for a second.
#[test]
fn what_is_synced_at_once_is_never_lost() {
    for (what, deed) in DEEDS {
        let folder = TempDir::new().unwrap();
        let timeline = open(&folder, Options { sync: Sync::Always, ..OPTIONS }).unwrap();
        say(&timeline, "before");
        deed(&segments(&folder)[0]);
        say(&timeline, "acknowledged");
        assert!(on_disk(&folder).iter().any(|line| line.contains("acknowledged")), "{what}");
    }
}

#[test]
fn the_folder_and_segments_that_are_no_longer_written_are_written_anew_too() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    let events = 20 * 1024 * 1024 / 4000;
    fill(&timeline, events);
    let before = on_disk(&folder);
    assert_eq!((before.len(), segments(&folder).len()), (events, 2));
    fs::remove_dir_all(folder.path().join("journal")).unwrap();
    tend(&timeline);
    assert!(on_disk(&folder) == before, "both segments are there as they were");
    for (what, deed) in DEEDS {
        // What is added to one that is followed by another is no part of it.
        if what != "add to it" {
            deed(&segments(&folder)[0]);
            tend(&timeline);
            assert!(on_disk(&folder) == before, "the older one, by the next sync: {what}");
        }
    }
    // As long as it was, and other words in it.
    let other = fs::read_to_string(&segments(&folder)[0]).unwrap().replacen("xxx", "yyy", 1);
    fs::write(&segments(&folder)[0], other).unwrap();
    tend(&timeline);
    assert!(on_disk(&folder) == before);
    assert!(timeline.with_journal(|journal| journal.archive().said_before(2)).is_ok());
}

/// Whoever speaks next would have to go on in a file that isn't there.
#[test]
fn with_several_segments_gone_nothing_is_refused() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    say(&timeline, "one");
    let sync = |result: io::Result<()>| {
        let point = timeline.with_journal(|journal| journal.sync_point()).unwrap();
        timeline.with_journal(|journal| journal.synced(&point, result));
    };
    sync(Ok(()));
    say(&timeline, "two");
    // The newest lines get a segment of their own, and none is open.
    sync(Err(io::Error::other("a bad disk")));
    assert_eq!(segments(&folder).len(), 2);
    segments(&folder).iter().for_each(|path| fs::remove_file(path).unwrap());
    say(&timeline, "three");
    timeline.commit(&timeline.announce(What::Joined(name("eve"), crate::protocol::Profile::default()))).unwrap();
    assert!(!timeline.with_journal(|journal| journal.is_troubled()));
    assert_eq!(on_disk(&folder).len(), 4);
    drop(timeline);
    assert_eq!(texts(&open(&folder, OPTIONS).unwrap(), 0), ["one", "two", "three", ""]);
}

#[test]
fn what_stands_in_the_place_of_the_folder_or_a_segment_is_put_aside() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    say(&timeline, "one");
    let journal = folder.path().join("journal");
    fs::rename(&journal, folder.path().join("away")).unwrap();
    fs::write(&journal, "somebody's").unwrap();
    say(&timeline, "two");
    tend(&timeline);
    assert_eq!(fs::read_to_string(folder.path().join("journal.old")).unwrap(), "somebody's");
    let segment = segments(&folder).remove(0);
    fs::remove_file(&segment).unwrap();
    fs::create_dir_all(segment.join("somebody's")).unwrap();
    tend(&timeline);
    assert!(segment.with_extension("jsonl.old").join("somebody's").is_dir());
    say(&timeline, "three");
    drop(timeline);
    assert_eq!(texts(&open(&folder, OPTIONS).unwrap(), 0), ["one", "two", "three"]);
}

#[test]
fn of_what_is_no_longer_in_memory_all_stays_that_is_still_in_the_file() {
    for (kept_bytes, gone) in [(0, true), (100_050, true), (600_000, false)] {
        let folder = folder_with(&vec![&*"x".repeat(4000); 300]);
        let timeline = open(&folder, OPTIONS).unwrap();
        say(&timeline, "live");
        fs::File::options().write(true).open(&segments(&folder)[0]).unwrap().set_len(kept_bytes).unwrap();
        say(&timeline, "later");
        tend(&timeline);
        let left = read(&timeline, timeline.gap(0).map_or(0, |oldest| oldest - 1));
        assert_eq!(left.len() == 302, !gone, "{kept_bytes}: {}", left.len());
        assert!(left.len() > 302 - 75, "a megabyte is in memory: {}", left.len());
        assert_eq!(left.iter().filter(|(seq, _)| *seq <= kept_bytes / 4200).count() as u64, kept_bytes / 4200);
        assert_eq!(left.last().unwrap().1, "later");
        let oldest = timeline.oldest();
        drop(timeline);
        let timeline = open(&folder, OPTIONS).unwrap();
        assert!(read(&timeline, left[0].0 - 1) == left, "the next start finds the same");
        assert_eq!(timeline.oldest().0, oldest.0);
    }
}

#[test]
fn where_it_can_not_be_written_anew_nothing_is_acknowledged() {
    for sync in [Sync::Second, Sync::Never] {
        let folder = TempDir::new().unwrap();
        let timeline = open(&folder, Options { sync, ..OPTIONS }).unwrap();
        say(&timeline, "before");
        let journal = folder.path().join("journal");
        fs::remove_dir_all(&journal).unwrap();
        // Where the folder was there is a file, which can't be put aside.
        fs::write(&journal, "").unwrap();
        fs::write(folder.path().join("journal.old"), "").unwrap();
        say(&timeline, "within the second");
        tend(&timeline);
        assert!(timeline.with_journal(|journal| journal.is_troubled()));
        assert!(matches!(say_to(&timeline, None, "refused"), Err(AppendError::Unwritten)), "{sync:?}");
        fs::remove_file(&journal).unwrap();
        tend(&timeline);
        assert!(!timeline.with_journal(|journal| journal.is_troubled()));
        say(&timeline, "after");
        drop(timeline);
        let timeline = open(&folder, OPTIONS).unwrap();
        say(&timeline, "next");
        assert_eq!(texts(&timeline, 0), ["before", "within the second", "after", "next"]);
    }
}
