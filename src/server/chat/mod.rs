//! Who is there and how they get what is said: `hub.rs` has all of it together, `session.rs` what one client is to the
//! others, `delivery.rs` who brings them what happens.

mod courier;
mod couriers;
mod delivery;
mod herald;
mod hub;
mod pauses;
mod presence;
mod registry;
mod session;
mod tally;
mod usher;
mod wire;

pub(crate) use herald::Person;
pub(crate) use hub::{Chat, Refused, Said};
pub(crate) use session::{Session, WRITE_WAIT};
pub(crate) use tally::{Counted, LATENCY_BUCKETS_US};
pub(crate) use usher::FAREWELL;
pub(crate) use wire::Withheld;
