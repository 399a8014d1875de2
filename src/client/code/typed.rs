//! What a typed `/code` says.
//!
//! Alone it asks how others get in. With a language it begins lines of code, with a file it is the file's code. Whoever
//! reads those hands all of it on in one piece, [`Head::with`]: the command, and the code below it.

use super::languages;
use crate::options::at_home;
use crate::protocol::{LANG_BYTES_MAX, Username};
use crate::sanitize;
use std::fmt;
use std::path::PathBuf;

/// What stands before code.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Head {
    /// In which language it is, if that was said.
    pub(crate) lang: Option<String>,
    /// For whom it is; for everyone if nobody is named.
    pub(crate) to: Option<String>,
}

/// What a line begins.
#[derive(Debug)]
pub(crate) enum Begun {
    /// Lines of code, until a lone dot. Where the line is wrong they are no messages all the same.
    Lines(Result<Head, String>),
    /// The code that is in a file.
    File(Head, PathBuf),
}

/// What a command begins, without its slash. None for another command, for `/code` alone, and where the code stands below.
pub(crate) fn begun(command: &str) -> Option<Begun> {
    let behind = behind(command)?;
    if behind.contains('\n') || behind.trim().is_empty() {
        return None;
    }
    Some(match read(behind) {
        Ok((head, Some(path))) => Begun::File(head, path),
        Ok((head, None)) => Begun::Lines(Ok(head)),
        Err(why) => Begun::Lines(Err(why)),
    })
}

/// The command and the code below it. None where there is none.
pub(crate) fn whole(command: &str) -> Option<Result<(Head, &str), String>> {
    let (first, code) = behind(command)?.split_once('\n')?;
    Some(match read(first) {
        Ok((head, None)) => Ok((head, code)),
        Ok((_, Some(_))) => Err("a file is sent by `/code FILE` alone, without code below it".into()),
        Err(why) => Err(why),
    })
}

/// The code below a command, if that is it.
pub(crate) fn text(command: &str) -> Option<&str> {
    behind(command)?.split_once('\n').map(|found| found.1)
}

impl Head {
    /// The command, and this code below it.
    pub(crate) fn with(&self, code: &str) -> String {
        format!("/code{}\n{code}", self.words())
    }

    fn words(&self) -> String {
        let lang = self.lang.as_ref().map(|lang| format!(" {lang}"));
        let to = self.to.as_ref().map(|to| format!(" @{to}"));
        format!("{}{}", lang.unwrap_or_default(), to.unwrap_or_default())
    }
}

/// As the prompt has it: `python to bob`.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.lang.as_deref().unwrap_or("code"))?;
        self.to.as_ref().map_or(Ok(()), |to| write!(f, " to {to}"))
    }
}

/// What stands behind `/code`, if it is that.
fn behind(command: &str) -> Option<&str> {
    let (name, behind) = command.split_at_checked("code".len())?;
    let is_whole = behind.is_empty() || behind.starts_with(char::is_whitespace);
    (name.eq_ignore_ascii_case("code") && is_whole).then_some(behind)
}

/// The words behind `/code`: a language or a file, and `@somebody` before or behind it.
fn read(words: &str) -> Result<(Head, Option<PathBuf>), String> {
    let mut words = words.trim();
    let mut head = Head::default();
    let last = words.rsplit_once(char::is_whitespace).map_or(("", words), |(rest, last)| (rest, last));
    let first = words.split_once(char::is_whitespace).map_or((words, ""), |(first, rest)| (first, rest));
    for (name, rest) in [(last.1, last.0), (first.0, first.1)] {
        if let (Some(name), None) = (name.strip_prefix('@'), &head.to) {
            let wrong = || format!("`@{}` is no user name: {}", sanitize::line(name), Username::RULE);
            head.to = Some(Username::parse(name).ok_or_else(wrong)?.to_string());
            words = rest.trim();
        }
    }
    if let Some(path) = file(words)? {
        head.lang = languages::of_file(&path);
        return Ok((head, Some(path)));
    }
    if !words.is_empty() {
        let lang = languages::folded(words);
        if !languages::is_language(&lang) {
            return Err(no_language(words));
        }
        head.lang = Some(lang);
    }
    Ok((head, None))
}

/// The file that is meant, if one is: what has a dot, a blank or a separator in it, or what is there, unless it is called
/// like a language.
fn file(words: &str) -> Result<Option<PathBuf>, String> {
    let unquoted = ['"', '\''].iter().find_map(|&quote| words.strip_prefix(quote)?.strip_suffix(quote));
    let path = at_home(unquoted.unwrap_or(words).into());
    if unquoted.is_some() || words.contains(['.', '~', '/', std::path::MAIN_SEPARATOR]) {
        return Ok(Some(path));
    }
    let first = words.split_whitespace().next().unwrap_or_default();
    match words.contains(char::is_whitespace) {
        true if path.is_file() => Ok(Some(path)),
        true => Err(format!(
            "code begins on the line below: `/code {}`, Enter, and then lines until a lone `.`; nothing was sent",
            sanitize::line(first)
        )),
        false => Ok((!languages::is_known(words) && path.is_file()).then_some(path)),
    }
}

fn no_language(word: &str) -> String {
    let word = sanitize::line(word);
    format!(
        "`{word}` is no language: one has 1 to {LANG_BYTES_MAX} characters of a-z 0-9 _ -, such as python, cpp, text; a file is \
         named with its place, such as ./{word}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(command: &str) -> String {
        match begun(command) {
            None => "none".into(),
            Some(Begun::Lines(Ok(head))) => format!("lines{}", head.words()),
            Some(Begun::Lines(Err(why))) => why,
            Some(Begun::File(head, path)) => format!("file{} {}", head.words(), path.display()),
        }
    }

    #[test]
    fn what_is_begun() {
        for (command, begun) in [
            ("code", "none"),
            ("code  ", "none"),
            ("code python\nx", "none"),
            ("codes python", "none"),
            ("code Python", "lines python"),
            ("Code c++ ", "lines cpp"),
            ("code brainfuck", "lines brainfuck"),
            ("code @Bob", "lines @bob"),
            ("code python @bob", "lines python @bob"),
            ("code @bob python", "lines python @bob"),
            ("code a.py", "file python a.py"),
            ("code ./Makefile @bob", "file @bob ./Makefile"),
            ("code \"my lesson.c\" @bob", "file c @bob my lesson.c"),
            ("code my lesson.txt", "file text my lesson.txt"),
            ("code x.q7", "file q7 x.q7"),
            ("code x.+", "file x.+"),
        ] {
            assert_eq!(shown(command), begun, "{command:?}");
        }
        assert!(shown("code a+b").starts_with("`a+b` is no language"));
        assert!(shown("code python print(1)").starts_with("code begins on the line below: `/code python`"));
        assert!(shown("code python @b*b").contains("no user name"));
        assert!(shown(&format!("code {}", "x".repeat(17))).contains("no language"));
    }

    #[test]
    fn what_is_whole_has_the_code_as_it_is() {
        let head = Head { lang: Some("python".into()), to: Some("bob".into()) };
        let code = "\n\tif x:\r\n\t\ty \n.\n\n";
        let line = head.with(code);
        assert_eq!(whole(&line[1..]), Some(Ok((head, code))));
        assert_eq!(text(&line[1..]), Some(code));
        assert_eq!(whole(&Head::default().with("x")[1..]), Some(Ok((Head::default(), "x"))));
        assert!(whole("code a.py\nx").is_some_and(|whole| whole.is_err()));
        assert!(whole("code").is_none() && whole("say\nx").is_none());
    }
}
