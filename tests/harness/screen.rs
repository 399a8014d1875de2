//! A program in a terminal of its own, and what a person sees there. `examples/pictures` uses it too.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything that must be seen may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// tmux tells a program of a new size once in so long (`server_client_check_pane_resize`).
const TMUX_TELLS_AFTER: Duration = Duration::from_millis(250);

/// A program in a terminal; killed when dropped.
pub(crate) struct Screen {
    child: Child,
    keyboard: File,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    /// How many bytes had come when keys were last pressed.
    seen_before: usize,
}

struct Seen {
    parser: vt100::Parser<Window>,
    bytes: Vec<u8>,
    ended: bool,
    /// When a tmux last told the program of its size.
    told_at: Option<Instant>,
    /// The size of which it has not told yet.
    untold: Option<(u16, u16)>,
}

impl Seen {
    /// Tells of the size if it's time. A tmux that is late does so before all else.
    fn tell_if_due(&mut self, terminal: &File) {
        let is_due = self.told_at.is_none_or(|at| at.elapsed() >= TMUX_TELLS_AFTER);
        if let Some((rows, columns)) = self.untold.take_if(|_| is_due) {
            set_size(terminal, rows, columns);
            self.told_at = Some(Instant::now());
        }
    }

    /// Wraps anew the lines that were wrapped.
    fn rewrap(&mut self, rows: u16, columns: u16) {
        let text = rewrapped(self.parser.screen_mut(), usize::from(columns));
        let window = std::mem::take(self.parser.callbacks_mut());
        self.parser = vt100::Parser::new_with_callbacks(size(rows), size(columns), 1000, window);
        self.parser.process(text.as_bytes());
    }
}

/// What of a terminal is beside its screen.
#[derive(Default)]
struct Window {
    title: String,
    /// What it answers to the program.
    answers: String,
    /// It answers nothing.
    is_mute: bool,
}

impl vt100::Callbacks for Window {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.title = String::from_utf8_lossy(title).into_owned();
    }

    /// Asked where the cursor is, it says so.
    fn unhandled_csi(&mut self, screen: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        if c == 'n' && params == [[6]] && !self.is_mute {
            let (row, column) = screen.cursor_position();
            self.answers.push_str(&format!("\x1b[{};{}R", row + 1, column + 1));
        }
    }
}

