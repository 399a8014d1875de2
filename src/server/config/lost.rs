//! Files that a start makes anew where there is none, and whose loss ends something that nobody can make anew.

use super::folder::{AUDIT, CLOCK, IDENTITY, JOURNAL, SEQUENCE, TOKENS, TOPIC, USERS};
use std::fmt;
use std::path::{Path, PathBuf};

/// One that is missing from the folder of a server that has run before.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Lost {
    /// The key, which every link and every client knows.
    Identity {
        /// The data folder.
        folder: PathBuf,
        /// Whether the one from before the last `identity new` or `import` is there.
        has_older: bool,
    },
    /// The accounts.
    Users {
        /// The data folder.
        folder: PathBuf,
    },
}

/// What is lost from a data folder. Before a server's first start nothing is, also where accounts or a certificate were
/// made for it already.
pub(crate) fn lost(folder: &Path) -> Vec<Lost> {
    let is_missing = |name: &str| matches!(folder.join(name).try_exists(), Ok(false));
    let is_filled = |name: &str| holds_something(&folder.join(name));
    // What a start makes, and no command, each after the key. Whoever lost that may have lost any of these with it.
    let has_run = [SEQUENCE, CLOCK, TOPIC].iter().any(|name| !is_missing(name))
        || [TOKENS, AUDIT, JOURNAL].into_iter().any(is_filled);
    // A first start whose password nobody could be told has left none of these.
    let somebody_came = [TOKENS, JOURNAL].into_iter().any(is_filled);
    let mut lost = Vec::new();
    if has_run && is_missing(IDENTITY) {
        let has_older = !is_missing(&format!("{IDENTITY}.old"));
        lost.push(Lost::Identity { folder: folder.to_owned(), has_older });
    }
    if has_run && somebody_came && is_missing(USERS) {
        lost.push(Lost::Users { folder: folder.to_owned() });
    }
    lost
}

/// Whether a file, or one in a folder, isn't empty.
fn holds_something(path: &Path) -> bool {
    let is_filled = |path: &Path| path.metadata().is_ok_and(|found| found.is_file() && found.len() > 0);
    let files = path.read_dir().into_iter().flatten().flatten();
    is_filled(path) || files.map(|entry| entry.path()).any(|path| is_filled(&path))
}

impl Lost {
    /// Its name in the folder.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Identity { .. } => IDENTITY,
            Self::Users { .. } => USERS,
        }
    }

    /// What that ends, once a start has made another one.
    pub(crate) fn ends(&self) -> &'static str {
        match self {
            Self::Identity { .. } => {
                "another key means that every join link so far has ended, and that every client which remembers this \
                 server refuses it"
            }
            Self::Users { .. } => "all accounts are gone, with their passwords, bans and roles; there is `admin` alone",
        }
    }

    /// How to have the old one back, and what to do where that can't be.
    pub(crate) fn remedy(&self) -> String {
        let (Self::Identity { folder, .. } | Self::Users { folder }) = self;
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        let folder = folder.display();
        match self {
            Self::Identity { has_older, .. } => {
                let older = if *has_older { " (an older one is there, identity.p12.old)" } else { "" };
                format!(
                    "to have the old key back: end the server, put identity.p12 from a backup{older} into {folder}, in \
                     place of a new one, and start it again; if there is none, give everybody the new join link, and \
                     let them say `y` where they are asked whether to believe it"
                )
            }
            Self::Users { .. } => format!(
                "to have them back: end the server, put users.json from a backup into {folder}, in place of a new one, \
                 and start it again"
            ),
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is missing, and a server has run on this folder before", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_lost_and_what_was_never_there() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let found = || lost(folder.path()).iter().map(Lost::to_string).collect::<Vec<_>>().join(" ");
        put(USERS, "{}");
        assert_eq!(found(), "", "accounts that were made before the first start");
        put(SEQUENCE, "0");
        assert!(found().starts_with("identity.p12 is missing"), "{}", found());
        assert!(!lost(folder.path())[0].remedy().contains(".old"));
        put("identity.p12.old", "x");
        assert!(lost(folder.path())[0].remedy().contains(".old"));
        put(IDENTITY, "x");
        assert_eq!(found(), "");
        fs::remove_file(folder.path().join(USERS)).unwrap();
        put(TOKENS, "");
        fs::create_dir(folder.path().join(JOURNAL)).unwrap();
        assert_eq!(found(), "", "a first start that couldn't say the password takes the account back");
        put("journal/1.jsonl", "x");
        assert!(found().starts_with("users.json is missing"), "{}", found());
    }

    /// Somebody who loses the key may lose more: each thing that a start leaves is enough.
    #[test]
    fn any_trace_of_an_earlier_life_counts() {
        for trace in [SEQUENCE, CLOCK, TOPIC, TOKENS, AUDIT, "journal/1.jsonl"] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join(JOURNAL)).unwrap();
            [USERS, "homeroom.lock"].iter().for_each(|name| fs::write(folder.path().join(name), "{}").unwrap());
            assert_eq!(lost(folder.path()), [], "before the first start");
            fs::write(folder.path().join(trace), "x").unwrap();
            assert_eq!(lost(folder.path())[0].name(), IDENTITY, "{trace}");
        }
    }
}
