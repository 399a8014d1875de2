//! What `make man` and `make completions` write.

#[path = "../../examples/manual/pages.rs"]
mod pages;

use std::fs;
use std::process::Command;

#[test]
fn a_manual_page_for_each_program_and_command_with_every_option() {
    let folder = tempfile::tempdir().unwrap();
    let pages: Vec<String> = pages::manual(folder.path())
        .unwrap()
        .iter()
        .map(|page| page.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    for page in ["homeroom-server.1", "homeroom-server-user-add.1", "homeroom-client.1"] {
        assert!(pages.iter().any(|written| written == page), "no {page}: {pages:?}");
    }
    let page = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap().replace("\\-", "-");
    for option in ["--listen", "--data-dir", "--hash-rounds", "user"] {
        assert!(page("homeroom-server.1").contains(option), "no {option}");
    }
    for option in ["--user", "--fingerprint", "--plain", "--no-sound", "--sounds", "HOMEROOM_PASSWORD"] {
        assert!(page("homeroom-client.1").contains(option), "no {option}");
    }
}

#[test]
fn completions_for_four_shells() {
    let folder = tempfile::tempdir().unwrap();
    let files = pages::completions(folder.path()).unwrap();
    assert_eq!(files.len(), 8, "{files:?}");
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let client = file.to_string_lossy().contains("client");
        assert!(text.contains(if client { "fingerprint" } else { "hash-rounds" }), "{}", file.display());
    }
    // Bash is there to say what it thinks of its own.
    let bash = files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "bash"));
    for file in bash {
        match Command::new("bash").arg("-n").arg(file).status() {
            Ok(status) => assert!(status.success(), "{}", file.display()),
            Err(e) => println!("no bash here: {e}"),
        }
    }
}
