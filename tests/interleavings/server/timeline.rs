//! `src/server/timeline/`, with a journal in memory and seqs without a disk.

pub use crate::stand_ins::sequence;

#[path = "../../../src/server/timeline/backlog.rs"]
pub mod backlog;
#[path = "../../../src/server/timeline/chunk.rs"]
pub mod chunk;
#[path = "../../../src/server/timeline/events.rs"]
pub mod events;
#[path = "../../../src/server/timeline/gone.rs"]
pub mod gone;
#[path = "journal.rs"]
pub mod journal;
#[path = "keeper.rs"]
pub mod keeper;
#[path = "../../../src/server/timeline/members.rs"]
pub mod members;
#[path = "../../../src/server/timeline/order.rs"]
pub mod order;
#[path = "../../../src/server/timeline/past.rs"]
pub mod past;
#[path = "../../../src/server/timeline/recall.rs"]
pub mod recall;
#[path = "../../../src/server/timeline/record.rs"]
pub mod record;
#[path = "../../../src/server/timeline/shared.rs"]
pub mod shared;
#[path = "../../../src/server/timeline/what.rs"]
pub mod what;

pub(crate) use chunk::{Batch, Viewer};
pub(crate) use events::{AppendError, Appending, Forgotten, Ticket};
pub(crate) use journal::Journal;
pub(crate) use keeper::Keeper;
pub(crate) use order::{Appended, NEW, Timeline};
pub(crate) use past::Past;
pub(crate) use sequence::Sequence;
pub(crate) use shared::{Seat, Shared, Sight};
pub(crate) use what::{Audience, Place, What};
