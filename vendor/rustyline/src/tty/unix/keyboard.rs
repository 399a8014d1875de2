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

use super::{get_win_size, write_all, AltFd, PipeReader, Sig};
use crate::error::{ReadlineError, Signal};
use crate::layout::Unit;
use crate::Result;

/// How much is read at once.
const CHUNK_BYTES: usize = 1024;
/// A paste whose end doesn't come is over after so long without a byte.
const PASTE_SILENCE: Duration = Duration::from_secs(1);
/// A Ctrl-C behind which nothing follows for so long was pressed, and is not part of what was pasted.
const PRESSED_ALONE: Duration = Duration::from_millis(50);
/// What is beyond this in a paste is left out.
const PASTE_BYTES_MAX: usize = 256 * 1024;
/// How long a terminal may take to say where its cursor is.
const REPORT_WAIT: Duration = Duration::from_millis(300);
/// A size is settled when it has not changed for so long, ...
const SETTLED: Duration = Duration::from_millis(50);
/// ... and taken as it is when it has gone on changing for so long.
const UNSETTLED_MAX: Duration = Duration::from_secs(2);

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

/// What comes from a terminal.
pub(super) struct Keyboard {
    fd: AltFd,
    out: AltFd,
    sig: Option<Sig>,
    prints: Option<PipeReader>,
    /// The terminal's, as whoever draws knows it.
    size: (Unit, Unit),
    /// Read, and not yet taken.
    ahead: Vec<u8>,
    /// To be printed in the new size.
    print: Option<String>,
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
            ahead,
            print: None,
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
                Ok(())
            }
            Err(Errno::EINTR | Errno::EAGAIN) => Ok(()),
            Err(e) => Err(io::Error::from(e).into()),
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

    /// After a change of size, the column in which the terminal has its cursor, counted from 0; None if it doesn't say.
    /// Waits until the size is settled: what is drawn for one size and comes to a terminal of another is wrong there.
    pub(super) fn cursor_column(&mut self) -> Result<Option<Unit>> {
        let end = Instant::now() + UNSETTLED_MAX;
        loop {
            while Instant::now() < end && self.changes_again()? {}
            self.size = get_win_size(self.out);
            write_all(self.out, "\x1b[6n")?;
            let column = self.wait_for_report()?;
            if !self.has_new_size() || Instant::now() >= end {
                return Ok(column);
            }
        }
    }

    /// Whether the terminal has another size: the signal that says so may come late.
    pub(super) fn has_new_size(&self) -> bool {
        self.size != get_win_size(self.out)
    }

    /// Puts back what is to be printed, until the new size is known.
    pub(super) fn put_back(&mut self, text: String) {
        self.print = Some(text);
    }

    fn changes_again(&mut self) -> Result<bool> {
        let Some(sig) = &self.sig else {
            return Ok(false);
        };
        let mut ready = FdSet::new();
        ready.insert(sig.pipe.as_fd());
        let mut left = time_val(SETTLED);
        match select::select(None, Some(&mut ready), None, None, Some(&mut left)) {
            Ok(0) => Ok(false),
            Ok(_) => Ok(sig.received()? == Some(Signal::Resize)),
            Err(Errno::EINTR) => Ok(true),
            Err(e) => Err(e.into()),
        }
    }

    fn wait_for_report(&mut self) -> Result<Option<Unit>> {
        let end = Instant::now() + REPORT_WAIT;
        loop {
            // Keys that were pressed before stay.
            if let Some((range, column)) = find_report(&self.ahead) {
                self.ahead.drain(range);
                return Ok(Some(column));
            }
            let left = end.saturating_duration_since(Instant::now());
            if !self.wait_for_bytes(Some(left))? {
                return Ok(None);
            }
        }
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

/// Where there is a `CSI row ; column R`, and its column, counted from 0.
fn find_report(bytes: &[u8]) -> Option<(Range<usize>, Unit)> {
    let starts = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(b"\x1b["));
    for start in starts {
        let body = &bytes[start + 2..];
        let digits = |c: &u8| c.is_ascii_digit() || *c == b';';
        let end = body.iter().position(|c| !digits(c))?;
        let numbers = from_utf8(&body[..end]).ok()?;
        if let (b'R', Some((_, column))) = (body[end], numbers.split_once(';')) {
            let column: Unit = column.parse().ok()?;
            return Some((start..start + 2 + end + 1, column.saturating_sub(1)));
        }
    }
    None
}
