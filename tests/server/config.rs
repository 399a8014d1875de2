//! The command line, the environment and `homeroom.toml`: what holds, and who says so.

use crate::harness::{DataDir, Finished, assert_error, run};
use serde_json::json;
use std::fs;
use std::process::Command;

/// What an option may be that has no default.
const SAMPLES: [(&str, &str); 6] = [
    ("max-sessions", "30"),
    ("listen", "[\"127.0.0.1:1\", \"[::1]:2\"]"),
    ("metrics", "\"127.0.0.1:9667\""),
    ("mirror", "\"/media/usb\""),
    ("motd", "\"hi\""),
    ("log-level", "\"warn\""),
];

/// The server on this folder, without the harness's own options.
fn server(data: &DataDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeroom-server"));
    command.env_remove("RUST_LOG").arg("--data-dir").arg(data.path());
    command
}

fn config(data: &DataDir, what: &str, words: &[&str], variables: &[(&str, &str)]) -> Finished {
    run(server(data).args(words).args(["config", what]).envs(variables.iter().copied()), b"")
}

/// The lines that `config show` prints: the option, its value if it has one, and who says so.
#[track_caller]
fn shown(data: &DataDir, words: &[&str], variables: &[(&str, &str)]) -> Vec<(String, Option<(String, String)>)> {
    let finished = config(data, "show", words, variables);
    let text = finished.succeeded();
    let line = |line: &str| match line.split_once(" = ") {
        Some((key, rest)) => {
            let (value, source) = rest.rsplit_once(" # ").unwrap();
            (key.trim_start_matches("# ").to_owned(), Some((value.to_owned(), source.to_owned())))
        }
        None => (line.trim_start_matches("# ").strip_suffix(" is not set").unwrap().to_owned(), None),
    };
    // The last line is about the machine.
    let options = text.lines().filter(|line| !line.starts_with("# there is room for "));
    options.map(line).collect()
}

#[test]
fn every_option_can_come_from_each_place() {
    let data = DataDir::new();
    let options = shown(&data, &[], &[]);
    let help = run(server(&data).arg("--help"), b"");
    for word in help.succeeded().split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2) {
        let key = word.trim_start_matches("--").trim_end_matches(|c: char| !c.is_ascii_lowercase());
        let known = options.iter().any(|(option, _)| option == key);
        assert!(known || ["help", "version"].contains(&key), "{key} isn't shown: {options:?}");
    }
    for (key, value) in &options {
        let sample = SAMPLES.iter().find(|(other, _)| other == key).map(|(_, value)| (*value).to_owned());
        let default = value.as_ref().map(|(value, _)| value.clone());
        let sample = if default.as_deref() == Some("false") { Some("true".into()) } else { sample.or(default) };
        let sample = sample.unwrap_or_else(|| panic!("say in SAMPLES what {key} may be"));
        // A list is written with commas, a text without quotes, a flag without a value.
        let plain = sample.replace(['[', ']', '"', ' '], "").replace("::1:2", "[::1]:2");
        let variable = format!("HOMEROOM_{}", key.replace('-', "_").to_uppercase());
        let flag = if sample == "true" { format!("--{key}") } else { format!("--{key}={plain}") };
        let holds = |words: &[&str], variables: &[(&str, &str)], source: &str| {
            let now = shown(&data, words, variables);
            let (_, value) = now.iter().find(|(option, _)| option == key).unwrap();
            assert_eq!(value.as_ref(), Some(&(sample.clone(), source.to_owned())), "{key}");
        };
        if key == "data-dir" {
            continue;
        }
        holds(&[&flag], &[], &format!("--{key}"));
        holds(&[], &[(&variable, &plain)], &variable);
        fs::write(data.file("homeroom.toml"), format!("\n{key} = {sample}\n")).unwrap();
        holds(&[], &[], "homeroom.toml line 2");
        fs::remove_file(data.file("homeroom.toml")).unwrap();
    }
}

#[test]
fn every_option_and_its_default_stand_in_the_documents() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/administration.md");
    let document = fs::read_to_string(document).unwrap();
    for (key, value) in shown(&DataDir::new(), &[], &[]) {
        let default = value.map_or("-".into(), |(value, _)| format!("`{}`", value.trim_matches('"')));
        let default = if key == "data-dir" { "`.`".into() } else { default };
        let row = format!("| `{key}` | {default} | ");
        assert!(document.lines().any(|line| line.starts_with(&row)), "docs/administration.md has no row {row}");
    }
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_file() {
    let data = DataDir::new();
    fs::write(data.file("homeroom.toml"), "login-grace = 1\nping-after = 1\npong-within = 1\n").unwrap();
    let variables = [("HOMEROOM_LOGIN_GRACE", "2"), ("HOMEROOM_PING_AFTER", "2")];
    let now = shown(&data, &["--login-grace", "3"], &variables);
    for (key, value, source) in [
        ("login-grace", "3", "--login-grace"),
        ("ping-after", "2", "HOMEROOM_PING_AFTER"),
        ("pong-within", "1", "homeroom.toml line 3"),
        ("slow-deadline", "10", "default"),
    ] {
        assert!(now.contains(&(key.into(), Some((value.into(), source.into())))), "{key}: {now:?}");
    }
}

