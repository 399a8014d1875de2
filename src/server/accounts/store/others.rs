//! What other programs do to `users.json` while the server runs. It is read at the start alone, and the accounts in memory are
//! what holds.

use super::super::author::Author;
use super::{AccountError, Accounts, Saving, render};
use crate::files::{self, Stamp};
use crate::protocol::Username;
use crate::reason;
use crate::sync::lock;
use std::io;

impl Accounts {
    /// Writes the file anew where another program has removed it. What there is to be told about that.
    ///
    /// # Errors
    /// As long as it can't be written anew, or is another one than this server's.
    pub(crate) fn look(&self) -> Result<Option<String>, String> {
        let mut saving = lock(&self.saving);
        let found = Stamp::of(&self.path);
        if found == saving.stamp {
            return Ok(None);
        }
        if found.is_some() {
            return Err(
                "another program has changed users.json, which only a start reads: to have that taken, start the \
                        server again before an account is changed"
                    .into(),
            );
        }
        let text = render(&lock(&self.accounts));
        files::replace(&self.path, &text).map_err(|e| {
            format!("another program has removed users.json, which can't be written anew: {}", reason::of_file(&e))
        })?;
        saving.stamp = Stamp::of(&self.path);
        Ok(Some("another program has removed users.json: it is written anew".into()))
    }

    /// Takes back what a first start has made, where nobody could be told the password.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn unmake(&self) -> io::Result<()> {
        // The lock keeps it from being written anew as one that another program has removed.
        let mut saving = lock(&self.saving);
        saving.stamp = None;
        files::remove(&self.path)
    }

    /// Takes back accounts that were made a moment ago and that nobody has used. Where there was no file, there is none
    /// again: the first start makes an account where there is none.
    ///
    /// # Errors
    /// [`AccountError`]; then they are there.
    pub(crate) fn take_back(&self, names: &[Username]) -> Result<(), AccountError> {
        if self.is_new {
            return self.unmake().map_err(AccountError::Save);
        }
        self.change(Author::Owner, |accounts| {
            names.iter().for_each(|name| drop(accounts.remove(name)));
            Ok(())
        })
    }

    /// Before the file is replaced: what another program has written into it is kept beside it.
    pub(super) fn keep_others_version(&self, saving: &Saving) -> io::Result<()> {
        let found = Stamp::of(&self.path);
        if found.is_none() || found == saving.stamp {
            return Ok(());
        }
        files::replace(&files::beside(&self.path, ".old"), &files::read(&self.path)?)?;
        let told = "another program had changed users.json: the accounts are those that the server knows, what it had \
                    written is kept as users.json.old";
        match &saving.trouble {
            Some(trouble) => trouble.tell(told),
            None => log::warn!("{told}"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::open;
    use crate::protocol::{Profile, Role, Username};
    use crate::server::accounts::{Author, Client, NewAccount};

    #[test]
    fn what_is_taken_back_is_not_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let accounts = open(&path).unwrap();
        let name = Username::parse("admin").unwrap();
        let new =
            NewAccount { name: name.clone(), password: None, role: Role::Admin, profile: Profile::default(), since: 0 };
        accounts.add(Author::Owner, new, &Client::own(&name)).unwrap();
        assert!(path.exists());
        accounts.unmake().unwrap();
        assert_eq!(accounts.look(), Ok(None));
        assert!(!path.exists());
    }
}
