//! Who may log in, and how often: `store.rs` has the accounts, `standing.rs` what one may do, `hasher.rs` whose
//! turn it is to have a password compared, `tokens.rs` what stands for a password.

mod attention;
mod author;
mod ballot;
mod changes;
mod enrol;
mod hasher;
mod import;
mod line;
mod origin;
mod pairs;
mod passwords;
mod rate;
mod standing;
mod store;
pub(crate) mod token_file;
mod tokens;
pub(crate) mod users_file;
mod wait;

pub(crate) use attention::Away;
pub(crate) use author::Author;
pub(crate) use ballot::BallotKey;
pub(crate) use enrol::Door;
pub(crate) use hasher::{Client, Hasher, NoTurn};
pub(crate) use import::{Import, NewAccount, OneTime};
pub(crate) use line::RANK_IN;
pub(crate) use origin::{HOMES_PER_ACCOUNT_MAX, Origin};
pub(crate) use passwords::{door_code, random};
pub(crate) use rate::{Bucket, LessonRate, TooFast};
pub(crate) use standing::{Mandate, Standing, State};
pub(crate) use store::{AccountError, Accounts, Checked, LoginError};
pub(crate) use token_file::TokenId;
pub(crate) use tokens::Tokens;
pub(crate) use wait::Wait;
