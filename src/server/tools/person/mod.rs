//! `homeroom-server person …`: all that is kept about one person is given out, or goes.

mod export;
mod kept;

pub(crate) use export::run as export;

use crate::protocol::Username;
use crate::reason::Reason;
use crate::roster;
use crate::server::accounts::{AccountError, Author};
use crate::server::state::Erasure;
use std::io::{self, Write};

/// Erases somebody while no server runs, and says what they are called now.
///
/// # Errors
/// What went wrong, and what to do.
pub(crate) fn erase(erasure: &Erasure<'_>, user: &str) -> Result<(), String> {
    let name = name(user)?;
    match erasure.ban(Author::Owner, &name) {
        Ok(()) => {}
        // What it said is there without it, and what was begun may be finished.
        Err(AccountError::Unknown) if erasure.knows(&name)? => {}
        Err(AccountError::Unknown) => {
            return Err(format!("there is no account `{name}`, and nothing is kept of that name: nothing was done"));
        }
        Err(AccountError::LastAdmin) => {
            return Err(format!(
                "`{name}` is the last administrator: make another one first, `homeroom-server user add NAME --admin`"
            ));
        }
        Err(_) => return Err("users.json can't be written: nothing was done".into()),
    }
    let done = erasure.carry_out(&name, None, || {});
    let alias = done.map_err(|why| {
        format!(
            "not everything about {name} is gone yet: {why}; say it again, or start the server, which goes on with it"
        )
    })?;
    let said = writeln!(io::stdout(), "erased {name}: what is left of what happened is {alias}'s now");
    said.map_err(|e| format!("all is done, but that can't be printed: {}", Reason(&e)))
}

fn name(user: &str) -> Result<Username, String> {
    Username::parse(user).ok_or_else(|| format!("`{}` is no user name: {}", roster::shown(user), Username::RULE))
}
