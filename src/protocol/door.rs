//! The first request of a connection: a login, or with the code of the class's door an account of one's own.

use super::secret::Secret;
use serde::{Deserialize, Serialize};

/// The first request of a connection.
#[derive(Debug, Deserialize, Serialize)]
pub struct Login {
    /// [`VERSION`](super::VERSION).
    pub protocol: u32,
    /// The account's name.
    pub username: String,
    /// Its password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Or the token of an earlier `welcome`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// Replay what came after this seq.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// False: others use this computer too, and the token ends soon after its session does.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub keep: bool,
}

pub(super) fn yes() -> bool {
    true
}

/// In the place of a login: makes an account, with the code of the door that is open.
#[derive(Debug, Deserialize, Serialize)]
pub struct Register {
    /// [`VERSION`](super::VERSION).
    pub protocol: u32,
    /// The door's code, in any case, with or without its hyphen.
    pub code: Secret,
    /// What the account is to be called.
    pub username: String,
    /// Its password; where the door lets guests in, a guest's account has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// What people call its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As [`Login::keep`](super::Login::keep).
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub keep: bool,
}

/// What is said of guests with the door.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Guests {
    /// Whether it lets them in.
    Admit(bool),
    /// Their accounts are to go now.
    Removal(Removal),
}

/// The word for it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// `remove`
    Remove,
}
