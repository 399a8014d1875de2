//! `user add` and `user import`: accounts while no server runs.

use crate::harness::{DataDir, Output, PASSWORD, run};
use serde_json::json;
use std::process::{Command, Stdio};

/// The one-time password for `name` in what a command printed.
#[track_caller]
fn one_time_password<'a>(printed: &'a str, name: &str) -> &'a str {
    let start = format!("one-time password for {name}: ");
    printed.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("none for {name}: {printed:?}"))
}

#[test]
fn an_account_with_a_given_password() {
    let data = DataDir::new();
    let said = data.user_add(&["Ada"], Some(PASSWORD));
    assert!(!said.succeeded().contains(PASSWORD), "{said:?}");
    data.user_add(&["chef", "--admin"], Some(PASSWORD)).succeeded();
    let server = data.start();
    let ada = server.login("ada");
    assert_eq!(ada.welcome["role"], "user");
    assert_eq!(ada.welcome["must_change_password"], false);
    assert_eq!(server.login("chef").welcome["role"], "admin");
}

#[test]
fn an_account_with_a_one_time_password() {
    let data = DataDir::new();
    let said = data.user_add(&["ada"], None);
    let password = one_time_password(said.succeeded(), "ada").to_owned();
    let server = data.start();
    assert_eq!(server.login_with("ada", &password).welcome["must_change_password"], true);
}

#[test]
fn a_piped_password_is_what_was_written_whatever_wrote_it() {
    let data = DataDir::new();
    data.user_add(&["ada"], Some(&format!("\u{feff}{PASSWORD}\r"))).succeeded();
    let add = |name, bytes: &[u8]| run(data.command().args(["user", "add", name, "--password-stdin"]), bytes);
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    add("bob", &utf16(&format!("\u{feff}{PASSWORD}\r\n"))).succeeded();
    add("eve", &utf16(PASSWORD)).succeeded();
    let server = data.start();
    ["ada", "bob", "eve"].iter().for_each(|name| drop(server.login(name)));
}

#[test]
fn a_class_is_imported() {
    let data = DataDir::new();
    let said =
        data.import("Ada,seven green bottles\nbob,\"a, \"\"quoted\"\" one\",user\r\nchef,long enough,admin\neve,\n");
    let password = one_time_password(said.succeeded(), "eve").to_owned();
    assert!(!said.stdout.contains("bottles") && !said.stdout.contains("quoted"), "{said:?}");
    let server = data.start();
    assert_eq!(server.login("ada").welcome["must_change_password"], false);
    server.login_with("bob", "a, \"quoted\" one");
    assert_eq!(server.login_with("chef", "long enough").welcome["role"], "admin");
    let eve = server.login_with("eve", &password);
    assert_eq!((&eve.welcome["role"], &eve.welcome["must_change_password"]), (&json!("user"), &json!(true)));
}

/// Spreadsheets begin their CSV files with a byte order mark and end lines with CR LF.
#[test]
fn a_spreadsheets_file_is_imported() {
    let data = DataDir::new();
    data.import("\u{feff}ada,seven green bottles,user\r\nbob,seven green bottles,admin\r\n").succeeded();
    let server = data.start();
    assert_eq!(server.login("ada").welcome["username"], "ada");
    assert_eq!(server.login("bob").welcome["role"], "admin");
}

#[test]
fn what_add_user_refuses_is_refused_here_too() {
    let data = DataDir::with_users(&["ada"]);
    let before = data.read("users.json");
    for (name, password) in [("ada", PASSWORD), ("ADA", PASSWORD), ("no body", PASSWORD), ("eve", "short7c")] {
        let refused = data.user_add(&[name], Some(password));
        assert_ne!(refused.code, Some(0), "{name}: {refused:?}");
        assert!(!refused.stderr.is_empty(), "{name}: {refused:?}");
        assert!(!refused.stderr.contains("panicked"), "{name}: {refused:?}");
    }
    assert_eq!(data.read("users.json"), before);
}

