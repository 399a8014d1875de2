//! What somebody asks for who is logged in: `reader.rs` reads it, `commands.rs` finds the file that does it, and
//! `password_check.rs` is where each password comes through.

mod admin;
mod answer;
mod ask;
mod attendance;
pub(crate) mod class_door;
mod closing;
mod commands;
pub(crate) mod endings;
pub(crate) mod erasure;
#[cfg(feature = "fault-injection")]
mod fault;
mod fit;
mod floor;
mod form;
mod hands;
mod held;
mod history;
mod lesson;
mod membership;
mod password_check;
mod people;
mod polls;
pub(crate) mod reader;
mod removal;
mod request_rate;
pub(crate) mod rooms;
mod speech;
pub(crate) mod split;
mod topic;
mod withheld;

pub(crate) use answer::{Refusal, account_refusal, not_through_page, one_time_is_over, refuse};
pub(crate) use fit::{fit_beside, json_bytes, listed_bytes};
pub(crate) use password_check::{FAILED_TOO_OFTEN, Knock, check_password, enrol, let_in, try_later};
pub(crate) use people::all_called;
pub(crate) use polls::came as lesson_came;
pub(crate) use rooms::own as own_rooms;
pub(crate) use withheld::waiting_whispers;
