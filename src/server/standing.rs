//! What an account may do, as it stands in `users.json` and as its sessions share it.

use super::attention::Attention;
use super::rate::Rate;
use crate::protocol::Role;
use crate::sync::lock;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;

/// What holds for an account, beside its password.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct State {
    /// What it may do.
    pub(super) role: Role,
    /// Nothing but a change of password is allowed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) must_change_password: bool,
    /// It may not log in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) banned: bool,
    /// It may say nothing until then; [`Timestamp::MAX`] is until it's unmuted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) muted_until: Option<Timestamp>,
    /// The newest event when the account was made. It never sees older ones: they may have been for another
    /// account of its name.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) since: u64,
    /// Tokens of another generation are worthless (see `tokens.rs`). Another account of its name begins with another.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) generation: u32,
}

impl State {
    /// Makes every token that the account has worthless.
    pub(super) fn end_tokens(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }

    /// Whether it may administrate.
    pub(super) fn may_administrate(&self) -> bool {
        self.role == Role::Admin && !self.banned
    }
}

/// An account as its sessions share it: a change reaches them at once.
#[derive(Debug)]
pub(super) struct Standing {
    state: Mutex<State>,
    /// How much it may still say.
    pub(super) rate: Rate,
    /// Whether its owner is there.
    pub(super) attention: Attention,
}

impl Standing {
    /// That of an account which is opened or made now.
    pub(super) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), rate: Rate::new(), attention: Attention::default() }
    }

    /// What holds now.
    pub(super) fn state(&self) -> State {
        *lock(&self.state)
    }

    /// From now on this holds.
    pub(super) fn set(&self, state: State) {
        *lock(&self.state) = state;
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
