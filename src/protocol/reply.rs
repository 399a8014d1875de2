//! The answer to a request that isn't answered by an event.

use super::answers::{Status, TopicInfo, UserList, Whois};
use super::commands::CommandHelp;
use super::framing::is_zero;
use super::lesson::{Attendee, HandInfo, RoomInfo};
use super::secret::Secret;
use super::server::ServerMessage;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The answer to a request that succeeded. Which fields it has depends on the request.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Reply<'a> {
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    /// Always true: what failed is an `error`.
    pub ok: bool,
    /// To `who` and `list_users`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<UserList<'a>>,
    /// How many entries were cut from the end of `users`, or of the asked for from the beginning of `events`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
    /// To `history`: the server has looked at as much as it does for one request; what came before this seq is still to
    /// be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// To `who`: those of `users` who are away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub away: Vec<Cow<'a, str>>,
    /// To `who`: what those of `users` are called whose accounts have a name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// To `whois`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whois: Option<Box<Whois<'a>>>,
    /// To `topic` without a text; absent where there is no topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicInfo<'a>>,
    /// To `history`: what was said, oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<ServerMessage<'a>>>,
    /// To `code`: the join code. To `door`: its code, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'a, str>>,
    /// To `code`: the addresses of the page, the one to be told first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<Cow<'a, str>>,
    /// To `code`: the first of them as a QR code, rows of `0` and `1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub qr: Vec<Cow<'a, str>>,
    /// To `help`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<CommandHelp<'a>>>,
    /// To `add_user` without a password, and to `reset_password`: the one-time password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// To `door`: until when it is open (RFC 3339, UTC, milliseconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Cow<'a, str>>,
    /// To `door`: the group of those who come in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Cow<'a, str>>,
    /// To `door`: it lets guests in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guests: bool,
    /// To `reload`: what an administrator should know about it, one sentence each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Vec<Cow<'a, str>>>,
    /// To `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<Status>>,
    /// To `rooms`, `make_room` and `split`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rooms: Option<Vec<RoomInfo<'a>>>,
    /// To `hands`: whose are up, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hands: Option<Vec<HandInfo<'a>>>,
    /// To `tally`: how many chose each option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Vec<usize>>,
    /// To `tally`: who has voted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voted: Option<Vec<Cow<'a, str>>>,
    /// And who may and hasn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<Cow<'a, str>>>,
    /// To `attendance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<Vec<Attendee<'a>>>,
}
