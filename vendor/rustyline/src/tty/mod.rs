//! This module implements and describes common TTY methods & traits

/// Unsupported Terminals that don't support RAW mode
const UNSUPPORTED_TERM: [&str; 3] = ["dumb", "cons25", "emacs"];

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config::Config;
use crate::highlight::Highlighter;
use crate::keys::KeyEvent;
use crate::layout::{GraphemeClusterMode, Layout, Position, Unit};
use crate::line_buffer::LineBuffer;
use crate::{Cmd, Prompt, Result};

/// Terminal state
pub trait RawMode: Sized {
    /// Disable RAW mode for the terminal.
    fn disable_raw_mode(&self) -> Result<()>;
}

/// Input event
pub enum Event {
    KeyPress(KeyEvent),
    ExternalPrint(String),
    /// homeroom: the terminal has another size
    Resize(Option<Told>),
    /// homeroom: to be printed while the size goes on changing, so that nothing above the cursor is surely the line's own
    PrintHere(String),
}

/// homeroom: what a terminal tells of itself
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// Where its cursor is, counted from 0.
    pub cursor: Position,
    /// How many columns and rows it has: the kernel may hear of it later.
    pub size: (Unit, Unit),
}

/// Translate bytes read from stdin to keys.
pub trait RawReader {
    type Buffer;
    /// Blocking wait for either a key press or an external print
    fn wait_for_input(&mut self, single_esc_abort: bool) -> Result<Event>;
    /// Blocking read of key pressed. homeroom: for `wait_for_input` alone, since nothing is printed meanwhile
    fn next_key(&mut self, single_esc_abort: bool) -> Result<KeyEvent>;
    /// Bracketed paste
    fn read_pasted_text(&mut self) -> Result<String>;
    /// Check if `key` is bound to a peculiar command
    fn find_binding(&self, key: &KeyEvent) -> Option<Cmd>;
    /// Backup type ahead
    fn unbuffer(self) -> Option<Buffer>;
}

/// Display prompt, line and cursor in terminal output
pub trait Renderer {
    type Reader: RawReader;

    fn move_cursor(&mut self, old: Position, new: Position) -> Result<()>;

    /// Display `prompt`, line and cursor in terminal output
    fn refresh_line<P: Prompt + ?Sized>(
        &mut self,
        prompt: &P,
        line: &LineBuffer,
        hint: Option<&str>,
        old_layout: Option<&Layout>, // used to clear old rows
        new_layout: &Layout,
        highlighter: Option<&dyn Highlighter>,
    ) -> Result<()>;

    /// Compute layout for rendering prompt + line + some info (either hint,
    /// validation msg, ...). on the screen. Depending on screen width, line
    /// wrapping may be applied.
    fn compute_layout(
        &self,
        prompt: &str,
        default_prompt: bool,
        line: &LineBuffer,
        info: Option<&str>,
    ) -> Layout {
        // homeroom: of the text as it is drawn, in one piece: a row that is full is followed by another one, unless
        // a line feed is next
        let info = info.unwrap_or_default();
        let text = [prompt, line.as_str(), info].concat();
        let at = prompt.len() + line.pos();
        let cursor = match text[at..].strip_prefix('\n') {
            Some(_) => {
                let before = self.calculate_position(&text[..=at], Position::default());
                let here = self.calculate_position(&text[..at], Position::default());
                // Else it is behind the last column: shown in it.
                if here.row < before.row {
                    here
                } else {
                    Position {
                        row: before.row - 1,
                        col: self.get_columns() - 1,
                    }
                }
            }
            None => self.calculate_position(&text[..at], Position::default()),
        };
        let end = self.calculate_position(&text, Position::default());
        let prompt_size = self
            .calculate_position(prompt, Position::default())
            .min(cursor);
        let (top, bottom) = self.shown_rows(cursor, end);
        Layout {
            grapheme_cluster_mode: self.grapheme_cluster_mode(),
            prompt_size,
            default_prompt,
            cursor,
            end,
            top,
            bottom,
            has_info: !info.is_empty(),
        }
    }

    /// homeroom: the first and the last row that are shown of a text that ends at `end`
    fn shown_rows(&self, _cursor: Position, end: Position) -> (Unit, Unit) {
        (0, end.row)
    }

