//! What somebody may copy of it.

use super::taken::tend;
use super::*;
use crate::server::timeline::journal::archive::Settled;

fn settled(timeline: &Timeline) -> Vec<Settled> {
    timeline.copying().unwrap().settled()
}

/// What has settled, as its lines: None where it isn't that any more.
fn lines(timeline: &Timeline, settled: &[Settled]) -> Option<String> {
    let copying = timeline.copying().unwrap();
    let read = settled.iter().map(|segment| copying.read(segment, 0).unwrap());
    read.collect::<Option<Vec<_>>>().map(|all| String::from_utf8(all.concat()).unwrap())
}

/// A copy never knows of an event that a failure of the power may take from here.
#[test]
fn only_what_is_synced_may_be_copied() {
    for (sync, at_once) in [(Sync::Second, false), (Sync::Always, true), (Sync::Never, true)] {
        let folder = TempDir::new().unwrap();
        let timeline = open(&folder, Options { sync, ..OPTIONS }).unwrap();
        assert_eq!(settled(&timeline), []);
        let seq = say(&timeline, "one");
        let found = settled(&timeline);
        assert_eq!(found.last().map(|segment| segment.next), Some(if at_once { seq + 1 } else { seq }), "{sync:?}");
        tend(&timeline);
        let found = settled(&timeline);
        assert_eq!(found[0].next, seq + 1, "{sync:?}");
        assert!(lines(&timeline, &found).unwrap().contains("one"));
        say(&timeline, "two");
        assert!(!lines(&timeline, &found).unwrap().contains("two"), "what is told stays what it was");
        drop(timeline);
        let timeline = open(&folder, Options { sync, ..OPTIONS }).unwrap();
        assert!(lines(&timeline, &settled(&timeline)).unwrap().contains("two"), "a start syncs what it finds");
    }
}

/// What has other words is another edition, and whoever reads by the one from before is told.
#[test]
fn what_gets_other_words_is_another_edition() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    let seq = say(&timeline, "one");
    tend(&timeline);
    let before = settled(&timeline);
    say(&timeline, "two");
    tend(&timeline);
    let grown = settled(&timeline);
    assert!(grown[0].edition == before[0].edition && grown[0].bytes > before[0].bytes, "{grown:?}");
    let other = |line: &[u8]| Some(String::from_utf8(line.to_vec()).unwrap().replace("one", "ten").into_bytes());
    assert!(timeline.rewrite_event(seq, other).unwrap());
    let after = settled(&timeline);
    assert!(after[0].edition != before[0].edition && after[0].bytes == grown[0].bytes, "{after:?}");
    assert_eq!(lines(&timeline, &before), None);
    assert!(lines(&timeline, &after).unwrap().contains("ten"));
    // And so is what was written anew since another program took it away.
    fs::remove_file(&segments(&folder)[0]).unwrap();
    tend(&timeline);
    assert_ne!(settled(&timeline)[0].edition, after[0].edition);
}

/// An event is known by its seq and its time, whatever its words are now.
#[test]
fn whose_an_event_of_a_copy_is() {
    let folder = TempDir::new().unwrap();
    let timeline = open(&folder, OPTIONS).unwrap();
    let seq = say(&timeline, "one");
    let copying = timeline.copying().unwrap();
    let text = fs::read_to_string(&segments(&folder)[0]).unwrap();
    let time =
        serde_json::from_str::<Value>(text.lines().next().unwrap()).unwrap()["time"].as_str().unwrap().to_owned();
    let other = |line: &[u8]| Some(String::from_utf8(line.to_vec()).unwrap().replace("one", "another").into_bytes());
    assert!(timeline.rewrite_event(seq, other).unwrap());
    for (seq, time, known) in [
        (seq, &*time, true),
        (seq, "2001-01-01T00:00:00.000Z", false),
        (seq + 1, &*time, false),
        // It isn't kept any more.
        (seq - 1, &*time, true),
    ] {
        assert_eq!(copying.knows(seq, time).unwrap(), known, "{seq} {time}");
    }
}
