//! The journal on a real disk, under a timeline.

mod copied;
mod rewritten;
mod taken;

use super::writer::SEGMENT_BYTES_MAX;
use super::*;
use crate::protocol::{GENERAL, LINE_BYTES_MAX, RoomName, ServerMessage, Username, format_time};
use crate::server::config::notices;
use crate::server::timeline::chunk::{Batch, Viewer};
use crate::server::timeline::events::AppendError;
use crate::server::timeline::order::{Appended, NEW, Timeline};
use crate::server::timeline::past::Past;
use crate::server::timeline::sequence::Sequence;
use crate::server::timeline::what::{Place, What};
use jiff::SignedDuration;
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

const OPTIONS: Options = Options { sync: Sync::Second, keep_days: 30, keep_bytes: 256 * 1024 * 1024 };

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

/// What a start does.
fn open(folder: &TempDir, options: Options) -> Result<Timeline, String> {
    open_at(folder, options, Clock::new())
}

fn open_at(folder: &TempDir, options: Options, clock: Clock) -> Result<Timeline, String> {
    let mut past = Past::default();
    let (notices, _posted) = notices::channel();
    let add = |line: &segment::Line<'_>| past.add(line.bytes, &line.record);
    let clock = Arc::new(clock);
    let journal = Journal::open(&folder.path().join("journal"), options, notices, &clock, add)?;
    let sequence = Sequence::open(&folder.path().join("sequence"), past.last())?;
    Ok(Timeline::new(sequence, journal, past, clock))
}

fn say_to(timeline: &Timeline, to: Option<&str>, text: &str) -> Result<u64, AppendError> {
    let what = What::Said {
        by: name("ada"),
        place: to.map_or_else(|| Place::Room(RoomName::general()), |to| Place::Person(name(to))),
        key: None,
    };
    let event = |seq, time: String| {
        let (time, from, text, id) = (time.into(), "ada".into(), text.into(), None);
        match to {
            Some(to) => ServerMessage::Whisper {
                seq,
                time,
                from,
                to: to.into(),
                text,
                id,
                format: None,
                lang: None,
                removed: false,
                away: false,
            },
            None => ServerMessage::Message {
                seq,
                time,
                from,
                room: GENERAL.into(),
                text,
                action: false,
                format: None,
                lang: None,
                removed: false,
                id,
            },
        }
    };
    let Appended::Pending(ticket) = timeline.append(what, NEW, event)? else { panic!("said before") };
    timeline.commit(&ticket).map(|()| ticket.seq)
}

fn say(timeline: &Timeline, text: &str) -> u64 {
    say_to(timeline, None, text).unwrap()
}

/// Says a long text so many times.
fn fill(timeline: &Timeline, times: usize) -> String {
    let text = "x".repeat(4000);
    for _ in 0..times {
        say(timeline, &text);
    }
    text
}

fn segments(folder: &TempDir) -> Vec<PathBuf> {
    segment::list(&folder.path().join("journal")).unwrap().into_iter().map(|place| place.path).collect()
}

/// A folder in whose journal this was said, by a server that has ended well.
fn folder_with(texts: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    texts.iter().for_each(|text| _ = say(&timeline, text));
    timeline.close().unwrap();
    folder
}

/// What Bob reads after `after`: each seq and text.
fn read(timeline: &Timeline, after: u64) -> Vec<(u64, String)> {
    let (mut read, mut batch, mut cursor, bob) = (Vec::new(), Batch::default(), after, name("bob"));
    while cursor < timeline.head() {
        timeline.read_back(cursor, timeline.head(), Viewer::Account(&bob), 1000, &mut batch).unwrap();
        assert!(batch.upto > cursor, "every read goes on");
        cursor = batch.upto;
        for line in batch.lines.split_inclusive(|&b| b == b'\n') {
            let line: Value = serde_json::from_slice(line).unwrap();
            read.push((line["seq"].as_u64().unwrap(), line["text"].as_str().unwrap_or_default().to_owned()));
        }
    }
    read
}

