//! The core itself, and what is tried with it.

pub mod accounts;
#[path = "../../../src/server/chat.rs"]
pub mod chat;

#[path = "../../../src/server/delivery.rs"]
pub mod delivery;
#[path = "../../../src/server/herald.rs"]
pub mod herald;
#[path = "../../../src/server/presence.rs"]
pub mod presence;
#[path = "../../../src/server/registry.rs"]
pub mod registry;
pub mod scenario;
#[path = "../../../src/server/session.rs"]
pub mod session;
#[path = "../../../src/server/tally.rs"]
pub mod tally;
pub mod timeline;
#[path = "../../../src/server/usher.rs"]
pub mod usher;
