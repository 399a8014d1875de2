//! Ctrl-C and SIGTERM end the server in good order; a second one at once. SIGHUP has it reload.

use crate::reason::Reason;
use crate::server::config::ServerError;
use crate::server::state::Server;
use std::error::Error;
use std::sync::Arc;

/// Must be called before any other thread is started: each takes over what its maker blocks.
///
/// # Errors
/// The system says no.
#[cfg(unix)]
pub(crate) fn hold_back_hangups() -> Result<(), ServerError> {
    hangup().thread_block().map_err(|e| ServerError::System(format!("can't block SIGHUP: {}", Reason(&e))))
}

/// Elsewhere there is no such signal: `/reload` does the same.
#[cfg(not(unix))]
pub(crate) fn hold_back_hangups() -> Result<(), ServerError> {
    Ok(())
}

/// Begins to listen for signals.
///
/// # Errors
/// The system says no.
pub(crate) fn handle(server: &Arc<Server>) -> Result<(), ServerError> {
    let failed = |e: &(dyn Error + 'static)| ServerError::System(format!("can't handle signals: {}", Reason(e)));
    #[cfg(unix)]
    reload_on_hangup(server).map_err(|e| failed(&e))?;
    let server = Arc::clone(server);
    let handler = move || {
        if !server.shutdown.request() {
            std::process::exit(130);
        }
        log::info!("ending; once more to leave at once");
    };
    ctrlc::set_handler(handler).map_err(|e| failed(&e))
}

/// `ctrlc` would take SIGHUP for a wish to end. A signal that is blocked in every thread never gets to a handler:
/// it waits for the thread that asks for it.
#[cfg(unix)]
fn reload_on_hangup(server: &Arc<Server>) -> std::io::Result<()> {
    use std::io::IsTerminal;
    let server = Arc::clone(server);
    let at_a_terminal = std::io::stdin().is_terminal();
    let wait_and_reload = move || {
        while hangup().wait().is_ok() {
            // Where the terminal itself is gone, so is whoever started the server from it.
            if at_a_terminal && !std::io::stdin().is_terminal() {
                log::info!("the terminal is gone: ending");
                server.shutdown.request();
            } else {
                // What went wrong has been told.
                let _ = server.reload();
            }
        }
    };
    std::thread::Builder::new().name("reload".into()).spawn(wait_and_reload).map(drop)
}

#[cfg(unix)]
fn hangup() -> nix::sys::signal::SigSet {
    nix::sys::signal::SigSet::from(nix::sys::signal::Signal::SIGHUP)
}
