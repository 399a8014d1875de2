//! What people type who know other chats: IRC's words, Slack's, Discord's. Each is told what is here in its place.

/// The words, without `/`, and what is said to whoever types one.
const WORDS: [(&[&str], &str); 28] = [
    (
        &["channel", "chan", "channels", "list"],
        "/rooms lists the rooms, /join <room> goes into one, /room <room> speaks in another that you are in",
    ),
    (&["part", "close", "cycle"], "/leave goes out of a room; /quit leaves the chat"),
    (
        &["breakout", "breakouts", "groups"],
        "teachers put a class into several rooms with /split <number>, and end them with /gather",
    ),
    (&["announce", "broadcast", "wall"], "teachers say something in every room with /all <text>"),
    (&["raise", "raisehand"], "/hand [text] raises your hand"),
    (&["survey", "choose"], "teachers let everyone choose with /poll, and /vote <number> chooses"),
    (&["exit", "bye", "signoff", "disconnect", "q", "logoff"], "/quit leaves"),
    (&["query", "dm", "pm", "tell", "message", "privmsg", "notice", "t"], "/msg <user> <text> whispers to one person"),
    (&["names", "users", "online", "people", "members", "here", "ls", "active"], "/who tells who is online"),
    (&["whowas", "finger", "userinfo", "profile"], "/whois <user> tells about somebody"),
    (
        &["nick", "name", "rename", "username"],
        "your name is that of your account; whoever administers the server can make you another account",
    ),
    (
        &["nickserv", "ns", "chanserv", "cs", "identify", "id", "auth", "login", "register", "ghost"],
        "you are logged in already, with your account; /passwd changes its password",
    ),
    (&["password", "pass", "pw", "setpass"], "/passwd changes your password, and asks for it"),
    (&["kick", "k", "boot"], "administrators end somebody's sessions with /logoutuser, and keep them out with /ban"),
    (&["kickban", "kb", "akill", "kline", "gline"], "administrators keep somebody out with /ban"),
    (&["op", "admin", "mod", "oper"], "administrators make others so with /promote <user>"),
    (&["deop", "unadmin", "unmod"], "administrators make others users again with /demote <user>"),
    (
        &["mode", "silence", "timeout", "devoice"],
        "teachers let somebody say nothing with /mute <user> [minutes], and everybody with /quiet [minutes]",
    ),
    (
        &["voice", "unquiet", "unsilence"],
        "teachers let somebody speak again with /unmute <user>, and everybody with /open",
    ),
    (
        &["invite"],
        "/letin <user> lets somebody into a room; teachers and administrators make accounts (/adduser), and a code for a class (/door)",
    ),
    (&["block", "squelch", "hide"], "/ignore <user> shows nothing of somebody any more"),
    (&["unblock", "unsquelch", "unhide"], "/unignore <user> shows somebody again"),
    (&["afk", "brb", "gone", "idle"], "/away [text] tells others that you are away"),
    (
        &["s", "shout", "amsg", "action", "emote", "describe"],
        "what doesn't begin with / is said; /me <text> says what you do",
    ),
    (&["search", "log", "logs", "scrollback", "lastlog", "last"], "/history [number] shows what was said"),
    (&["cls", "clr"], "/clear clears the screen"),
    (
        &["connect", "server", "reconnect", "servers"],
        "another server is joined by another homeroom-client; this one comes back by itself",
    ),
    (&["commands", "?", "h", "man", "usage", "info"], "/help lists the commands"),
];

/// The names under which others' services listen. Nobody here is called so whom one should tell a password.
const SERVICES: [&str; 6] = ["nickserv", "chanserv", "memoserv", "operserv", "hostserv", "botserv"];

/// What is here in place of a command of other chats.
pub(super) fn answer(name: &str) -> Option<&'static str> {
    WORDS.iter().find(|(words, _)| words.contains(&name)).map(|found| found.1)
}

/// Why something isn't whispered to this name, if it's what other chats have there: a service, a room.
pub(crate) fn no_person(name: &str) -> Option<String> {
    if SERVICES.contains(&&*name.to_ascii_lowercase()) {
        return answer("nickserv").map(|answer| format!("nothing is whispered to `{name}`: {answer}"));
    }
    name.starts_with('#').then(|| {
        "that is a room: /room <room> speaks in one that you are in, and what doesn't begin with / is said there".into()
    })
}

#[cfg(test)]
mod tests {
    use super::super::known::{all, find};
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_word_has_one_answer_and_is_no_command_here() {
        let mut seen = HashSet::new();
        for word in WORDS.iter().flat_map(|(words, _)| *words) {
            assert!(seen.insert(word), "{word} stands there twice");
            assert!(find(word).is_none(), "{word} is a command");
        }
    }

    #[test]
    fn each_answer_names_commands_that_there_are() {
        let words = |text: &'static str| text.split([' ', ',', ';', '(', ')']).filter(|word| word.len() > 1);
        for (_, answer) in WORDS {
            for command in words(answer).filter_map(|word| word.strip_prefix('/')) {
                assert!(all().any(|known| known.usage[1..].split(' ').next() == Some(command)), "/{command}");
            }
        }
    }

    #[test]
    fn who_is_no_person() {
        assert!(no_person("NickServ").is_some_and(|answer| answer.contains("/passwd")));
        assert!(no_person("#general").is_some());
        assert_eq!(no_person("nick"), None);
    }
}