impl Screen {
    /// Starts a program in a terminal of this size.
    #[track_caller]
    pub(crate) fn start(program: &Command, (rows, columns): (u16, u16)) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        set_size(&master, rows, columns);
        let name = ptsname(&master, Vec::new()).unwrap();
        let end = || OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.to_bytes())).unwrap();
        // It makes the terminal the program's own, so that it sees a change of size and can open /dev/tty.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(program.get_program()).args(program.get_args());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let parser = vt100::Parser::new_with_callbacks(size(rows), size(columns), 1000, Window::default());
        let seen = Arc::new((
            Mutex::new(Seen { parser, bytes: Vec::new(), ended: false, told_at: None, untold: None }),
            Condvar::new(),
        ));
        let keyboard = File::from(master);
        read(keyboard.try_clone().unwrap(), Arc::clone(&seen));
        Self { child, keyboard, seen, seen_before: 0 }
    }

    /// The program's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Presses keys: text, `\r` for Enter, `\x03` for Ctrl-C.
    #[track_caller]
    pub(crate) fn press(&mut self, keys: &str) {
        self.press_bytes(keys.as_bytes());
    }

    /// Presses keys of which something is no text.
    #[track_caller]
    pub(crate) fn press_bytes(&mut self, keys: &[u8]) {
        self.seen_before = self.seen.0.lock().unwrap().bytes.len();
        self.keyboard.write_all(keys).unwrap();
    }

    /// Pastes text as a terminal does that marks it.
    #[track_caller]
    pub(crate) fn paste(&mut self, text: &str) {
        self.press(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// From now on the terminal doesn't say where its cursor is.
    pub(crate) fn say_nothing(&mut self) {
        self.seen.0.lock().unwrap().parser.callbacks_mut().is_mute = true;
    }

    /// Makes the terminal another size as xterm does: rows stay rows, what is beyond the new width is gone.
    pub(crate) fn resize(&mut self, rows: u16, columns: u16) {
        // A terminal handles nothing between its change and the kernel's.
        let mut seen = self.seen.0.lock().unwrap();
        seen.parser.set_size(size(rows), size(columns));
        set_size(&self.keyboard, rows, columns);
    }

    /// Makes the terminal another size as most do: lines that it wrapped are wrapped anew. For narrow characters.
    pub(crate) fn rewrap(&mut self, rows: u16, columns: u16) {
        let mut seen = self.seen.0.lock().unwrap();
        seen.rewrap(rows, columns);
        set_size(&self.keyboard, rows, columns);
    }

    /// The same, and the kernel, and so the program, doesn't hear of it.
    pub(crate) fn rewrap_untold(&mut self, rows: u16, columns: u16) {
        self.seen.0.lock().unwrap().rewrap(rows, columns);
    }

    /// The same as in a tmux: the program hears of it at once, or later if it heard of another size just before.
    pub(crate) fn rewrap_in_tmux(&mut self, rows: u16, columns: u16) {
        let mut seen = self.seen.0.lock().unwrap();
        let is_timed = seen.untold.replace((rows, columns)).is_some();
        seen.rewrap(rows, columns);
        seen.tell_if_due(&self.keyboard);
        if seen.untold.is_some() && !is_timed {
            let (seen, terminal) = (Arc::clone(&self.seen), self.keyboard.try_clone().unwrap());
            thread::spawn(move || {
                thread::sleep(TMUX_TELLS_AFTER);
                seen.0.lock().unwrap().tell_if_due(&terminal);
            });
        }
    }

    /// All that is on the screen and above it, in one piece.
    pub(crate) fn everything(&self) -> String {
        let mut seen = self.seen.0.lock().unwrap();
        let all = all_rows(seen.parser.screen_mut());
        all.iter().map(|(row, _)| row.trim_end()).collect()
    }

    /// The rows that have something in them, without the blanks at their ends.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.look(rows)
    }

    /// Waits until the cursor is in such a row and column, and gives them.
    #[track_caller]
    pub(crate) fn wait_for_cursor(&self, wish: impl Fn((u16, u16)) -> bool) -> (u16, u16) {
        self.wait(|seen| wish(seen.parser.screen().cursor_position()));
        self.look(|screen| screen.cursor_position())
    }

    /// What the window is called.
    pub(crate) fn title(&self) -> String {
        self.seen.0.lock().unwrap().parser.callbacks().title.clone()
    }

    /// Everything that came, as it came.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().bytes.clone()
    }

    /// Something of the screen.
    pub(crate) fn look<T>(&self, what: impl FnOnce(&vt100::Screen) -> T) -> T {
        what(self.seen.0.lock().unwrap().parser.screen())
    }

    /// Waits until the rows are as wished.
    #[track_caller]
    pub(crate) fn wait_for(&self, wish: impl Fn(&[String]) -> bool) -> Vec<String> {
        self.wait(|seen| wish(&rows(seen.parser.screen())));
        self.rows()
    }

    /// Waits until the last rows are these.
    #[track_caller]
    pub(crate) fn wait_for_end(&self, last: &[&str]) {
        let is_there = |rows: &[String]| rows.len() >= last.len() && rows[rows.len() - last.len()..] == *last;
        self.wait(|seen| is_there(&rows(seen.parser.screen())));
    }

    /// Waits until this prompt hides what is typed. It must have come after the keys that were pressed last: the one
    /// before may look the same.
    #[track_caller]
    pub(crate) fn wait_for_hidden_prompt(&self, prompt: &str) {
        self.wait(|seen| {
            String::from_utf8_lossy(&seen.bytes[self.seen_before..]).contains(prompt)
                && rows(seen.parser.screen()).last().is_some_and(|row| row == prompt)
        });
        self.wait_for_echo(false);
    }

    /// Waits until the window is called so.
    #[track_caller]
    pub(crate) fn wait_for_title(&self, title: &str) {
        self.wait(|seen| seen.parser.callbacks().title == title);
    }

    /// Waits until these bytes have come.
    #[track_caller]
    pub(crate) fn wait_for_bytes(&self, wanted: &str) {
        self.wait(|seen| String::from_utf8_lossy(&seen.bytes).contains(wanted));
    }

    /// Waits until the terminal shows what is typed, or doesn't.
    #[track_caller]
    pub(crate) fn wait_for_echo(&self, wanted: bool) {
        let end = Instant::now() + DEADLINE;
        let echoes = || tcgetattr(&self.keyboard).unwrap().local_modes.contains(rustix::termios::LocalModes::ECHO);
        while echoes() != wanted {
            assert!(Instant::now() < end, "the terminal's echo stays {}", !wanted);
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the program's end; gives its exit status.
    #[track_caller]
    pub(crate) fn finish(&mut self) -> Option<i32> {
        self.wait(|seen| seen.ended);
        self.child.wait().unwrap().code()
    }

    #[track_caller]
    fn wait(&self, done: impl Fn(&Seen) -> bool) {
        let (seen, grew) = &*self.seen;
        let waited = grew.wait_timeout_while(seen.lock().unwrap(), DEADLINE, |seen| !done(seen));
        let (seen, timeout) = waited.unwrap();
        let (shown, title) = (rows(seen.parser.screen()).join("\n"), seen.parser.callbacks().title.clone());
        drop(seen);
        assert!(!timeout.timed_out(), "waited in vain; the screen:\n{shown}\nits title: {title}");
    }
}

fn rows(screen: &vt100::Screen) -> Vec<String> {
    let (_, columns) = screen.size();
    let rows = screen.rows(0, columns.get()).map(|row| row.trim_end().to_owned());
    rows.filter(|row| !row.is_empty()).collect()
}

/// The rows above the screen and on it, and whether each is wrapped into the next.
fn all_rows(screen: &mut vt100::Screen) -> Vec<(String, bool)> {
    let width = screen.size().1.get();
    let mut all = Vec::new();
    screen.set_scrollback(usize::MAX);
    while screen.scrollback() > 0 {
        all.extend(screen.rows(0, width).next().map(|row| (row, screen.row_wrapped(0))));
        screen.set_scrollback(screen.scrollback() - 1);
    }
    all.extend(screen.rows(0, width).zip(0..).map(|(row, index)| (row, screen.row_wrapped(index))));
    all
}

/// What draws the lines of a screen and above it on one that is so many columns wide, and puts the cursor where it was in
/// them.
fn rewrapped(screen: &mut vt100::Screen, wide: usize) -> String {
    let (row, column) = screen.cursor_position();
    let all = all_rows(screen);
    let row = all.len() - usize::from(screen.size().0.get()) + usize::from(row);
    let width = screen.size().1.get();
    let mut lines = vec![String::new()];
    let mut cursor = (0, 0);
    for (index, (content, is_wrapped)) in all.into_iter().enumerate() {
        let (number, line) = (lines.len() - 1, lines.last_mut().unwrap());
        if index == row {
            cursor = (number, line.len() + usize::from(column));
        }
        line.push_str(&content);
        if is_wrapped {
            *line = format!("{line:0$}", line.len() - content.len() + usize::from(width));
        } else {
            lines.push(String::new());
        }
    }
    let (number, at) = cursor;
    lines[number] = format!("{:at$}", lines[number]);
    let used = lines.iter().rposition(|line| !line.is_empty()).unwrap_or(0).max(number);
    lines.truncate(used + 1);
    let rows_of = |line: &String| line.len().div_ceil(wide).max(1);
    let own = (at / wide).min(rows_of(&lines[number]) - 1);
    let up = lines[number..].iter().map(rows_of).sum::<usize>() - 1 - own;
    let up = if up > 0 { format!("\x1b[{up}A") } else { String::new() };
    format!("{}{up}\x1b[{}G", lines.join("\r\n"), at - own * wide + 1)
}

fn size(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).unwrap()
}

