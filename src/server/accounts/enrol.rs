//! Accounts that people make for themselves, at the class's door, and those of guests, which go again.

use super::author::Author;
use super::hasher::Client;
use super::import::NewAccount;
use super::passwords;
use super::standing::State;
use super::store::{AccountError, Accounts, Checked};
use super::wait::Wait;
use crate::protocol::Username;
use crate::sync::Arc;
use jiff::Timestamp;
use std::time::Instant;

/// What the door says.
pub(crate) trait Door {
    /// Whether it is open, and this is its code.
    fn fits(&self) -> bool;
    /// One more comes in: asked in the moment when the account is made.
    ///
    /// # Errors
    /// None may any more, or not yet.
    fn enter(&self) -> Result<(), AccountError>;
}

impl Accounts {
    /// Makes an account for whoever has the door's code, and saves it. Without a password it is a guest's, until then.
    ///
    /// `permit` is asked once it is their turn, as for a login; `told` is whether the code was right, before anybody else
    /// has that turn. Whoever has a wrong one learns nothing else.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(crate) fn enrol(
        &self,
        client: &Client<'_>,
        (door, guest_until): (&dyn Door, Option<Timestamp>),
        new: impl FnOnce() -> Result<NewAccount, AccountError>,
        permit: impl FnMut(Instant) -> Result<(), Wait>,
        told: impl FnOnce(bool),
    ) -> Result<(Username, Checked), AccountError> {
        let turn = self.hasher.turn(client, permit).map_err(AccountError::NoTurn)?;
        let fits = door.fits();
        told(fits);
        if !fits {
            return Err(AccountError::NoDoor);
        }
        let new = new()?;
        self.judge(Author::Owner, &new)?;
        let NewAccount { name, password, role, profile, since } = new;
        // Nobody knows a guest's: the token alone lets them in again.
        let hash = password.as_ref().map_or_else(|| passwords::one_time().1, |password| turn.hash(password.expose()));
        drop(turn);
        let guest_until = guest_until.filter(|_| password.is_none());
        if password.is_none() && guest_until.is_none() {
            return Err(AccountError::Weak("choose a password: this door lets no guests in".into()));
        }
        let state = State { guest_until, ..self.first_state(role, since) };
        let (generation, account) = (state.generation, self.account(hash, state, profile));
        let standing = Arc::clone(&account.standing);
        self.change(Author::Owner, |accounts| {
            if accounts.contains_key(&name) {
                return Err(AccountError::Exists);
            }
            if self.is_reserved(&name) {
                return Err(AccountError::Reserved);
            }
            door.enter()?;
            accounts.insert(name.clone(), account);
            Ok(())
        })?;
        Ok((name, Checked { standing, generation }))
    }

    /// Deletes the accounts of guests that are due, all with one write, and saves that. Gives their names.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(crate) fn delete_guests(
        &self,
        author: Author<'_>,
        is_due: impl Fn(Timestamp) -> bool,
    ) -> Result<Vec<Username>, AccountError> {
        let due = |state: &State| author.reaches(state.role) && state.guest_until.is_some_and(&is_due);
        let guests = self.names_where(due);
        if guests.is_empty() {
            return Ok(guests);
        }
        self.change(author, |accounts| {
            // Somebody else may have been made under a name meanwhile.
            let gone = |name: &&Username| accounts.get(*name).is_some_and(|account| due(&account.state));
            let gone: Vec<Username> = guests.iter().filter(gone).cloned().collect();
            gone.iter().for_each(|name| drop(accounts.remove(name)));
            Ok(gone)
        })
    }
}
