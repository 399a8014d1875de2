//! What time it is, for all who judge by it. A Raspberry Pi has no clock of its own, and any machine's may be set at any
//! moment: so nobody else here asks the system. `house.rs` is what they ask, `reckoning.rs` how it comes to its answer,
//! `clock_file.rs` what it remembers over a restart, `built.rs` what it knows without, and `wrong_times.rs` what it tells of
//! times that were shown wrong.
//!
//! Two times are told apart. *Shown* is what events bear and people read: the system's clock, as long as that is believed.
//! *Lived* is what ages are judged by: it runs only with time that has really passed, and no clock that is set
//! moves it.

mod built;
mod clock_file;
mod house;
mod now;
mod reckoning;
#[cfg(test)]
mod tests;
mod wrong_times;

pub(crate) use built::built;
pub(crate) use clock_file::{Kept, SLACK};
pub(crate) use house::{Clock, LOOK_AFTER};
pub(crate) use now::Now;
pub(crate) use reckoning::PAUSE_MAX;
