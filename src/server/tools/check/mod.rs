//! `homeroom-server check`: whether what the server keeps is as it was written, and how to mend what isn't. It works
//! beside a running server, and changes nothing.

mod files;
mod journal;
mod modes;

pub(crate) use files::{accounts, identity, no_certificate};

use super::finding::{self, Finding};
use crate::server::config::Config;
use crate::server::config::arrival;
use std::io;
use std::path::Path;

/// Looks at every file of a data folder and prints what it finds. True when nothing is wrong.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn run(config: &Config) -> io::Result<bool> {
    let data_dir = &config.args.data_dir;
    if !data_dir.is_dir() {
        let bad = format!("{} is no folder: name the server's with --data-dir", data_dir.display());
        return finding::print(&[("The data folder", vec![Finding::Bad(bad)])]);
    }
    let (journal, last) = journal::findings(data_dir);
    let certificate = vec![files::certificate(data_dir)];
    finding::print(&[
        ("The accounts", accounts(data_dir)),
        ("The certificate", certificate),
        ("The journal", journal),
        ("The rest", rest(config, last)),
    ])
}

/// What else a start needs of the data folder, where the journal's newest event is `last`.
pub(crate) fn rest(config: &Config, last: Option<u64>) -> Vec<Finding> {
    let data_dir = &config.args.data_dir;
    let mut rest = kept(data_dir, last);
    rest.extend(config.told_unusable().map(Finding::Bad));
    rest.extend(files::motd(config));
    rest.extend(arrival::told(data_dir).map(Finding::Bad));
    rest.extend(files::opened(data_dir));
    rest.extend(modes::modes(data_dir));
    rest
}

/// What there is to say of what is to become a data folder, as a start judges it, and the newest event's seq.
pub(crate) fn all(folder: &Path) -> (Vec<Finding>, Option<u64>) {
    let (journal, last) = journal::findings(folder);
    let mut all = accounts(folder);
    all.push(files::certificate(folder));
    all.extend(journal);
    all.extend(kept(folder, last));
    (all, last)
}

/// Of the small files.
fn kept(data_dir: &Path, last: Option<u64>) -> Vec<Finding> {
    let mut kept = files::tokens(data_dir);
    kept.push(files::sequence(data_dir, last));
    kept.extend(files::clock(data_dir));
    kept.push(files::topic(data_dir));
    kept.extend(files::rooms(data_dir));
    kept.extend(files::lesson(data_dir));
    kept.extend(files::erasing(data_dir));
    kept
}

/// `2 accounts`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
