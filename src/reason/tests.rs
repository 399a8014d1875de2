//! What people read, and that they read nothing else.

use super::*;
use std::fs;
use std::path::{Path, PathBuf};

fn shown(error: &(dyn Error + 'static)) -> String {
    Reason(error).to_string()
}

#[test]
fn no_number_of_the_systems_is_shown() {
    // Of every system some, whichever these are.
    for number in 1..140 {
        let (error, text) = (io::Error::from_raw_os_error(number), shown(&io::Error::from_raw_os_error(number)));
        let wrapped = shown(&io::Error::other(format!("it failed: {error}; then {error}")));
        for text in [text, wrapped, of_file(&error), of_thread(&error)] {
            assert!(!text.contains("os error") && !text.is_empty(), "{error}: {text}");
        }
    }
    assert_eq!(shown(&io::Error::other("Words of a library (os error -1), and more")), "words of a library, and more");
    assert_eq!(shown(&io::Error::from(ErrorKind::UnexpectedEof)), "unexpected end of file");
    let unknown = io::Error::other("failed to lookup address information: Name or service not known");
    assert_eq!(shown(&unknown), "name or service not known");
    assert_eq!(shown(&io::read_to_string(&b"\xff"[..]).unwrap_err()), "it isn't text in UTF-8");
}

#[test]
#[cfg(target_os = "linux")]
fn it_is_said_as_we_say_it() {
    for (number, expected) in [
        (11, "no answer in time"),
        (13, "permission denied"),
        (28, "no space left on device"),
        (104, "connection reset by peer"),
        (110, "no answer in time"),
        (111, "connection refused"),
    ] {
        assert_eq!(shown(&io::Error::from_raw_os_error(number)), expected);
    }
}

/// What can be done about a file is told with it, and not where it is our own words that were found.
#[test]
#[cfg(target_os = "linux")]
fn a_file_comes_with_what_to_do() {
    // EACCES, EIO, EROFS, ENOSPC, EDQUOT, ENOTDIR, ESTALE, ENOTCONN.
    for (number, remedy) in [
        (13, "permission denied; run this as the user"),
        (5, "input/output error; the system's log"),
        (30, "read-only file system; its disk is mounted for reading alone"),
        (28, "no space left on device; make room"),
        (122, "quota exceeded; its user may keep no more"),
        (20, "not a directory; a file stands where"),
        (116, "stale file handle; it lies on another machine"),
        (107, "not connected; it lies on another machine"),
    ] {
        let error = io::Error::from_raw_os_error(number);
        assert!(of_file(&error).contains(remedy), "{number}: {}", of_file(&error));
        let own = io::Error::new(error.kind(), "anybody can write there");
        assert_eq!(of_file(&own), "anybody can write there");
    }
    assert_eq!(of_thread(&io::Error::from_raw_os_error(11)), "this machine has no room for another one");
}

#[test]
fn what_is_wrong_with_json_is_told_in_words() {
    for (text, expected) in [
        ("", "it ends too early, at line 1 column 0"),
        ("[1,", "it ends too early, at line 1 column 3"),
        ("x", "it is no JSON any more, at line 1 column 1"),
        ("[1,\n 2 3]", "it is no JSON any more, at line 2 column 4"),
        ("[\"secret\"]", "something else stands there than belongs there, at line 1 column 9"),
        ("[1] x", "it is no JSON any more, at line 1 column 5"),
    ] {
        assert_eq!(shown(&serde_json::from_str::<Vec<u8>>(text).unwrap_err()), expected, "{text}");
    }
}

#[test]
fn what_openssl_says_is_told_in_words() {
    for (text, expected) in [
        ("error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record.c:354:", "no TLS was spoken"),
        ("error:0A00009C:SSL routines:f:http request:../ssl/record.c:345:", "HTTP was spoken, not TLS"),
        ("unexpected EOF", "the connection was cut off"),
        ("error:0A000126:SSL routines:f:unexpected eof while reading:f.c:1:", "the connection was cut off"),
        (
            "error:0A000418:SSL routines:f:tlsv1 alert unknown ca:f.c:1:SSL alert number 48",
            "doesn't believe the certificate",
        ),
        (
            "error:0A000086:SSL routines:f:certificate verify failed:f.c:1: (self-signed certificate)",
            "the certificate is not believed: self-signed certificate",
        ),
        (
            "error:0A0000FF:SSL routines:f:something new:f.c:1:, error:0A000001:SSL routines:f:x:f.c:1:",
            "TLS failed, something new",
        ),
        ("error:0688010A:asn1 encoding routines:f:nested asn1 error:f.c:1:", "nested asn1 error"),
    ] {
        let error = io::Error::other(text);
        assert!(shown(&error).ends_with(expected) && !shown(&error).contains("error:"), "{text}: {}", shown(&error));
    }
    for other in ["error: it is none", "an error:12 of ours", "parse error:deadbeef"] {
        assert_eq!(shown(&io::Error::other(other)), other);
    }
}

/// In the sources, what the system or a library says is called `e` or `error`, and our own words for it `why`. So what is
/// shown of the former without a [`Reason`] can be seen line by line. The log at debug level may have it.
#[test]
fn nothing_is_shown_as_the_system_says_it() {
    let shows = |line: &str| {
        let places = ["e", "err", "error"].iter().flat_map(|name| {
            [
                format!("{{{name}}}"),
                format!("{{{name}:?}}"),
                format!("|{name}| {name}.to_string()"),
                format!("({name}.to_string()"),
                format!(" {name}.to_string())"),
                format!("{{}}\", {name})"),
            ]
        });
        places.into_iter().any(|place| line.contains(&place)) && !line.contains("log::debug!")
    };
    assert!(
        shows(r#"log::warn!("no: {e}")"#) && shows("x.map_err(|e| e.to_string())") && shows(r#"f(f, "{}", error)"#)
    );
    assert!(!shows(r#"log::debug!("no: {e}")"#) && !shows(r#"log::warn!("no: {why}")"#));
    let mut found = Vec::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("mod tests").next().unwrap_or_default();
        let wrong = text.lines().enumerate().filter(|(_, line)| shows(line));
        found.extend(wrong.map(|(at, line)| format!("{}:{}: {}", path.display(), at + 1, line.trim())));
    }
    assert!(found.is_empty(), "say it with a Reason, or call our own words `why`:\n{}", found.join("\n"));
}

/// All sources but tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_owned();
        match name.to_str().unwrap() {
            "tests" => {}
            _ if path.is_dir() => found.extend(sources(&path)),
            _ if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            _ => {}
        }
    }
    found
}
