//! Programs that people show each other: what `/code` and `/save` mean, and the files that they read and write.

mod file;
mod languages;
mod lines;
mod save;
mod typed;

pub(crate) use file::{beginning_with as files_beginning_with, load};
pub(crate) use languages::beginning_with as languages_beginning_with;
pub(crate) use lines::{Lines, fits, is_ended, taken};
pub(crate) use save::Save;
pub(crate) use typed::{Begun, Head, begun, text, whole};
