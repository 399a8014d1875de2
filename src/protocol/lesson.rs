//! What a lesson has: rooms, the floor, hands, polls, who was there.

use super::answers::TopicInfo;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How a text is to be shown.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As a program: nothing of it is changed, and it is shown as it stands.
    Code,
    /// A format that this version doesn't know.
    #[serde(other)]
    Other,
}

/// Who may say something in a room.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everyone.
    #[default]
    Open,
    /// Staff, and whoever was called.
    Quiet,
    /// Everyone, one message each in so many seconds.
    Slow,
}

/// Who may whisper.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Whispers {
    /// Everyone to everyone.
    #[default]
    All,
    /// Only to staff, and from them.
    Staff,
    /// Nobody.
    Off,
}

/// The floor of a room: what holds there now.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct FloorInfo<'a> {
    /// Who may say something.
    pub mode: Mode,
    /// Until then (RFC 3339, UTC, milliseconds); until it is changed if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Cow<'a, str>>,
    /// With `slow`: how long everyone waits between two messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Who may whisper, in the whole server.
    pub whispers: Whispers,
    /// Who was called, and may speak while it is quiet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<Cow<'a, str>>,
}

/// How a class is split.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Groups {
    /// Into so many rooms.
    Number(u32),
    /// These people into a room each.
    Lists(Vec<Vec<String>>),
}

/// That a class is split, in a `welcome`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SplitInfo<'a> {
    /// How many groups there are.
    pub groups: usize,
    /// Until then (RFC 3339, UTC, milliseconds); until it is gathered if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Cow<'a, str>>,
}

/// A room in the answer to `rooms`, `make_room` and `split`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RoomInfo<'a> {
    /// What it is called.
    pub room: Cow<'a, str>,
    /// Whether anyone may enter.
    pub open: bool,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Cow<'a, str>>,
    /// Whether one is in it.
    pub member: bool,
    /// How many of those who are in it are online.
    pub online: usize,
    /// To `split`: who is in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<Cow<'a, str>>,
}

/// A room in the `welcome` of an account that is in it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct OwnRoom<'a> {
    /// What it is called.
    pub room: Cow<'a, str>,
    /// Whether anyone may enter.
    pub open: bool,
    /// What it talks about; left out where all of them would make the line too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicInfo<'a>>,
    /// Who may say something there.
    pub floor: FloorInfo<'a>,
    /// The poll that is open there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<PollInfo<'a>>,
}

/// A poll that is open.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PollInfo<'a> {
    /// The seq of the event with which it began.
    pub poll: u64,
    /// What is asked.
    pub question: Cow<'a, str>,
    /// The answers to choose from.
    pub options: Vec<Cow<'a, str>>,
    /// It closes then (RFC 3339, UTC, milliseconds); when it is closed if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Cow<'a, str>>,
    /// Whether one has voted.
    pub voted: bool,
}

/// Somebody whose hand is up.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct HandInfo<'a> {
    /// Who.
    pub username: Cow<'a, str>,
    /// Why, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Cow<'a, str>>,
    /// Since when (RFC 3339, UTC, milliseconds).
    pub since: Cow<'a, str>,
}

/// Somebody in the answer to `attendance`. Who wasn't there has none of the last four.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Attendee<'a> {
    /// The account's name.
    pub username: Cow<'a, str>,
    /// What its owner is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// Their group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Cow<'a, str>>,
    /// There from then on (RFC 3339, UTC, milliseconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Cow<'a, str>>,
    /// And until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Cow<'a, str>>,
    /// For so many minutes of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u64>,
    /// How much they said to a room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// This account is deleted. Another one may have its name, and is listed behind it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}
