//! Many changes at once: a list of people is taken with one write, whole or not at all.

use super::author::Author;
use super::hasher::Client;
use super::passwords;
use super::standing::State;
use super::store::{AccountError, Accounts};
use crate::protocol::{Profile, Role, Secret, Username};
use std::io;

/// An account to be made.
#[derive(Debug)]
pub(crate) struct NewAccount {
    /// Its name.
    pub(crate) name: Username,
    /// Its password; without one a one-time password is made.
    pub(crate) password: Option<Secret>,
    /// Its role.
    pub(crate) role: Role,
    /// Who its owner is.
    pub(crate) profile: Profile,
    /// The newest event there is.
    pub(crate) since: u64,
}

/// What is to be changed.
#[derive(Debug, Default)]
pub(crate) struct Import {
    /// Accounts to be made.
    pub(crate) new: Vec<NewAccount>,
    /// Who the owners of others are from now on.
    pub(crate) profiles: Vec<(Username, Profile)>,
    /// Accounts that get another one-time password.
    pub(crate) renewed: Vec<Username>,
}

/// The one-time passwords that were made, in the order of what was asked for.
#[derive(Debug)]
pub(crate) struct OneTime {
    /// Of new accounts; none where a password was given.
    pub(crate) new: Vec<Option<Secret>>,
    /// Of the others.
    pub(crate) renewed: Vec<Secret>,
}

impl Accounts {
    /// Does all of it with one write, or nothing. `tell` has the one-time passwords before anything is done, so that none
    /// holds that nobody has.
    ///
    /// # Errors
    /// [`AccountError`], and the place of the new account that it is about.
    pub(crate) fn import(
        &self,
        author: Author<'_>,
        import: Import,
        client: &Client<'_>,
        tell: impl FnOnce(&OneTime) -> io::Result<()>,
    ) -> Result<OneTime, (usize, AccountError)> {
        let Import { new, profiles, renewed } = import;
        for (index, account) in new.iter().enumerate() {
            // Asked before the hashing too, which takes long.
            self.judge(author, account).map_err(|e| (index, e))?;
        }
        let mut one_time = OneTime { new: Vec::with_capacity(new.len()), renewed: Vec::with_capacity(renewed.len()) };
        let mut made = Vec::with_capacity(new.len());
        for NewAccount { name, password, role, profile, since } in new {
            let (hash, generated) = match password {
                Some(password) => (self.hash(password.expose(), client).map_err(|e| (made.len(), e))?, None),
                None => {
                    let (generated, hash) = passwords::one_time();
                    (hash, Some(generated))
                }
            };
            let mut state = self.first_state(role, since);
            if generated.is_some() {
                state.begin_one_time(self.clock.lived());
            }
            made.push((name, self.account(hash, state, profile)));
            one_time.new.push(generated);
        }
        let mut hashes = Vec::with_capacity(renewed.len());
        for name in renewed {
            let (generated, hash) = passwords::one_time();
            one_time.renewed.push(generated);
            hashes.push((name, hash));
        }
        tell(&one_time).map_err(|e| (0, AccountError::Untold(e)))?;
        let mut at = 0;
        let result = self.change(author, |accounts| {
            for (index, (name, account)) in made.into_iter().enumerate() {
                at = index;
                if !author.reaches(account.state.role) {
                    return Err(AccountError::OutOfReach);
                }
                if self.is_reserved(&name) {
                    return Err(AccountError::Reserved);
                }
                if accounts.insert(name, account).is_some() {
                    return Err(AccountError::Exists);
                }
            }
            for (name, profile) in profiles {
                author.find(accounts, &name)?.profile = profile;
            }
            for (name, hash) in hashes {
                author.find(accounts, &name)?.begin_anew(hash, self.clock.lived());
            }
            Ok(())
        });
        result.map_err(|e| (at, e))?;
        Ok(one_time)
    }

    /// What holds for an account that is made now, when the newest event is `since`.
    pub(super) fn first_state(&self, role: Role, since: u64) -> State {
        let generation = u32::from_ne_bytes(passwords::random());
        State { role, since, created: Some(self.clock.shown()), generation, ..State::default() }
    }
}
