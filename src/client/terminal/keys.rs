//! The `keys` thread: it edits one line after the other until the person leaves.

use super::answers::yes_or_no;
use super::block::{EndOfCode, InCode};
#[cfg(unix)]
use super::bound::Suspend;
use super::bound::{ByNumber, Focus};
use super::completion::Helper;
use super::doubts::doubt;
use super::history::{self, HistoryFile};
use super::known::command_name;
use super::look::Style;
use super::names::Names;
use super::notice::{answer, notice};
use super::prompt::Live;
use super::question::{Early, Question};
use super::shape::Shape;
use super::switching::Switch;
use super::{attention, given_back, known, screen};
use crate::client::code::{self, Begun, Head, Save};
use crate::client::rooms::Rooms;
use crate::sync::lock;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Cmd, ConditionalEventHandler, Editor, Event, EventContext, EventHandler, KeyCode, KeyEvent};
use rustyline::{Modifiers, Movement, Prompt, RepeatCount};
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many typed lines wait to be carried out. One more is left in the prompt.
pub(super) const LINES_WAITING_MAX: usize = 1000;

/// A message of more lines is asked about first: it may have been pasted by mistake.
const LINES_UNASKED_MAX: usize = 5;

/// Ctrl-C twice within so long leaves.
const TWICE_WITHIN: Duration = Duration::from_secs(10);

/// Types a line break: what terminals send where Alt is held with Enter.
const LINE_BREAK: KeyEvent = KeyEvent(KeyCode::Enter, Modifiers::ALT);

/// The keys as which our rustyline reports the terminal's way to the front and to the back.
const FOCUS_IN: KeyEvent = KeyEvent(KeyCode::F(254), Modifiers::NONE);
const FOCUS_OUT: KeyEvent = KeyEvent(KeyCode::F(255), Modifiers::NONE);

/// A question is asked so often until it has an answer.
const ASKED_MAX: usize = 3;

/// A line that was typed; None when the person leaves.
pub(super) type Typed = io::Result<Option<Entered>>;

/// A line that was typed.
#[derive(Debug)]
pub(crate) struct Entered {
    /// Without its end.
    pub(crate) text: String,
    /// The room that the prompt named.
    pub(crate) room: String,
    /// There was a doubt, and the person means it all the same.
    pub(crate) is_meant: bool,
}

/// What the thread works with.
pub(super) struct Keys {
    editor: Editor<Helper, DefaultHistory>,
    history: HistoryFile,
    style: Style,
    typed: SyncSender<Typed>,
    resumed: Receiver<()>,
    /// What the next prompt begins with.
    kept: String,
    leaving: Arc<Mutex<Leaving>>,
    early: Early,
    in_code: InCode,
    rooms: Arc<Rooms>,
    names: Arc<Names>,
    /// They know that a question isn't anonymous to everyone.
    knows_who_sees: bool,
}

/// A line with all that belongs to it: below `/code` the code.
struct Complete {
    line: String,
    /// Why what belongs to it was most likely not meant, if so.
    doubt: Option<String>,
}

/// What Ctrl-C has come to so far.
#[derive(Debug, Default)]
struct Leaving {
    /// The line ended with it.
    now: bool,
    /// When it was last typed into an empty line. None if something else was typed since.
    last: Option<Instant>,
}

impl Leaving {
    /// Whether Ctrl-C in an empty line means to leave: it's the second, and not one of long ago.
    fn is_meant(&mut self, now: Instant) -> bool {
        self.last.replace(now).is_some_and(|last| now.saturating_duration_since(last) <= TWICE_WITHIN)
    }
}

/// Whether carrying out this line may ask for something, so that no other may be edited meanwhile.
pub(super) fn asks_back(line: &str) -> bool {
    matches!(Shape::of(line), Shape::Command(rest) if rest.trim_end().eq_ignore_ascii_case("passwd"))
}

