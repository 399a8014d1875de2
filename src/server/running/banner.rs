//! What a start prints: all that the person before the screen needs to get everyone in, on one screen.

use crate::dots;
use crate::link;
use crate::protocol::Secret;
use crate::server::config::Lost;
use crate::server::state::Invitation;
use std::io::{self, Write};
use std::net::SocketAddr;
use terminal_size::{Height, Width};

/// How far it stands from the left.
const INDENT: usize = 4;
/// So many lines more must be on the screen with it: the code, the page, the password, the lines to type.
const OTHER_LINES: usize = 15;

/// What is printed.
pub(crate) struct Banner<'a> {
    /// Where the server listens.
    pub(crate) listening: &'a [SocketAddr],
    /// How others get in.
    pub(crate) invitation: &'a Invitation,
    /// The password of a first start.
    pub(crate) one_time: Option<&'a Secret>,
    /// What was lost and has been made anew.
    pub(crate) lost: &'a [Lost],
    /// The network is told: the code alone is enough to find the server.
    pub(crate) announced: bool,
    /// The page's address is shown as a QR code too, where there is room.
    pub(crate) qr: bool,
}

impl Banner<'_> {
    /// Prints the join code, the page's address, where the server listens, the one-time password of a first start, and what is to be typed to
    /// join. Ends with `ready`.
    ///
    /// # Errors
    /// Standard output is closed.
    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let Invitation { code, places, pages } = self.invitation;
        writeln!(out, "\n    join code {code}")?;
        for page in pages.iter().take(1) {
            writeln!(out, "    page      {page}")?;
        }
        writeln!(out)?;
        let dots = self.dots();
        for line in &dots {
            writeln!(out, "{:INDENT$}{line}", "")?;
        }
        if !dots.is_empty() {
            writeln!(out)?;
        }
        writeln!(out, "homeroom {}", env!("CARGO_PKG_VERSION"))?;
        for address in self.listening {
            writeln!(out, "listening on {address}")?;
        }
        if let Some(password) = self.one_time {
            writeln!(out, "one-time password for admin: {}", password.expose())?;
        }
        for lost in self.lost {
            writeln!(out, "!! {lost}.\n!! A NEW ONE WAS MADE: {}.\n!! {}", lost.ends(), lost.remedy())?;
        }
        writeln!(out, "to join, type in a terminal:")?;
        if self.announced && places.iter().any(|place| !place.ip().is_loopback()) {
            writeln!(out, "  {}", link::to_type(None, code))?;
            writeln!(out, "or, where the network lets no server be found:")?;
        }
        for place in places {
            writeln!(out, "  {}", link::to_type(Some(*place), code))?;
        }
        if let [_, others @ ..] = &pages[..] {
            for page in others {
                writeln!(out, "the page is also at {page}")?;
            }
        }
        writeln!(out, "ready")?;
        out.flush()
    }

    /// The QR code, on a terminal that it fits into: nobody reads one out of a log.
    fn dots(&self) -> Vec<String> {
        let size = terminal_size::terminal_size_of(io::stdout());
        let Some((Width(columns), Height(rows))) = size.filter(|_| self.qr) else { return Vec::new() };
        let lines = dots::half_blocks(&self.invitation.qr()).unwrap_or_default();
        let fits = |line: &String| line.chars().count() + INDENT <= usize::from(columns);
        if lines.len() + OTHER_LINES > usize::from(rows) || !lines.iter().all(fits) {
            return Vec::new();
        }
        match ground() {
            Some(codes) => lines.into_iter().map(|line| format!("\x1b[{codes}m{line}\x1b[0m")).collect(),
            None => lines,
        }
    }
}

/// The colours that a QR code is read in, where the terminal has colours. Consoles of Windows may show the codes themselves.
fn ground() -> Option<&'static str> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let term = variable("TERM");
    let none = cfg!(windows) || matches!(&*term, "" | "dumb") || !variable("NO_COLOR").is_empty();
    let many = term.contains("256color") || !variable("COLORTERM").is_empty();
    (!none).then_some(dots::LIGHT_ON_DARK[usize::from(!many)])
}
