//! What the core needs of `src/server/accounts/`: the standing of an account, and stand-ins for the rest.

pub use crate::stand_ins::{attention, rate, token_file};

#[path = "../../../src/server/accounts/ballot.rs"]
pub mod ballot;
#[path = "../../../src/server/accounts/standing.rs"]
pub mod standing;

pub(crate) use ballot::BallotKey;
pub(crate) use standing::{Mandate, Standing, State};
pub(crate) use token_file::TokenId;
