//! `user import`: the lists that people make with other programs.

use crate::harness::{ADMIN, DataDir, Finished, PASSWORD, run};

/// A password with a letter that encodings write in different ways.
const UMLAUT: &str = "blümenwiese-7";

/// `text` in UTF-16, as `to_bytes` writes each half of a letter.
fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

/// `text` in Latin-1.
fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

/// Each line of what a command said about a list: its number, and what is wrong.
fn mistakes(finished: &Finished) -> Vec<(usize, String)> {
    let told = finished.failed_with(1).lines().filter_map(|line| line.strip_prefix("  line ")?.split_once(": "));
    told.map(|(line, what)| (line.parse().unwrap(), what.to_owned())).collect()
}

#[test]
fn a_list_reads_in_whatever_form_a_spreadsheet_saves_it() {
    let list = format!("Benutzername;Initial-Passwort;Rolle\r\nada;{UMLAUT};\r\n{ADMIN};{PASSWORD};Admin\r\n;;\r\n");
    let marked = format!("\u{feff}{list}");
    let with_tabs = list.replace(';', "\t");
    for (form, bytes) in [
        ("semicolons", list.clone().into_bytes()),
        ("UTF-8 with a mark", marked.clone().into_bytes()),
        ("UTF-16", utf_16(&marked, u16::to_le_bytes)),
        ("big-endian UTF-16", utf_16(&marked, u16::to_be_bytes)),
        ("UTF-16 without a mark", utf_16(&list, u16::to_le_bytes)),
        ("Latin-1", latin_1(&list)),
        ("tabs, Unicode text", utf_16(&format!("\u{feff}{with_tabs}"), u16::to_le_bytes)),
        ("Excel's hint", format!("sep=;\r\n{list}").into_bytes()),
        ("an old Mac's line ends", list.replace("\r\n", "\r").into_bytes()),
    ] {
        let data = DataDir::new();
        let said = data.import(&bytes);
        assert!(said.succeeded().contains("added 2 accounts"), "{form}: {said:?}");
        let server = data.start();
        assert_eq!(server.login_with("ada", UMLAUT).welcome["role"], "user", "{form}");
        assert_eq!(server.admin().welcome["role"], "admin", "{form}");
    }
}

#[test]
fn as_what_a_list_was_read_is_said_where_that_was_found_out() {
    let data = DataDir::new();
    let said = data.import(latin_1(&format!("login;password\nada;{UMLAUT}\n")));
    for what in ["Windows-1252", "`;`", "a header"] {
        assert!(said.succeeded().contains(what), "{what}: {said:?}");
    }
    let plain = data.import("bob,seven green bottles\n");
    assert_eq!(plain.succeeded(), "added 1 account\n");
}

#[test]
fn headers_become_no_accounts() {
    for header in ["user,passphrase", "login,initial password", "\"Name\",\"Password\",\"Role\"", "Kennwort,Login"] {
        let data = DataDir::new();
        let password_first = header.starts_with("Kenn");
        let line = if password_first { format!("{PASSWORD},ada") } else { format!("ada,{PASSWORD}") };
        assert!(data.import(format!("{header}\n{line}\n")).succeeded().contains("added 1 account"), "{header}");
        assert!(data.users_json()["users"].as_object().unwrap().keys().eq(["ada"]), "{header}");
    }
    // It may be an account's, or of a list that isn't known.
    for first in ["user,seven green bottles", "login,initial secret", "name,password,class"] {
        let data = DataDir::new();
        let told = mistakes(&data.import(format!("{first}\nada,{PASSWORD}\n")));
        assert!(told.len() == 1 && told[0].0 == 1 && told[0].1.contains("is no column"), "{first}: {told:?}");
        assert!(!data.file("users.json").exists());
    }
}

