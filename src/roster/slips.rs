//! A page to print and cut, one slip a person: how they come in for the first time.
//!
//! All of it is in one file: whoever opens it asks nobody else for anything.

use crate::files;
use crate::protocol::{Profile, Secret, Username};
use crate::qr;
use std::fmt::Write;
use std::io;
use std::path::Path;

/// How many stand on a page of paper, A4 or Letter, in two columns.
const ON_PAGE: usize = 8;
/// The longest address that becomes a QR code: what version 7 holds (ISO/IEC 18004, 7-L), whose dots are 0.6 mm on a slip.
const QR_BYTES_MAX: usize = 154;
/// The longest user name that has room beside a QR code in large letters: a longer one isn't broken, it has smaller ones.
const NAME_CHARS_LARGE_MAX: usize = 24;
/// What one slip's text and its QR code take at most, so that no copy of a password is left behind by growing.
const SLIP_BYTES: usize = 8 * 1024;

/// Where they come in.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// What is typed in a terminal: the program, where the server is, and the join code.
    pub(crate) line: Option<String>,
    /// The page's address, for a browser.
    pub(crate) page: Option<String>,
}

/// What one of them needs.
#[derive(Debug)]
pub(crate) struct Slip {
    /// Who they are.
    pub(crate) profile: Profile,
    /// What the account is called.
    pub(crate) username: Username,
    /// The password.
    pub(crate) password: Secret,
    /// It is good for one login.
    pub(crate) one_time: bool,
}

