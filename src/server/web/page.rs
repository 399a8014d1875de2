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
    let whole = small_document();
    let (style, script) = (small_style(), small_script());
    let whole = whole.replace("/*STYLE*/", &style).replace("/*SCRIPT*/", &script);
    (whole, [style, script].map(|text| format!("sha256-{}", BASE64.encode(&Sha256::digest(text)))))
});

/// The document without the blanks between its elements, and the quotes around single words.
fn small_document() -> String {
    let lines = DOCUMENT.lines().map(|line| (line.trim_start(), if line.ends_with('>') { "" } else { "\n" }));
    let whole = lines.fold(String::new(), |whole, (line, end)| whole + line + end);
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let quoted =
        |(at, text): (usize, &str)| if at % 2 == 0 || is_word(text) { text.into() } else { format!("\"{text}\"") };
    whole.split('"').enumerate().map(quoted).collect::<String>() + "\n"
}

/// The style without what is for its readers alone: a class loads the page thirty times at once.
fn small_style() -> String {
    minifier::css::minify(STYLE).map_or_else(|_| STYLE.into(), |small| small.to_string().replace(";}", "}"))
}

/// The script likewise. That it is the same one is tested in `tests/browser/script.test.js`.
fn small_script() -> String {
    minifier::js::minify(SCRIPT).map_or_else(|_| SCRIPT.into(), |small| small.to_string().replace(";}", "}"))
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
    fn the_page_is_one_piece_and_small() {
        let (whole, _) = &*PAGE;
        assert!(whole.len() < PAGE_BYTES_MAX, "{}", whole.len());
        assert!(whole.contains(&small_style()) && whole.contains(&small_script()));
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
