//! A lesson as it goes on: `floor.rs` who may say something, `slow.rs` how often, `hands.rs` who wants to, `polls.rs` what is
//! asked of everyone, `timer.rs` when something ends by itself; `kept.rs` has together what outlives a restart, `file.rs`
//! keeps it, `past.rs` has what the journal knows better.

mod file;
mod floor;
mod hands;
mod kept;
mod past;
mod polls;
mod slow;
mod timer;

pub(crate) use file::{Change, Lesson};
pub(crate) use floor::{Floor, Wanted};
pub(crate) use hands::Hand;
pub(crate) use kept::Kept;
pub(crate) use past::PastPolls;
pub(crate) use polls::{Ask, NoVote, Outcome, Poll};
pub(crate) use slow::Turn;
pub(crate) use timer::{Moment, Timer, check_minutes};
