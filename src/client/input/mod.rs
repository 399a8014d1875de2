//! What is typed: its turn, what it means, and how it is carried out.

mod arguments;
mod attendance;
mod commands;
mod errands;
mod import;
mod lesson;
mod local;
mod programs;
mod retold;
mod typed;
mod typing;

pub(crate) use errands::Errands;
pub(crate) use local::Locals;
pub(crate) use typing::{Input, Preliminaries};
