//! The class's door: how people make accounts of their own.

use super::requests::yes;
use super::secret::Secret;
use serde::{Deserialize, Serialize};

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
