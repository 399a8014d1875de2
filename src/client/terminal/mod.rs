//! A person's terminal: a line is edited at its bottom while what comes is shown above it.
//!
//! The `keys` thread alone writes to the terminal as long as it's open: the line editor shows the line, and prints
//! between two keys what others gave to [`screen`]. It hands whole lines over a queue to whoever carries them out, and
//! so goes on editing while the server answers.

mod answers;
pub(crate) mod attention;
mod block;
mod bound;
mod completion;
pub(crate) mod doubts;
mod editing;
pub(crate) mod foreign;
mod given_back;
mod history;
mod keys;
pub(crate) mod known;
mod known_password;
mod look;
mod modes;
mod names;
mod notice;
mod password_words;
mod prompt;
mod question;
pub(crate) mod screen;
mod shape;
mod switching;
pub(crate) mod usage;
mod wrap;

pub(crate) use answers::yes_or_no;
pub(crate) use editing::{Setup, Terminal};
pub(crate) use given_back::give_back;
pub(crate) use look::{Colours, Look, Paint, Style};
pub(crate) use modes::Modes;
pub(crate) use names::Names;
pub(crate) use notice::{answer, notice, row};
pub(crate) use prompt::{Lack, WAITING, keep_true, lack};
pub(crate) use question::READ_AFTER;
pub(crate) use shape::Shape;
pub(crate) use switching::Switch;
pub(crate) use wrap::{columns, cut, terminal_columns, wrap};
