//! The browser's door, on the port that everyone uses: what a stranger speaks shows in the first byte. Just enough HTTP/1.1
//! to give out the page (`page.rs`) and the programs (`programs.rs`), and to become a WebSocket (`upgrade.rs`), in which
//! the lines lie that all clients speak (`frames.rs`). Each connection is answered once, then closed.

mod answer;
mod frames;
mod head;
mod page;
mod programs;
mod redirect;
mod upgrade;
mod visit;

pub(crate) use redirect::show_to_tls;
pub(crate) use visit::{Visit, Visitor};

/// Whether a connection that begins with this byte speaks HTTP. TLS begins with 0x16, a line with `{` or a blank.
pub(crate) fn is_http(first: u8) -> bool {
    first.is_ascii_uppercase()
}

/// For the fuzzers: how long the head is that the bytes begin with, or the status that they are answered with.
pub(super) fn rehearse_head(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    let parsed = head::Head::parse(bytes).map_err(|bad| if bad == head::BadHead::TooLarge { "431" } else { "400" })?;
    Ok(parsed.map(|(head, length)| {
        // Neither has anything that can be wrong with them.
        let _ = (head.path(), upgrade::accept(&head).is_ok());
        length
    }))
}

/// For the fuzzers: frames.
pub(super) fn frames() -> Box<dyn crate::duplex::Framing> {
    Box::new(frames::Frames::new(std::time::Instant::now()))
}
