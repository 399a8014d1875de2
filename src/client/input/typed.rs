//! What a typed line asks for, before anything is done.

use super::import::Import;
use super::local::Local;
use crate::client::code::{Begun, Save};
use crate::client::terminal::Switch;
use crate::protocol::Request;
use std::path::PathBuf;

/// What a typed line asks for.
#[derive(Debug)]
pub(super) enum Typed {
    /// Nothing: a blank line.
    Nothing,
    /// Something of the server.
    Request(Request),
    /// A whisper to whoever was the other party of the last one.
    Reply(String),
    /// So many of the messages that were said last, in one room or in all.
    History(usize, Option<String>),
    /// To go into a room, out of one, or to speak in another; and what is to be asked of the server for it.
    Switch(Switch, Option<Request>),
    /// Something about the poll of a room.
    Ballot(Ballot, String),
    /// `/remove` alone: the last thing that one said oneself is to be taken back.
    RemoveLast,
    /// A list of people to be taken.
    Import(Import),
    /// Who was there, into this file.
    SaveAttendance(Request, PathBuf),
    /// `/passwd` alone: the passwords are to be asked for.
    ChangePassword,
    /// Code, of which only the beginning was typed.
    Code(Begun),
    /// Something that was said is to be written to a file.
    Save(Save),
    /// Something that this program does by itself.
    Local(Local),
    /// Something that may have been typed by mistake, and why: it's done only after a yes.
    Doubtful(Box<Typed>, String),
    /// The end of the session, and of the login if that is kept.
    LogOut,
    /// The end of the session.
    Leave,
}

/// What is to be done about the poll of a room, which is known once it's done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ballot {
    /// Choose this option, from 0.
    Vote(usize),
    /// Tell how it stands.
    Tally,
    /// End it.
    End,
}

impl Ballot {
    /// What is to be asked of the server about the poll with this number.
    pub(super) fn request(self, poll: u64) -> Request {
        match self {
            Self::Vote(option) => Request::Vote { poll, option },
            Self::Tally => Request::Tally { poll },
            Self::End => Request::ClosePoll { poll },
        }
    }
}