fn set_size(terminal: impl std::os::fd::AsFd, rows: u16, columns: u16) {
    tcsetwinsize(terminal, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
}

/// Reads what the program writes until it is gone, in a thread of its own.
fn read(mut terminal: File, seen: Arc<(Mutex<Seen>, Condvar)>) {
    thread::spawn(move || {
        let mut chunk = [0; 4096];
        loop {
            // An error is the end too: nobody has the other side open any more.
            let n = terminal.read(&mut chunk).unwrap_or(0);
            let mut state = seen.0.lock().unwrap();
            state.tell_if_due(&terminal);
            process(&mut state.parser, &chunk[..n]);
            let answers = std::mem::take(&mut state.parser.callbacks_mut().answers);
            // It may be gone.
            let _ = terminal.write_all(answers.as_bytes());
            state.bytes.extend_from_slice(&chunk[..n]);
            state.ended = n == 0;
            seen.1.notify_all();
            if n == 0 {
                return;
            }
        }
    });
}

/// As tmux does it: what is cleared from the first cell on goes off the screen and is kept.
fn process(parser: &mut vt100::Parser<Window>, mut bytes: &[u8]) {
    const CLEAR: &[u8] = b"\x1b[J";
    while let Some(at) = bytes.windows(CLEAR.len()).position(|window| window == CLEAR) {
        parser.process(&bytes[..at]);
        let screen = parser.screen();
        if screen.cursor_position() == (0, 0) {
            let (height, _) = screen.size();
            let used = rows(screen).len();
            parser.process(format!("\x1b[{height}H{}\x1b[H", "\n".repeat(used)).as_bytes());
        }
        parser.process(CLEAR);
        bytes = &bytes[at + CLEAR.len()..];
    }
    parser.process(bytes);
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
