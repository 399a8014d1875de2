//! What the commands of a lesson mean: rooms, the floor, hands, questions, polls.

use super::arguments::{fitting, name, place, room};
use super::typed::{Ballot, Typed};
use crate::client::terminal::{Switch, known};
use crate::protocol::{
    GENERAL, Groups, Mode, OPTION_CHARS_MAX, OPTIONS_MAX, Request, SLOW_SECONDS_MAX, TIMER_MINUTES_MAX, Whispers,
    is_group,
};

/// Reads a command that was typed while one spoke `here`; None when it isn't one of these.
pub(super) fn parse(name: &str, arguments: &str, here: &str) -> Option<Result<Typed, String>> {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let ask = |request| Some(Ok(Typed::Request(request)));
    Some(match (known::listed(name), &words[..]) {
        ("rooms", []) => return ask(Request::Rooms),
        ("join", [to]) => {
            room(to).map(|room| Typed::Switch(Switch::Enter(room.clone()), Some(Request::Enter { room })))
        }
        ("room", [to]) => room(to).map(|room| Typed::Switch(Switch::Speak(room), None)),
        ("leave", []) => leave(here.to_owned()),
        ("leave", [from]) => room(from).and_then(leave),
        ("makeroom", [new, ..]) => make_room(new, arguments),
        ("letin", [_] | [_, _]) => {
            whom(&words, here).map(|(room, username)| Typed::Request(Request::LetIn { room, username }))
        }
        ("putout", [_] | [_, _]) => {
            whom(&words, here).map(|(room, username)| Typed::Request(Request::PutOut { room, username }))
        }
        ("closeroom", [] | [_]) => {
            let which = words.first().map_or_else(|| Ok(here.to_owned()), |word| room(word));
            which.map(|room| Typed::Request(Request::CloseRoom { room }))
        }
        ("split", [number] | [number, _]) => split(number, words.get(1).copied()),
        ("gather", []) => return ask(Request::Gather),
        ("all", [_, ..]) => fitting(arguments).map(|text| Typed::Request(Request::Announce { text })),
        ("quiet", [] | [_]) => floor(here, Mode::Quiet, None, words.first().copied(), "/quiet"),
        ("slow", [seconds] | [seconds, _]) => slow(here, seconds, words.get(1).copied()),
        ("open", []) => floor(here, Mode::Open, None, None, "/open"),
        ("whispers", [who]) => whispers(who),
        ("hand", []) => return ask(Request::Hand { room: of_class(here), up: true, text: None }),
        ("hand", [down]) if *down == "-" || down.eq_ignore_ascii_case("down") => {
            return ask(Request::Hand { room: of_class(here), up: false, text: None });
        }
        ("hand", _) => return ask(Request::Hand { room: of_class(here), up: true, text: Some(arguments.to_owned()) }),
        ("hands", []) => return ask(Request::Hands { room: of_class(here) }),
        ("next", []) => return ask(Request::Next { room: of_class(here), nobody: false }),
        ("next", [nobody]) if nobody.eq_ignore_ascii_case("nobody") => {
            return ask(Request::Next { room: of_class(here), nobody: true });
        }
        ("ask", [_, ..]) => fitting(arguments).map(|text| Typed::Request(Request::Ask { room: of_class(here), text })),
        ("poll", [_, ..]) => poll(here, arguments),
        ("vote", [number]) => vote(number, here),
        ("tally", []) => Ok(Typed::Ballot(Ballot::Tally, here.to_owned())),
        ("endpoll", []) => Ok(Typed::Ballot(Ballot::End, here.to_owned())),
        (known, _) if is_ours(known) => Err(known::usage(&format!("/{known}"))),
        _ => return None,
    })
}

/// Whether a command is one of these, whatever stands behind it.
fn is_ours(name: &str) -> bool {
    const OURS: [&str; 24] = [
        "rooms",
        "join",
        "room",
        "leave",
        "makeroom",
        "letin",
        "putout",
        "closeroom",
        "split",
        "gather",
        "all",
        "quiet",
        "slow",
        "open",
        "whispers",
        "hand",
        "hands",
        "next",
        "ask",
        "poll",
        "vote",
        "tally",
        "endpoll",
        "j",
    ];
    OURS.contains(&name)
}