    /// homeroom: the terminal has another size. Gives how many rows above the cursor the text begins now that was drawn
    /// with this layout, and what of it is above the screen's first row. `text` is what was drawn up to the cursor,
    /// `above` what was above the screen's first row before.
    fn resized(
        &mut self,
        _above: &str,
        _text: &str,
        layout: &Layout,
        _told: Option<Told>,
    ) -> (Unit, String) {
        self.update_size();
        (layout.cursor.row - layout.top, String::new())
    }

    /// homeroom: what of a text is on these rows
    fn on_rows<'t>(&self, text: &'t str, _top: Unit, _bottom: Unit) -> &'t str {
        text
    }

    /// Calculate the number of columns and rows used to display `s` on a
    /// `cols` width terminal starting at `orig`.
    fn calculate_position(&self, s: &str, orig: Position) -> Position;

    fn write_and_flush(&mut self, buf: &str) -> Result<()>;

    /// Beep, used for completion when there is nothing to complete or when all
    /// the choices were already shown.
    fn beep(&mut self) -> Result<()>;

    /// Clear the screen. Used to handle ctrl+l
    fn clear_screen(&mut self) -> Result<()>;
    /// Clear rows used by prompt and edited line
    fn clear_rows(&mut self, layout: &Layout) -> Result<()>;
    /// Clear from cursor to the end of line
    fn clear_to_eol(&mut self) -> Result<()>;

    /// Update the number of columns/rows in the current terminal.
    fn update_size(&mut self);
    /// Get the number of columns in the current terminal.
    fn get_columns(&self) -> Unit;
    /// Get the number of rows in the current terminal.
    fn get_rows(&self) -> Unit;
    /// Check if output supports colors.
    fn colors_enabled(&self) -> bool;
    /// Tell how grapheme clusters are rendered.
    fn grapheme_cluster_mode(&self) -> GraphemeClusterMode;

    /// Make sure prompt is at the leftmost edge of the screen
    fn move_cursor_at_leftmost(&mut self, rdr: &mut Self::Reader) -> Result<()>;
    /// Begin synchronized update on unix platform
    fn begin_synchronized_update(&mut self) -> Result<()> {
        Ok(())
    }
    /// End synchronized update on unix platform
    fn end_synchronized_update(&mut self) -> Result<()> {
        Ok(())
    }
}

// ignore ANSI escape sequence
fn width(gcm: GraphemeClusterMode, s: &str, esc_seq: &mut u8) -> Unit {
    if *esc_seq == 1 {
        if s == "[" {
            // CSI
            *esc_seq = 2;
        } else {
            // two-character sequence
            *esc_seq = 0;
        }
        0
    } else if *esc_seq == 2 {
        if s == ";" || (s.as_bytes()[0] >= b'0' && s.as_bytes()[0] <= b'9') {
            /*} else if s == "m" {
            // last
             *esc_seq = 0;*/
        } else {
            // not supported
            *esc_seq = 0;
        }
        0
    } else if s == "\x1b" {
        *esc_seq = 1;
        0
    } else if s == "\n" {
        0
    } else {
        gcm.width(s)
    }
}

/// homeroom: how much may wait to be printed before who prints more waits too
const WAITING_BYTES_MAX: usize = 1024 * 1024;
/// homeroom: how long a printer that is dropped waits for the editor to print the rest
const LAST_PRINT_WAIT: Duration = Duration::from_secs(1);

/// homeroom: what external printers have to say, until the editor next waits for a key, which then prints it above
/// the prompt. Kept in order, also between two calls of `readline`: as published a text that was not taken by the
/// end of one came out after those that followed it, and a second one blocked its printer until the next.
#[derive(Debug, Default)]
pub struct Outbox {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    text: String,
    /// the editor waits for a key or a text
    listening: bool,
    /// the editor prints what it took
    busy: bool,
    /// there is no editor any more
    closed: bool,
}