/// The page's beginning: what is printed has no links and no colours, and no slip is torn by the end of a page.
const HEAD: &str = "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Slips</title>
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<meta name=\"referrer\" content=\"no-referrer\">
<meta name=\"viewport\" content=\"width=device-width\">
<style>
@page { margin: 8mm; }
* { box-sizing: border-box; margin: 0; }
body { font: 9pt/1.15 system-ui, sans-serif; color: #000; background: #fff; }
.note { padding: 4mm; }
section { display: grid; grid-template-columns: 1fr 1fr; grid-auto-rows: 65mm; width: 194mm; max-width: 100%; margin: auto;
  break-inside: avoid; break-after: page; }
section:last-child { break-after: auto; }
article { border: .3mm dashed #888; padding: 3mm; break-inside: avoid; overflow: hidden; display: grid;
  grid-template-columns: 1fr 32mm; column-gap: 3mm; align-content: start; }
h2 { font-size: 12pt; line-height: 1.15; grid-column: 1 / 3; overflow-wrap: anywhere; margin-bottom: 1mm; }
h2 small { font-weight: normal; }
dt { font-size: 7.5pt; color: #444; }
dd { overflow-wrap: anywhere; }
.whole { white-space: nowrap; }
code { font: bold 10.5pt/1.2 ui-monospace, 'DejaVu Sans Mono', Consolas, monospace; }
.long code { font-size: 7.5pt; }
svg { width: 32mm; height: 32mm; }
@media print { .note { display: none; } }
</style></head><body>
<p class=\"note\">Print this, cut it, then delete this file: whoever has it can log in as anybody who hasn’t yet. What is \
written here is not printed.</p>
";

/// Writes the page for its owner alone, to a file that isn't there yet: another's passwords may be nowhere else.
///
/// # Errors
/// What the system says.
pub(crate) fn write(path: &Path, slips: &[Slip], place: &Place) -> io::Result<()> {
    files::write_new(path, page(slips, place).expose().as_bytes())
}

/// Writes it over the one that was [written](write()) before there were any slips: whole, or not at all. A link is replaced,
/// and not followed.
///
/// # Errors
/// What the system says.
pub(crate) fn rewrite(path: &Path, slips: &[Slip], place: &Place) -> io::Result<()> {
    files::replace_itself(path, page(slips, place).expose().as_bytes())
}

fn page(slips: &[Slip], place: &Place) -> Secret {
    let mut page = String::with_capacity(HEAD.len() + (slips.len() + 1) * SLIP_BYTES);
    page.push_str(HEAD);
    for sheet in slips.chunks(ON_PAGE) {
        page.push_str("<section>\n");
        sheet.iter().for_each(|slip| add(&mut page, slip, place));
        page.push_str("</section>\n");
    }
    page.push_str("</body></html>\n");
    page.into()
}

fn add(page: &mut String, slip: &Slip, place: &Place) {
    let Slip { profile, username, password, one_time } = slip;
    let (name, password) = (profile.name.as_deref().unwrap_or(username.as_str()), password.expose());
    page.push_str("<article><h2>");
    escape(page, name);
    if let Some(group) = &profile.group {
        let _ = write!(page, " <small>{group}</small>");
    }
    let long = if username.as_str().len() > NAME_CHARS_LARGE_MAX { " long" } else { "" };
    let _ = write!(page, "</h2><dl><dt>User name</dt><dd class=\"whole{long}\"><code>{username}</code></dd><dt>");
    page.push_str(if *one_time { "One-time password" } else { "Password" });
    page.push_str("</dt><dd><code>");
    escape(page, password);
    page.push_str("</code></dd>");
    if let Some(address) = &place.page {
        page.push_str("<dt>In a browser</dt><dd>");
        escape(page, address);
        page.push_str("</dd>");
    }
    if let Some(line) = &place.line {
        page.push_str("<dt>In a terminal</dt><dd>");
        escape(page, line);
        page.push_str("</dd>");
    }
    page.push_str("</dl>");
    if let Some(address) = &place.page {
        let link = link(address, username, password);
        if link.expose().len() <= QR_BYTES_MAX {
            drawn(page, &qr::rows(link.expose()));
        }
    }
    page.push_str("</article>\n");
}

/// The address that fills in the page's form. What stands behind `#` is sent to no server.
fn link(page: &str, username: &Username, password: &str) -> Secret {
    let mut link = String::with_capacity(page.len() + username.as_str().len() + 3 * password.len() + 2);
    let _ = write!(link, "{page}#{username},");
    for byte in password.bytes() {
        let _ = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => link.write_char(byte.into()),
            other => write!(link, "%{other:02X}"),
        };
    }
    link.into()
}

/// A QR code as a drawing, with four light dots around it, or readers don't find it.
fn drawn(page: &mut String, rows: &[String]) {
    if rows.is_empty() {
        return;
    }
    let side = rows.len() + 8;
    let _ = write!(page, "<svg viewBox=\"-4 -4 {side} {side}\" role=\"img\" aria-label=\"QR code\"><path d=\"");
    for (y, row) in rows.iter().enumerate() {
        let mut x = 0;
        // Neighbours are one piece, or there are seams between them on paper.
        for run in row.as_bytes().chunk_by(|one, other| one == other) {
            if run.first() == Some(&b'1') {
                let _ = write!(page, "M{x} {y}h{}v1h-{}z", run.len(), run.len());
            }
            x += run.len();
        }
    }
    page.push_str("\"/></svg>");
}

fn escape(page: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            other => page.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slip(name: &str, username: &str, password: &str) -> Slip {
        let profile = Profile::parse(Some(name), Some("7b")).unwrap();
        Slip {
            profile,
            username: Username::parse(username).unwrap(),
            password: password.to_owned().into(),
            one_time: true,
        }
    }

    fn place() -> Place {
        Place {
            line: Some("homeroom-client 192.0.2.5 k7f3-9xqm-2hpt-w8dn".into()),
            page: Some("https://192.0.2.5:7667/".into()),
        }
    }

    #[test]
    fn names_are_no_markup_and_all_is_in_one_file() {
        let page = page(&[slip("<img src=//x onerror=alert(1)> & \"Co\"", "mallory", "a-b")], &place());
        let page = page.expose();
        assert!(page.contains("&lt;img src=//x onerror=alert(1)&gt; &amp; &quot;Co&quot;") && !page.contains("<img"));
        for other in ["<script", " src=", "href=", "url(", "@import", "<link"] {
            assert!(!page.replace("&lt;img src=", "").contains(other), "{other}");
        }
        for told in ["mallory", "a-b", "7b", "homeroom-client 192.0.2.5 k7f3-9xqm-2hpt-w8dn", "https://192.0.2.5:7667/"]
        {
            assert!(page.contains(told), "{told}");
        }
    }

    /// At a hyphen a line would be broken, and a hyphen at its end may be one that is not in the name.
    #[test]
    fn a_user_name_is_whole_and_a_long_one_small() {
        for (username, class) in [("anna-lena.von-und-zu.1234", "whole long"), ("anna-lena.von-und-zu.123", "whole")] {
            let page = page(&[slip("Anna-Lena", username, "a-b")], &place());
            let told = format!("<dd class=\"{class}\"><code>{username}</code></dd>");
            assert!(page.expose().contains(&told), "{told}");
        }
        assert!(HEAD.contains(".whole { white-space: nowrap; }") && HEAD.contains(".long code { font-size: 7.5pt; }"));
    }

    #[test]
    fn a_link_has_one_comma_that_counts() {
        let link = |password: &str| super::link("https://x/", &Username::parse("ada").unwrap(), password);
        assert_eq!(link("r7re-ehis-mtts").expose(), "https://x/#ada,r7re-ehis-mtts");
        assert_eq!(link("a,b ü%#").expose(), "https://x/#ada,a%2Cb%20%C3%BC%25%23");
    }

    #[test]
    fn no_page_of_paper_has_more_than_fit() {
        let slips: Vec<Slip> = (0..17).map(|n| slip("Zoë", &format!("p{n}"), "r7re-ehis-mtts")).collect();
        let page = page(&slips, &place());
        let sheets: Vec<usize> =
            page.expose().split("<section>").skip(1).map(|sheet| sheet.matches("<article>").count()).collect();
        assert_eq!(sheets, [8, 8, 1]);
        assert!(
            page.expose().len() < HEAD.len() + 18 * SLIP_BYTES
                && page.expose().contains("<svg") == cfg!(feature = "web")
        );
        let longest = slip(&"ß".repeat(64), &"y".repeat(32), &"ü".repeat(256));
        let mut one = String::new();
        add(&mut one, &longest, &place());
        assert!(one.len() < SLIP_BYTES && !one.contains("<svg"), "{}", one.len());
    }
}
