//! Events that were written get other words.

use super::taken::tend;
use super::*;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const SECRET: &str = "what is to go";

/// The line of an event with other words in it, longer or shorter ones.
fn with(words: &str) -> impl FnMut(u64, &[u8]) -> Option<Vec<u8>> {
    move |_, line| {
        let text = std::str::from_utf8(line).unwrap();
        text.contains(SECRET).then(|| text.replace(SECRET, words).into_bytes())
    }
}

fn rewrite_event(timeline: &Timeline, seq: u64, words: &str) -> bool {
    let mut change = with(words);
    timeline.rewrite_event(seq, |line| change(seq, line)).unwrap()
}

/// Every byte of the folder, its names and what stands beside the segments too.
fn everything(folder: &TempDir) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder.path().join("journal")).unwrap() {
        let path = entry.unwrap().path();
        all += &format!("{}\n{}", path.display(), String::from_utf8(fs::read(&path).unwrap()).unwrap());
    }
    all
}

#[test]
fn other_words_stand_in_their_place_on_disk_in_memory_and_after_a_start() {
    for sync in [Sync::Always, Sync::Second, Sync::Never] {
        for words in ["x", &"longer ".repeat(40)] {
            let folder = TempDir::new().unwrap();
            let options = Options { sync, ..OPTIONS };
            let timeline = open(&folder, options).unwrap();
            say(&timeline, "before");
            let seq = say(&timeline, SECRET);
            say(&timeline, "after");
            assert!(rewrite_event(&timeline, seq, words), "{sync:?}");
            assert!(!everything(&folder).contains(SECRET), "{sync:?}");
            assert!(!rewrite_event(&timeline, seq, words), "there is nothing more to change");
            let next = say(&timeline, "next");
            tend(&timeline);
            assert_eq!(texts(&timeline, 0), ["before", words, "after", "next"]);
            assert!(!timeline.with_journal(|journal| journal.is_troubled()));
            drop(timeline);
            let timeline = open(&folder, options).unwrap();
            say(&timeline, "after a crash");
            assert_eq!(texts(&timeline, 0), ["before", words, "after", "next", "after a crash"]);
            assert!(read(&timeline, 0).iter().any(|(found, text)| (*found, &**text) == (next, "next")));
        }
    }
}

#[test]
fn in_every_segment_and_what_is_read_of_each() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    let segment_events = SEGMENT_BYTES_MAX as usize / 4000;
    let mut secrets = Vec::new();
    for _ in 0..3 {
        secrets.push(say(&timeline, SECRET));
        fill(&timeline, segment_events);
    }
    // As many chunks as there may be are in memory, the oldest are in the journal alone.
    assert_eq!(segments(&folder).len(), 4);
    let before = read(&timeline, 0);
    assert!(timeline.read(0, 9, Viewer::Anyone, 1, &mut Batch::default()).is_err());
    assert!(rewrite_event(&timeline, secrets[0], "longer than it was before"));
    let after = read(&timeline, 0);
    let expected = |after: &[(u64, String)], gone: &[u64], words: &str| {
        let same = before.iter().zip(after).all(|((seq, text), (found, now))| {
            seq == found && if gone.contains(seq) { now == words } else { now == text }
        });
        assert!(same && before.len() == after.len());
    };
    expected(&after, &secrets[..1], "longer than it was before");
    assert_eq!(timeline.rewrite(0..u64::MAX, with("longer than it was before")).unwrap(), 2);
    expected(&read(&timeline, 0), &secrets, "longer than it was before");
    assert!(!everything(&folder).contains(SECRET));
    // A piece that is kept in memory has the new ones too, also where it is as long and stands where it stood.
    let archive = timeline.with_journal(|journal| Arc::clone(journal.archive()));
    let first = |archive: &Archive| archive.after(0).unwrap().unwrap().get(secrets[0]).unwrap().to_vec();
    let (before_it, words) = (first(&archive), "Longer than it was before");
    let anew = |line: &[u8]| Some(String::from_utf8_lossy(line).replace("longer than", "Longer than").into_bytes());
    assert!(timeline.rewrite_event(secrets[0], anew).unwrap());
    let now = String::from_utf8(first(&archive)).unwrap();
    assert!(now.contains(words) && now.len() == before_it.len());
    let back = |line: &[u8]| Some(String::from_utf8_lossy(line).replace("Longer than", "longer than").into_bytes());
    assert!(timeline.rewrite_event(secrets[0], back).unwrap());
    tend(&timeline);
    assert!(timeline.held_bytes() <= 32 * 1024 * 1024);
    drop(timeline);
    expected(&read(&open(&folder, OPTIONS).unwrap(), 0), &secrets, "longer than it was before");
}

#[test]
fn what_is_in_memory_alone() {
    let timeline = {
        let folder = TempDir::new().unwrap();
        let sequence = Sequence::open(&folder.path().join("sequence"), 0).unwrap();
        Timeline::new(sequence, Journal::none(), Past::default(), Arc::new(Clock::new()))
    };
    let text = format!("{SECRET}{}", "x".repeat(3500));
    for _ in 0..300 {
        say(&timeline, &text);
    }
    let longer = "y".repeat(400);
    assert_eq!(timeline.rewrite(0..u64::MAX, with(&longer)).unwrap(), 300);
    let expected = text.replace(SECRET, &longer);
    assert_eq!(texts(&timeline, 0), vec![expected; 300]);
    assert_eq!(timeline.rewrite(0..u64::MAX, with("z")).unwrap(), 0);
}

