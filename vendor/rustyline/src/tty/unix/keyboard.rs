//! homeroom: what comes from a Unix terminal. One place waits for it, together with what is to be printed meanwhile
//! and with signals, so that no state of the editor keeps either waiting.
use std::io;
use std::ops::Range;
use std::os::fd::AsFd as _;
use std::str::from_utf8;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::select::{self, FdSet};
use nix::sys::time::{TimeVal, TimeValLike as _};
use nix::unistd::read;

use super::{get_win_size, write_all, AltFd, PipeReader, Sig, Told};
use crate::error::{ReadlineError, Signal};
use crate::layout::{Position, Unit};
use crate::Result;

/// How much is read at once.
const CHUNK_BYTES: usize = 1024;
/// A paste whose end doesn't come is over after so long without a byte.
const PASTE_SILENCE: Duration = Duration::from_secs(1);
/// A Ctrl-C behind which nothing follows for so long was pressed, and is not part of what was pasted.
const PRESSED_ALONE: Duration = Duration::from_millis(50);
/// What is beyond this in a paste is left out.
const PASTE_BYTES_MAX: usize = 256 * 1024;
/// A terminal that doesn't say where its cursor is within this answers no such question.
const REPORT_WAIT: Duration = Duration::from_secs(1);
/// One that has answered before is only late, on a machine under load.
const LATE_REPORT_WAIT: Duration = Duration::from_secs(5);
/// A size is settled when it has not changed for so long: tmux tells of it once in 250 ms
/// (`server_client_check_pane_resize`), while it has wrapped its rows for others.
const SETTLED: Duration = Duration::from_millis(300);
/// What is to be shown waits no longer than this for a size to be settled.
const UNSETTLED_MAX: Duration = Duration::from_secs(10);

const PASTE_END: &[u8] = b"\x1b[201~";
const CTRL_C: u8 = 3;
const ESC: u8 = 0x1b;

/// What a wait ended with.
pub(super) enum Came {
    /// There is something in `ahead`.
    Bytes,
    /// This is to be printed. There may be bytes too.
    Print(String),
    Signal(Signal),
    Nothing,
}

/// What is known of a terminal after a change of its size.
pub(super) enum Settled {
    Told(Told),
    /// It answers no questions.
    Mute,
    /// It answers, but not now: nothing above the cursor is surely the line's own.
    Late,
    /// It changes still.
    Never,
}

/// What comes from a terminal.
pub(super) struct Keyboard {
    fd: AltFd,
    out: AltFd,
    sig: Option<Sig>,
    prints: Option<PipeReader>,
    /// The terminal's, as whoever draws knows it.
    size: (Unit, Unit),
    /// The terminal said that it changed since.
    is_resized: bool,
    /// The size that the terminal told of last, which is what is drawn for.
    told: Option<(Unit, Unit)>,
    has_answered: bool,
    /// How often the terminal was asked for its cursor and has not answered.
    owed_reports: usize,
    /// What it answered to the last question.
    reports: Vec<Position>,
    /// Came while a size was waited for.
    signal: Option<Signal>,
    /// Read, and not yet taken.
    ahead: Vec<u8>,
    /// To be printed in the new size.
    print: Option<String>,
    /// Since when that is kept back.
    kept_since: Option<Instant>,
    /// What was pasted so far, while its end has not come.
    paste: Option<Paste>,
    /// The last paste was over without its end, which may yet come.
    unended: bool,
}

#[derive(Default)]
struct Paste {
    bytes: Vec<u8>,
    is_whole: bool,
}

impl Keyboard {
    pub(super) fn new(
        (fd, out): (AltFd, AltFd),
        sig: Option<Sig>,
        prints: Option<PipeReader>,
        ahead: Vec<u8>,
    ) -> Self {
        Self {
            fd,
            out,
            sig,
            prints,
            size: get_win_size(out),
            is_resized: false,
            told: None,
            has_answered: false,
            owed_reports: 0,
            reports: Vec::new(),
            signal: None,
            ahead,
            print: None,
            kept_since: None,
            paste: None,
            unended: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ahead.is_empty()
    }

    /// What was typed ahead.
    pub(super) fn take_ahead(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.ahead)
    }

