//! `/import`: a class is taken from a school's list while the server runs.

use super::seen;
use crate::harness::{ADMIN, DataDir, Finished, PASSWORD, Proxy, Server, Terminal, Trouble, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const CLASS: &str = "Familienname;Vorname;Klasse\r\nMüller;Zoë;7b\r\nKim;Mia;7b\r\n";

/// A server with a teacher and a student, and a folder for lists.
struct School {
    server: Server,
    folder: TempDir,
}

impl School {
    fn new() -> Self {
        let data = DataDir::with_users(&["ada"]);
        data.import(format!("noether,{PASSWORD},teacher\n")).succeeded();
        Self { server: data.start(), folder: TempDir::new().unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A list's file.
    fn list(&self, text: &str) -> PathBuf {
        let file = self.file("class.csv");
        fs::write(&file, text).unwrap();
        file
    }

    /// `/import` by somebody, with this behind the file.
    fn import(&self, who: &str, list: &str, more: &str) -> Finished {
        let file = self.list(list);
        Terminal::join(&self.server, who).script(&[&format!("/import '{}' {more}", file.display())])
    }

    /// Every account by its user name.
    fn accounts(&self) -> BTreeMap<String, Value> {
        let mut admin = self.server.admin();
        let (mut all, mut after) = (BTreeMap::new(), Value::Null);
        loop {
            let answer = admin.ask(json!({"type": "list_users", "after": after}));
            for account in answer["users"].as_array().unwrap() {
                after = account["username"].clone();
                all.insert(account["username"].as_str().unwrap().to_owned(), account.clone());
            }
            if answer["more"].is_null() {
                return all;
            }
        }
    }
}

/// User names and passwords on a page of slips.
fn slips(file: &Path) -> Vec<(String, String)> {
    let page = fs::read_to_string(file).unwrap();
    let code = |slip: &str, nth| {
        let code = slip.split("<code>").nth(nth).unwrap();
        code.split("</code>").next().unwrap().to_owned()
    };
    page.split("<article>").skip(1).map(|slip| (code(slip, 1), code(slip, 2))).collect()
}

#[test]
fn a_teacher_takes_a_class_while_the_server_runs() {
    let school = School::new();
    let finished = school.import("noether", CLASS, "");
    let shown = finished.succeeded();
    let password =
        shown.lines().find_map(|line| line.strip_prefix("* zoe.mueller is added, with the one-time password "));
    let told = seen(&finished);
    assert!(told.contains("* added 2 accounts; ") && told.contains("`;` between the columns"), "{told}");
    let zoe = &school.accounts()["zoe.mueller"];
    assert_eq!((&zoe["name"], &zoe["group"], &zoe["one_time"]), (&json!("Zoë Müller"), &json!("7b"), &json!(true)));
    let mut zoe = school.server.login_with("zoe.mueller", password.unwrap());
    zoe.ask(json!({"type": "passwd", "old": password, "new": PASSWORD}));
    assert_eq!(school.accounts()["zoe.mueller"]["one_time"], Value::Null);
}

#[test]
fn a_changed_list_adds_and_changes_and_deletes_nobody() {
    let school = School::new();
    let first = format!("{CLASS}Fox;Al;7b\n");
    school.import("noether", &first, "").succeeded();
    let next = "Familienname;Vorname;Klasse\nMüller;Zoë;8b\nFox;Al;8b\nLee;Bo;8b\n";
    let told = seen(&school.import("noether", next, ""));
    assert!(told.contains("* added 1 account, changed 2"), "{told}");
    assert!(told.contains("not in the list any more, and left as they are: mia.kim (Mia Kim, 7b)"), "{told}");
    assert!(told.contains("changed zoe.mueller: group 8b (was 7b)"), "{told}");
    let told = seen(&school.import("noether", "Familienname;Vorname;Klasse\nLee;Bo;8b\nFox;Al;8b\n", ""));
    assert!(told.contains("added nobody, 2 stay as they are"), "{told}");
    assert!(told.contains("not in the list any more, and left as they are: zoe.mueller (Zoë Müller, 8b)"), "{told}");
    assert!(school.accounts().keys().eq(["ada", "al.fox", "bo.lee", "mia.kim", "noether", ADMIN, "zoe.mueller"]));
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let school = School::new();
    let before = school.accounts();
    let slips = school.file("slips.html");
    let told = seen(&school.import("noether", CLASS, &format!("dry-run slips '{}'", slips.display())));
    for what in ["would add 2 accounts", "nothing was done", "would add zoe.mueller (Zoë Müller, 7b)"] {
        assert!(told.contains(what), "{what}: {told}");
    }
    assert_eq!(school.accounts().keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(!slips.exists());
}

#[test]
fn slips_are_written_for_their_owner_alone_and_no_password_is_shown() {
    let school = School::new();
    for json in [false, true] {
        let file = school.file(if json { "more.html" } else { "slips.html" });
        let list = school.list(if json { "full name,group\nBo Lee,7b\n" } else { CLASS });
        let link = school.server.join_link();
        let args = [&[&*link, "--user", "noether"][..], if json { &["--json"] } else { &[] }].concat();
        let line = format!("/import '{}' slips '{}'", list.display(), file.display());
        let finished = Terminal::start(&args, Some(PASSWORD)).script(&[&line]);
        let slips = slips(&file);
        assert_eq!(slips.len(), if json { 1 } else { 2 }, "{finished:?}");
        assert!(finished.stderr.contains("slip") && finished.stderr.contains("delete it"), "{finished:?}");
        for (name, password) in slips {
            // Programs get the wire's lines, but for the passwords in them.
            assert!(!seen(&finished).contains(&password), "{finished:?}");
            assert_eq!(school.server.login_with(&name, &password).welcome["must_change_password"], true);
        }
        if json {
            let lines: Vec<Value> = finished
                .stdout
                .lines()
                .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
                .collect();
            assert!(lines.iter().any(|line| line["type"] == "reply" && line["ok"] == true), "{finished:?}");
        }
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).unwrap()) & 0o777, 0o600);
    }
    let page = fs::read_to_string(school.file("slips.html")).unwrap();
    let (address, code) = (school.server.address(), school.server.code());
    if cfg!(feature = "web") {
        assert!(page.contains(&format!(">homeroom-client {address} {code}<")), "{page}");
        assert!(page.contains(&format!("https://{address}/")), "{page}");
    } else {
        assert!(page.contains(&format!(">homeroom-client {code}<")), "{page}");
    }
}

/// What is typed without slips is to show the passwords, also to programs.
#[test]
fn programs_get_the_passwords_that_are_on_no_slip() {
    let school = School::new();
    let list = school.list(CLASS);
    let link = school.server.join_link();
    let line = format!("/import '{}'", list.display());
    let finished = Terminal::start(&[&link, "--user", "noether", "--json"], Some(PASSWORD)).script(&[&line]);
    assert_eq!(finished.succeeded().matches("\"password\":").count(), 2, "{finished:?}");
}

/// The one-time passwords in it may be nowhere else.
#[test]
fn slips_that_are_there_are_not_written_over() {
    let school = School::new();
    let file = school.file("class.slips.html");
    fs::write(&file, "those of last week").unwrap();
    let list = school.list(CLASS);
    for slips in ["slips".to_owned(), format!("slips '{}'", file.display())] {
        let line = format!("/import '{}' {slips}", list.display());
        let refused =
            Terminal::join(&school.server, "noether").script(&[&line, "/import /no/such.csv slips /no/such.html"]);
        let told = refused.failed_with(1);
        let words =
            format!("! `{}` is there already: nothing was done; move it away, or name another\n", file.display());
        assert!(told.contains(&words) && told.contains("can't read /no/such.csv"), "{refused:?}");
    }
    let tried =
        Terminal::join(&school.server, "noether").script(&[&format!("/import '{}' dry-run slips", list.display())]);
    assert!(seen(&tried).contains("would add 2 accounts"), "{tried:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "those of last week");
    assert_eq!(school.accounts().len(), 3);
}

/// As when the client was killed before it wrote the slips.
#[test]
fn who_has_chosen_no_password_gets_a_slip_the_next_time() {
    let school = School::new();
    school.import("noether", CLASS, "").succeeded();
    let file = school.file("slips.html");
    let told = seen(&school.import("noether", CLASS, &format!("slips '{}'", file.display())));
    assert!(
        told.contains("added nobody, 2 stay as they are") && told.contains("2 who haven't chosen a password yet"),
        "{told}"
    );
    let first = slips(&file);
    let mut mia = school.server.login_with(&first[1].0, &first[1].1);
    mia.ask(json!({"type": "passwd", "old": first[1].1, "new": PASSWORD}));
    let file = school.file("other.html");
    let told = seen(&school.import("noether", CLASS, &format!("slips '{}'", file.display())));
    assert!(told.contains("1 have a password of their own and no slip"), "{told}");
    let second = slips(&file);
    assert!(second.len() == 1 && second[0].0 == "zoe.mueller", "{second:?}");
    school.server.login("mia.kim");
}

#[test]
fn what_a_teacher_may_not_do_is_listed_and_the_rest_is_done() {
    let school = School::new();
    let list = "username,name,group,role,password\n\
                eve,Eve Fox,7b,teacher,\nbo,Bo Lee,7b,,\nzed,Zed Ash,7b,,zed\nbeamer,,,display,\n";
    let told = seen(&school.import("noether", list, "dry-run"));
    for what in [
        "would add 2 accounts",
        "would add bo (Bo Lee, 7b)\n",
        "would add beamer, a display\n",
        "would be refused: line 2: `eve`: a teacher looks after users and displays alone",
        "would be refused: line 4: `zed`: a password has at least",
    ] {
        assert!(told.contains(what), "{what}: {told}");
    }
    let told = seen(&school.import(ADMIN, list, "dry-run"));
    assert!(told.contains("would add eve (Eve Fox, 7b), a teacher\n"), "{told}");
    let finished = school.import("noether", list, "");
    let told = seen(&finished);
    assert!(told.contains("added 2 accounts"), "{told}");
    assert!(told.contains("not done: line 2: `eve`: ") && told.contains("not done: line 4: `zed`: "), "{told}");
    assert!(school.accounts().keys().eq(["ada", "beamer", "bo", "noether", ADMIN]));
    // An account that the teacher can't see has the name.
    let told = seen(&school.import("noether", "Vorname,Nachname,Klasse\n,Noether,7b\n", ""));
    assert!(told.contains("noether2 is added"), "{told}");
}

#[test]
fn it_is_no_command_for_students() {
    let school = School::new();
    let finished = school.import("ada", CLASS, "");
    assert!(finished.stderr.contains("! ") && !seen(&finished).contains("added"), "{finished:?}");
    assert_eq!(school.accounts().len(), 3);
    for (who, is_listed) in [("ada", false), ("noether", true)] {
        let told = seen(&Terminal::join(&school.server, who).script(&["/help"]));
        assert_eq!(told.contains("/import <file>"), is_listed, "{who}: {told}");
    }
}

#[test]
fn what_is_doubtful_is_told_at_once_and_nothing_is_done() {
    let school = School::new();
    for (list, told) in [
        (
            "Familienname;Vorname;Klasse\nMüller;Zoë;7b\n;;7b\nKim;Mia;…\n",
            &["line 3: there is no name", "line 4: "][..],
        ),
        ("name,password\nbo,seven, bottles\n", &["line 2: "]),
        ("PK\u{3}\u{4}", &["xlsx"]),
    ] {
        let finished = school.import("noether", list, "");
        for told in told {
            assert!(finished.stderr.contains(told), "{finished:?}");
        }
        assert!(finished.stderr.contains("nothing was done") && !finished.stderr.contains("bottles"), "{finished:?}");
    }
    let missing = Terminal::join(&school.server, "noether").script(&["/import /no/such/file.csv", "/import"]);
    assert!(
        missing.stderr.contains("can't read /no/such/file.csv")
            && missing.stderr.contains("usage: /import <file> [dry-run] [slips [file]]"),
        "{missing:?}"
    );
    let folder = school.file("no/slips.html");
    let unwritten = school.import("noether", CLASS, &format!("slips '{}'", folder.display()));
    assert!(unwritten.stderr.contains("nothing was done"), "{unwritten:?}");
    assert_eq!(school.accounts().len(), 3);
}

/// The connection is cut again and again while accounts are made; whatever was under way, each has a slip that is right.
#[test]
fn a_lost_connection_loses_nobody() {
    const PEOPLE: usize = 40;
    let school = School::new();
    let rows: String = (0..PEOPLE).map(|n| format!("First{n},Last{n},7b\n")).collect();
    let (list, file) = (school.list(&format!("Vorname,Nachname,Klasse\n{rows}")), school.file("slips.html"));
    let proxy = Proxy::to(school.server.address());
    let link = format!("homeroom://{}#{}", proxy.address(), school.server.fingerprint());
    let mut terminal = Terminal::start(&[&link, "--user", "noether"], Some(PASSWORD));
    terminal.stdout.wait_for("online");
    terminal.type_line(&format!("/import '{}' slips '{}'", list.display(), file.display()));
    for cut in 1..=3 {
        let many = || school.server.data().users_json()["users"].as_object().unwrap().len();
        wait_until("some of them", || many() > 3 + cut * 8);
        proxy.trouble_all(Trouble::Reset);
        proxy.heal();
    }
    terminal.stderr.wait_for("delete it");
    terminal.finish();
    let accounts = school.accounts();
    assert_eq!(accounts.len(), 3 + PEOPLE, "nobody is there twice: {:?}", accounts.keys());
    let slips = slips(&file);
    assert_eq!(slips.len(), PEOPLE);
    for (name, password) in slips {
        assert_eq!(school.server.login_with(&name, &password).welcome["must_change_password"], true, "{name}");
    }
}
