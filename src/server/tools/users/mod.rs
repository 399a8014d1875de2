//! `homeroom-server user …`: accounts, while no server runs.

mod import;
mod told;

use crate::protocol::{LINE_BYTES_MAX, Profile, Role, Secret, Username};
use crate::reason::Reason;
use crate::roster;
use crate::server::accounts::{Import, NewAccount};
use crate::server::config::UserCommand;
pub(crate) use import::{Ground, rehearse};
use std::io::{self, Read};

/// Carries out a command and prints what its user must know.
///
/// # Errors
/// What went wrong; then no account was made.
pub(crate) fn run(ground: &Ground<'_>, command: &UserCommand) -> Result<(), String> {
    match command {
        UserCommand::Add { user: name, admin, role, name: called, group, password_stdin } => {
            let role = if *admin { Role::Admin } else { *role };
            let profile = Profile::parse(called.as_deref(), group.as_deref())?;
            let password = if *password_stdin { Some(read_password()?) } else { None };
            let name = Username::parse(name)
                .ok_or_else(|| format!("`{}` is no user name: {}", roster::shown(name), Username::RULE))?;
            let new = vec![NewAccount { name: name.clone(), password, role, profile, since: ground.since }];
            told::add(ground.accounts, Import { new, ..Import::default() }, &format!("added {name}\n"))
        }
        UserCommand::Import(options) => import::run(ground, options),
    }
}

/// The first line of standard input, which another program may have written in another encoding.
fn read_password() -> Result<Secret, String> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(LINE_BYTES_MAX as u64).read_to_end(&mut bytes);
    read.map_err(|e| format!("can't read the password: {}", Reason(&e)))?;
    let text = roster::decode(&bytes).map_err(|what| format!("standard input is no password: {what}"))?.text;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned().into()),
        _ => Err("there is no password in standard input; without --password-stdin a one-time one is made".into()),
    }
}