#[test]
fn a_file_that_is_wrong_stops_the_start_with_every_line_that_is() {
    let data = DataDir::new();
    let text = "mesage-rate = 5\nlogin-grace = 0\n";
    fs::write(data.file("homeroom.toml"), text).unwrap();
    for refused in [config(&data, "check", &[], &[]), run(&mut data.server().command(), b"")] {
        let message = refused.failed_with(2);
        let place = |line| format!("{} line {line}: ", data.file("homeroom.toml").display());
        assert!(message.contains(&place(1)) && message.contains("did you mean `message-rate`?"), "{message}");
        assert!(message.contains(&place(2)) && message.contains("from 1 to 600"), "{message}");
    }
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1, "and nothing was begun");
}

#[test]
fn a_check_that_finds_nothing_says_so_and_warns_of_idle_variables() {
    let data = DataDir::new();
    assert!(config(&data, "check", &[], &[]).succeeded().contains("homeroom.toml"));
    fs::write(data.file("homeroom.toml"), "message-rate = \"off\"\n").unwrap();
    let checked = config(&data, "check", &[], &[("HOMEROOM_LISTN", "x"), ("HOMEROOM_PASSWORD", "x")]);
    assert!(checked.stderr.contains("did you mean HOMEROOM_LISTEN?"), "{checked:?}");
    assert!(!checked.stderr.contains("PASSWORD"), "{checked:?}");
    assert!(checked.succeeded().contains("fine"));
    let refused = config(&data, "check", &[], &[("HOMEROOM_LOGIN_GRACE", "soon")]);
    let message = refused.failed_with(2);
    assert!(message.contains("HOMEROOM_LOGIN_GRACE") && message.contains("from 1 to 600"), "{message}");
}

#[test]
fn what_the_file_says_holds_for_the_server() {
    let data = DataDir::with_users(&["ada"]);
    fs::write(data.file("homeroom.toml"), "message-rate = 0.001\n").unwrap();
    let server = data.start();
    let mut ada = server.login("ada");
    for _ in 0..20 {
        ada.say("of the burst");
    }
    assert_error(&ada.ask(json!({"type": "say", "text": "too much"})), "rate_limited");
}

/// Whatever stands in a variable: it is taken, or refused with the variable's name.
#[test]
fn no_value_of_a_variable_makes_it_panic() {
    let data = DataDir::new();
    let options = shown(&data, &[], &[]);
    for key in options.iter().map(|(key, _)| key).filter(|key| *key != "data-dir") {
        let variable = format!("HOMEROOM_{}", key.replace('-', "_").to_uppercase());
        for value in ["", " ", "nein", " true ", "1 2", "\u{1b}[2J", "-1"] {
            let told = config(&data, "check", &[], &[(&variable, value)]);
            match told.code {
                Some(0) => {}
                Some(2) => assert!(told.stderr.contains(&variable), "{variable}={value:?}: {told:?}"),
                _ => panic!("{variable}={value:?}: {told:?}"),
            }
            assert!(!told.stderr.contains('\u{1b}'), "{variable}={value:?}: {told:?}");
        }
        // A path need not be text.
        #[cfg(unix)]
        if key != "mirror" {
            assert_not_utf8_is_named(&data, &variable);
        }
    }
    let flag = |value| config(&data, "check", &[], &[("HOMEROOM_NO_JOURNAL", value)]);
    flag("nein").failed_with(2);
    flag("").failed_with(2);
    flag("true").succeeded();
}

/// What another program put there in another encoding.
#[cfg(unix)]
fn assert_not_utf8_is_named(data: &DataDir, variable: &str) {
    use std::os::unix::ffi::OsStrExt;
    let latin_1 = std::ffi::OsStr::from_bytes(b"caf\xe9");
    let told = run(server(data).args(["config", "check"]).env(variable, latin_1), b"");
    let expected = format!("homeroom-server: the variable {variable}: `caf\u{fffd}` isn't UTF-8\n");
    assert_eq!(told.failed_with(2), expected);
}

/// A path need not be text, and what chooses the log is no option.
#[test]
#[cfg(target_os = "linux")]
fn what_need_not_be_utf8_stops_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let latin_1 = std::ffi::OsStr::from_bytes(b"caf\xe9");
    let data = DataDir::new();
    let folder = data.path().join(latin_1);
    std::fs::create_dir(&folder).unwrap();
    let check = |variable: &str, value: &std::ffi::OsStr| {
        let mut command = Command::new(data.command().get_program());
        run(command.args(["config", "check"]).env(variable, value).current_dir(data.path()), b"")
    };
    assert!(check("HOMEROOM_DATA_DIR", folder.as_os_str()).succeeded().contains("homeroom.toml"));
    let told = check("RUST_LOG", latin_1);
    told.succeeded();
    assert!(told.stderr.contains("RUST_LOG isn't UTF-8"), "{told:?}");
}
