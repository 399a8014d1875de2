//! What comes from the server, and how it is shown and written down.

mod layout;
pub(crate) mod missed;
mod reader;
mod render;
mod status;
pub(crate) mod transcript;

pub(crate) use reader::Reader;
pub(crate) use render::Renderer;
