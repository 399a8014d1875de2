//! What all threads share: `server.rs` has it together, the other files each a part of it, such as who failed how often
//! (`throttle/`) and what is written down of it (`audit.rs`).

mod addresses;
pub(crate) mod announce;
mod audit;
mod certificate;
mod class_door;
mod counts;
mod erasure;
mod full_house;
pub(crate) mod identity;
mod invitation;
mod kept;
mod lesson;
mod lookout;
mod reload;
mod renewal;
mod rollbook;
mod rooms;
mod seats;
mod server;
mod shutdown;
mod strangers;
pub(crate) mod systemd;
mod throttle;
mod topic_file;

pub(crate) use addresses::{Reach, links, own_addresses, reach, reachable};
pub(crate) use audit::{Audit, SUM_AFTER};
pub(crate) use certificate::{make, missing, today};
pub(crate) use class_door::{Barred, ClassDoor, Shut, Terms};
pub(crate) use counts::{Counts, LoginFailure};
pub(crate) use erasure::{Erasure, being_erased};
pub(crate) use full_house::FullHouse;
pub(crate) use identity::InUse;
pub(crate) use invitation::Invitation;
pub(crate) use kept::Kept;
pub(crate) use lesson::{
    Ask, Change, Floor, Hand, Kept as LessonKept, Lesson, Moment, NoVote, Outcome, PastPolls, Poll, Timer, Turn,
    Wanted, check_minutes,
};
pub(crate) use renewal::Renewals;
pub(crate) use rollbook::{Progress, Query, Reading, Rollbook};
pub(crate) use rooms::{ROOMS_MAX, ROOMS_PER_ACCOUNT_MAX, Room, Rooms};
pub(crate) use seats::Place;
pub(crate) use server::Server;
pub(crate) use shutdown::{LINGER, SHUTDOWN_DEADLINE, Shutdown};
pub(crate) use strangers::{NoPlace, Stay, Strangers};
pub(crate) use throttle::{Attempt, Throttle};
pub(crate) use topic_file::Topic;
