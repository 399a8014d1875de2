//! The transcript: what happened in the room, appended to a file of the user's own.
//!
//! Each line is one of docs/plain.md with the day and the time to the second before it.

use super::about::About;
use super::layout::{CONTINUATION, Page};
use super::render::Renderer;
use crate::client::error::ClientError;
use crate::client::rooms::Rooms;
use crate::client::terminal::{Look, notice};
use crate::files::Growing;
use crate::protocol::ServerMessage;
use crate::reason::Reason;
use jiff::{Timestamp, tz::TimeZone};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that grows.
#[derive(Debug)]
pub(crate) struct Transcript {
    path: PathBuf,
    /// None after a write that failed, which is said once.
    file: Option<Growing>,
    lines: Lines,
}

/// Events as the lines of a transcript.
#[derive(Debug)]
pub(crate) struct Lines {
    renderer: Renderer,
    page: Page,
    zone: TimeZone,
}

impl Transcript {
    /// Opens or makes the file, for its owner alone.
    ///
    /// # Errors
    /// [`ClientError::Transcript`].
    pub(crate) fn open(path: &Path, me: &str) -> Result<Self, ClientError> {
        let failed = |error| ClientError::Transcript { path: path.to_owned(), error };
        let file = Growing::open_anywhere(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file: Some(file), lines: Lines::new(me, TimeZone::system()) })
    }

    /// Appends an event.
    pub(super) fn write(&mut self, message: &ServerMessage<'_>) {
        let Some(file) = &mut self.file else { return };
        if let Err(e) = file.append(self.lines.of(message).as_bytes()) {
            notice(format_args!(
                "the transcript ends here: `{}` can't be written: {}",
                self.path.display(),
                Reason(&e)
            ));
            self.file = None;
        }
    }
}

impl Lines {
    /// As the account `me` sees them, or as nobody in particular if that is empty.
    pub(crate) fn new(me: &str, zone: TimeZone) -> Self {
        // Nobody switches rooms here: all but the general one are named.
        let rooms = Arc::new(Rooms::new(me, false));
        Self { renderer: Renderer::new(rooms, zone.clone()), page: Page::new(Look::Plain, me), zone }
    }

    /// The lines of one event; empty for what isn't one.
    pub(crate) fn of(&mut self, message: &ServerMessage<'_>) -> String {
        // Every line has its day.
        self.renderer.forget_day();
        self.renderer.event(message, &mut self.page);
        self.renderer.note_state(message);
        dated(&self.page.take(), &self.zone, time(message))
    }
}

/// When it happened; what has no time happened now.
fn time(message: &ServerMessage<'_>) -> Timestamp {
    let time = match (About::of(message), message) {
        (Some(about), _) => about.time,
        (None, ServerMessage::Notice { time, .. }) => time,
        _ => return Timestamp::now(),
    };
    time.parse().unwrap_or_else(|_| Timestamp::now())
}

/// Plain lines with the moment before the first of them, in place of the time of day.
fn dated(lines: &str, zone: &TimeZone, time: Timestamp) -> String {
    let moment = zone.to_datetime(time).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let mut text = String::new();
    for line in lines.lines() {
        if let Some(rest) = line.strip_prefix(CONTINUATION) {
            text.push_str(&format!("{:width$} | {rest}\n", "", width = moment.len() - 2));
            continue;
        }
        let (mark, rest) = marked(line);
        let rest = rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(rest, |rest| rest.1);
        text.push_str(&format!("{moment} {mark}{rest}\n"));
    }
    text
}

/// The room that stands before a line, with its blank; and the line.
fn marked(line: &str) -> (&str, &str) {
    match line.find(' ').filter(|_| line.starts_with('#')) {
        Some(blank) => line.split_at(blank + 1),
        None => ("", line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_moment() {
        let time: Timestamp = "2026-11-23T12:00:00.123Z".parse().unwrap();
        for (plain, expected) in [
            ("[12:00] bob: hi\n", "2026-11-23 12:00:00 bob: hi\n"),
            ("[12:00] bob: a\n      | b\n", "2026-11-23 12:00:00 bob: a\n                  | b\n"),
            ("[12:00] bob: [x] y\n", "2026-11-23 12:00:00 bob: [x] y\n"),
            ("* bob joined\n", "2026-11-23 12:00:00 * bob joined\n"),
            ("#chess [12:00] bob: [x] y\n", "2026-11-23 12:00:00 #chess bob: [x] y\n"),
            ("#chess * eve entered the room\n", "2026-11-23 12:00:00 #chess * eve entered the room\n"),
            ("[12:00] bob: a\n      | #b [x] y\n", "2026-11-23 12:00:00 bob: a\n                  | #b [x] y\n"),
        ] {
            assert_eq!(dated(plain, &TimeZone::UTC, time), expected);
        }
    }
}