/// An account wrongly made is worse than a question, so whatever can't be told is one.
#[test]
fn a_header_of_any_language_is_a_question_and_no_account() {
    for header in [
        "id,passwort",
        "member,secretcode",
        "handle,password",
        "student;startcode",
        "schueler,Zugangscode",
        "\u{feff}Schüler,Kennwort",
        "email,password",
        "E-Mail-Adresse;Einmalpasswort",
        "eleve,motdepasse",
        "alumno,contraseña",
        "studente,parola chiave",
        "leerling,toegangscode",
        "uczen,haslo",
        "\"Pupil\",\"Initial code\"",
        "first_name,last_name",
        "dalyvis,piekluves_atslega",
        "Klasse5b,",
        "child,firstword",
        "lehrling,startwort",
        "apprentice,codeword1",
        "student",
    ] {
        let data = DataDir::new();
        let between = if header.contains(';') { ';' } else { ',' };
        let told = data.import(format!("{header}\nada{between}{PASSWORD}\nbob{between}{PASSWORD}\n"));
        let told = mistakes(&told);
        assert!(told.len() == 1 && told[0].0 == 1, "{header}: {told:?}");
        assert!(told[0].1.contains("header") && told[0].1.contains("--no-header"), "{header}: {told:?}");
        assert!(!data.file("users.json").exists(), "{header}");
    }
}

#[test]
fn whether_the_first_line_is_a_header_can_be_said() {
    let list = format!("student,kennwort-1a\nada,{PASSWORD}\nbob,{PASSWORD}\n");
    let import = |list: &str, option: &str| {
        let data = DataDir::new();
        let file = data.file("class.csv");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, list).unwrap();
        let said = run(data.command().args(["user", "import", option]).arg(&file), b"");
        let made = data.file("users.json").exists().then(|| data.users_json()["users"].as_object().unwrap().len());
        (said, made)
    };
    assert_eq!(import(&list, "--no-header").1, Some(3));
    let (said, made) = import(&list, "--header");
    assert!(made.is_none() && said.failed_with(1).contains("this is a header"), "{said:?}");
    assert_eq!(import(&list.replace("kennwort-1a", "Kennwort"), "--header").1, Some(2));
    assert_eq!(import("name,contraseña\nada,\n", "--no-header").1, Some(2));
    let data = DataDir::new();
    let both = run(data.command().args(["user", "import", "--header", "--no-header", "x.csv"]), b"");
    assert!(both.failed_with(2).contains("cannot be used with"), "{both:?}");
    // What the first line may be is said also where something else is wrong with it; further down there is none.
    let told = mistakes(&DataDir::new().import(format!("Bérénice,Sésame ouvre toi\nada,{PASSWORD}\n")));
    assert!(told[0].1.contains("is no user name") && told[0].1.contains("--header"), "{told:?}");
    let told = mistakes(&DataDir::new().import(format!("bob,{PASSWORD}\nname,passphrase\nada,{PASSWORD}\n")));
    assert!(told.len() == 1 && told[0].0 == 2 && told[0].1.contains("header"), "{told:?}");
}

/// What is said of a list must help whoever has it.
#[test]
fn a_list_of_another_form_is_refused_with_what_helps() {
    // Words alone, beside which a heading isn't strange.
    for header in ["child,firstword", "lehrling,startwort", "apprentice,codeword1"] {
        let told = mistakes(&DataDir::new().import(format!("{header}\nada,Sommerregen\nbob,Winterabend\n")));
        assert!(told.len() == 1 && told[0].1.contains("--no-header"), "{header}: {told:?}");
    }
    for between in ["|", ":", " "] {
        let refused = DataDir::new().import(format!("ada{between}x1y2z3w4v5\nbob{between}x1y2z3w4v5\n"));
        let told = mistakes(&refused);
        assert!(told.len() == 2 && told[1].1.contains("no line has a `,`, a `;` or a tab"), "{refused:?}");
        assert!(!refused.stderr.contains("x1y2"), "{refused:?}");
    }
    let refused = DataDir::new().import(format!("Klasse 7b;\nname;password\nada;{PASSWORD}\nbob;{PASSWORD}\n"));
    let word = refused.failed_with(1);
    assert!(word.contains("line 2 looks like the header") && word.contains("delete line 1"), "{refused:?}");
    let data = DataDir::new();
    data.import("ada,geheim-1234,teacher\nbob,geheim-5678,user\n").succeeded();
    assert_eq!(data.users_json()["users"]["ada"]["role"], "teacher");
}

