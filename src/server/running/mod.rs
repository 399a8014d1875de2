//! What a running server does beside chatting: it says where it is, hears signals, looks after itself.

mod banner;
pub(crate) mod caretaker;
pub(crate) mod notifier;
pub(crate) mod signals;
pub(crate) mod supervisor;
pub(crate) mod timers;

pub(crate) use banner::Banner;