fn texts(timeline: &Timeline, after: u64) -> Vec<String> {
    read(timeline, after).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn what_was_said_is_there_after_a_crash_and_nothing_has_its_seq() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    let last = (0..5).map(|i| say(&timeline, &i.to_string())).last().unwrap();
    drop(timeline);
    let timeline = open(&folder, OPTIONS).unwrap();
    let next = say(&timeline, "after the crash");
    assert!(next > last);
    assert_eq!(texts(&timeline, 0), ["0", "1", "2", "3", "4", "after the crash"]);
    assert_eq!(texts(&timeline, last), ["after the crash"]);
    timeline.close().unwrap();
    drop(timeline);
    let timeline = open(&folder, OPTIONS).unwrap();
    assert_eq!(say(&timeline, "after a proper end"), next + 1);
    assert_eq!(segments(&folder).len(), 2, "a proper end leaves no jump, so the segment goes on");
    assert_eq!(texts(&timeline, next - 1), ["after the crash", "after a proper end"]);
}

#[test]
fn whispers_are_read_back_by_their_two_alone() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    say_to(&timeline, Some("bob"), "for bob").unwrap();
    say_to(&timeline, Some("eve"), "for eve").unwrap();
    say(&timeline, "for all");
    drop(timeline);
    let timeline = open(&folder, OPTIONS).unwrap();
    say(&timeline, "more");
    assert_eq!(texts(&timeline, 0), ["for bob", "for all", "more"]);
}

#[test]
fn a_line_that_breaks_off_is_cut() {
    let folder = folder_with(&["one", "two"]);
    let path = &segments(&folder)[0];
    let whole = fs::read(path).unwrap();
    let first = whole.iter().position(|&b| b == b'\n').unwrap() + 1;
    for length in 0..whole.len() {
        fs::write(path, &whole[..length]).unwrap();
        let timeline = open(&folder, OPTIONS).unwrap();
        say(&timeline, "three");
        let expected: &[&str] = if length < first { &["three"] } else { &["one", "three"] };
        assert_eq!(texts(&timeline, 0), expected, "cut to {length}");
        for other in segments(&folder).iter().filter(|other| *other != path) {
            fs::remove_file(other).unwrap();
        }
    }
    // What a power failure may leave in place of the data.
    fs::write(path, [&whole[..], &[0; 5000]].concat()).unwrap();
    drop(open(&folder, OPTIONS).unwrap());
    assert_eq!(fs::read(path).unwrap(), whole);
}

#[test]
fn damage_before_the_end_stops_the_start_and_is_left_alone() {
    let folder = folder_with(&["one", "two", "three"]);
    let path = &segments(&folder)[0];
    let whole = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let damaged = [
        (2, format!("{}\0\0\0\n{}", lines[0], lines[2])),
        (2, [lines[0], &lines[1][..20], lines[2]].concat()),
        (2, [lines[0], lines[2]].concat()),
        (3, [lines[0], lines[1], lines[1]].concat()),
        (1, [lines[1], lines[2]].concat()),
        (
            2,
            whole.replacen(
                "\"from\":\"ada\",\"room\":\"general\",\"text\":\"two\"",
                "\"from\":\"Å\",\"text\":\"two\"",
                1,
            ),
        ),
    ];
    for (line, text) in damaged {
        fs::write(path, &text).unwrap();
        let error = open(&folder, OPTIONS).unwrap_err();
        assert!(error.contains(&format!("{} is damaged at line {line}:", path.display())), "{error}");
        assert_eq!(fs::read_to_string(path).unwrap(), text, "it is left alone");
    }
}

#[test]
fn damage_in_an_older_segment_leaves_the_newest_ones_torn_end_alone_too() {
    let folder = folder_with(&["one", "two", "three"]);
    let older = &segments(&folder)[0];
    let newest = segment::path(&folder.path().join("journal"), 3);
    let whole = fs::read_to_string(older).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let torn = [lines[2], "{\"type\""].concat();
    fs::write(&newest, &torn).unwrap();
    let too_long = lines[1].replacen("two", &"2".repeat(LINE_BYTES_MAX), 1);
    for text in [[lines[0], &lines[1][..20]].concat(), [lines[0], &too_long].concat()] {
        fs::write(older, &text).unwrap();
        let error = open(&folder, OPTIONS).unwrap_err();
        assert!(error.contains(&format!("{} is damaged at line 2:", older.display())), "{error}");
        assert_eq!([older, &newest].map(|path| fs::read_to_string(path).unwrap()), [text, torn.clone()]);
    }
}