#[test]
fn an_import_with_a_mistake_names_it_and_changes_nothing() {
    let data = DataDir::with_users(&["ada"]);
    let before = data.read("users.json");
    for mistake in
        ["no body,long enough,user", "bob,short7c", "bob,long enough,king", "ada,long enough", "eve,again eve"]
    {
        let name = mistake.split(',').next().unwrap();
        let refused = data.import(format!("eve,long enough\n{mistake}\n"));
        assert_ne!(refused.code, Some(0), "{mistake}: {refused:?}");
        assert!(refused.stderr.contains("line 2") || refused.stderr.contains(name), "{mistake}: {refused:?}");
        assert_eq!(data.read("users.json"), before, "{mistake}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let data = DataDir::new();
    let refused = crate::harness::run(data.command().args(["user", "import", "no-such-file.csv"]), b"");
    assert!(refused.failed_with(1).contains("no-such-file.csv"), "{refused:?}");
}

/// Nobody has a password that couldn't be printed, so no account is made for it.
#[test]
#[cfg(target_os = "linux")]
fn no_account_is_made_whose_password_cannot_be_printed() {
    use std::fs::File;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    let data = DataDir::new();
    let csv = data.file("class.csv");
    std::fs::write(&csv, "eve,\nmallory,\n").unwrap();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let mut import = data.command();
    import.args(["user", "import"]).arg(&csv);
    let mut add = data.command();
    add.args(["user", "add", "bob"]);
    let mut start = data.server().command();
    for command in [&mut start, &mut import, &mut add] {
        let end = command.stdout(full()).stderr(Stdio::piped()).output().unwrap();
        let word = String::from_utf8(end.stderr).unwrap();
        assert_eq!(end.status.code(), Some(1), "{command:?}: {word}");
        assert!(word.contains("print") && !word.contains("panicked"), "{command:?}: {word}");
        assert!(!word.contains("os error") && !word.contains("the null device"), "{command:?}: {word}");
        let fits = word.contains("no space left on device; make room") && !word.contains("a terminal");
        assert!(fits || !word.contains("the one-time passwords"), "{command:?}: {word}");
        let left = data.files();
        let of_accounts = |path: &&std::path::PathBuf| path.to_string_lossy().contains("users.json");
        assert_eq!(left.iter().find(of_accounts), None, "{command:?}: an account was made");
    }
    // The same where nobody reads any more; and where nobody hears the reason either, it is still exit 1.
    let (own, peer) = UnixStream::pair().unwrap();
    drop(peer);
    let closed = add.stdout(OwnedFd::from(own)).stderr(full()).status().unwrap();
    assert_eq!(closed.code(), Some(1));
    assert!(!data.file("users.json").exists());
    // What went wrong is made good by the next start.
    let server = data.server().start();
    assert!(server.one_time_password().is_some());
}

/// The passwords were printed, and then no more could be: whoever was to read them may not have had them all.
#[test]
#[cfg(target_os = "linux")]
fn what_could_not_be_said_to_the_end_is_taken_back() {
    use std::fs::{self, File};
    let line = DataDir::new().user_add(&["bob"], None).succeeded().lines().next().unwrap().to_owned() + "\n";
    let folder = tempfile::TempDir::new().unwrap();
    // Of the last line three bytes fit into the file, which may have 4096 (8 blocks of 512 bytes, says POSIX of `ulimit`).
    let cut = |data: &DataDir| {
        let out = folder.path().join("passwords.txt");
        fs::write(&out, " ".repeat(4096 - line.len() - 3)).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"]);
        let command = data.command();
        shell.arg(command.get_program()).args(command.get_args()).args(["user", "add", "bob"]);
        shell.stdout(File::options().append(true).open(&out).unwrap()).stderr(Stdio::piped());
        let end = shell.output().unwrap();
        (fs::read_to_string(&out).unwrap(), end.status.code(), String::from_utf8(end.stderr).unwrap())
    };
    let (new, used) = (DataDir::new(), DataDir::with_users(&["ada"]));
    for data in [&new, &used] {
        let (printed, code, word) = cut(data);
        assert!(printed.contains("one-time password for bob") && printed.ends_with("add"), "{printed}");
        assert!(code == Some(1) && word.contains("file too large") && word.contains("no account was made"), "{word}");
        assert!(word.contains("those that are printed are nobody's"), "{word}");
    }
    assert!(!new.file("users.json").exists(), "the first start makes an account");
    assert!(used.users_json()["users"]["ada"].is_object() && used.users_json()["users"]["bob"].is_null());
}

/// A closed standard output looks like the null device from inside, and what is written there reaches nobody either.
#[test]
#[cfg(target_os = "linux")]
fn no_account_is_made_whose_password_nobody_would_see() {
    let data = DataDir::new();
    let csv = data.file("class.csv");
    std::fs::write(&csv, "eve,\nmallory,\n").unwrap();
    let nowhere = |how: &str, words: &[&str]| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec \"$@\" {how}"), "sh"]);
        let command = data.command();
        shell.arg(command.get_program()).args(command.get_args()).args(words);
        crate::harness::run(&mut shell, b"eight green bottles")
    };
    for how in [">&-", ">/dev/null", "1</dev/zero", ">&- 2>&-", ">&- 2>/dev/full", ">&- <&- 2>&-"] {
        for words in [&["user", "import", csv.to_str().unwrap()][..], &["user", "add", "bob"]] {
            let told = nowhere(how, words);
            assert!(told.code == Some(1) && !data.file("users.json").exists(), "{how} {words:?}: {told:?}");
            let heard = told.stderr.contains("let standard output be a terminal") || how.contains("2>");
            assert!(heard && !told.stderr.contains("os error"), "{how} {words:?}: {told:?}");
        }
    }
    // One that was given is not lost.
    assert_eq!(nowhere(">&-", &["user", "add", "bob", "--password-stdin"]).code, Some(0));
    assert!(data.users_json()["users"]["bob"].is_object());
}

/// A service must start whatever its standard output is; who is to have the password is asked by the next start.
#[test]
#[cfg(target_os = "linux")]
fn a_first_start_that_nobody_sees_makes_no_account() {
    let data = DataDir::new();
    for how in [">&-", ">/dev/null"] {
        let start = data.server().command();
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec \"$@\" {how}"), "sh"]).arg(start.get_program()).args(start.get_args());
        let mut child = shell.stderr(Stdio::piped()).spawn().unwrap();
        let log = Output::of(child.stderr.take().unwrap());
        let text = log.wait_for("listening on");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(text.contains("`admin` is not made") && text.contains("user add NAME --admin"), "{text}");
        assert!(!data.file("users.json").exists(), "{how}");
    }
    let server = data.start();
    assert!(server.one_time_password().is_some(), "{}", server.stdout.text());
    assert!(!server.stdout.text().contains("!!"), "{}", server.stdout.text());
}