/// Each kind of mistake; no password may be shown for it.
#[test]
fn a_list_with_every_kind_of_mistake() {
    let kinds = [
        ("zoe,seven green bottles", ""),
        ("k1,\u{201c}seven green bottles\u{201d}", "stands at an end"),
        ("k2,\u{201e}seven green bottles\u{201c}", "stands at an end"),
        ("k3,'seven green bottles'", "stands at an end"),
        ("k4,\u{201a}seven green bottles\u{2018}", "stands at an end"),
        ("k5,seven green bottles\"", "stands at an end"),
        ("k21,\u{2033}seven green bottles\u{2033}", "stands at an end"),
        ("k22,\u{2035}seven green bottles\u{2032}", "stands at an end"),
        ("k23,\u{2bc}seven green bottles\u{2bc}", "stands at an end"),
        ("k24,\u{2ee}seven green bottles\u{2ee}", "stands at an end"),
        ("k25,\u{275d}seven green bottles\u{275e}", "stands at an end"),
        ("k6,\"         \"", "nothing but blanks"),
        ("k7,seven, bottles", "a password with a `,` in it stands in quotes"),
        ("k8,seven,,green,bottles", "a password with a `,` in it stands in quotes"),
        ("\"k9,seven green bottles\"", "around the whole line"),
        ("k10", "there is no `,` here"),
        ("k11;seven green bottles", "there is no `,` here"),
        ("zoe,seven green bottles", "first in line 1"),
        ("zoe,seven green bottles", "first in line 1"),
        ("k12,\"seven green", "ends it in the same line"),
        ("bottles\"", "there is no `,` here"),
        (",seven green bottles", "no name"),
        ("k13,seven green\u{fffd}bottles", "lost"),
        ("k14,1.23457E+11", "shortened"),
        ("user,passphrase", "header"),
        ("k15,k15", "at least"),
        ("\u{1b}[2Jk16,seven green bottles", "is no user name"),
        ("k17,\"\u{201c}seven green\u{201d}\"", ""),
        ("k18,\"'seven green'\"", ""),
        ("k19,\"\"", ""),
        ("k20,its green bottle's colour", ""),
    ];
    for ends in ["\n", "\r\n", "\r"] {
        let list: String = kinds.iter().map(|(line, _)| format!("{line}{ends}")).collect();
        let data = DataDir::new();
        let refused = data.import(list + "\u{1a}");
        let told = mistakes(&refused);
        let expected: Vec<(usize, &str)> = kinds
            .iter()
            .enumerate()
            .filter(|(_, kind)| !kind.1.is_empty())
            .map(|(at, kind)| (at + 1, kind.1))
            .collect();
        assert_eq!(told.len(), expected.len(), "{refused:?}");
        for ((line, what), expected) in told.iter().zip(expected) {
            assert!(*line == expected.0 && what.contains(expected.1), "{what}: {expected:?}");
        }
        assert!(!refused.stderr.contains("seven") && !refused.stderr.contains('\u{1b}'), "{refused:?}");
        assert!(!data.file("users.json").exists());
    }
}