    /// Waits for bytes, a text to be printed or a signal.
    pub(super) fn wait(&mut self, limit: Option<Duration>) -> Result<Came> {
        if let Some(signal) = self.signal.take() {
            return Ok(Came::Signal(signal));
        }
        if let Some(text) = self.print.take() {
            return Ok(Came::Print(text));
        }
        if let Some((_, outbox)) = &self.prints {
            outbox.listen();
        }
        self.wait_for(limit, true)
    }

    /// Waits for bytes alone, in the middle of something that comes at once: false if none came.
    pub(super) fn wait_for_bytes(&mut self, limit: Option<Duration>) -> Result<bool> {
        Ok(matches!(self.wait_for(limit, false)?, Came::Bytes))
    }

    fn wait_for(&mut self, limit: Option<Duration>, anything: bool) -> Result<Came> {
        let end = limit.map(|limit| Instant::now() + limit);
        loop {
            let keys = self.fd.as_fd();
            let sig = self.sig.as_ref().filter(|_| anything);
            let pipe = self.prints.as_ref().filter(|_| anything);
            let pipe = pipe.map(|(pipe, outbox)| (pipe.lock().unwrap(), outbox));
            let mut ready = FdSet::new();
            ready.insert(keys);
            if let Some(sig) = sig {
                ready.insert(sig.pipe.as_fd());
            }
            if let Some((pipe, _)) = &pipe {
                ready.insert(pipe.as_fd());
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let mut left = left.map(time_val);
            match select::select(None, Some(&mut ready), None, None, left.as_mut()) {
                Ok(0) => return Ok(Came::Nothing),
                Ok(_) => {}
                // A signal has said so in its pipe.
                Err(Errno::EINTR) => continue,
                Err(e) => return Err(e.into()),
            }
            if let Some(signal) = sig.filter(|sig| ready.contains(sig.pipe.as_fd())) {
                if let Some(signal) = signal.received()? {
                    return Ok(Came::Signal(signal));
                }
            }
            let mut print = None;
            if let Some((pipe, outbox)) = &pipe {
                if ready.contains(pipe.as_fd()) {
                    read(pipe.as_fd(), &mut [0])?;
                    print = outbox.take();
                }
            }
            let has_bytes = ready.contains(keys);
            drop(pipe);
            if has_bytes {
                self.read()?;
            }
            match print {
                // Bytes that never end don't keep what is to be printed.
                Some(text) => return Ok(Came::Print(text)),
                None if has_bytes => return Ok(Came::Bytes),
                None => {}
            }
        }
    }

    fn read(&mut self) -> Result<()> {
        let mut chunk = [0; CHUNK_BYTES];
        match read(self.fd, &mut chunk) {
            Ok(0) => Err(ReadlineError::Eof),
            Ok(n) => {
                self.ahead.extend_from_slice(&chunk[..n]);
                self.take_reports();
                Ok(())
            }
            Err(Errno::EINTR | Errno::EAGAIN) => Ok(()),
            Err(e) => Err(io::Error::from(e).into()),
        }
    }

    /// An answer is no key, however late it comes. Keys that were pressed before stay.
    fn take_reports(&mut self) {
        while self.owed_reports > 0 {
            let Some((range, report)) = find_report(&self.ahead) else {
                return;
            };
            self.ahead.drain(range);
            self.owed_reports -= 1;
            self.has_answered = true;
            self.reports.push(report);
        }
    }

    /// The next character; what is none is U+FFFD. None: nothing came in time.
    pub(super) fn next_char(&mut self, limit: Option<Duration>) -> Result<Option<char>> {
        if self.ahead.is_empty() && !self.wait_for_bytes(limit)? {
            return Ok(None);
        }
        loop {
            let start = &self.ahead[..self.ahead.len().min(4)];
            let (valid, bad) = match from_utf8(start) {
                Ok(valid) => (valid, None),
                Err(e) => (
                    from_utf8(&start[..e.valid_up_to()]).unwrap_or_default(),
                    e.error_len(),
                ),
            };
            if let Some(c) = valid.chars().next() {
                self.ahead.drain(..c.len_utf8());
                return Ok(Some(c));
            }
            // The rest of it may be under way.
            if bad.is_some() || !self.wait_for_bytes(limit)? {
                self.ahead.drain(..bad.unwrap_or(1));
                return Ok(Some(char::REPLACEMENT_CHARACTER));
            }
        }
    }

    /// A paste begins.
    pub(super) fn begin_paste(&mut self) {
        self.paste = Some(Paste::default());
        self.unended = false;
    }

    /// Goes on with a paste that has begun: None when it is over, or where there is none.
    pub(super) fn wait_for_paste(&mut self) -> Result<Option<Came>> {
        if self.unended && !self.ahead.is_empty() {
            self.unended = false;
            if self.goes_on() {
                self.begin_paste();
            }
        }
        let Some(paste) = &mut self.paste else {
            return Ok(None);
        };
        if paste.is_whole {
            return Ok(None);
        }
        let searched = paste.bytes.len().saturating_sub(PASTE_END.len() - 1);
        let last = self.ahead.last().copied();
        paste.bytes.append(&mut self.ahead);
        if let Some(found) = find(&paste.bytes[searched..], PASTE_END) {
            self.ahead = paste.bytes.split_off(searched + found + PASTE_END.len());
            paste.bytes.truncate(searched + found);
            paste.is_whole = true;
            return Ok(None);
        }
        paste.bytes.truncate(PASTE_BYTES_MAX);
        if last == Some(CTRL_C) && !self.wait_for_bytes(Some(PRESSED_ALONE))? {
            self.ahead.push(CTRL_C);
            self.end_paste(false);
            return Ok(None);
        }
        if !self.ahead.is_empty() {
            return Ok(Some(Came::Bytes));
        }
        let came = self.wait(Some(PASTE_SILENCE))?;
        if matches!(came, Came::Nothing) {
            self.end_paste(true);
            return Ok(None);
        }
        Ok(Some(came))
    }

    fn end_paste(&mut self, unended: bool) {
        self.unended = unended;
        if let Some(paste) = &mut self.paste {
            paste.is_whole = true;
        }
    }

    /// Whether a paste that seemed to be over goes on: nobody presses several keys at once, and what was pasted must
    /// not be taken for Enter.
    fn goes_on(&self) -> bool {
        find(&self.ahead, PASTE_END).is_some()
            || (self.ahead.first() != Some(&ESC)
                && from_utf8(&self.ahead).map_or(self.ahead.len(), |text| text.chars().count()) > 1)
    }

    pub(super) fn has_pasted(&self) -> bool {
        self.paste.as_ref().is_some_and(|paste| paste.is_whole)
    }

    /// What was pasted, once it is over.
    pub(super) fn pasted(&mut self) -> Option<String> {
        let paste = self.paste.take_if(|paste| paste.is_whole)?;
        let text = String::from_utf8_lossy(&paste.bytes);
        let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
        // What is shown is obeyed, and a clipboard may come from anywhere.
        text.retain(|c| !c.is_control() || matches!(c, '\n' | '\t'));
        Some(text)
    }

    /// After a change of size, what the terminal tells of itself once the size is settled: what is drawn for one size and
    /// comes to a terminal of another is wrong there, and what is cleared may be somebody else's.
    pub(super) fn settle(&mut self) -> Result<Settled> {
        let end = self.kept_since.unwrap_or_else(Instant::now) + UNSETTLED_MAX;
        self.told = None;
        let mut last = None;
        while Instant::now() < end {
            self.is_resized = false;
            self.size = get_win_size(self.out);
            if self.changes_again()? {
                continue;
            }
            let Some(told) = self.ask()? else {
                return Ok(if self.has_answered { Settled::Late } else { Settled::Mute });
            };
            // Where the kernel knows another size it will hear of this one soon, and of others that came since.
            if !self.changes_within(Duration::ZERO)?
                && (told.size == self.size || last == Some(told.size))
            {
                self.told = Some(told.size);
                return Ok(Settled::Told(told));
            }
            last = Some(told.size);
        }
        self.is_resized = true;
        Ok(Settled::Never)
    }

    /// Whether the terminal has the size that is drawn for, as far as it says so: the kernel hears of another one later.
    pub(super) fn is_as_drawn(&mut self) -> Result<bool> {
        if self.has_new_size() {
            return Ok(false);
        }
        let Some(size) = self.told else {
            return Ok(true);
        };
        let told = self.ask()?;
        Ok(told.is_some_and(|told| told.size == size) && !self.has_new_size())
    }

    /// What is to be printed, if there is something already.
    pub(super) fn print_at_once(&mut self) -> Result<Option<String>> {
        if let (None, Some((pipe, outbox))) = (&self.print, &self.prints) {
            outbox.listen();
            let pipe = pipe.lock().unwrap();
            let mut ready = FdSet::new();
            ready.insert(pipe.as_fd());
            let mut at_once = time_val(Duration::ZERO);
            match select::select(None, Some(&mut ready), None, None, Some(&mut at_once)) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => {
                    read(pipe.as_fd(), &mut [0])?;
                    self.print = outbox.take();
                }
                Err(e) => return Err(e.into()),
            }
        }
        self.kept_since = None;
        Ok(self.print.take())
    }