/// A segment that another program takes away is written anew from memory.
#[test]
fn what_is_written_anew_later_has_the_new_words() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    let seq = say(&timeline, SECRET);
    assert!(rewrite_event(&timeline, seq, "x"));
    fs::remove_file(&segments(&folder)[0]).unwrap();
    tend(&timeline);
    assert!(everything(&folder).contains("\"x\"") && !everything(&folder).contains(SECRET));
    say(&timeline, "next");
    assert_eq!(texts(&timeline, 0), ["x", "next"]);
}

/// What a sync that failed left at the end of an older segment is what people said, too.
#[test]
fn what_no_longer_counts_in_a_segment_goes_too() {
    use std::io::Write as _;
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    fill(&timeline, SEGMENT_BYTES_MAX as usize / 4000);
    let seq = say(&timeline, SECRET);
    let mut older = fs::File::options().append(true).open(&segments(&folder)[0]).unwrap();
    writeln!(older, "{SECRET}").unwrap();
    assert!(rewrite_event(&timeline, seq, "x"));
    assert!(!everything(&folder).contains(SECRET));
}

#[test]
fn a_start_removes_what_a_crash_left_beside_the_segments() {
    let folder = folder_with(&["one"]);
    let mut left = segments(&folder)[0].clone().into_os_string();
    left.push(".new");
    let other = folder.path().join("journal").join(format!("{:020}.jsonl.new", 77));
    for path in [Path::new(&left), &other] {
        fs::write(path, SECRET).unwrap();
    }
    let mine = folder.path().join("journal").join("notes.new");
    fs::write(&mine, "mine").unwrap();
    open(&folder, OPTIONS).unwrap();
    assert!(!everything(&folder).contains(SECRET));
    assert!(mine.exists(), "what has another name isn't the journal's");
}

#[test]
fn a_line_that_cannot_stand_there_changes_nothing() {
    let folder = folder_with(&["one", "two"]);
    let timeline = open(&folder, OPTIONS).unwrap();
    let before = everything(&folder);
    let other_seq: fn(&[u8]) -> Option<Vec<u8>> =
        |line| Some(String::from_utf8_lossy(line).replace("\"seq\":1,", "\"seq\":7,").into_bytes());
    let two: fn(&[u8]) -> Option<Vec<u8>> = |line| Some([line, line].concat());
    let no_end: fn(&[u8]) -> Option<Vec<u8>> = |line| Some(line[..line.len() - 1].to_vec());
    let unsaid: fn(&[u8]) -> Option<Vec<u8>> =
        |line| Some(String::from_utf8_lossy(line).replace("\"from\"", "\"form\"").into_bytes());
    for change in [other_seq, two, no_end, unsaid] {
        assert!(timeline.rewrite_event(1, change).is_err());
    }
    assert_eq!(everything(&folder), before);
    assert_eq!(texts(&timeline, 0), ["one", "two"]);
}

/// Nothing that is said meanwhile is lost, and whoever reads never finds half of anything.
#[test]
fn others_speak_and_read_meanwhile() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, Options { sync: Sync::Second, ..OPTIONS }).unwrap();
    fill(&timeline, SEGMENT_BYTES_MAX as usize / 4000);
    let secrets: Vec<u64> = (0..4).map(|_| say(&timeline, SECRET)).collect();
    let over = AtomicBool::new(false);
    let said = thread::scope(|scope| {
        let speaker = scope.spawn(|| {
            let mut said = Vec::new();
            while !over.load(Ordering::Acquire) {
                said.push(say(&timeline, "meanwhile"));
                tend(&timeline);
            }
            said
        });
        let reader = scope.spawn(|| {
            let mut rounds = 0;
            while !over.load(Ordering::Acquire) || rounds == 0 {
                let (mut next, archive) = (0, timeline.with_journal(|journal| Arc::clone(journal.archive())));
                while let Some(chunk) = archive.after(next).unwrap() {
                    assert!(chunk.first == next + 1 || chunk.first <= next);
                    next = chunk.next() - 1;
                }
                rounds += 1;
            }
        });
        for (i, seq) in secrets.iter().enumerate() {
            assert!(rewrite_event(&timeline, *seq, if i % 2 == 0 { "x" } else { "a longer one than before" }));
            assert!(change_the_second(&timeline, i));
        }
        over.store(true, Ordering::Release);
        reader.join().unwrap();
        speaker.join().unwrap()
    });
    assert!(!everything(&folder).contains(SECRET));
    let now = read(&timeline, 0);
    let found: HashSet<u64> = now.iter().filter(|(_, text)| text == "meanwhile").map(|(seq, _)| *seq).collect();
    assert!(said.iter().all(|seq| found.contains(seq)), "all that was acknowledged");
    assert!(now.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0));
    drop(timeline);
    assert_eq!(read(&open(&folder, OPTIONS).unwrap(), 0), now);
}

/// Makes the second event another length than it had.
fn change_the_second(timeline: &Timeline, round: usize) -> bool {
    let change = |line: &[u8]| {
        let mut event: Value = serde_json::from_slice(line).unwrap();
        event["text"] = "z".repeat(100 + round * 37 % 91).into();
        Some(format!("{event}\n").into_bytes())
    };
    timeline.rewrite_event(2, change).unwrap()
}
