//! Who is there and how they get what is said.

mod delivery;
mod herald;
mod hub;
mod presence;
mod registry;
mod session;
mod tally;
mod usher;

pub(crate) use hub::{Chat, Refused, Said};
pub(crate) use session::{Session, WRITE_WAIT, Withheld};
pub(crate) use tally::{Counted, LATENCY_BUCKETS_US};
pub(crate) use usher::FAREWELL;
