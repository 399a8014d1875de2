//! Who is who, in lists that come a second time.

use super::*;
use crate::roster::{FirstLine, read};

fn known(username: &str, name: &str, group: &str) -> Known {
    let profile = Profile::parse(Some(name), Some(group)).unwrap();
    let username = Username::parse(username).unwrap();
    Known { username, role: Role::User, profile, one_time: false, guest: false }
}

/// What a list comes to: `+` who is new, `~` who changes, `=` who stays, `-` who is gone; `!` the lines that aren't clear.
fn told(list: &str, known: &[Known]) -> String {
    let mut roster = read(list.as_bytes(), FirstLine::Unsaid).unwrap();
    let plan = Plan::new(&mut roster, known, Role::Admin);
    if !roster.mistakes.is_empty() {
        roster.mistakes.sort_by_key(|mistake| mistake.line);
        return roster
            .mistakes
            .iter()
            .map(|mistake| format!("!{} ", mistake.line))
            .collect::<String>()
            .trim_end()
            .into();
    }
    let sign = |what: &What| match what {
        What::Add => '+',
        What::Change { .. } => '~',
        What::Keep { .. } => '=',
    };
    let steps = plan.steps.iter().map(|step| format!("{}{}", sign(&step.what), step.username));
    steps.chain(plan.gone.iter().map(|known| format!("-{}", known.username))).collect::<Vec<_>>().join(" ")
}

const HEADER: &str = "Familienname;Vorname;Klasse\n";

#[test]
fn a_list_comes_again() {
    let class = [known("mia.kim", "Mia Kim", "7b"), known("zoe.mueller", "Zoë Müller", "7b")];
    for (rows, expected) in [
        ("Müller;Zoë;7b\nKim;Mia;7b\n", "=zoe.mueller =mia.kim"),
        ("MÜLLER;Zoë ;7B\nKim;Mia;7b\n", "~zoe.mueller =mia.kim"),
        ("Müller;Zoë;7b\nLee;Bo;7b\n", "=zoe.mueller +bo.lee -mia.kim"),
        ("Müller;Zoë;8b\nKim;Mia;8b\n", "~zoe.mueller ~mia.kim"),
        ("Müller;Zoë;\nKim;Mia;\n", "=zoe.mueller =mia.kim"),
        // Of another class: somebody else of the same name.
        ("Müller;Zoë;7c\nLee;Bo;7c\nFox;Al;7c\n", "+zoe.mueller2 +bo.lee +al.fox"),
    ] {
        assert_eq!(told(&format!("{HEADER}{rows}"), &class), expected, "{rows}");
    }
}

#[test]
fn people_of_one_name() {
    let two = [known("zoe.mueller", "Zoë Müller", "7b"), known("zoe.mueller2", "Zoë Müller", "7b")];
    for (rows, expected) in [
        ("Müller;Zoë;7b\nMüller;Zoë;7b\n", "=zoe.mueller =zoe.mueller2"),
        ("Müller;Zoë;7b\n", "=zoe.mueller -zoe.mueller2"),
        ("Müller;Zoë;7b\nMüller;Zoë;7b\nMüller;Zoë;7b\n", "=zoe.mueller =zoe.mueller2 +zoe.mueller3"),
        ("Müller;Zoë;8a\nMüller;Zoë;8b\n", "!2 !3"),
    ] {
        assert_eq!(told(&format!("{HEADER}{rows}"), &two), expected, "{rows}");
    }
    assert_eq!(told(&format!("{HEADER}Müller;Zoë;7b\nMueller;Zoe;7b\n"), &[]), "+zoe.mueller +zoe.mueller2");
}

#[test]
fn a_user_name_is_the_person() {
    let header = "username,firstname,lastname,email,cohort1\n";
    let class = [known("kim.lee", "Kim Lee", "7b"), known("s2", "Bo Fox", "7b")];
    for (rows, expected) in [
        ("kim.lee,Kim,Lee,,7b\ns2,Bo,Fuchs,,7b\n", "=kim.lee ~s2"),
        ("kim.lee2,Kim,Lee,,7b\ns2,Bo,Fox,,7b\n", "+kim.lee2 =s2 -kim.lee"),
    ] {
        assert_eq!(told(&format!("{header}{rows}"), &class), expected, "{rows}");
    }
    // GitHub Classroom learns it when somebody takes the first exercise.
    let header = "identifier,github_username,github_id,name\n";
    let before = [known("bo.fox", "Bo Fox", "")];
    assert_eq!(told(&format!("{header}Bo Fox,foxbo,7,\n"), &before), "=bo.fox");
}

#[test]
fn nobody_else_is_taken_for_somebody() {
    let staff = Known { role: Role::Teacher, ..known("zoe.mueller", "Zoë Müller", "7b") };
    let guest = Known { guest: true, ..known("zoe", "Zoë Müller", "7b") };
    assert_eq!(told(&format!("{HEADER}Müller;Zoë;7b\n"), &[guest, staff.clone()]), "+zoe.mueller2");
    assert_eq!(told("username,password\nzoe.mueller,\n", &[staff]), "!2");
    // Made by hand, without a name.
    assert_eq!(told(&format!("{HEADER}Müller;Zoë;7b\n"), &[known("zoe.mueller", "", "")]), "~zoe.mueller");
}

#[test]
fn of_a_list_of_a_few_others_nobody_is_gone() {
    let class = [known("ada", "", ""), known("ben", "", ""), known("cy", "", "")];
    assert_eq!(told("dan,\n", &class), "+dan");
    assert_eq!(told("ada,\nben,\ndan,\n", &class), "=ada =ben +dan -cy");
    assert_eq!(told("ada,seven green bottles\n", &class), "!1", "a password is not changed");
}

#[test]
fn many_of_one_name() {
    let taken: HashSet<Username> = (1..=20).filter_map(|number| names::numbered("a", number)).collect();
    assert_eq!(free("a", &taken).unwrap().as_str(), "a21");
}

/// Whoever makes an account for themselves says what they are called.
#[test]
fn who_is_found_under_another_user_name_is_told() {
    let elsewhere = |username: &str| {
        let mut roster = read(format!("{HEADER}Müller;Zoë;7b\n").as_bytes(), FirstLine::Unsaid).unwrap();
        let plan = Plan::new(&mut roster, &[known(username, "Zoë Müller", "7b")], Role::Admin);
        assert_eq!(plan.steps[0].what, What::Keep { one_time: false });
        plan.elsewhere.len()
    };
    assert_eq!(["zoe.mueller", "zoe.mueller12", "zoe", "mallory", "99"].map(elsewhere), [0, 0, 0, 1, 1]);
}