impl Keys {
    /// For this editor; the lines go to `typed`.
    pub(super) fn new(
        mut editor: Editor<Helper, DefaultHistory>,
        (history, style): (HistoryFile, Style),
        (rooms, names, in_code): (Arc<Rooms>, Arc<Names>, InCode),
        typed: SyncSender<Typed>,
        resumed: Receiver<()>,
    ) -> Self {
        let leaving = Arc::<Mutex<Leaving>>::default();
        let clear = ClearOrInterrupt { leaving: Arc::clone(&leaving), in_code: in_code.clone() };
        editor.bind_sequence(KeyEvent::ctrl('C'), EventHandler::Conditional(Box::new(clear)));
        let end = EndOfCode(in_code.clone());
        editor.bind_sequence(KeyEvent::ctrl('D'), EventHandler::Conditional(Box::new(end)));
        #[cfg(unix)]
        editor.bind_sequence(KeyEvent::ctrl('Z'), EventHandler::Conditional(Box::new(Suspend { style })));
        editor.bind_sequence(LINE_BREAK, EventHandler::Simple(Cmd::Newline));
        editor.bind_sequence(FOCUS_IN, EventHandler::Conditional(Box::new(Focus(true))));
        editor.bind_sequence(FOCUS_OUT, EventHandler::Conditional(Box::new(Focus(false))));
        for number in '1'..='9' {
            let room = ByNumber { rooms: Arc::clone(&rooms), place: number as usize - '1' as usize };
            editor.bind_sequence(KeyEvent::alt(number), EventHandler::Conditional(Box::new(room)));
        }
        let early = Early::default();
        editor.bind_sequence(Event::Any, EventHandler::Conditional(Box::new(early.clone())));
        let (kept, knows_who_sees) = (String::new(), false);
        Self { editor, history, style, typed, resumed, kept, leaving, early, in_code, rooms, names, knows_who_sees }
    }

    /// Edits lines until the person leaves or nobody takes them any more.
    pub(super) fn run(&mut self) {
        if self.resumed.recv().is_err() {
            return;
        }
        while !screen::is_closed() {
            let prompt = Live::now(&self.rooms);
            let kept = self.begin_with(&prompt.room());
            let sent = match self.edit(&prompt, &kept) {
                Ok(line) => {
                    lock(&self.leaving).last = None;
                    self.accept(line, &prompt)
                }
                Err(ReadlineError::Interrupted) if !lock(&self.leaving).is_meant(Instant::now()) => {
                    notice("Ctrl-C once more, or Ctrl-D, leaves");
                    Ok(())
                }
                Err(ReadlineError::Interrupted | ReadlineError::Eof) => self.end(Ok(None)),
                Err(ReadlineError::Io(e)) => self.end(Err(e)),
                Err(e) => self.end(Err(io::Error::other(e))),
            };
            if sent.is_err() {
                return;
            }
        }
    }

    /// Lets the person edit a line, which the editor then takes off the screen again.
    fn edit(&mut self, prompt: &(impl Prompt + ?Sized), kept: &str) -> Result<String, ReadlineError> {
        if self.style.is_xterm {
            screen::write_now(attention::FOCUS_REPORTS_ON);
        }
        let line = self.editor.readline_with_initial(prompt, (kept, ""));
        if self.style.is_xterm {
            screen::write_now(attention::FOCUS_REPORTS_OFF);
            screen::write_now(&attention::typed());
        }
        if std::mem::take(&mut lock(&self.leaving).now) { Err(ReadlineError::Interrupted) } else { line }
    }

