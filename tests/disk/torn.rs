//! A power failure in the middle of a line.

use super::history;
use crate::harness::DataDir;
use std::fs;
use std::thread;

/// How many servers run at a time.
const WORKERS: usize = 4;

/// A journal as a server that died has left it, cut at every byte of its last two lines.
#[test]
fn wherever_the_last_two_lines_break_off_all_before_is_there_and_no_seq_comes_again() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let mut ada = server.login("ada");
    let said: Vec<(u64, String)> = ["one", "two", "three", "fo\u{fc}r"]
        .map(|text| (ada.say(text)["seq"].as_u64().unwrap(), text.to_owned()))
        .to_vec();
    server.kill();
    let (users, sequence, identity) = (data.read("users.json"), data.read("sequence"), data.read_bytes("identity.p12"));
    let segment = "journal/00000000000000000001.jsonl";
    let whole = data.read_bytes(segment);
    let ends: Vec<usize> = (1..=whole.len()).filter(|&end| whole[end - 1] == b'\n').collect();
    let first = ends[ends.len() - 3];
    let try_cut = |length: usize| {
        let data = DataDir::new();
        fs::create_dir(data.file("journal")).unwrap();
        fs::write(data.file("users.json"), &users).unwrap();
        fs::write(data.file("sequence"), &sequence).unwrap();
        fs::write(data.file("identity.p12"), &identity).unwrap();
        fs::write(data.file(segment), &whole[..length]).unwrap();
        let server = data.start();
        let mut ada = server.login("ada");
        let new = ada.say("after")["seq"].as_u64().unwrap();
        assert!(new > said[3].0, "cut to {length}: {new} was given out before");
        // The first line is her coming.
        let lines = ends.iter().filter(|&&end| end <= length).count();
        let mut expected = said[..lines - 1].to_vec();
        expected.push((new, "after".into()));
        assert_eq!(history(&mut ada), expected, "cut to {length}");
    };
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let lengths = (first..=whole.len()).skip(worker).step_by(WORKERS);
            scope.spawn(move || lengths.for_each(try_cut));
        }
    });
}
