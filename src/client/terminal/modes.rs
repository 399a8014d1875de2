//! The terminal's modes: whether it shows what is typed, and the like.

/// How the terminal was set at some time.
#[derive(Debug)]
pub(crate) struct Modes {
    #[cfg(unix)]
    found: Option<nix::sys::termios::Termios>,
}

impl Modes {
    /// As it's set now.
    pub(crate) fn now() -> Self {
        Self {
            #[cfg(unix)]
            found: nix::sys::termios::tcgetattr(std::io::stdin()).ok(),
        }
    }

    /// Forgets what was typed and not read yet.
    pub(crate) fn forget_typed() {
        // Where that fails, there is nothing typed.
        #[cfg(unix)]
        let _ = nix::sys::termios::tcflush(std::io::stdin(), nix::sys::termios::FlushArg::TCIFLUSH);
    }

    /// Sets it so again.
    pub(crate) fn restore(&self) {
        #[cfg(unix)]
        if let Some(found) = &self.found {
            // Nothing can be done about a terminal that is gone.
            let _ = nix::sys::termios::tcsetattr(std::io::stdin(), nix::sys::termios::SetArg::TCSANOW, found);
        }
    }
}
