//! A person's terminal: a line is edited at its bottom while what comes is shown above it.
//!
//! The `keys` thread alone writes to the terminal as long as it's open: the line editor shows the line, and prints
//! between two keys what others gave to [`screen`]. It hands whole lines over a queue to whoever carries them out, and
//! so goes on editing while the server answers.

pub(super) mod attention;
mod completion;
mod editing;
mod history;
mod keys;
pub(super) mod known;
pub(super) mod names;
pub(super) mod notice;
pub(super) mod screen;

pub(super) use editing::{Setup, Terminal};
