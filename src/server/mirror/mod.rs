//! The mirror: everything of the data folder a second time, on another disk, from which a server may be started at any moment.
//!
//! A thread of its own copies what has changed, in the order that [`contents`](crate::server::config::contents) tells, and
//! nobody waits for it, but with `--sync always` whoever writes the journal, for a second at most. So a disk that is pulled
//! out, full, slow or dead holds up nobody. What is told of it stands in [`health`].
//!
//! What must never happen is that the only good copy of something is overwritten: by a server that was started on a new,
//! empty card, or on an old copy of the card. So a mirror and its data folder know each other by a mark ([`mark`]), and a
//! mirror that knows of more than its folder is left alone ([`target`]).

mod behind;
mod health;
mod keeper;
mod mark;
mod parts;
mod pass;
mod programs;
mod segments;
mod spare;
mod target;

pub(crate) use behind::{Behind, behind, known_path};
pub(crate) use keeper::Mirror;
pub(crate) use mark::promote;
pub(crate) use target::refuse_to_begin;
