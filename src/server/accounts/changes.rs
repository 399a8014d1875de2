//! What can be changed about accounts: each change is saved, or nothing has changed.

use super::author::Author;
use super::hasher::Client;
use super::import::{Import, NewAccount};
use super::passwords;
use super::standing::{Mandate, State};
use super::store::{AccountError, Accounts};
use super::wait::Wait;
use crate::new_passwords;
use crate::password_forms::one_form;
use crate::protocol::{Secret, Username};
use crate::sync::lock;
use std::time::Instant;

impl Accounts {
    /// Makes an account and saves it. Without a password makes a one-time one and returns it.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(crate) fn add(
        &self,
        author: Author<'_>,
        new: NewAccount,
        client: &Client<'_>,
    ) -> Result<Option<Secret>, AccountError> {
        let import = Import { new: vec![new], ..Import::default() };
        Ok(self.import(author, import, client, |_| Ok(())).map_err(|(_, e)| e)?.new.pop().flatten())
    }

    /// Whether an account may be made, as things stand.
    ///
    /// # Errors
    /// [`AccountError`].
    pub(crate) fn judge(&self, author: Author<'_>, new: &NewAccount) -> Result<(), AccountError> {
        if !author.may() {
            return Err(AccountError::NotPermitted);
        }
        if !author.reaches(new.role) {
            return Err(AccountError::OutOfReach);
        }
        if self.standing(new.name.as_str()).is_some() {
            return Err(AccountError::Exists);
        }
        if self.is_reserved(&new.name) {
            return Err(AccountError::Reserved);
        }
        let password = new.password.as_ref();
        password.map_or(Ok(()), |text| new_passwords::judge(text.expose(), &new.name)).map_err(AccountError::Weak)
    }

    /// These, and no others, are being erased from now on.
    pub(crate) fn reserve(&self, names: impl IntoIterator<Item = Username>) {
        *lock(&self.reserved) = names.into_iter().collect();
    }

    /// Whether no account may be made under a name.
    pub(super) fn is_reserved(&self, name: &Username) -> bool {
        name.is_deleted() || lock(&self.reserved).contains(name)
    }

    /// Changes a password after checking the old one, and saves it. The account's tokens and sessions end, but for the
    /// session whose `mandate` this is; tokens of the generation that is returned are valid.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(crate) fn change_password(
        &self,
        client: &Client<'_>,
        mandate: &Mandate,
        (old, new): (&str, &str),
        permit: impl FnMut(Instant) -> Result<(), Wait>,
    ) -> Result<u32, AccountError> {
        let name = client.name;
        new_passwords::judge(new, name).map_err(AccountError::Weak)?;
        let stored = self.stored(name);
        let turn = self.hasher.turn(client, permit).map_err(AccountError::NoTurn)?;
        let (turn, right) = turn.compare(client, old, stored.as_ref()).map_err(AccountError::NoTurn)?;
        if !right {
            return Err(AccountError::WrongPassword);
        }
        if one_form(old) == one_form(new) {
            return Err(AccountError::Weak("the new password must differ from the old one".into()));
        }
        let stored = stored.ok_or(AccountError::Unknown)?;
        let hash = turn.hash(new);
        drop(turn);
        self.replace_password(Author::Own(mandate), name, &stored, hash, |state| {
            state.end_one_time();
            state.end_sessions();
        })
    }

    /// Gives an account a one-time password and saves it. Its tokens and sessions end.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(crate) fn reset_password(&self, author: Author<'_>, name: &Username) -> Result<Secret, AccountError> {
        let (one_time, hash) = passwords::one_time();
        self.change(author, |accounts| {
            author.find(accounts, name)?.begin_anew(hash, self.clock.lived());
            Ok(())
        })?;
        Ok(one_time)
    }

    /// Changes what holds for an account and saves it.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(crate) fn update(
        &self,
        author: Author<'_>,
        name: &Username,
        change: impl FnOnce(&mut State),
    ) -> Result<(), AccountError> {
        self.change(author, |accounts| {
            change(&mut author.find(accounts, name)?.state);
            Ok(())
        })
    }

    /// Changes who an account's owner is and saves it: an empty text removes, what is absent stays.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(crate) fn set_profile(
        &self,
        author: Author<'_>,
        account: &Username,
        name: Option<&str>,
        group: Option<&str>,
    ) -> Result<(), AccountError> {
        self.change(author, |accounts| {
            author.find(accounts, account)?.profile.change(name, group).map_err(AccountError::BadProfile)
        })
    }

    /// Deletes an account and saves that.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(crate) fn delete(&self, author: Author<'_>, name: &Username) -> Result<(), AccountError> {
        self.change(author, |accounts| {
            author.find(accounts, name)?;
            accounts.remove(name);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::tests::{check, open};
    use super::*;
    use crate::protocol::{Profile, Role};
    use crate::server::accounts::hasher::Hasher;
    use crate::server::accounts::store::LoginError;
    use crate::server::clock::Clock;
    use crate::server::config::ROUNDS_MIN;
    use jiff::{SignedDuration, Timestamp};
    use std::sync::Arc;
    use std::time::Duration;

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn secret(text: &str) -> Secret {
        text.to_owned().into()
    }

    fn add(
        accounts: &Accounts,
        name: &str,
        password: Option<&str>,
        role: Role,
    ) -> Result<Option<Secret>, AccountError> {
        let name = Username::parse(name).unwrap();
        let new = NewAccount {
            name: name.clone(),
            password: password.map(secret),
            role,
            profile: Profile::default(),
            since: 0,
        };
        accounts.add(Author::Owner, new, &Client::own(&name))
    }

    /// Changes a password in a session that logged in before.
    fn change(accounts: &Accounts, name: &str, old: &str, new: &str) {
        let standing = accounts.standing(name).unwrap();
        let mandate = Mandate::new(Arc::clone(&standing), standing.state().generation);
        let name = Username::parse(name).unwrap();
        accounts.change_password(&Client::own(&name), &mandate, (old, new), |_| Ok(())).unwrap();
        assert!(mandate.holds(), "it goes on");
    }

    /// A clock that was ahead gives no password a longer life.
    #[test]
    fn a_one_time_password_whose_date_is_still_to_come_is_of_today() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let accounts = open(&path).unwrap();
        add(&accounts, "eve", None, Role::User).unwrap();
        let next_year = accounts.clock.lived() + SignedDuration::from_hours(366 * 24);
        accounts.update(Author::Owner, &name("eve"), |state| state.begin_one_time(next_year)).unwrap();
        let accounts = open(&path).unwrap();
        let (week, now) = (SignedDuration::from_hours(7 * 24), accounts.clock.lived());
        let is_over = |now: Timestamp| accounts.standing("eve").unwrap().state().one_time_is_over(week, &now.into());
        assert!(!is_over(now) && is_over(now + week + SignedDuration::from_hours(1)));
    }

    /// Asked in the moment of the change: a request may have waited since its sender was ended, or demoted.
    #[test]
    fn who_was_ended_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = open(&folder.path().join("users.json")).unwrap();
        let (root, eve) = (name("root"), name("eve"));
        for name in ["root", "mallory", "eve"] {
            add(&accounts, name, Some("correct horse"), Role::Admin).unwrap();
        }
        for end in [State::end_sessions, |state: &mut State| state.role = Role::User] {
            let standing = accounts.standing("mallory").unwrap();
            let mandate = Mandate::new(Arc::clone(&standing), standing.state().generation);
            let by = Author::Staff(&mandate, Role::Admin);
            assert!(accounts.update(by, &eve, |_| {}).is_ok());
            accounts.update(Author::Owner, &name("mallory"), end).unwrap();
            let new = NewAccount {
                name: name("zed"),
                password: None,
                role: Role::Admin,
                profile: Profile::default(),
                since: 0,
            };
            assert!(matches!(accounts.add(by, new, &Client::own(&root)), Err(AccountError::NotPermitted)));
            assert!(matches!(accounts.update(by, &eve, |_| {}), Err(AccountError::NotPermitted)));
            assert!(matches!(accounts.delete(by, &eve), Err(AccountError::NotPermitted)));
            let reset = accounts.reset_password(by, &eve);
            assert!(matches!(reset, Err(AccountError::NotPermitted)));
        }
        let standing = accounts.standing("eve").unwrap();
        let mandate = Mandate::new(Arc::clone(&standing), standing.state().generation);
        accounts.update(Author::Owner, &eve, State::end_sessions).unwrap();
        let passwords = ("correct horse", "battery staple");
        let late = accounts.change_password(&Client::own(&eve), &mandate, passwords, |_| Ok(()));
        assert!(matches!(late, Err(AccountError::NotPermitted)), "nor one's own password");
    }

    #[test]
    fn accounts_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let accounts = open(&path).unwrap();
        assert!(accounts.is_new());
        add(&accounts, "ada", Some("correct horse"), Role::User).unwrap();
        let one_time = add(&accounts, "root", None, Role::Admin).unwrap().unwrap();
        assert!(matches!(add(&accounts, "ada", None, Role::User), Err(AccountError::Exists)));
        change(&accounts, "ada", "correct horse", "battery staple");

        let accounts = open(&path).unwrap();
        assert!(!accounts.is_new());
        assert_eq!(check(&accounts, "ada", "correct horse"), Err(LoginError::Wrong));
        let state = check(&accounts, "ada", "battery staple").unwrap();
        let State { generation, created, .. } = state;
        assert_eq!(state, State { generation, created, ..State::default() });
        assert!(created.is_some());
        let root = accounts.standing("root").unwrap();
        assert!(check(&accounts, "root", one_time.expose()).is_ok());
        assert_eq!((root.state().role, root.state().must_change_password), (Role::Admin, true));
        change(&accounts, "root", one_time.expose(), "battery staple");
        assert!(!root.state().must_change_password, "sessions see the change at once");
    }

    #[test]
    fn what_administrators_do_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let accounts = open(&path).unwrap();
        for (name, role) in [("root", Role::Admin), ("eve", Role::User)] {
            add(&accounts, name, Some("correct horse"), role).unwrap();
        }
        let (root, eve) = (name("root"), name("eve"));
        accounts.update(Author::Owner, &eve, |state| state.muted_until = Some(jiff::Timestamp::MAX)).unwrap();
        accounts.update(Author::Owner, &eve, |state| state.banned = true).unwrap();
        let accounts = open(&path).unwrap();
        assert_eq!(check(&accounts, "eve", "correct horse"), Err(LoginError::Banned));
        assert_eq!(check(&accounts, "eve", "wrong"), Err(LoginError::Wrong), "only the owner learns of it");
        assert_eq!(accounts.standing("eve").unwrap().state().muted_until, Some(jiff::Timestamp::MAX));

        assert!(matches!(accounts.delete(Author::Owner, &root), Err(AccountError::LastAdmin)));
        assert!(matches!(
            accounts.update(Author::Owner, &root, |state| state.banned = true),
            Err(AccountError::LastAdmin)
        ));
        assert!(matches!(
            accounts.update(Author::Owner, &root, |state| state.role = Role::User),
            Err(AccountError::LastAdmin)
        ));
        accounts.update(Author::Owner, &eve, |state| *state = State { role: Role::Admin, ..State::default() }).unwrap();
        accounts.delete(Author::Owner, &root).unwrap();
        assert_eq!(check(&accounts, "root", "correct horse"), Err(LoginError::Wrong));
        let one_time = accounts.reset_password(Author::Owner, &eve).unwrap();
        assert!(check(&accounts, "eve", one_time.expose()).unwrap().must_change_password);
        assert!(matches!(accounts.delete(Author::Owner, &root), Err(AccountError::Unknown)));
    }

    #[test]
    fn a_login_that_must_wait_is_not_checked() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = open(&folder.path().join("users.json")).unwrap();
        add(&accounts, "ada", Some("correct horse"), Role::User).unwrap();
        let wait = Wait { time: Duration::from_secs(7), here: false };
        let refused = accounts.check(&Client::own(&name("ada")), "correct horse", |_| Err(wait), |_| ());
        assert_eq!(refused.unwrap_err(), LoginError::TryLater(wait.time));
    }

    /// The rounds were raised, and somebody's hash is dearer still.
    #[test]
    fn a_hash_of_fewer_rounds_is_renewed_and_a_dearer_one_makes_every_wrong_login_dear() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        add(&open(&path).unwrap(), "ada", Some("correct horse"), Role::User).unwrap();
        let dear = 40 * ROUNDS_MIN;
        let accounts = Accounts::open(&path, Hasher::new(2 * ROUNDS_MIN), Clock::new().into()).unwrap();
        assert!(check(&accounts, "ada", "correct horse").is_ok());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("i=2000,"), "{text}");
        assert!(check(&accounts, "ada", "correct horse").is_ok());

        let unknown = |accounts: &Accounts| {
            let time = |_| {
                let start = Instant::now();
                assert_eq!(check(accounts, "nobody", "correct horse"), Err(LoginError::Wrong));
                start.elapsed()
            };
            (0..9).map(time).min().unwrap()
        };
        let before = unknown(&accounts);
        add(
            &Accounts::open(&path, Hasher::new(dear), Clock::new().into()).unwrap(),
            "eve",
            Some("correct horse"),
            Role::User,
        )
        .unwrap();
        let after = unknown(&open(&path).unwrap());
        assert!(after > before * 5, "{before:?} for 2,000 rounds, {after:?} for {dear}");
    }

    #[test]
    fn what_cannot_be_saved_has_not_happened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone").join("users.json");
        let accounts = open(&path).unwrap();
        assert!(matches!(add(&accounts, "ada", None, Role::User), Err(AccountError::Save(_))));
        assert!(accounts.standing("ada").is_none());
    }
}