    /// Hands a line over, unless the person thinks better of it. An error: nobody takes lines any more.
    fn accept(&mut self, line: String, prompt: &Live) -> Result<(), ()> {
        let room = prompt.room();
        if prompt.is_unread() {
            notice(format_args!("you speak in #{room} since just now: that was not said yet, Enter says it there"));
            self.keep(line);
            return Ok(());
        }
        if !self.means_all(&line) {
            self.keep(line);
            return Ok(());
        }
        // Of code the command alone: what was said to one person isn't written down, and a file can be sent anew.
        let remembered = if is_code(&line) { line.lines().next().unwrap_or_default().to_owned() } else { line.clone() };
        let Complete { line, doubt: doubt_beside } = match self.complete(line) {
            Ok(Some(complete)) => complete,
            Ok(None) => {
                self.remember(&remembered);
                return Ok(());
            }
            Err(ReadlineError::Io(e)) => return self.end(Err(e)),
            Err(_) => return self.end(Ok(None)),
        };
        let doubt = doubt(&line).or(doubt_beside);
        let is_asked_about = doubt.is_some() || known::asks(&line) || known::erases(&line).is_some();
        let refused = || known::refused(&line, self.rooms.me(), self.names.role());
        if let Some(why) = is_asked_about.then(refused).flatten() {
            notice(why);
            return Ok(());
        }
        if doubt.as_deref().is_some_and(|why| !self.means(&line, why)) {
            notice(if is_saved(&line) { "it was not written" } else { "it was not said" });
            return Ok(());
        }
        if !self.means_to_ask(&line) {
            notice("it was not asked");
            return Ok(());
        }
        if !self.means_to_erase(&line) {
            notice("nothing was erased");
            return Ok(());
        }
        let waits = asks_back(&line);
        self.remember(&remembered);
        if let Some(switch) = Switch::of(&line, &room) {
            switch.make(&self.rooms);
        }
        match self.typed.try_send(Ok(Some(Entered { text: line, room, is_meant: doubt.is_some() }))) {
            Ok(()) if waits => self.resumed.recv().map_err(drop),
            Ok(()) => Ok(()),
            Err(TrySendError::Full(line)) => {
                notice(format_args!("{LINES_WAITING_MAX} lines wait for the server already: this one is still here"));
                self.keep(line.ok().flatten().map(|line| line.text).unwrap_or_default());
                Ok(())
            }
            Err(TrySendError::Disconnected(_)) => Err(()),
        }
    }

    /// Has a line back with the arrow keys, if it may be.
    fn remember(&mut self, line: &str) {
        if history::may_be_recalled(line) {
            let _ = self.editor.add_history_entry(line);
            self.history.add(line);
        }
    }

    /// A line with what belongs to it. None if there is nothing of it to be handed over, and the person knows why.
    fn complete(&mut self, line: String) -> Result<Option<Complete>, ReadlineError> {
        let Shape::Command(rest) = Shape::of(&line) else { return Ok(Some(Complete { line, doubt: None })) };
        if let Some((head, Some(code))) = rest.split_once('\n').map(|(head, _)| (head, code::text(rest))) {
            let line = format!("/{head}\n{}", code::taken(code));
            return Ok(Some(Complete { line, doubt: None }));
        }
        let doubt = saved(rest).and_then(|save| save.doubt()).map(|what| format!("{what}, and would be written over"));
        let complete = match code::begun(rest) {
            None => Ok(Complete { line, doubt }),
            Some(Begun::Lines(Ok(head))) => match self.code(&head)? {
                Some(code) => Ok(Complete { line: head.with(&code), doubt: None }),
                None => return Ok(None),
            },
            Some(Begun::Lines(Err(why))) => Err(why),
            Some(Begun::File(head, path)) => {
                code::load(&path).map(|loaded| Complete { line: head.with(&loaded.code), doubt: loaded.doubt })
            }
        };
        Ok(complete.map_err(notice).ok())
    }