#[test]
fn every_mistake_is_told_at_once_with_its_line_and_what_would_be_right() {
    let data = DataDir::with_users(&["ada"]);
    let before = data.read("users.json");
    let list = "zed,seven green bottles,,,\n\
                eve,\"seven green bottles\n\
                no body,seven green bottles\n\
                kid,seven green bottles \n\
                kid2,\tseven green bottles\n\
                kid3,\u{200b}seven green bottles\n\
                kid4,short7c\n\
                ada,seven green bottles\n\
                zed,another good one\n\
                kid5,seven green bottles,king\n\
                kid6 seven green bottles\n\
                last,seven green bottles\n";
    let refused = data.import(list);
    let expected = [
        (2, "is written twice"),
        (3, "a user name has"),
        (4, "take it away"),
        (5, "take it away"),
        (6, "U+200B"),
        (7, "at least 8"),
        (8, "already"),
        (9, "first in line 1"),
        (10, "`teacher`, `admin` are"),
        (11, "there is no `,` here"),
    ];
    let told = mistakes(&refused);
    assert_eq!(told.len(), expected.len(), "{refused:?}");
    for ((line, what), (expected_line, expected_what)) in told.iter().zip(expected) {
        assert!(*line == expected_line && what.contains(expected_what), "line {line}: {what}");
    }
    assert!(!refused.stderr.contains("bottles"), "a password is shown: {refused:?}");
    assert_eq!(data.read("users.json"), before);
}

/// The rest of the file was one password, and the command said that all is well.
#[test]
fn an_unclosed_quote_swallows_nobody() {
    let data = DataDir::new();
    let told = mistakes(&data.import("ada,\"seven green bottles\nbob,seven green bottles\neve,seven green bottles"));
    assert!(told.len() == 1 && told[0].0 == 1, "{told:?}");
    let told = mistakes(&data.import("bob,seven green bottles\nada,\"seven green bottles"));
    assert!(told.len() == 1 && told[0].0 == 2, "{told:?}");
    assert!(!data.file("users.json").exists());
}

#[test]
fn what_is_no_list_is_refused_with_what_to_do() {
    for (bytes, told) in [
        (&b"PK\x03\x04\x14\0\x06\0\x08\0"[..], "CSV in UTF-8"),
        (b"name,password\nada,bl\x81menwiese-7\n", "line 2"),
        (b"", "no line"),
        (b"name,password\n", "a header in it"),
    ] {
        let data = DataDir::new();
        let refused = data.import(bytes);
        assert!(refused.failed_with(1).contains(told), "{told}: {refused:?}");
        assert!(!data.file("users.json").exists());
    }
}

#[test]
fn no_escape_sequence_of_a_list_reaches_the_terminal() {
    let data = DataDir::new();
    let attack = "\x1b]0;owned\x07\x1b[2J\u{9b}1m";
    let list = format!("{attack},x\nada,{PASSWORD},{attack}\nname{attack},password\nbob,\"{attack}\n");
    let refused = data.import(list);
    assert_eq!(mistakes(&refused).len(), 4, "{refused:?}");
    let as_header = data.import(format!("name,{attack}\n"));
    let as_argument = data.user_add(&[attack], Some(PASSWORD));
    let as_file = run(data.command().args(["user", "import", attack]), b"");
    for said in [refused, as_header, as_argument, as_file] {
        let shown = said.failed_with(1).replace('\n', "");
        assert!(!shown.contains(char::is_control), "{said:?}");
    }
}

/// PowerShell's pipes have a mark in front, or are UTF-16.
#[test]
fn a_password_comes_from_a_pipe_of_any_encoding() {
    let marked = format!("\u{feff}{UMLAUT}\r\n");
    for bytes in [marked.clone().into_bytes(), utf_16(&marked, u16::to_le_bytes), latin_1(UMLAUT)] {
        let data = DataDir::with_users(&[]);
        let mut command = data.command();
        run(command.args(["user", "add", "ada", "--password-stdin"]), &bytes).succeeded();
        data.start().login_with("ada", UMLAUT);
    }
    let data = DataDir::new();
    let nothing = run(data.command().args(["user", "add", "ada", "--password-stdin"]), b"");
    assert!(nothing.failed_with(1).contains("no password"), "{nothing:?}");
}
