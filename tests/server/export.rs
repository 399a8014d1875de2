//! `homeroom-server export`: what was said, for people, programs and spreadsheets, also while the server runs.

use crate::harness::{DataDir, Finished, assert_reply, run};
use serde_json::{Value, json};
use std::fs;
use std::process::Stdio;
use std::sync::Arc;

fn export(data: &DataDir, args: &[&str]) -> Finished {
    // Two hours before UTC, as POSIX writes it.
    run(data.command().env("TZ", "<+02>-2").arg("export").args(args), b"")
}

/// A folder with a journal that was written by hand.
fn with_journal(lines: &[Value]) -> Arc<DataDir> {
    let data = DataDir::new();
    fs::create_dir(data.file("journal")).unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(data.file("journal/00000000000000000001.jsonl"), text).unwrap();
    data
}

fn message(seq: u64, time: &str, text: &str) -> Value {
    json!({"type": "message", "seq": seq, "time": time, "from": "ada", "room": "general", "text": text})
}

#[test]
fn beside_a_running_server_all_is_printed_and_nothing_touched() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.start();
    let mut ada = server.login("ada");
    ada.say("hello, \"all\"");
    ada.ask(json!({"type": "say", "text": "waves", "action": true}));
    ada.ask(json!({"type": "whisper", "to": "bob", "text": "psst"}));
    server.admin().ask(json!({"type": "topic", "text": "maths"}));
    ada.event("left", "root");
    let mut root = server.admin();
    assert_reply(&root.ask(json!({"type": "make_room", "room": "staffroom", "open": false})));
    root.ask(json!({"type": "say", "room": "staffroom", "text": "psst, among us"}));
    ada.ask(json!({"type": "ask", "text": "why?"}));
    let journal: String = data.journal().iter().map(|path| fs::read_to_string(path).unwrap()).collect();

    let text = export(&data, &[]).succeeded().to_owned();
    let shown: Vec<&str> = text.lines().map(|line| &line["2026-11-23 12:00:00 ".len()..]).collect();
    assert_eq!(
        shown,
        [
            "* ada joined",
            "ada: hello, \"all\"",
            "* ada waves",
            "ada -> bob (whisper): psst",
            "* root joined",
            "* root set the topic: maths",
            "* root left (disconnected)",
            "* root joined",
            "#staffroom * root entered the room",
            "#staffroom root: psst, among us",
            "(question): why?",
            "* ada asked that",
        ]
    );
    assert_eq!(export(&data, &["--format", "json"]).succeeded(), journal);
    let room = export(&data, &["--room"]).succeeded().to_owned();
    // What everybody could see, and no more: neither who asked.
    let hidden = |line: &str| ["psst", "staffroom", "ada asked"].iter().any(|hidden| line.contains(hidden));
    assert_eq!(room, text.lines().filter(|line| !hidden(line)).map(|l| format!("{l}\n")).collect::<String>());
    let csv = export(&data, &["--format", "csv"]).succeeded().to_owned();
    assert!(csv.starts_with("seq,time,type,name,to,room,action,reason,text\n1,20"), "{csv}");
    assert!(csv.contains(",message,ada,,general,false,,\"hello, \"\"all\"\"\"\n"), "{csv}");
    let after: String = data.journal().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert_eq!(after, journal);
    ada.say("still here");
}

#[test]
fn from_is_inclusive_and_to_is_not() {
    let data = with_journal(&[
        message(1, "2026-11-24T21:59:59.999Z", "one"),
        message(2, "2026-11-24T22:00:00.000Z", "two"),
        message(3, "2026-11-25T12:30:00.000Z", "three"),
        message(4, "2026-11-25T22:00:00.000Z", "four"),
    ]);
    for (args, expected) in [
        (&[][..], &["one", "two", "three", "four"][..]),
        (&["--from", "2026-11-25"], &["two", "three", "four"]),
        (&["--to", "2026-11-25"], &["one"]),
        (&["--from", "2026-11-25", "--to", "2026-11-26"], &["two", "three"]),
        (&["--from", "2026-11-25 14:30", "--to", "2026-11-25T14:31:00"], &["three"]),
        (&["--from", "2026-11-25T13:30:00+01:00"], &["three", "four"]),
        (&["--to", "2026-11-25T12:30:00Z"], &["one", "two"]),
        (&["--from", "2027-01-01"], &[]),
    ] {
        let text = export(&data, args).succeeded().to_owned();
        let texts: Vec<&str> = text.lines().map(|line| line.rsplit_once(": ").unwrap().1).collect();
        assert_eq!(texts, expected, "{args:?}");
    }
    let local = export(&data, &["--from", "2026-11-25 14:30", "--to", "2026-11-25T14:31:00"]);
    assert_eq!(local.succeeded(), "2026-11-25 14:30:00 ada: three\n");
    for (args, told) in [
        (&["--from", "yesterday"][..], "2026-11-25 14:30"),
        (&["--to", "25.11.2026"], "2026-11-25T14:30:00+01:00"),
        (&["--from", "2026-11-25", "--to", "2026-11-25"], "--to"),
        (&["--format", "html"], "csv"),
    ] {
        let error = export(&data, args);
        assert!(error.failed_with(2).contains(told), "{error:?}");
    }
}