#[test]
fn segments_go_when_their_days_are_over() {
    let folder = folder_with(&["31 days ago", "29 days ago", "now"]);
    let whole = fs::read_to_string(&segments(&folder)[0]).unwrap();
    for ((line, days), first) in whole.lines().zip([31, 29, 0]).zip(1..) {
        let mut event: Value = serde_json::from_str(line).unwrap();
        event["time"] = format_time(Timestamp::now() - SignedDuration::from_hours(days * 24)).into();
        fs::write(segment::path(&folder.path().join("journal"), first), format!("{event}\n")).unwrap();
    }
    let in_doubt =
        Clock::open(&folder.path().join("clock.json"), Some(Timestamp::now() + SignedDuration::from_hours(1)));
    let timeline = open_at(&folder, OPTIONS, in_doubt.unwrap()).unwrap();
    timeline.with_journal(Journal::tend);
    assert_eq!(segments(&folder).len(), 3, "nothing goes while the clock is in doubt");
    drop(timeline);
    let timeline = open(&folder, OPTIONS).unwrap();
    timeline.with_journal(Journal::tend);
    assert_eq!(segments(&folder).len(), 2);
    drop(timeline);
    let timeline = open(&folder, OPTIONS).unwrap();
    assert_eq!(timeline.gap(0), Some(2));
    assert_eq!(texts(&timeline, 1), ["29 days ago", "now"]);
}

#[test]
fn segments_end_and_the_oldest_go() {
    let folder = TempDir::new().unwrap();
    let options = Options { keep_bytes: 40 * 1024 * 1024, ..OPTIONS };
    let timeline = open(&folder, options).unwrap();
    let events = 80 * 1024 * 1024 / 4000;
    fill(&timeline, events);
    let paths = segments(&folder);
    let bytes: u64 = paths.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(bytes <= options.keep_bytes + SEGMENT_BYTES_MAX && bytes > 32 * 1024 * 1024, "{bytes}");
    let first = timeline.gap(0).unwrap();
    assert!(timeline.gap(first - 2).is_some() && timeline.gap(first - 1).is_none());
    let head = timeline.head();
    assert_eq!(head, events as u64);
    let seqs: Vec<u64> = read(&timeline, first - 1).into_iter().map(|(seq, _)| seq).collect();
    assert!(seqs.iter().copied().eq(first..=head), "from the disk into memory without a gap or a double");
    assert!(timeline.read_back(0, head, Viewer::Anyone, 1, &mut Batch::default()).is_err());
    drop(timeline);
    let timeline = open(&folder, options).unwrap();
    assert_eq!(timeline.gap(0), Some(first));
    assert!(say(&timeline, "next") > head);
}

#[cfg(unix)]
#[test]
fn a_disk_that_fails_loses_only_what_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    say(&timeline, "before");
    // A descriptor that can't be written stands for a disk that can't.
    let path = segments(&folder).remove(0);
    timeline.with_journal(|journal| journal.writer.as_mut().unwrap().open_for_reading());
    assert!(matches!(say_to(&timeline, None, "lost"), Err(AppendError::Unwritten)));
    let (joined, left) = (
        What::Joined(name("eve"), crate::protocol::Profile::default()),
        What::Left(name("eve"), crate::protocol::Reason::Logout),
    );
    assert!(timeline.commit(&timeline.announce(joined)).is_err());
    assert!(timeline.commit(&timeline.announce(left)).is_ok(), "they cancel each other: nothing is to be written");
    assert!(
        timeline.commit(&timeline.announce(What::Joined(name("dan"), crate::protocol::Profile::default()))).is_err()
    );
    assert_eq!(timeline.head(), 1);
    assert!(timeline.with_journal(|journal| journal.is_troubled()));
    timeline.with_journal(|journal| journal.writer.as_mut().unwrap().forget_open());
    timeline.retry();
    assert_eq!(timeline.head(), 2, "what was owed is told");
    assert!(!timeline.with_journal(|journal| journal.is_troubled()));
    assert_eq!(say(&timeline, "after"), 3, "seqs that nobody saw are given again");
    assert_eq!(texts(&timeline, 0), ["before", "", "after"]);
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(timeline.recall(|recall| recall.online()), [name("dan")]);
}

