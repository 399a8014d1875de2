//! What a reply can tell of accounts, people, the topic and the server itself.

use super::roles::Role;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How the server is. Counts are since its start.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Status {
    /// Since its start.
    pub uptime_seconds: u64,
    /// Clients that are logged in.
    pub sessions: u64,
    /// How many there may be, staff aside, on a server that has such a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions_max: Option<u64>,
    /// What that comes from, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions_limit: Option<String>,
    /// Accounts with a session.
    pub accounts_online: u64,
    /// Connections that are logging in.
    pub strangers: u64,
    /// Logins that succeeded.
    pub logins: u64,
    /// And those that failed.
    pub logins_failed: u64,
    /// Events.
    pub events: u64,
    /// Events times the sessions that they were brought to.
    pub deliveries: u64,
    /// Half of what was said was with everyone within so many milliseconds; absent while nothing was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms_median: Option<f64>,
    /// And 99 of 100 within so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms_p99: Option<f64>,
    /// How often a session was behind and needed a thread of its own.
    pub slow: u64,
    /// Sessions that were dropped because they didn't read or didn't answer.
    pub dropped: u64,
    /// Lines in memory.
    pub timeline_bytes: u64,
    /// Lines on disk.
    pub journal_bytes: u64,
    /// The process's memory, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Its threads, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<u64>,
    /// Why the clock of the server's system isn't believed; absent where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// What was wrong with that clock since the server's start; absent where nothing was, and while it isn't believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_trouble: Option<String>,
    /// For how long the mirror lacks something, 3 at the most while all is well; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror_behind_seconds: Option<u64>,
    /// Why it does, as what comes behind "the mirror"; absent where nothing is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<String>,
}

/// The `users` of a reply.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum UserList<'a> {
    /// To `who`: the names online, sorted.
    Names(Vec<Cow<'a, str>>),
    /// To `list_users`: every account, sorted by name.
    Accounts(Vec<AccountInfo<'a>>),
}

/// One account in the answer to `list_users`.
#[derive(Debug, Deserialize, Serialize)]
pub struct AccountInfo<'a> {
    /// The account's name.
    pub username: Cow<'a, str>,
    /// Its role.
    pub role: Role,
    /// What its owner is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// Their group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Cow<'a, str>>,
    /// Whether it has a session.
    pub online: bool,
    /// Its password is for one login: nobody has chosen one yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_time: bool,
    /// It is a guest's: it has no password, and is deleted some hours after the door's end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
    /// Whether it may not log in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub banned: bool,
    /// Whether it may say nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
}

/// An account in the answer to `whois`. Nobody is told from where somebody comes.
#[derive(Debug, Deserialize, Serialize)]
pub struct Whois<'a> {
    /// The account's name.
    pub username: Cow<'a, str>,
    /// Its role.
    pub role: Role,
    /// What its owner is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// Their group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Cow<'a, str>>,
    /// It is a guest's: it has no password, and is deleted some hours after the door's end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
    /// How many sessions it has; 0: it is not online.
    pub sessions: usize,
    /// Online since then (RFC 3339, UTC, milliseconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Cow<'a, str>>,
    /// Seconds since its owner last asked the server for anything; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_seconds: Option<u64>,
    /// Its owner is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<AwayInfo<'a>>,
}

/// Somebody who is away.
#[derive(Debug, Deserialize, Serialize)]
pub struct AwayInfo<'a> {
    /// Who.
    pub username: Cow<'a, str>,
    /// Why; empty where that was not said.
    pub text: Cow<'a, str>,
    /// Since when (RFC 3339, UTC, milliseconds).
    pub since: Cow<'a, str>,
}

/// What the room talks about.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TopicInfo<'a> {
    /// What.
    pub text: Cow<'a, str>,
    /// The administrator who said so.
    pub by: Cow<'a, str>,
    /// When (RFC 3339, UTC, milliseconds).
    pub time: Cow<'a, str>,
}