    /// Whether the terminal has another size, or had: the signal that says so may come late.
    pub(super) fn has_new_size(&self) -> bool {
        self.is_resized || self.size != get_win_size(self.out)
    }

    /// The terminal says that it has another size.
    pub(super) fn resized(&mut self) {
        self.is_resized = true;
    }

    /// What was kept back is printed.
    pub(super) fn printed(&mut self) {
        self.kept_since = None;
    }

    /// Puts back what is to be printed, until the new size is known.
    pub(super) fn put_back(&mut self, text: String) {
        self.print = Some(text);
        self.kept_since.get_or_insert_with(Instant::now);
    }

    fn changes_again(&mut self) -> Result<bool> {
        self.changes_within(SETTLED)
    }

    /// Waits so long for another change of size.
    fn changes_within(&mut self, time: Duration) -> Result<bool> {
        let end = Instant::now() + time;
        while let Some(sig) = &self.sig {
            let mut ready = FdSet::new();
            ready.insert(sig.pipe.as_fd());
            let mut left = time_val(end.saturating_duration_since(Instant::now()));
            match select::select(None, Some(&mut ready), None, None, Some(&mut left)) {
                Ok(0) => break,
                // Another signal is for whoever waits next.
                Ok(_) => match sig.received()? {
                    Some(Signal::Resize) => self.is_resized = true,
                    other => self.signal = self.signal.take().or(other),
                },
                // It says so in the pipe.
                Err(Errno::EINTR) => continue,
                Err(e) => return Err(e.into()),
            }
            if self.has_new_size() {
                break;
            }
        }
        Ok(self.has_new_size())
    }