#[test]
fn what_a_failed_sync_was_for_is_written_anew() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    let sync = |result: io::Result<()>| {
        let point = timeline.with_journal(|journal| journal.sync_point()).unwrap();
        timeline.with_journal(|journal| journal.synced(&point, result));
    };
    say(&timeline, "synced");
    sync(Ok(()));
    say(&timeline, "two");
    let point = timeline.with_journal(|journal| journal.sync_point()).unwrap();
    say(&timeline, "three");
    timeline.with_journal(|journal| journal.synced(&point, Ok(())));
    say_to(&timeline, Some("bob"), "four").unwrap();
    sync(Err(io::Error::other("a bad disk")));
    say(&timeline, "five");
    let paths = segments(&folder);
    let lines = |path: &Path| fs::read_to_string(path).unwrap().lines().count();
    assert_eq!((paths.len(), lines(&paths[0]), lines(&paths[1])), (2, 2, 3), "three and four stand in the new one");
    // As if the server had died before it could cut the old one.
    let old = fs::read(&paths[0]).unwrap();
    fs::write(&paths[0], [&old[..], b"{\"type\":\"message\",\"se\0\0\0"].concat()).unwrap();
    drop(timeline);
    let timeline = open(&folder, OPTIONS).unwrap();
    say(&timeline, "six");
    assert_eq!(texts(&timeline, 0), ["synced", "two", "three", "four", "five", "six"]);
    assert_eq!(fs::read(&paths[0]).unwrap(), old);
}

#[test]
fn a_sync_that_failed_for_one_thread_fails_for_the_other() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    say(&timeline, "synced");
    let point = timeline.with_journal(|journal| journal.sync_point()).unwrap();
    timeline.with_journal(|journal| journal.synced(&point, Ok(())));
    say(&timeline, "two");
    let point = timeline.with_journal(|journal| journal.sync_point()).unwrap();
    point.file.sync_by(|_| Err(io::Error::other("a bad disk"))).unwrap_err();
    // Before the one that failed is told, the other one finds the disk well.
    let result = point.sync();
    timeline.with_journal(|journal| journal.synced(&point, result));
    say(&timeline, "three");
    let lines = |path: &PathBuf| fs::read_to_string(path).unwrap().lines().count();
    let paths = segments(&folder);
    assert_eq!(paths.iter().map(lines).collect::<Vec<_>>(), [1, 2], "what it was for is written anew");
    timeline.with_journal(|journal| journal.synced(&point, Err(io::Error::other("told late"))));
    say(&timeline, "four");
    assert_eq!(texts(&timeline, 0), ["synced", "two", "three", "four"]);
    assert!(!timeline.with_journal(|journal| journal.is_troubled()));
}

#[test]
fn many_who_come_back_read_each_piece_once() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    fill(&timeline, 200);
    drop(timeline);
    let timeline = open(&folder, OPTIONS).unwrap();
    say(&timeline, "live");
    let everything = read(&timeline, 0);
    assert_eq!(everything.len(), 201);
    // What is read once stays: the file itself isn't needed again.
    let path = &segments(&folder)[0];
    let away = path.with_extension("away");
    fs::rename(path, &away).unwrap();
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..8).map(|_| scope.spawn(|| read(&timeline, 0))).collect();
        readers.into_iter().for_each(|reader| assert!(reader.join().unwrap() == everything));
    });
}

#[test]
fn after_a_proper_end_the_newest_are_in_memory() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    let text = fill(&timeline, 300);
    timeline.close().unwrap();
    drop(timeline);
    let timeline = open(&folder, OPTIONS).unwrap();
    let path = &segments(&folder)[0];
    fs::rename(path, path.with_extension("away")).unwrap();
    assert_eq!(texts(&timeline, 150), vec![&*text; 150]);
    let read_back = |after| {
        let (bob, mut batch) = (name("bob"), Batch::default());
        timeline.read_back(after, 300, Viewer::Account(&bob), 1000, &mut batch)
    };
    assert!(read_back(200).is_ok() && read_back(0).is_err(), "a megabyte of them, no more");
}
