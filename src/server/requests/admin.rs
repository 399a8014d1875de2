//! The requests of teachers and administrators. Each one that changes something is written to the audit log.

use super::answer::{Answer, Refusal, account_refusal, existing_user, refuse};
use super::fit::{fit, json_bytes};
use super::{password_check, rooms};
use crate::protocol::{AccountInfo, ErrorCode, Profile, Reply, Role, Secret, ServerMessage, UserList, Username};
use crate::server::accounts::{Author, NewAccount, State};
use crate::server::chat::Session;
use crate::server::state::Server;
use crate::sync::lock;
use jiff::{Timestamp, ToSpan};
use std::sync::Arc;

/// The longest mute that has an end: a year.
const MUTE_MINUTES_MAX: u32 = 366 * 24 * 60;

/// A teacher or an administrator at work.
pub(crate) struct Staff<'a> {
    server: &'a Server,
    session: &'a Session,
    /// What their request needs.
    least: Role,
}

impl<'a> Staff<'a> {
    /// In this session, with a request that needs this role.
    pub(crate) fn new(server: &'a Server, session: &'a Session, least: Role) -> Self {
        Self { server, session, least }
    }

    /// Every account that these may look after, or those of them after `after`.
    pub(super) fn list_users(&self, after: Option<&str>) -> Answer {
        let own = self.session.mandate.standing().state().role;
        let accounts = self.server.accounts.list(after);
        let reached: Vec<_> = accounts.into_iter().filter(|(_, state, _)| own.reaches(state.role)).collect();
        let total = reached.len();
        let listed = fit(reached, entry_bytes);
        let more = total - listed.len();
        let now = self.server.clock.lived();
        let registry = lock(self.server.chat.registry());
        let info = |(name, state, profile): (Username, State, Profile)| AccountInfo {
            online: registry.presence(name.as_str()).is_some(),
            username: name.to_string().into(),
            role: state.role,
            name: profile.name.map(Into::into),
            group: profile.group.map(Into::into),
            one_time: state.must_change_password,
            guest: state.guest_until.is_some(),
            banned: state.banned,
            muted: state.is_muted(now),
        };
        let users = listed.into_iter().map(info).collect();
        Answer::Reply(Box::new(Reply { users: Some(UserList::Accounts(users)), more, ..Reply::default() }))
    }

    pub(super) fn add_user(
        &self,
        username: &str,
        password: Option<&Secret>,
        role: Role,
        (called, group): (Option<&str>, Option<&str>),
    ) -> Result<Answer, Refusal> {
        let name = Username::parse(username).ok_or_else(|| refuse(ErrorCode::BadUsername, Username::RULE))?;
        let profile = Profile::parse(called, group).map_err(|rule| refuse(ErrorCode::BadRequest, rule))?;
        let since = self.server.chat.timeline().now().seq;
        let new = NewAccount { name: name.clone(), password: password.cloned(), role, profile, since };
        // Hashed in the administrator's turn, behind everyone's who logs in there.
        let is_there = || password_check::is_still_there(self.session);
        let client = password_check::client(self.session, &is_there);
        let one_time = self.server.accounts.add(self.author(), new, &client).map_err(account_refusal)?;
        self.record("add_user", &name, (role != Role::User).then_some(role.name()));
        Ok(Answer::Reply(Box::new(Reply { password: one_time, ..Reply::default() })))
    }

    pub(super) fn set_user(
        &self,
        username: &str,
        called: Option<&str>,
        group: Option<&str>,
    ) -> Result<Answer, Refusal> {
        let name = existing_user(self.server, username)?;
        self.server.accounts.set_profile(self.author(), &name, called, group).map_err(account_refusal)?;
        self.record("set_user", &name, None);
        Ok(Answer::Reply(Box::default()))
    }

    /// Takes configuration, certificate and message of the day anew.
    pub(crate) fn reload(&self) -> Result<Answer, Refusal> {
        self.server.audit.act("reload", &self.session.name, self.session.peer.ip(), None, None);
        log::info!("{} reloads", self.session.name);
        let failed = |why| refuse(ErrorCode::Internal, format!("nothing was reloaded, all is as before: {why}"));
        let report = self.server.reload().map_err(failed)?.into_iter().map(Into::into).collect();
        Ok(Answer::Reply(Box::new(Reply { report: Some(report), ..Reply::default() })))
    }

    pub(super) fn logout_user(&self, username: &str) -> Result<Answer, Refusal> {
        let name = self.update("logout_user", username, None, State::end_sessions)?;
        let sessions = self.server.chat.remove_ended(&name);
        if sessions.is_empty() {
            let message = format!("{name} is not online, and must log in with the password: /listusers shows who is");
            return Err(refuse(ErrorCode::UnknownUser, message));
        }
        Ok(Answer::Enforced(sessions, Box::default()))
    }

    pub(crate) fn ban(&self, username: &str) -> Result<Answer, Refusal> {
        let ban = |state: &mut State| {
            state.banned = true;
            state.end_sessions();
        };
        let name = self.update("ban", username, None, ban)?;
        Ok(self.enforce(&name, Reply::default()))
    }