    /// Asks the terminal where its cursor is, and what its last row and column are: its size. A terminal handles at once
    /// what comes at once.
    fn ask(&mut self) -> Result<Option<Told>> {
        write_all(self.out, "\x1b[6n\x1b7\x1b[9999;9999H\x1b[6n\x1b8")?;
        self.owed_reports += 2;
        let wait = if self.has_answered { LATE_REPORT_WAIT } else { REPORT_WAIT };
        let end = Instant::now() + wait;
        self.reports.clear();
        while self.owed_reports > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if !self.wait_for_bytes(Some(left))? {
                return Ok(None);
            }
        }
        let [.., cursor, last] = self.reports[..] else {
            return Ok(None);
        };
        let size = (last.col.saturating_add(1), last.row.saturating_add(1));
        Ok(Some(Told { cursor, size }))
    }
}

#[expect(unused_must_use)]
impl Drop for Keyboard {
    fn drop(&mut self) {
        if let Some(sig) = self.sig.take() {
            sig.uninstall_sigwinch_handler();
        }
    }
}

fn time_val(duration: Duration) -> TimeVal {
    TimeVal::microseconds(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// Where there is a `CSI row ; column R`, and what it says.
fn find_report(bytes: &[u8]) -> Option<(Range<usize>, Position)> {
    let starts = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(b"\x1b["));
    for start in starts {
        let body = &bytes[start + 2..];
        let digits = |c: &u8| c.is_ascii_digit() || *c == b';';
        let end = body.iter().position(|c| !digits(c))?;
        let numbers = from_utf8(&body[..end]).ok()?;
        if let (b'R', Some((row, col))) = (body[end], numbers.split_once(';')) {
            let (row, col): (Unit, Unit) = (row.parse().ok()?, col.parse().ok()?);
            let position = Position { col: col.saturating_sub(1), row: row.saturating_sub(1) };
            return Some((start..start + 2 + end + 1, position));
        }
    }
    None
}
