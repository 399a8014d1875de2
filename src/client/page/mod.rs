//! What comes from the server, and how it is shown and written down.

mod about;
mod clock;
mod company;
mod crowd;
mod layout;
mod lesson;
mod lesson_replies;
pub(crate) mod missed;
mod poll;
mod presence;
mod reader;
mod render;
mod replies;
mod seen;
mod status;
mod taken_back;
pub(crate) mod transcript;

pub(crate) use reader::Reader;
pub(crate) use render::Renderer;
