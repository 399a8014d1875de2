//! What happened, in one order: `order.rs` is what everyone says and reads, `chunk.rs` decides who may see what,
//! `journal/` has it on disk.

mod backlog;
mod chunk;
mod events;
pub(crate) mod journal;
pub(crate) mod keeper;
mod order;
mod past;
mod recall;
mod record;
mod sequence;

pub(crate) use chunk::{Batch, Viewer};
pub(crate) use events::{AppendError, Forgotten, Ticket};
pub(crate) use journal::Journal;
pub(crate) use keeper::Keeper;
pub(crate) use order::{Appended, Timeline};
pub(crate) use past::Past;
pub(crate) use recall::{Spoken, WHISPERS_PER_ACCOUNT_MAX, What};
pub(crate) use record::Record;
pub(crate) use sequence::Sequence;
