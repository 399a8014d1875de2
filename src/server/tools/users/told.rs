//! What standard output is told of accounts, and what is done where that fails.

use crate::output;
use crate::protocol::Username;
use crate::reason::{self, Reason};
use crate::server::accounts::{AccountError, Accounts, Author, Client, Import, OneTime};
use std::io::{self, Write};

/// What went wrong changed nothing.
pub(super) const NOTHING_MADE: &str = "no account was made";

/// Carries out an import with one write: all of it, or nothing. `tell` has the one-time passwords before that.
///
/// # Errors
/// What went wrong.
pub(super) fn carry_out(
    accounts: &Accounts,
    import: Import,
    tell: impl FnOnce(&OneTime) -> io::Result<()>,
) -> Result<OneTime, String> {
    let names: Vec<Username> = import.new.iter().map(|account| account.name.clone()).collect();
    let nobody = Username::nobody();
    accounts.import(Author::Owner, import, &Client::own(&nobody), tell).map_err(|(at, e)| {
        let name = names.get(at).unwrap_or(&nobody);
        format!("{}; {NOTHING_MADE}", describe(name, e))
    })
}

/// Makes accounts, once their one-time passwords are printed, and says that it is `done`. Where that can't be said, whoever
/// reads the passwords may have gone before the last of them: then none of the accounts is left.
///
/// # Errors
/// What went wrong.
pub(super) fn add(accounts: &Accounts, import: Import, done: &str) -> Result<(), String> {
    let names: Vec<Username> = import.new.iter().map(|account| account.name.clone()).collect();
    let tell = |one_time: &OneTime| {
        if one_time.new.iter().any(Option::is_some) {
            output::reaches_anybody()?;
        }
        let mut out = io::stdout().lock();
        for (name, password) in names.iter().zip(&one_time.new) {
            if let Some(password) = password {
                writeln!(out, "one-time password for {name}: {}", password.expose())?;
            }
        }
        out.flush()
    };
    let one_time = carry_out(accounts, import, tell)?;
    let Err(e) = print(done) else { return Ok(()) };
    if one_time.new.iter().all(Option::is_none) {
        return Err(unsaid(&e));
    }
    // Nobody has used them: the folder is this command's.
    match accounts.take_back(&names) {
        Ok(()) => Err(format!("{}; {NOTHING_MADE}", describe(&names[0], AccountError::Untold(e)))),
        Err(AccountError::Save(why)) => Err(format!(
            "the accounts are made, but their one-time passwords may not all have been printed: {}; and they can't be \
             taken back: {}; `/resetpassword NAME` in the chat makes a new one for whoever has none",
            unprinted(&e),
            reason::of_file(&why)
        )),
        Err(other) => Err(describe(&names[0], other)),
    }
}

/// Says what has been done.
pub(super) fn print(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush())
}

/// All is done, and that can't be said.
pub(super) fn unsaid(error: &io::Error) -> String {
    format!("all is done, but that can't be printed: {}", unprinted(error))
}

/// Why standard output takes no more, and what to do about that cause.
fn unprinted(error: &io::Error) -> String {
    match error.kind() {
        // It was found out before anything was written.
        _ if error.raw_os_error().is_none() => {
            format!("{}; let standard output be a terminal, a file or a pipe", Reason(error))
        }
        io::ErrorKind::BrokenPipe => {
            "the program that was to read them has ended before it had all; let it read to the \
                                      end"
            .into()
        }
        _ => reason::of_file(error),
    }
}

pub(super) fn describe(name: &Username, error: AccountError) -> String {
    match error {
        AccountError::Exists => format!("there is an account `{name}` already"),
        AccountError::Reserved => format!("`{name}` is kept for somebody who was erased: choose another name"),
        AccountError::Weak(what) => format!("`{name}`: {what}"),
        AccountError::Save(e) => format!("can't write users.json: {}", reason::of_file(&e)),
        AccountError::Untold(e) => {
            let worthless = if e.raw_os_error().is_some() { "; those that are printed are nobody's" } else { "" };
            format!("can't print the one-time passwords: {}{worthless}", unprinted(&e))
        }
        AccountError::Unknown
        | AccountError::WrongPassword
        | AccountError::LastAdmin
        | AccountError::NotPermitted
        | AccountError::OutOfReach
        | AccountError::NoDoor
        | AccountError::Full(_)
        | AccountError::BadName
        | AccountError::BadProfile(_)
        | AccountError::NoTurn(_) => format!("`{name}` changed meanwhile; try again"),
    }
}
