//! The answer to a login.

use super::answers::TopicInfo;
use super::framing::{is_zero, is_zero_u64};
use super::lesson::{OwnRoom, SplitInfo};
use super::roles::Role;
use super::secret::Secret;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The answer to a login that succeeded.
#[derive(Debug, Deserialize, Serialize)]
pub struct Welcome<'a> {
    /// [`VERSION`](super::VERSION).
    pub protocol: u32,
    /// `homeroom/` and the program's version.
    pub server: Cow<'a, str>,
    /// The account's name, folded to lower case.
    pub username: Cow<'a, str>,
    /// The account's role.
    pub role: Role,
    /// What the account's owner is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// Their group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Cow<'a, str>>,
    /// With it the client can log in again without the password.
    pub token: Secret,
    /// The newest event the server has.
    pub seq: u64,
    /// Who is online, sorted, the new one among them; cut where the line would grow too long.
    pub users: Vec<Cow<'a, str>>,
    /// What those of `users` are called whose accounts have a name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// How many names were cut from the end of `users`; `who` with `after` gives the rest.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
    /// Nothing but `passwd`, `ping`, `help` and `logout` until the password is changed.
    pub must_change_password: bool,
    /// What the room talks about, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicInfo<'a>>,
    /// The rooms the account is in, the general one first, each with its topic and floor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<OwnRoom<'a>>,
    /// How the class is split, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitInfo<'a>>,
    /// Events between `after` and `first` are gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gap: bool,
    /// With `gap`: the first seq that the replay starts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// The message of the day, if there is one. It may have several lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motd: Option<Cow<'a, str>>,
    /// The seq of the event with which this account last went offline, if it ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<u64>,
    /// How much was said since then that this account may see and that is still kept, its whispers counted up to 1,000.
    #[serde(default, skip_serializing_if = "is_zero_u64")]
    pub missed: u64,
    /// The login's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
}
