//! What languages are called, and the files that are written in them.

use crate::protocol::LANG_BYTES_MAX;
use std::path::Path;

/// Names as they go over the wire, each with the endings of its files. Any other word of the right form is a language too.
const LANGUAGES: [(&str, &[&str]); 35] = [
    ("python", &["py", "pyw"]),
    ("java", &["java"]),
    ("javascript", &["js", "mjs", "cjs"]),
    ("typescript", &["ts"]),
    ("html", &["html", "htm"]),
    ("css", &["css"]),
    ("c", &["c", "h"]),
    ("cpp", &["cpp", "cc", "cxx", "hpp", "ino"]),
    ("csharp", &["cs"]),
    ("fsharp", &["fs"]),
    ("rust", &["rs"]),
    ("go", &["go"]),
    ("kotlin", &["kt", "kts"]),
    ("swift", &["swift"]),
    ("ruby", &["rb"]),
    ("php", &["php"]),
    ("perl", &["pl", "pm"]),
    ("lua", &["lua"]),
    ("haskell", &["hs"]),
    ("scheme", &["scm", "ss", "rkt"]),
    ("lisp", &["lisp", "el"]),
    ("prolog", &["pro"]),
    ("pascal", &["pas", "pp"]),
    ("basic", &["bas"]),
    ("julia", &["jl"]),
    ("r", &["r"]),
    ("sql", &["sql"]),
    ("shell", &["sh", "bash"]),
    ("powershell", &["ps1"]),
    ("batch", &["bat", "cmd"]),
    ("json", &["json"]),
    ("xml", &["xml", "svg"]),
    ("yaml", &["yaml", "yml"]),
    ("markdown", &["md"]),
    ("text", &["txt"]),
];

/// What people type whose language has signs in its name.
const SIGNS: [(&str, &str); 3] = [("c++", "cpp"), ("c#", "csharp"), ("f#", "fsharp")];

/// Whether this is one of those that are known by name.
pub(super) fn is_known(word: &str) -> bool {
    LANGUAGES.iter().any(|language| language.0.eq_ignore_ascii_case(word))
}

/// Whether this is a language as it goes over the wire.
pub(super) fn is_language(word: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
    (1..=LANG_BYTES_MAX).contains(&word.len()) && word.bytes().all(allowed)
}

/// A word as it goes over the wire: in small letters, without signs where that is known.
pub(super) fn folded(word: &str) -> String {
    let word = word.to_ascii_lowercase();
    SIGNS.iter().find(|sign| sign.0 == word).map_or(word, |sign| sign.1.to_owned())
}

/// The language of a file by its name: the ending itself where that is not known.
pub(super) fn of_file(path: &Path) -> Option<String> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let known = LANGUAGES.iter().find(|language| language.1.contains(&&*ending)).map(|language| language.0.to_owned());
    known.or_else(|| is_language(&ending).then_some(ending))
}

/// Those that begin so.
pub(crate) fn beginning_with(start: &str) -> impl Iterator<Item = String> {
    let start = start.to_ascii_lowercase();
    LANGUAGES.iter().map(|language| language.0.to_owned()).filter(move |name| name.starts_with(&start))
}
