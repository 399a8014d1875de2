//! `user import`: the lists of schools' own programs, once and again; slips.

use crate::harness::{ADMIN, DataDir, Finished, PASSWORD, run};
use std::path::Path;
use std::sync::Arc;

/// Each program's list, as it saves it: what is in it, and what is to come of its two people.
struct List {
    program: &'static str,
    text: &'static str,
    /// User name, name, group.
    people: [(&'static str, &'static str, &'static str); 2],
}

const LISTS: [List; 11] = [
    List {
        program: "Apple School Manager",
        text: "person_id,person_number,first_name,middle_name,last_name,grade_level,email_address,sis_username,password_policy,location_id\r\n\
               STU-1001,77,Zoë,Anna,Müller,7,zoe@school.example,,4,LOC-1\r\n\
               STU-1002,78,Bo,,O'Neill,7,bo@school.example,boneill,4,LOC-1\r\n",
        people: [("zoe.mueller", "Zoë Müller", "7"), ("boneill", "Bo O'Neill", "7")],
    },
    List {
        program: "Microsoft SDS 2.1",
        text: "sourcedId,username,givenName,familyName,password,activeDirectoryMatchId,email,phone,sms\n\
               14001,zmueller@school.example,Zoë,Müller,,,zmueller@school.example,,\n\
               14002,bo,Bo,O'Neill,,,,,\n",
        people: [("zmueller", "Zoë Müller", ""), ("bo", "Bo O'Neill", "")],
    },
    List {
        program: "Microsoft SDS 1",
        text: "SIS ID,School SIS ID,Username,First Name,Last Name,Grade,Status\n\
               1,20,,Zoë,Müller,7,Active\n2,20,bo,Bo,O'Neill,7,Active\n",
        people: [("zoe.mueller", "Zoë Müller", "7"), ("bo", "Bo O'Neill", "7")],
    },
    List {
        program: "Moodle",
        text: "username,password,firstname,lastname,email,course1,group1,cohort1\n\
               zmueller,,Zoë,Müller,z@school.example,math102,Section 1,y7\n\
               bo.oneill,,Bo,O'Neill,b@school.example,math102,,y7\n",
        people: [("zmueller", "Zoë Müller", "section-1"), ("bo.oneill", "Bo O'Neill", "")],
    },
    List {
        program: "Google Admin, what it gives out",
        text: "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Status [READ ONLY],Last Sign In [READ ONLY]\n\
               Zoë,Müller,20190077@school.example,****,,/Students/2026/7b,,Active,Never logged in\n\
               Bo,O'Neill,bo@school.example,****,,/,,Active,2026-11-02 08:00:00\n",
        people: [("zoe.mueller", "Zoë Müller", "7b"), ("bo.oneill", "Bo O'Neill", "")],
    },
    List {
        program: "Google Admin, as its help has it",
        text: "First Name,Last Name,Email Address,Password,Org Unit Path\n\
               Zoë,Müller,z@school.example,,/7b\nBo,O'Neill,b@school.example,,/7b\n",
        people: [("zoe.mueller", "Zoë Müller", "7b"), ("bo.oneill", "Bo O'Neill", "7b")],
    },
    List {
        program: "GitHub Classroom",
        text: "\"identifier\",\"github_username\",\"github_id\",\"name\"\n\
               \"Müller, Zoë (7b)\",\"\",\"\",\"\"\n\"i02-oneill\",\"Bo-ONeill\",\"40261856\",\"Bo O'Neill\"\n",
        people: [("zoe.mueller", "Müller, Zoë (7b)", ""), ("bo-oneill", "Bo O'Neill", "")],
    },
    List {
        program: "WebUntis, the report of students",
        text: "name\tlongName\tforeName\tgender\tbirthDate\tklasse.name\tentryDate\texitDate\ttext\tid\texternKey\taddress.email\r\n\
               MuellZoe\tMüller\tZoë\tf\t01.02.2013\t7b\t01.08.2023\t\t\t4711\t815\t\r\n\
               ONeilBo\tO'Neill\tBo\tm\t03.04.2013\t7b\t01.08.2023\t\t\t4712\t816\t\r\n",
        people: [("zoe.mueller", "Zoë Müller", "7b"), ("bo.oneill", "Bo O'Neill", "7b")],
    },
    List {
        program: "WebUntis, German headings",
        text: "Schlüssel (extern);Kurzname;Familienname;Vorname;Klasse;Geschlecht;Geburtsdatum;E-Mail Adresse\r\n\
               815;MuellZoe;Müller;Zoë;7B;w;01.02.2013;\r\n816;ONeilBo;O'Neill;Bo;7B;m;03.04.2013;\r\n",
        people: [("zoe.mueller", "Zoë Müller", "7b"), ("bo.oneill", "Bo O'Neill", "7b")],
    },
    List {
        program: "our own",
        text: "username,name,group,role,password\nzoe,Zoë Müller,7b,,\nbo,Bo O'Neill,7b,user,\n",
        people: [("zoe", "Zoë Müller", "7b"), ("bo", "Bo O'Neill", "7b")],
    },
    List {
        program: "our own, without user names",
        text: "full name;group\nZoë Müller;Klasse 7b\nBo O'Neill;\n",
        people: [("zoe.mueller", "Zoë Müller", "klasse-7b"), ("bo.oneill", "Bo O'Neill", "")],
    },
];

/// `user import` of this, with these options.
fn import(data: &DataDir, list: &[u8], options: &[&str]) -> Finished {
    let file = data.path().join("list.csv");
    std::fs::write(&file, list).unwrap();
    run(data.command().args(["user", "import"]).arg(&file).args(options), b"")
}

/// What is kept of an account's owner.
fn profile(data: &DataDir, username: &str) -> (String, String) {
    let users = data.users_json();
    let text = |field: &str| users["users"][username][field].as_str().unwrap_or_default().to_owned();
    (text("name"), text("group"))
}

fn with_two() -> (Arc<DataDir>, &'static str) {
    let data = DataDir::new();
    let list = "Familienname;Vorname;Klasse\nMüller;Zoë;7b\nKim;Mia;7b\n";
    import(&data, list.as_bytes(), &[]).succeeded();
    (data, list)
}

#[test]
fn the_lists_of_schools_programs_are_understood() {
    for List { program, text, people } in LISTS {
        let data = DataDir::new();
        let said = import(&data, text.as_bytes(), &[]);
        assert!(said.succeeded().contains("added 2 accounts"), "{program}: {said:?}");
        for (username, name, group) in people {
            assert_eq!(profile(&data, username), (name.to_owned(), group.to_owned()), "{program}: {said:?}");
            assert!(said.stdout.contains(&format!("one-time password for {username}: ")), "{program}: {said:?}");
        }
        let before = data.read("users.json");
        let again = import(&data, text.as_bytes(), &[]);
        assert!(again.succeeded().contains("added nobody, 2 stay as they are"), "{program}: {again:?}");
        assert!(!again.stdout.contains("one-time password for"), "{program}: {again:?}");
        assert_eq!(data.read("users.json"), before, "{program}");
    }
}

#[test]
fn webuntis_writes_latin_1() {
    for list in LISTS.iter().filter(|list| list.program.starts_with("WebUntis")) {
        let bytes: Vec<u8> = list.text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let data = DataDir::new();
        let said = import(&data, &bytes, &[]);
        assert!(said.succeeded().contains("Windows-1252 (Latin-1)"), "{}: {said:?}", list.program);
        assert_eq!(profile(&data, "zoe.mueller").0, "Zoë Müller", "{}", list.program);
    }
}

#[test]
fn what_is_left_aside_is_told() {
    let data = DataDir::new();
    let said = import(&data, LISTS[0].text.as_bytes(), &[]);
    for column in ["person_number", "middle_name", "email_address", "password_policy", "location_id"] {
        assert!(said.succeeded().contains(column), "{column}: {said:?}");
    }
    assert!(!said.stdout.contains("sis_username"), "{said:?}");
}

#[test]
fn passwords_of_another_program_are_for_who_is_new() {
    let data = DataDir::new();
    let list =
        |password: &str| format!("username,password,firstname,lastname,email\nzoe,{password},Zoë,Müller,z@x.example\n");
    import(&data, list("seven green bottles").as_bytes(), &[]).succeeded();
    let again = import(&data, list("another good one").as_bytes(), &[]);
    assert!(again.succeeded().contains("1 are here already, and keep their passwords"), "{again:?}");
    let server = data.start();
    server.login_with("zoe", "seven green bottles");
    let hashed =
        "First Name,Last Name,Email Address,Password,Password Hash Function\nBo,Fox,b@x.example,5e884898da28,SHA-1\n";
    let refused = import(&DataDir::new(), hashed.as_bytes(), &[]);
    assert!(refused.failed_with(1).contains("hashed") && !refused.stderr.contains("5e88"), "{refused:?}");
}

#[test]
fn a_changed_list_adds_and_changes_and_deletes_nobody() {
    let (data, _) = with_two();
    let said = import(&data, "Familienname;Vorname;Klasse\nMüller;Zoë;8b\nKim;Bo;8b\nKim;Mia;8b\n".as_bytes(), &[]);
    let told = said.succeeded();
    assert!(told.contains("added 1 account, changed 2"), "{told}");
    assert!(told.contains("changed zoe.mueller: group 8b (was 7b)"), "{told}");
    let left = import(&data, "Name;Vorname;Klasse\nMüller;Zoë;8b\nKim;Bo;8b\n".as_bytes(), &[]);
    assert!(
        left.succeeded().contains("not in the list any more, and left as they are: mia.kim (Mia Kim, 8b)"),
        "{left:?}"
    );
    assert_eq!(profile(&data, "mia.kim").1, "8b");
    data.start();
}

#[test]
fn a_number_where_the_name_is_taken() {
    let data = DataDir::with_users(&["zoe.mueller"]);
    let list = "Vorname,Nachname,Klasse\nZoë,Müller,7a\nZoe,Mueller,7b\n";
    let said = import(&data, list.as_bytes(), &[]);
    // Made by hand, without a name: that is the first one's.
    assert!(said.succeeded().contains("changed zoe.mueller: name Zoë Müller (was none)"), "{said:?}");
    assert_eq!(profile(&data, "zoe.mueller2").0, "Zoe Mueller");
}

#[test]
fn what_is_doubtful_is_told_at_once_and_nothing_is_done() {
    let (data, list) = with_two();
    let before = data.read("users.json");
    let list = format!("{list};;7b\n—;;7b\nFox;Al;…\nFox;B\u{202e}o;7b\nLee;{};7b\n", "y".repeat(64));
    let refused = import(&data, list.as_bytes(), &[]);
    let told = refused.failed_with(1);
    for (line, what) in
        [(4, "no name"), (5, "no user name can be made"), (6, "is no group"), (7, "a name has"), (8, "a name has")]
    {
        assert!(told.contains(&format!("line {line}: ")) && told.contains(what), "{line} {what}: {told}");
    }
    assert_eq!(data.read("users.json"), before);
    let twice = "sourcedId,username,givenName,familyName\n1,zoe,Zoë,Müller\n1,bo,Bo,Fox\n";
    assert!(import(&data, twice.as_bytes(), &[]).failed_with(1).contains("`1` stands there twice, first in line 2"));
}

#[test]
fn two_names_alone_may_be_anybodys_heading() {
    let refused = import(&DataDir::new(), b"Vorname;Nachname\nAl;Fox\n", &[]);
    assert!(refused.failed_with(1).contains("a third column, such as `group`"), "{refused:?}");
    let said = import(&DataDir::new(), b"Vorname;Nachname\nAl;Fox\n", &["--header"]);
    assert!(said.succeeded().contains("one-time password for al.fox"), "{said:?}");
}

#[test]
fn a_list_makes_nobody_staff_and_changes_no_staff() {
    let data = DataDir::with_users(&["ada"]);
    let refused = import(&data, format!("username,name,group\n{ADMIN},Eve,7b\n").as_bytes(), &[]);
    assert!(refused.failed_with(1).contains("of an administrator"), "{refused:?}");
    let refused = import(&data, b"username,role\nada,teacher\n", &[]);
    assert!(refused.failed_with(1).contains("changes nobody's role"), "{refused:?}");
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let (data, list) = with_two();
    let before: Vec<_> = data.files().iter().map(|file| (file.clone(), std::fs::read(file).unwrap())).collect();
    let list = list.replace("Kim;Mia;7b", "Lee;Bo;7b");
    let said = import(&data, list.as_bytes(), &["--dry-run", "--slips", "slips.html"]);
    let told = said.succeeded();
    for what in ["would add 1 account", "nothing was done", "would add bo.lee (Bo Lee, 7b)", "mia.kim (Mia Kim, 7b)"] {
        assert!(told.contains(what), "{what}: {told}");
    }
    assert!(!told.contains("one-time password for"), "{told}");
    std::fs::write(
        data.file("list.csv"),
        before.iter().find(|(path, _)| path.ends_with("list.csv")).unwrap().1.clone(),
    )
    .unwrap();
    let after: Vec<_> = data.files().iter().map(|file| (file.clone(), std::fs::read(file).unwrap())).collect();
    assert_eq!(before, after);
}

/// User names and passwords on a page of slips.
fn slips(file: &Path) -> Vec<(String, String)> {
    let page = std::fs::read_to_string(file).unwrap();
    let codes = |slip: &str| {
        slip.split("<code>").skip(1).map(|code| code.split("</code>").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    page.split("<article>").skip(1).map(codes).map(|codes| (codes[0].clone(), codes[1].clone())).collect()
}

#[test]
fn slips_have_all_that_is_needed_to_come_in() {
    let data = DataDir::new();
    let file = data.path().join("slips.html");
    let list = "Familienname;Vorname;Klasse\nMüller;Zoë;7b\n<b>Kim;Mia;7b\n";
    let said = import(&data, list.as_bytes(), &["--slips", file.to_str().unwrap()]);
    assert!(said.succeeded().contains("2 slips are in") && !said.stdout.contains("one-time password for"), "{said:?}");
    let page = std::fs::read_to_string(&file).unwrap();
    let all = slips(&file);
    assert_eq!(all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["zoe.mueller", "mia.b-kim"]);
    assert!(
        page.contains("&lt;b&gt;Kim") && (page.contains("<svg") && page.contains(":7667/")) == cfg!(feature = "web"),
        "{page}"
    );
    for other in ["http://", "src=", "href=", "<script", "url("] {
        assert!(!page.contains(other), "{other}");
    }
    let server = data.start();
    let code = server.code();
    assert!(page.contains(&code), "{code}");
    for (name, password) in all {
        assert!(!said.stdout.contains(&password), "{said:?}");
        assert_eq!(server.login_with(&name, &password).welcome["must_change_password"], true);
    }
}

#[test]
fn who_has_chosen_a_password_gets_no_slip_and_who_has_not_gets_another() {
    let (data, list) = with_two();
    let files = ["slips.html", "more.html"].map(|name| data.path().join(name));
    let option = |file: usize| ["--slips", files[file].to_str().unwrap()];
    import(&data, list.as_bytes(), &option(0)).succeeded();
    let first = slips(&files[0]);
    assert_eq!(first.len(), 2);
    let server = data.start();
    let mut mia = server.login_with("mia.kim", &first[1].1);
    mia.ask(serde_json::json!({"type": "passwd", "old": first[1].1, "new": PASSWORD}));
    drop(server);
    let again = import(&data, list.as_bytes(), &option(1));
    for told in ["1 slip is in", "1 who haven't chosen a password yet", "1 have a password of their own and no slip"] {
        assert!(again.succeeded().contains(told), "{told}: {again:?}");
    }
    let second = slips(&files[1]);
    assert!(second.len() == 1 && second[0].0 == "zoe.mueller" && second[0].1 != first[0].1, "{second:?}");
    let server = data.start();
    server.login("mia.kim");
    server.login_with("zoe.mueller", &second[0].1);
}

/// The one-time passwords in it may be nowhere else.
#[test]
fn slips_that_are_there_are_not_written_over() {
    let (data, list) = with_two();
    let file = data.path().join("slips.html");
    let option = ["--slips", file.to_str().unwrap()];
    import(&data, list.as_bytes(), &option).succeeded();
    let (page, users) = (std::fs::read_to_string(&file).unwrap(), data.users_json());
    let refused = import(&data, list.replace("Kim;Mia", "Lee;Bo").as_bytes(), &option);
    let told = refused.failed_with(1);
    let words = format!("`{}` is there already: no account was made; move it away, or name another", file.display());
    assert!(told.contains(&words), "{refused:?}");
    assert_eq!((std::fs::read_to_string(&file).unwrap(), data.users_json()), (page, users));
    let tried = import(&data, list.as_bytes(), &[&["--dry-run"][..], &option].concat());
    assert!(tried.succeeded().contains("nothing was done"), "{tried:?}");
}

#[test]
#[cfg(unix)]
fn slips_are_for_their_owner_alone_and_go_through_no_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (data, list) = with_two();
    let (file, link, nothing) = (data.path().join("slips.html"), data.path().join("link"), data.path().join("other"));
    import(&data, list.as_bytes(), &["--slips", file.to_str().unwrap()]).succeeded();
    let found = std::fs::symlink_metadata(&file).unwrap();
    assert!(found.is_file() && found.permissions().mode() & 0o777 == 0o600, "{found:?}");
    symlink(&nothing, &link).unwrap();
    let refused = import(&data, list.as_bytes(), &["--slips", link.to_str().unwrap()]);
    assert!(refused.failed_with(1).contains("is there already") && !nothing.exists(), "{refused:?}");
}

/// What is on them would open nothing, and stand in the way of the next try.
#[test]
#[cfg(unix)]
fn no_slips_are_left_of_accounts_that_could_not_be_made() {
    let (data, list) = with_two();
    let file = data.path().join("slips.html");
    let in_the_way = data.file("users.json.new");
    std::fs::create_dir(&in_the_way).unwrap();
    let option = ["--slips", file.to_str().unwrap()];
    let failed = import(&data, list.as_bytes(), &option);
    assert!(failed.failed_with(1).contains("can't write users.json") && !file.exists(), "{failed:?}");
    std::fs::remove_dir(&in_the_way).unwrap();
    import(&data, list.as_bytes(), &option).succeeded();
    assert_eq!(slips(&file).len(), 2);
}

/// Nobody has a password that couldn't be written, so no account is made for it.
#[test]
fn no_account_is_made_whose_slip_cannot_be_written() {
    let data = DataDir::new();
    let file = data.path().join("no-such-folder/slips.html");
    let refused = import(&data, b"full name,group\nAl Fox,7b\n", &["--slips", file.to_str().unwrap()]);
    let told = refused.failed_with(1);
    assert!(told.contains("slips.html") && told.contains("no account was made"), "{told}");
    assert!(!data.file("users.json").exists());
}
