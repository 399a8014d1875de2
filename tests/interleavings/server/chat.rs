//! `src/server/chat/`, all of it.

#[path = "../../../src/server/chat/courier.rs"]
pub mod courier;
#[path = "../../../src/server/chat/couriers.rs"]
pub mod couriers;
#[path = "../../../src/server/chat/delivery.rs"]
pub mod delivery;
#[path = "../../../src/server/chat/herald.rs"]
pub mod herald;
#[path = "../../../src/server/chat/hub.rs"]
pub mod hub;
#[path = "../../../src/server/chat/pauses.rs"]
pub mod pauses;
#[path = "../../../src/server/chat/presence.rs"]
pub mod presence;
#[path = "../../../src/server/chat/registry.rs"]
pub mod registry;
#[path = "../../../src/server/chat/session.rs"]
pub mod session;
#[path = "../../../src/server/chat/tally.rs"]
pub mod tally;
#[path = "../../../src/server/chat/usher.rs"]
pub mod usher;
#[path = "../../../src/server/chat/wire.rs"]
pub mod wire;

pub(crate) use herald::Person;
pub(crate) use hub::{Chat, Refused};
pub(crate) use session::Session;