impl Outbox {
    fn state(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a text; calls `wake` where none was waiting. An error, and nothing added: the editor is gone.
    pub fn put(&self, msg: &str, wake: impl FnOnce() -> Result<()>) -> Result<()> {
        let full =
            |waiting: &mut Waiting| waiting.text.len() > WAITING_BYTES_MAX && !waiting.closed;
        let waited = self.changed.wait_while(self.state(), full);
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        if waiting.closed {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
        }
        let first = waiting.text.is_empty();
        waiting.text.push_str(msg);
        if first {
            wake()?;
        }
        Ok(())
    }

    /// For the editor: it waits, so it has printed what it took before.
    pub fn listen(&self) {
        let mut waiting = self.state();
        waiting.listening = true;
        waiting.busy = false;
        self.changed.notify_all();
    }

    /// For the editor: what is to be printed.
    pub fn take(&self) -> Option<String> {
        let mut waiting = self.state();
        let text = std::mem::take(&mut waiting.text);
        waiting.busy = !text.is_empty();
        self.changed.notify_all();
        Some(text).filter(|text| !text.is_empty())
    }

    /// For the editor: it waits no longer; what comes now waits for the next call.
    pub fn turn_away(&self) {
        let mut waiting = self.state();
        waiting.listening = false;
        waiting.busy = false;
        self.changed.notify_all();
    }

    /// For the editor: it is dropped.
    pub fn close(&self) {
        self.turn_away();
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// For a printer that is dropped, or asked to print nothing: waits for the editor to print all, and gives what it didn't.
    pub fn leave(&self) -> String {
        let printing =
            |waiting: &mut Waiting| waiting.listening && (waiting.busy || !waiting.text.is_empty());
        let waited = self
            .changed
            .wait_timeout_while(self.state(), LAST_PRINT_WAIT, printing);
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        std::mem::take(&mut waiting.text)
    }
}

/// External printer
pub trait ExternalPrinter {
    /// Print message to stdout
    fn print(&mut self, msg: String) -> Result<()>;
}

/// Terminal contract
pub trait Term {
    type Buffer;
    type KeyMap;
    type Reader: RawReader<Buffer = Self::Buffer>; // rl_instream
    type Writer: Renderer<Reader = Self::Reader>; // rl_outstream
    type Mode: RawMode;
    type ExternalPrinter: ExternalPrinter;
    type CursorGuard;

    fn new(config: &Config) -> Result<Self>
    where
        Self: Sized;
    /// Check if current terminal can provide a rich line-editing user
    /// interface.
    fn is_unsupported(&self) -> bool;
    /// check if input stream is connected to a terminal.
    fn is_input_tty(&self) -> bool;
    /// check if output stream is connected to a terminal.
    fn is_output_tty(&self) -> bool;
    /// Enable RAW mode for the terminal.
    fn enable_raw_mode(&mut self, config: &Config) -> Result<(Self::Mode, Self::KeyMap)>;
    /// Create a RAW reader
    fn create_reader(
        &self,
        buffer: Option<Self::Buffer>,
        config: &Config,
        key_map: Self::KeyMap,
    ) -> Result<Self::Reader>;
    /// Create a writer
    fn create_writer(&self, config: &Config) -> Self::Writer;
    fn writeln(&self) -> Result<()>;
    /// Create an external printer
    fn create_external_printer(&mut self) -> Result<Self::ExternalPrinter>;
    /// Change cursor visibility
    fn set_cursor_visibility(&mut self, visible: bool) -> Result<Option<Self::CursorGuard>>;
}

/// Check TERM environment variable to see if current term is in our
/// unsupported list
fn is_unsupported_term() -> bool {
    match std::env::var("TERM") {
        Ok(term) => {
            for iter in &UNSUPPORTED_TERM {
                if (*iter).eq_ignore_ascii_case(&term) {
                    return true;
                }
            }
            false
        }
        Err(_) => false,
    }
}

// If on Windows platform import Windows TTY module
// and re-export into mod.rs scope
#[cfg(all(windows, not(target_arch = "wasm32")))]
mod windows;
#[cfg(all(windows, not(target_arch = "wasm32"), not(test)))]
pub use self::windows::*;

// If on Unix platform import Unix TTY module
// and re-export into mod.rs scope
#[cfg(all(unix, not(target_arch = "wasm32")))]
mod unix;
#[cfg(all(unix, not(target_arch = "wasm32"), not(test)))]
pub use self::unix::*;

#[cfg(any(test, target_arch = "wasm32"))]
mod test;
#[cfg(any(test, target_arch = "wasm32"))]
pub use self::test::*;

#[cfg(test)]
mod test_ {
    #[test]
    fn test_unsupported_term() {
        std::env::set_var("TERM", "xterm");
        assert!(!super::is_unsupported_term());

        std::env::set_var("TERM", "dumb");
        assert!(super::is_unsupported_term());
    }
}
