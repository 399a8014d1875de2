//! The core itself, and what is tried with it.

pub use crate::stand_ins::{attention, rate, sequence, token_file};

#[path = "../../../src/server/backlog.rs"]
pub mod backlog;
#[path = "../../../src/server/chat.rs"]
pub mod chat;
#[path = "../../../src/server/chunk.rs"]
pub mod chunk;

#[path = "../../../src/server/delivery.rs"]
pub mod delivery;
#[path = "../../../src/server/events.rs"]
pub mod events;
#[path = "../../../src/server/herald.rs"]
pub mod herald;
pub mod journal;
pub mod keeper;
#[path = "../../../src/server/past.rs"]
pub mod past;
#[path = "../../../src/server/presence.rs"]
pub mod presence;
#[path = "../../../src/server/recall.rs"]
pub mod recall;
#[path = "../../../src/server/record.rs"]
pub mod record;
#[path = "../../../src/server/registry.rs"]
pub mod registry;
pub mod scenario;
#[path = "../../../src/server/session.rs"]
pub mod session;
#[path = "../../../src/server/standing.rs"]
pub mod standing;
#[path = "../../../src/server/tally.rs"]
pub mod tally;
#[path = "../../../src/server/timeline.rs"]
pub mod timeline;
#[path = "../../../src/server/usher.rs"]
pub mod usher;