    pub(super) fn unban(&self, username: &str) -> Result<Answer, Refusal> {
        self.update("unban", username, None, |state| state.banned = false)?;
        Ok(Answer::Reply(Box::default()))
    }

    pub(super) fn mute(&self, username: &str, minutes: Option<u32>) -> Result<Answer, Refusal> {
        let until = match minutes {
            None => Timestamp::MAX,
            Some(minutes @ 1..=MUTE_MINUTES_MAX) => {
                let span = i64::from(minutes).minutes();
                let until = self.server.clock.lived().checked_add(span);
                until.map_err(|_| refuse(ErrorCode::BadRequest, "no clock goes that far: mute without `minutes`"))?
            }
            Some(_) => {
                let message = format!("`minutes` must be 1 to {MUTE_MINUTES_MAX}, or absent: until /unmute");
                return Err(refuse(ErrorCode::BadRequest, message));
            }
        };
        let detail = minutes.map(|minutes| format!("{minutes} minutes"));
        let name = self.update("mute", username, detail.as_deref(), |state| state.muted_until = Some(until))?;
        Ok(self.enforce(&name, Reply::default()))
    }

    pub(super) fn unmute(&self, username: &str) -> Result<Answer, Refusal> {
        self.update("unmute", username, None, |state| state.muted_until = None)?;
        Ok(Answer::Reply(Box::default()))
    }

    pub(super) fn set_role(&self, event: &str, username: &str, role: Role) -> Result<Answer, Refusal> {
        let mut changed = false;
        let change = |state: &mut State| {
            changed = state.role != role;
            state.set_role(role);
        };
        let name = self.update(event, username, Some(role.name()), change)?;
        if changed {
            self.tell_role(&name, role);
        }
        if role == Role::Display {
            // What it shows, everyone sees.
            rooms::leave_all(self.server, &name);
        }
        Ok(self.enforce(&name, Reply::default()))
    }

    /// Tells an account's sessions which requests are theirs now.
    fn tell_role(&self, name: &Username, role: Role) {
        let line = ServerMessage::Role { role }.encode();
        let sessions = lock(self.server.chat.registry()).sessions_of(name);
        sessions.iter().for_each(|session| self.server.chat.delivery().send(session, &line));
    }

    /// Whoever is logged in with the old password is logged out, so the one-time password is the only way in.
    pub(crate) fn reset_password(&self, username: &str) -> Result<Answer, Refusal> {
        let name = existing_user(self.server, username)?;
        let one_time = self.server.accounts.reset_password(self.author(), &name).map_err(account_refusal)?;
        self.record("reset_password", &name, None);
        Ok(self.enforce(&name, Reply { password: Some(one_time), ..Reply::default() }))
    }

    pub(super) fn delete_user(&self, username: &str) -> Result<Answer, Refusal> {
        let name = existing_user(self.server, username)?;
        self.server.accounts.delete(self.author(), &name).map_err(account_refusal)?;
        let sessions = forget(self.server, std::slice::from_ref(&name));
        self.record("delete_user", &name, None);
        Ok(Answer::Enforced(sessions, Box::default()))
    }

    fn update(
        &self,
        event: &str,
        username: &str,
        detail: Option<&str>,
        change: impl FnOnce(&mut State),
    ) -> Result<Username, Refusal> {
        let name = existing_user(self.server, username)?;
        self.server.accounts.update(self.author(), &name, change).map_err(account_refusal)?;
        self.record(event, &name, detail);
        Ok(name)
    }

    fn author(&self) -> Author<'a> {
        Author::Staff(&self.session.mandate, self.least)
    }

    /// What is decided holds for each of an account's sessions before the answer is given.
    fn enforce(&self, name: &Username, reply: Reply<'static>) -> Answer {
        Answer::Enforced(self.server.chat.remove_ended(name), Box::new(reply))
    }

    fn record(&self, event: &str, name: &Username, detail: Option<&str>) {
        let detail_shown = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
        log::info!("{}: {event} {name}{detail_shown}", self.session.name);
        self.server.audit.act(event, &self.session.name, self.session.peer.ip(), Some(name), detail);
    }
}

/// Forgets what is remembered of accounts that are deleted. Gives their sessions, which are still to be settled.
pub(super) fn forget(server: &Server, names: &[Username]) -> Vec<Arc<Session>> {
    names.iter().for_each(|name| lock(&server.throttle).forget(name));
    // Administrators are told of what can't be written.
    let _ = server.tokens.erase(names);
    let forget = |name: &Username| {
        rooms::leave_all(server, name);
        server.lesson.forget(name);
        server.chat.remove_ended(name)
    };
    names.iter().flat_map(forget).collect()
}

/// What an entry takes in a line.
fn entry_bytes((name, _, profile): &(Username, State, Profile)) -> usize {
    const ENTRY_BYTES: usize =
        r#"{"username":"","role":"teacher","name":,"group":"","one_time":true,"guest":true,"online":false,"banned":true,"muted":true},"#.len();
    let group = profile.group.as_ref().map_or(0, |group| group.len());
    ENTRY_BYTES + name.as_str().len() + profile.name.as_ref().map_or(0, |name| json_bytes(name)) + group
}