/// The room for hands and questions: out of a group of a class that is split they go where the teacher is.
fn of_class(here: &str) -> Option<String> {
    place(here).filter(|room| !is_group(room))
}

fn leave(from: String) -> Result<Typed, String> {
    if from == GENERAL {
        return Err("everyone is in #general for as long as they are here; /quit leaves the chat".into());
    }
    Ok(Typed::Switch(Switch::Leave(from.clone()), Some(Request::Leave { room: from })))
}

/// `/makeroom chess closed what it is about`: the last two may be left out.
fn make_room(new: &str, arguments: &str) -> Result<Typed, String> {
    let rest = arguments.strip_prefix(new).unwrap_or_default().trim_start();
    let (first, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let open = !first.eq_ignore_ascii_case("closed");
    let about = if open { rest } else { behind.trim_start() };
    let about = Some(about.to_owned()).filter(|about| !about.is_empty());
    Ok(Typed::Request(Request::MakeRoom { room: room(new)?, open, about }))
}

/// The room and the user of `/letin USER [ROOM]`.
fn whom(words: &[&str], here: &str) -> Result<(String, String), String> {
    let which = words.get(1).map_or_else(|| Ok(here.to_owned()), |word| room(word))?;
    if which == GENERAL {
        return Err("everyone is in #general: name a room behind the user".into());
    }
    Ok((which, name(words.first().copied().unwrap_or_default())?))
}

fn split(number: &str, minutes: Option<&str>) -> Result<Typed, String> {
    let groups = number.parse().ok().filter(|number| *number > 0).ok_or_else(|| known::usage("/split"))?;
    let minutes = minutes.map(|minutes| self::minutes(minutes, "/split")).transpose()?;
    Ok(Typed::Request(Request::Split { groups: Groups::Number(groups), minutes }))
}

/// How long something is to last.
fn minutes(word: &str, command: &str) -> Result<u32, String> {
    let minutes = word.parse().ok().filter(|minutes| (1..=TIMER_MINUTES_MAX).contains(minutes));
    minutes.ok_or_else(|| format!("{}, and the minutes are 1 to {TIMER_MINUTES_MAX}", known::usage(command)))
}

fn floor(here: &str, mode: Mode, seconds: Option<u32>, minutes: Option<&str>, command: &str) -> Result<Typed, String> {
    let minutes = minutes.map(|minutes| self::minutes(minutes, command)).transpose()?;
    Ok(Typed::Request(Request::Floor { room: place(here), mode: Some(mode), minutes, seconds, whispers: None }))
}

fn slow(here: &str, seconds: &str, minutes: Option<&str>) -> Result<Typed, String> {
    let seconds = seconds.parse().ok().filter(|seconds| (1..=SLOW_SECONDS_MAX).contains(seconds));
    let wrong = || format!("{}, and the seconds are 1 to {SLOW_SECONDS_MAX}", known::usage("/slow"));
    floor(here, Mode::Slow, Some(seconds.ok_or_else(wrong)?), minutes, "/slow")
}

fn whispers(who: &str) -> Result<Typed, String> {
    let whispers = match who.to_ascii_lowercase().as_str() {
        "all" => Whispers::All,
        "staff" => Whispers::Staff,
        "off" => Whispers::Off,
        _ => return Err(known::usage("/whispers")),
    };
    let (room, mode, minutes, seconds) = (None, None, None, None);
    Ok(Typed::Request(Request::Floor { room, mode, minutes, seconds, whispers: Some(whispers) }))
}

/// `Which? | a | b`.
fn poll(here: &str, arguments: &str) -> Result<Typed, String> {
    let mut parts = arguments.split('|').map(|part| part.trim().to_owned());
    let question = parts.next().unwrap_or_default();
    let options: Vec<String> = parts.collect();
    let fits = |option: &String| (1..=OPTION_CHARS_MAX).contains(&option.chars().count());
    if question.is_empty() || !(2..=OPTIONS_MAX).contains(&options.len()) || !options.iter().all(fits) {
        return Err(format!(
            "{}, with 2 to {OPTIONS_MAX} answers of 1 to {OPTION_CHARS_MAX} characters: /poll Which? | this | that",
            known::usage("/poll")
        ));
    }
    Ok(Typed::Request(Request::Poll { room: place(here), question, options, minutes: None }))
}

fn vote(number: &str, here: &str) -> Result<Typed, String> {
    let option = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let option = option.filter(|option| *option < OPTIONS_MAX).ok_or_else(|| known::usage("/vote"))?;
    Ok(Typed::Ballot(Ballot::Vote(option), here.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes over the wire for a line typed in this room, without the id.
    fn wire(line: &str, here: &str) -> String {
        let (name, arguments) = line.split_once(' ').unwrap_or((line, ""));
        match parse(name, arguments, here).unwrap() {
            Ok(Typed::Request(request) | Typed::Switch(_, Some(request))) => {
                String::from_utf8(request.encode(None)).unwrap().trim_end().to_owned()
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn in_the_general_room_and_in_another() {
        for (line, general, chess) in [
            ("hand", r#"{"type":"hand","up":true}"#, r#"{"type":"hand","room":"chess","up":true}"#),
            (
                "hand a  b",
                r#"{"type":"hand","up":true,"text":"a  b"}"#,
                r#"{"type":"hand","room":"chess","up":true,"text":"a  b"}"#,
            ),
            ("hand -", r#"{"type":"hand","up":false}"#, r#"{"type":"hand","room":"chess","up":false}"#),
            ("hands", r#"{"type":"hands"}"#, r#"{"type":"hands","room":"chess"}"#),
            ("next", r#"{"type":"next"}"#, r#"{"type":"next","room":"chess"}"#),
            ("next Nobody", r#"{"type":"next","nobody":true}"#, r#"{"type":"next","room":"chess","nobody":true}"#),
            ("ask why?", r#"{"type":"ask","text":"why?"}"#, r#"{"type":"ask","room":"chess","text":"why?"}"#),
            (
                "quiet 5",
                r#"{"type":"floor","mode":"quiet","minutes":5}"#,
                r#"{"type":"floor","room":"chess","mode":"quiet","minutes":5}"#,
            ),
            ("open", r#"{"type":"floor","mode":"open"}"#, r#"{"type":"floor","room":"chess","mode":"open"}"#),
            (
                "slow 30",
                r#"{"type":"floor","mode":"slow","seconds":30}"#,
                r#"{"type":"floor","room":"chess","mode":"slow","seconds":30}"#,
            ),
            ("vote 2", r#"Ok(Ballot(Vote(1), "general"))"#, r#"Ok(Ballot(Vote(1), "chess"))"#),
            (
                "poll Which? | a|b c ",
                r#"{"type":"poll","question":"Which?","options":["a","b c"]}"#,
                r#"{"type":"poll","room":"chess","question":"Which?","options":["a","b c"]}"#,
            ),
        ] {
            assert_eq!((wire(line, GENERAL).as_str(), wire(line, "chess").as_str()), (general, chess), "{line}");
        }
    }

    /// Where the teacher is, who is in none of the groups.
    #[test]
    fn out_of_a_group() {
        for (line, wanted) in [
            ("hand", r#"{"type":"hand","up":true}"#),
            ("hand Down", r#"{"type":"hand","up":false}"#),
            ("hand why?", r#"{"type":"hand","up":true,"text":"why?"}"#),
            ("ask why?", r#"{"type":"ask","text":"why?"}"#),
            ("hands", r#"{"type":"hands"}"#),
            ("next", r#"{"type":"next"}"#),
            ("next nobody", r#"{"type":"next","nobody":true}"#),
            ("vote 2", r#"Ok(Ballot(Vote(1), "group-12"))"#),
        ] {
            assert_eq!(wire(line, "group-12"), wanted, "{line}");
        }
        assert_eq!(wire("hand", "group-x"), r#"{"type":"hand","room":"group-x","up":true}"#);
    }

    #[test]
    fn rooms() {
        for (line, expected) in [
            ("rooms", r#"{"type":"rooms"}"#),
            ("join #Latin", r#"{"type":"enter","room":"latin"}"#),
            ("j latin", r#"{"type":"enter","room":"latin"}"#),
            ("room latin", r#"Ok(Switch(Speak("latin"), None))"#),
            ("leave", r#"{"type":"leave","room":"chess"}"#),
            ("leave latin", r#"{"type":"leave","room":"latin"}"#),
            ("makeroom Latin", r#"{"type":"make_room","room":"latin","open":true}"#),
            (
                "makeroom latin verbs  and nouns",
                r#"{"type":"make_room","room":"latin","open":true,"about":"verbs  and nouns"}"#,
            ),
            ("makeroom latin Closed verbs", r#"{"type":"make_room","room":"latin","open":false,"about":"verbs"}"#),
            ("letin Eve", r#"{"type":"let_in","room":"chess","username":"eve"}"#),
            ("putout @eve #latin", r#"{"type":"put_out","room":"latin","username":"eve"}"#),
            ("closeroom", r#"{"type":"close_room","room":"chess"}"#),
            ("closeroom latin", r#"{"type":"close_room","room":"latin"}"#),
            ("split 5 10", r#"{"type":"split","groups":5,"minutes":10}"#),
            ("gather", r#"{"type":"gather"}"#),
            ("all the bell rings", r#"{"type":"announce","text":"the bell rings"}"#),
            ("slow 30 5", r#"{"type":"floor","room":"chess","mode":"slow","minutes":5,"seconds":30}"#),
            ("whispers Staff", r#"{"type":"floor","whispers":"staff"}"#),
        ] {
            let shown = wire(line, "chess");
            assert_eq!(
                shown.replace(r#""open":true,"#, "").replace(r#","open":true"#, ""),
                expected.replace(r#""open":true,"#, "").replace(r#","open":true"#, ""),
                "{line}"
            );
        }
    }

    #[test]
    fn wrong_forms_show_the_right_one() {
        for (line, expected) in [
            ("join", "usage: /join <room>"),
            ("join a b", "usage: /join <room>"),
            ("join b*b", "`b*b` is no room's name"),
            ("room", "usage: /room <room>"),
            ("leave", "everyone is in #general"),
            ("letin eve", "everyone is in #general"),
            ("letin", "usage: /letin <user> [room]"),
            ("split", "usage: /split <number> [minutes]"),
            ("split 0", "usage: /split <number> [minutes]"),
            ("split 5 soon", "usage: /split <number> [minutes], and the minutes are 1 to 1440"),
            ("quiet soon", "usage: /quiet [minutes], and the minutes"),
            ("slow 0", "usage: /slow <seconds> [minutes], and the seconds are 1 to 3600"),
            ("whispers me", "usage: /whispers <all|staff|off>"),
            ("next bob", "usage: /next [nobody]"),
            ("ask", "usage: /ask <text>"),
            ("all", "usage: /all <text>"),
            ("poll Which?", "usage: /poll <question> | <answer>"),
            ("poll Which? | a", "usage: /poll <question> | <answer>"),
            ("poll Which? | a | ", "usage: /poll <question> | <answer>"),
            ("vote", "usage: /vote <number>"),
            ("vote 0", "usage: /vote <number>"),
            ("vote 10", "usage: /vote <number>"),
            ("tally now", "usage: /tally"),
        ] {
            let (name, arguments) = line.split_once(' ').unwrap_or((line, ""));
            let error = parse(name, arguments, GENERAL).unwrap().unwrap_err();
            assert!(error.starts_with(expected), "{line:?}: {error}");
        }
        assert!(parse("frobnicate", "", GENERAL).is_none());
    }
}
