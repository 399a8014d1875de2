//! What happened, in one order: `order.rs` is what everyone says and reads, `members.rs` decides who may see what,
//! `journal/` has it on disk.

pub(crate) mod attendance;
mod backlog;
mod chunk;
mod copy;
mod erase;
mod events;
mod gone;
pub(crate) mod journal;
pub(crate) mod keeper;
mod members;
mod order;
mod past;
mod recall;
mod record;
mod rewrite;
mod sequence;
mod shared;
mod what;

pub(crate) use chunk::{Batch, Viewer, Where};
pub(crate) use events::{AppendError, Appending, Forgotten, Ticket};
pub(crate) use gone::{Gone, contains};
pub(crate) use journal::Journal;
pub(crate) use keeper::Keeper;
pub(crate) use members::{Members, Stay};
pub(crate) use order::{Appended, NEW, Timeline};
pub(crate) use past::Past;
pub(crate) use recall::WHISPERS_PER_ACCOUNT_MAX;
pub(crate) use record::Record;
pub(crate) use sequence::Sequence;
pub(crate) use shared::{Seat, Shared, Sight};
pub(crate) use what::{Audience, Key, Place, Spoken, What};
