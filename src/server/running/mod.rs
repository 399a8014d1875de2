//! What a running server does beside chatting.

pub(crate) mod banner;
pub(crate) mod caretaker;
pub(crate) mod notifier;
pub(crate) mod signals;
pub(crate) mod supervisor;