#[test]
fn a_table_for_a_spreadsheet_has_a_byte_order_mark_and_its_separator() {
    let data = with_journal(&[message(1, "2026-11-25T12:30:00.000Z", "Grüße; 1,5")]);
    let bytes = |args: &[&str]| {
        let output = data.command().args(["export", "--format", "csv"]).args(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let header = "seq,time,type,name,to,room,action,reason,text\n";
    let plain = format!("{header}1,2026-11-25T12:30:00.000Z,message,ada,,general,false,,\"Grüße; 1,5\"\n");
    assert_eq!(String::from_utf8(bytes(&[])).unwrap(), plain, "programs want none");
    assert_eq!(bytes(&["--bom"]), [b"\xef\xbb\xbf", plain.as_bytes()].concat());
    let german = String::from_utf8(bytes(&["--bom", "--separator", "semicolon"])).unwrap();
    let row = "1;2026-11-25T12:30:00.000Z;message;ada;;general;false;;\"Grüße; 1,5\"\n";
    assert_eq!(german, format!("\u{feff}{}{row}", header.replace(',', ";")));
    assert!(bytes(&["--separator", "tab"]).starts_with(b"seq\ttime\t"));
    // Elsewhere neither means anything.
    for args in [&["--bom"][..], &["--separator", "tab"], &["--format", "json", "--bom"]] {
        assert!(export(&data, args).failed_with(2).contains("--format csv"), "{args:?}");
    }
}

#[test]
fn no_cell_of_a_table_is_a_formula() {
    // The last one is for a spreadsheet that takes `;` for the separator.
    let texts = ["=1+1", " =1+1", "\u{feff}@SUM(A1)", "\u{200b}-1", "a=b", "so;=SUM(A1);-)"];
    let time = "2026-11-25T12:30:00.000Z";
    let mut lines: Vec<Value> = texts.iter().zip(1..).map(|(text, seq)| message(seq, time, text)).collect();
    lines.push(message(7, time, "x"));
    lines[6]["room"] = "=room".into();
    let data = with_journal(&lines);
    let csv = export(&data, &["--format", "csv"]).succeeded().to_owned();
    for cell in ["'=1+1", "' =1+1", "'\u{feff}@SUM(A1)", "'\u{200b}-1", "a=b", "so;'=SUM(A1);-)", "'=room"] {
        assert!(csv.contains(&format!(",{cell}\n")) || csv.contains(&format!(",{cell},")), "{cell}: {csv}");
    }
}

#[test]
fn what_is_damaged_is_named_and_the_rest_printed() {
    let time = "2026-11-25T12:30:00.000Z";
    let texts = ["one", "two", "three", "four", "\u{1b}]0;title\u{7}five", "six"];
    let lines: Vec<Value> = texts.iter().zip(1..).map(|(text, seq)| message(seq, time, text)).collect();
    let data = with_journal(&lines);
    let path = data.file("journal/00000000000000000001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    // The second line is no event, the fourth is missing, and the last one is just being written.
    let kept: Vec<&str> = text.split_inclusive('\n').collect();
    let damaged = [kept[0], "{\"type\":\n", kept[2], kept[4], &kept[5][..30]].concat();
    fs::write(&path, &damaged).unwrap();
    let finished = export(&data, &[]);
    let told = finished.failed_with(1);
    for place in ["at line 2: not an event", "at line 4: its `seq` is 5, and 4 was expected"] {
        assert!(told.contains(&format!("{} is damaged {place}", path.display())), "{told}");
    }
    let safe = "2026-11-25 14:30:00 ada: \u{241b}]0;title\u{2407}five";
    assert_eq!(
        finished.stdout.lines().collect::<Vec<_>>(),
        ["2026-11-25 14:30:00 ada: one", "2026-11-25 14:30:00 ada: three", safe]
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
}

#[test]
fn whoever_has_read_enough_ends_it_quietly() {
    let lines: Vec<Value> = (1..20_000).map(|seq| message(seq, "2026-11-25T12:30:00.000Z", &"x".repeat(100))).collect();
    let data = with_journal(&lines);
    for format in ["text", "json", "csv"] {
        let mut command = data.command();
        command.args(["export", "--format", format]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &[][..]), "{format}");
    }
}

#[test]
fn where_there_is_no_journal_that_is_said() {
    let data = DataDir::with_users(&["ada"]);
    assert!(export(&data, &[]).failed_with(1).contains("there is no journal in"));
    let server = data.server().args(&["--no-journal"]).start();
    server.login("ada").say("nothing of this is kept");
    assert!(export(&data, &[]).failed_with(1).contains("no-journal"));
}
