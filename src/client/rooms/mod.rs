//! The rooms that one is in, what holds there, and in which of them one speaks.
//!
//! It knows no server and no screen: whoever reads tells it what happens ([`Rooms::note`]), whoever types asks where a line
//! goes.

mod floor;
mod happening;
mod known;
mod lasting;
mod poll;

pub(crate) use floor::Floor;
pub(crate) use known::{Rooms, room_name};
pub(crate) use poll::Poll;
