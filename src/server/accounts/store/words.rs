//! Why an account isn't made or changed, in words for whoever reads the log.

use super::AccountError;
use crate::reason::{self, Reason};
use std::fmt;

impl fmt::Display for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reserved => "the name is kept for somebody who was erased",
            Self::Exists => "there is one of that name already",
            Self::BadName => "that is no user name",
            Self::NoDoor => "the door is closed, or the code isn't its",
            Self::Unknown => "there is none of that name any more",
            Self::WrongPassword => "the old password isn't that any more",
            Self::LastAdmin => "nobody would be left to administrate",
            Self::NotPermitted => "whoever asked for it may no longer do so",
            Self::NoTurn(_) => "too many passwords are being checked",
            Self::OutOfReach => "accounts of that role are beyond whoever asked",
            Self::Weak(what) | Self::Full(what) => what,
            Self::BadProfile(what) => what,
            Self::Save(e) => return write!(f, "can't write users.json: {}", reason::of_file(e)),
            Self::Untold(e) => return write!(f, "can't print the one-time password: {}", Reason(e)),
        })
    }
}
