//! The page: one document, put together from the files in `page/`, with nothing from elsewhere.

use super::answer::Answer;
use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const DOCUMENT: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/style.css");
/// One script in files of one purpose each, in this order.
const SCRIPT: &str = concat!(
    include_str!("page/wire.js"),
    include_str!("page/shown.js"),
    include_str!("page/comings.js"),
    include_str!("page/rooms.js"),
    include_str!("page/typed.js"),
    include_str!("page/lesson.js"),
    include_str!("page/door.js"),
);

/// The document as it is served, and the hashes of the one style and the one script that a browser may use in it.
static PAGE: LazyLock<(String, [String; 2])> = LazyLock::new(|| {
    let [document, style, script] = [DOCUMENT, STYLE, SCRIPT].map(bare);
    let (style, script) = (tight(&style), tight_script(&script));
    let whole = document.replace("/*STYLE*/", &style).replace("/*SCRIPT*/", &script);
    (whole, [style, script].map(|text| format!("sha256-{}", BASE64.encode(&Sha256::digest(text)))))
});

/// A text as a browser needs it: without indentation, and without the comments that stand in lines of their own. They are
/// for whoever reads the sources, and a class loads the page thirty times at once.
fn bare(text: &str) -> String {
    let mut inside = false;
    let mut kept = String::with_capacity(text.len());
    for line in text.lines().map(str::trim_start) {
        let begins = line.starts_with("/*");
        let is_comment = inside || begins || line.starts_with("//");
        inside = (inside || begins) && !line.contains("*/");
        if !is_comment && !line.is_empty() {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Blanks that a browser needs neither in a style nor in a script.
const MARKS: [&str; 6] = [": ", "; ", ", ", "{ ", " {", " }"];
/// And those that it doesn't need in a script.
const SIGNS: [&str; 18] = [
    " = ", " => ", " === ", " !== ", " && ", " || ", " ?? ", " ? ", " : ", " < ", " > ", " >= ", " <= ", " (", ") ",
    " [", "] ", "} ",
];
/// Behind these a script's line may go on.
const GOES_ON: [char; 3] = [';', ',', '{'];

/// A text without the blanks around these.
fn without<'a>(marks: impl IntoIterator<Item = &'a &'a str>, text: &str) -> String {
    marks.into_iter().fold(text.to_owned(), |text, mark| text.replace(mark, mark.trim()))
}

/// A style without the blanks around its marks. None of its texts has such a mark.
fn tight(style: &str) -> String {
    without(&MARKS, style).replace('\n', "").replace(";}", "}")
}

/// A script without the blanks around its marks, and in fewer lines. Its texts stay as they are, and so do lines in which
/// there may be a pattern, or a text in a text.
fn tight_script(script: &str) -> String {
    let mut tight = String::with_capacity(script.len());
    for line in script.lines() {
        if line.contains(['/', '\\']) || line.matches('`').count() > 2 {
            tight.push_str(line);
        } else {
            let mut inside = None;
            for part in line.split_inclusive(['"', '`']) {
                let end = part.chars().next_back().filter(|end| ['"', '`'].contains(end));
                match inside {
                    None => tight.push_str(&without(SIGNS.iter().chain(&MARKS), part)),
                    Some(_) => tight.push_str(part),
                }
                inside = if inside.is_none() { end } else { inside.filter(|_| end != inside) };
            }
        }
        if !line.ends_with(GOES_ON) {
            tight.push('\n');
        }
    }
    tight
}

/// The page, for whoever asked for it at this place.
pub(super) fn answer(place: &str) -> Answer {
    let (whole, _) = &*PAGE;
    Answer::new("200 OK", "text/html; charset=utf-8", whole.as_bytes()).policy(policy(place))
}

/// What the page may do: run its own script, and speak to this server. Some browsers don't count a WebSocket to the same
/// place as `'self'`.
fn policy(place: &str) -> String {
    let (_, [style, script]) = &*PAGE;
    format!(
        "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; connect-src 'self' wss://{place}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a tablet in a full Wi-Fi loads within a moment; issue 19 says so.
    const PAGE_BYTES_MAX: usize = 60_000;

    #[test]
    fn what_is_left_out_of_the_page_is_indentation_and_comments() {
        assert_eq!(
            bare("a {\n  /** One\n   *  two. */\n  // three\n  b(\"//\"); // four\n}\n"),
            "a {\nb(\"//\"); // four\n}\n"
        );
        // No text goes over several lines, whose beginnings would be another text then.
        assert!(SCRIPT.lines().all(|line| line.matches('`').count() % 2 == 0));
        // No comment stands behind what goes on in the next line.
        assert!(bare(SCRIPT).lines().all(|line| GOES_ON.iter().all(|end| !line.contains(&format!("{end} // ")))));
    }

    #[test]
    fn a_tight_script_is_the_same_script() {
        for (script, expected) in [
            ("const a = { b: 1, c };\nf(a, (d) => d ? 2 : 3);\ng()\n", "const a={b:1,c};f(a,(d)=>d?2:3);g()\n"),
            ("say(\"a, b: c\", \" = \");\n", "say(\"a, b: c\",\" = \");"),
            ("if (a === b) {\nfor (const [a] of c) d();\n}\nd();\n", "if(a===b){for(const[a]of c)d();}\nd();"),
            ("f(`a, \"b, ${c}`, d);\nf(/a, b/, c)\n", "f(`a, \"b, ${c}`,d);f(/a, b/, c)\n"),
            ("f(`a, ${b ? `c, d` : e}`, f)\n", "f(`a, ${b ? `c, d` : e}`, f)\n"),
        ] {
            assert_eq!(tight_script(script), expected);
        }
    }

    #[test]
    fn the_page_is_one_piece_and_small() {
        let (whole, _) = &*PAGE;
        assert!(whole.len() < PAGE_BYTES_MAX, "{}", whole.len());
        assert!(whole.contains(&tight(&bare(STYLE))) && whole.contains(&tight_script(&bare(SCRIPT))));
        for (tag, count) in [("<script", 1), ("</script", 1), ("<style", 1), ("</style", 1)] {
            assert_eq!(whole.matches(tag).count(), count, "{tag}");
        }
        for other in
            ["src=", "http://", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "cookie"]
        {
            assert!(!whole.replace("http://www.w3.org/2000/svg", "").contains(other), "{other}");
        }
    }
}
