//! Where everything that is shown goes while a person's terminal is open: above the line that is edited.
//!
//! A process has one terminal, so this is one state of the process.

use super::attention;
use super::look::{Colours, Paint, Style};
use super::modes::Modes;
use super::wrap::{terminal_columns, wrap};
use crate::sync::lock;
use rustyline::ExternalPrinter;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, TryLockError};

/// Ends the pasting mode that the editor asks for.
const PASTE_MARKS_OFF: &str = "\x1b[?2004l";

/// What stands before every further line of the client's own word: as wide as its mark.
const NOTICE_INDENT: &str = "  ";

static SCREEN: Mutex<Option<Screen>> = Mutex::new(None);

/// The terminal's modes as they were found.
static FOUND: Mutex<Option<Found>> = Mutex::new(None);

/// No more lines are edited.
static CLOSED: AtomicBool = AtomicBool::new(false);

struct Screen {
    printer: Box<dyn ExternalPrinter + Send>,
    colours: Colours,
}

struct Found {
    modes: Modes,
    style: Style,
}

/// A way to standard output: above the line that is edited while there is one.
#[derive(Debug)]
pub(crate) struct Output;

/// Gives the terminal back as it was found when it is dropped.
#[derive(Debug)]
pub(crate) struct Restore;

/// From now on `printer` shows what is to be shown.
pub(super) fn open(printer: impl ExternalPrinter + Send + 'static, style: Style, title: &str) {
    *lock(&FOUND) = Some(Found { modes: Modes::now(), style });
    if style.is_xterm {
        // Not yet the editor's: its thread is started after this.
        write_now(&format!("{}{}", attention::TITLE_SAVE, attention::begin(title)));
    }
    *lock(&SCREEN) = Some(Screen { printer: Box::new(printer), colours: style.colours });
}

/// Shows whole lines above the line that is edited. False where there is none.
pub(crate) fn print(lines: &str) -> bool {
    print_on(&mut lock(&SCREEN), lines)
}

/// Shows the client's own word above the line that is edited. False where there is none.
pub(super) fn say(line: &str) -> bool {
    let mut screen = lock(&SCREEN);
    let Some(colours) = screen.as_ref().map(|screen| screen.colours) else { return false };
    print_on(&mut screen, &painted(line, colours))
}

/// The client's own word as it would be shown there. None where there is no such line.
pub(super) fn dressed(line: &str) -> Option<String> {
    lock(&SCREEN).as_ref().map(|screen| painted(line, screen.colours))
}

fn painted(line: &str, colours: Colours) -> String {
    let room = terminal_columns().saturating_sub(1);
    let pieces = wrap(line, room, room.saturating_sub(NOTICE_INDENT.len()));
    let paint = Paint::of(line);
    let painted: Vec<_> = pieces.iter().map(|piece| colours.paint_if(paint, piece)).collect();
    format!("{}\n", painted.join(&format!("\n{NOTICE_INDENT}")))
}

fn print_on(screen: &mut Option<Screen>, lines: &str) -> bool {
    let printed = screen.as_mut().is_some_and(|screen| screen.printer.print(lines.to_owned()).is_ok());
    if !printed {
        // Nothing is edited any more: the printer shows what it still has, then all goes to the terminal directly.
        *screen = None;
    }
    printed
}

/// Shows at once what waits to be shown: before something is asked for while no line is edited. What comes then waits.
pub(crate) fn flush() {
    if let Some(screen) = &mut *lock(&SCREEN) {
        let _ = screen.printer.print(String::new());
    }
}

/// Has the line that is edited drawn anew, with its prompt. False where there is none.
pub(super) fn redraw() -> bool {
    print(rustyline::REDRAW)
}

/// Writes to the terminal at once: for the keys thread, and before and after it.
pub(super) fn write_now(text: &str) {
    let mut stdout = io::stdout().lock();
    // A terminal that is gone shows nothing: the editor sees its end.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Whether no more lines are to be edited.
pub(super) fn is_closed() -> bool {
    CLOSED.load(Ordering::SeqCst)
}

/// Shows what is still to be shown and gives the terminal back as it was found. Does nothing the second time.
pub(crate) fn close() {
    CLOSED.store(true, Ordering::SeqCst);
    let screen = match SCREEN.try_lock() {
        Ok(mut screen) => screen.take(),
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().take(),
        // Somebody waits for a terminal that takes nothing.
        Err(TryLockError::WouldBlock) => None,
    };
    // The editor prints what waits.
    drop(screen);
    let Some(found) = lock(&FOUND).take() else { return };
    write_now(&format!("\r\x1b[J{PASTE_MARKS_OFF}"));
    if found.style.is_xterm {
        write_now(&format!("{}{}", attention::FOCUS_REPORTS_OFF, attention::TITLE_RESTORE));
    }
    found.modes.restore();
}

impl Write for Output {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if !print(&String::from_utf8_lossy(lines)) {
            io::stdout().lock().write_all(lines)?;
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().lock().flush()
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        close();
    }
}