    /// Lets the person type code. None if it is dropped.
    fn code(&mut self, head: &Head) -> Result<Option<String>, ReadlineError> {
        answer("code: lines until a lone `.` or Ctrl-D; Ctrl-C drops them");
        let prompt = format!("({head}) > ");
        let mut kept = std::mem::take(&mut self.kept);
        loop {
            self.in_code.set(true);
            let edited = self.edit(&*prompt, &kept);
            self.in_code.set(false);
            match edited {
                Ok(typed) => {
                    let code = code::taken(&typed);
                    match code::fits(&code) {
                        Ok(()) => return Ok(Some(code)),
                        Err(why) => notice(why),
                    }
                    if code.is_empty() {
                        return Ok(None);
                    }
                    kept = code;
                }
                Err(ReadlineError::Interrupted) => {
                    notice("the code was dropped: nothing was sent");
                    return Ok(None);
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// What a line begins with: what was kept for it, else what comes back from the server.
    fn begin_with(&mut self, room: &str) -> String {
        let kept = std::mem::take(&mut self.kept);
        let Some((text, said)) = given_back::take(room, kept.is_empty()) else { return kept };
        screen::print(&said);
        if kept.is_empty() { text } else { kept }
    }

    /// Whether the person means it: asked before the first question, which isn't anonymous to everyone.
    fn means_to_ask(&mut self, line: &str) -> bool {
        if self.knows_who_sees || !known::asks(line) {
            return true;
        }
        self.knows_who_sees = self.ask("", || notice(format_args!("{}: ask it?", known::WHO_SEES)));
        self.knows_who_sees
    }

    /// Whether the person means it: asked before what nobody can bring back.
    fn means_to_erase(&mut self, line: &str) -> bool {
        let user = known::erases(line);
        user.is_none_or(|user| self.ask("", || notice(known::erase_question(user))))
    }

    /// Whether the person means it: asked where a paste has many lines.
    fn means_all(&mut self, line: &str) -> bool {
        let lines = line.lines().count();
        lines <= LINES_UNASKED_MAX
            || is_code(line)
            || self.ask(&format!("send these {lines} lines as one message? "), || ())
    }

    /// Whether the person means a doubtful line.
    fn means(&mut self, line: &str, why: &str) -> bool {
        let all = matches!(Shape::of(line), Shape::Text(_));
        let question = match Shape::of(line) {
            _ if is_saved(line) => "write it?",
            _ if all => "say it to everyone?",
            _ => "send it all the same?",
        };
        self.ask("", || notice(format_args!("{why}: {question}")))
    }

    /// Asks for a yes. Only what is typed once the question can have been read is its answer; whatever else is typed is neither said nor
    /// remembered: it's edited when the question is over.
    fn ask(&mut self, prompt: &str, question: impl Fn()) -> bool {
        let ahead = self.editor.take_ahead();
        self.keep(ahead);
        for _ in 0..ASKED_MAX {
            question();
            self.early.begin();
            let answer = self.edit(&Question::new(prompt, self.early.clone()), "");
            let early = self.early.end();
            self.keep(early);
            let Ok(answer) = answer else { return false };
            match yes_or_no(&answer) {
                Some(yes) => return yes,
                None => self.keep(answer),
            }
            notice("that is no answer, and was not said: y or n");
        }
        false
    }

    /// Has a text edited next, behind what is to be edited already.
    fn keep(&mut self, text: String) {
        let between = if self.kept.is_empty() || text.is_empty() { "" } else { "\n" };
        self.kept = format!("{}{between}{text}", self.kept);
    }

    fn end(&self, how: Typed) -> Result<(), ()> {
        // Nobody takes it: then the session is over already.
        let _ = self.typed.send(how);
        Err(())
    }
}

/// Whether a line has code below it.
fn is_code(line: &str) -> bool {
    matches!(Shape::of(line), Shape::Command(rest) if code::text(rest).is_some())
}

/// Whether a line is to write something to a file.
fn is_saved(line: &str) -> bool {
    matches!(Shape::of(line), Shape::Command(rest) if saved(rest).is_some())
}

/// What a command is to write to a file, if it is that.
fn saved(command: &str) -> Option<Save> {
    let name = command_name(command);
    (name == "save").then(|| Save::parse(&command[name.len()..]))?
}

/// Ctrl-C: code is dropped, a line is cleared, and can be had back with Ctrl-Y. In an empty one it's for the thread; said on the side,
/// since the editor forgets what was typed ahead when it ends with an error.
struct ClearOrInterrupt {
    leaving: Arc<Mutex<Leaving>>,
    in_code: InCode,
}

impl ConditionalEventHandler for ClearOrInterrupt {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let mut leaving = lock(&self.leaving);
        if !context.line().is_empty() && !self.in_code.is() {
            leaving.last = None;
            return Some(Cmd::Kill(Movement::WholeBuffer));
        }
        leaving.now = true;
        Some(Cmd::AcceptLine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ctrl_c_counts_from_the_last_one_alone() {
        let (mut leaving, start) = (Leaving::default(), Instant::now());
        assert!(!leaving.is_meant(start));
        assert!(!leaving.is_meant(start + TWICE_WITHIN + Duration::from_secs(1)), "the first is long ago");
        assert!(leaving.is_meant(start + TWICE_WITHIN + Duration::from_secs(2)));
    }

    #[test]
    fn what_asks_back() {
        assert!(asks_back("/passwd") && asks_back("/Passwd ") && asks_back("\u{feff}/passwd"));
        assert!(!asks_back("/passwd a b") && !asks_back("passwd"));
    }
}
