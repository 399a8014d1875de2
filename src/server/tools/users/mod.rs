//! `homeroom-server user …`: accounts, while no server runs.
//!
//! A list of accounts is bytes of some encoding (`text.rs`), then a table (`sheet.rs`) whose columns hold this or that
//! (`columns.rs`, with `words.rs`), then accounts (`roster.rs`). A list of another kind, such as one of a school's, is new columns and
//! another way to make accounts of its rows.

mod columns;
mod roster;
mod sheet;
mod text;
mod words;

use crate::output;
use crate::protocol::{LINE_BYTES_MAX, Profile, Role, Secret, Username};
use crate::reason::{self, Reason};
use crate::sanitize;
use crate::server::accounts::{AccountError, Accounts, Author, Client, NewAccount};
use crate::server::config::UserCommand;
use columns::FirstLine;
use roster::Mistake;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// The largest list that is read: 100,000 accounts with long passwords.
const LIST_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// How many mistakes are told at once. Whoever has more has one that is in every line.
const MISTAKES_SHOWN_MAX: usize = 100;
/// What went wrong changed nothing.
const NOTHING_MADE: &str = "no account was made";

/// Carries out a command and prints what its user must know. New accounts see no event up to `since`.
///
/// # Errors
/// What went wrong; then no account was made.
pub(crate) fn run(accounts: &Accounts, since: u64, command: &UserCommand) -> Result<(), String> {
    match command {
        UserCommand::Add { user: name, admin, role, name: called, group, password_stdin } => {
            let role = if *admin { Role::Admin } else { *role };
            let profile = Profile::parse(called.as_deref(), group.as_deref())?;
            let password = if *password_stdin { Some(read_password()?) } else { None };
            let name = Username::parse(name)
                .ok_or_else(|| format!("`{}` is no user name: {}", text::shown(name), Username::RULE))?;
            let new = NewAccount { name: name.clone(), password, role, profile, since };
            add(accounts, vec![new], &format!("added {name}\n"))
        }
        UserCommand::Import { file, header, no_header } => {
            let first = match (header, no_header) {
                (true, _) => FirstLine::Header,
                (_, true) => FirstLine::Account,
                _ => FirstLine::Unsaid,
            };
            import(accounts, since, file, first)
        }
    }
}

fn import(accounts: &Accounts, since: u64, path: &Path, first: FirstLine) -> Result<(), String> {
    let file = path.display().to_string();
    let file = sanitize::line(&file);
    let list = read_file(path).map_err(|why| format!("can't read {file}: {why}"))?;
    let mut roster = roster::read(&list, first, since).map_err(|what| format!("{file}: {what}; {NOTHING_MADE}"))?;
    for (line, account) in std::mem::take(&mut roster.accounts) {
        match accounts.judge(Author::Owner, &account) {
            Ok(()) => roster.accounts.push((line, account)),
            Err(e) => roster.refuse(line, describe(&account.name, e)),
        }
    }
    if !roster.mistakes.is_empty() {
        return Err(format!("{file}: {NOTHING_MADE}:{}", tell(roster.mistakes)));
    }
    let new: Vec<NewAccount> = roster.accounts.into_iter().map(|(_, account)| account).collect();
    let many = new.len();
    let form = if roster.form.is_empty() { String::new() } else { format!("; {file} was read with {}", roster.form) };
    let many = if many == 1 { "1 account".into() } else { format!("{many} accounts") };
    add(accounts, new, &format!("added {many}{form}\n"))
}

/// Reads a list and makes no account: for the fuzz target. Gives how many it asks for.
///
/// # Errors
/// What is said about it.
pub(crate) fn rehearse(list: &[u8]) -> Result<usize, String> {
    let roster = roster::read(list, FirstLine::Unsaid, 0)?;
    if roster.mistakes.is_empty() { Ok(roster.accounts.len()) } else { Err(tell(roster.mistakes)) }
}

/// Mistakes, a line for each.
fn tell(mut mistakes: Vec<Mistake>) -> String {
    mistakes.sort_by_key(|mistake| mistake.line);
    let shown = mistakes.iter().take(MISTAKES_SHOWN_MAX);
    let mut text: String = shown.map(|Mistake { line, what }| format!("\n  line {line}: {what}")).collect();
    if let Some(more) = mistakes.len().checked_sub(MISTAKES_SHOWN_MAX).filter(|&more| more > 0) {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LIST_BYTES_MAX + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 > LIST_BYTES_MAX => Err("it is too large for a list of accounts".into()),
        Ok(_) => Ok(bytes),
        Err(e) => Err(reason::of_file(&e)),
    }
}

/// Makes accounts, once their one-time passwords are printed, and says that it is `done`. Where that can't be said, whoever
/// reads the passwords may have gone before the last of them: then none of the accounts is left.
fn add(accounts: &Accounts, new: Vec<NewAccount>, done: &str) -> Result<(), String> {
    let names: Vec<Username> = new.iter().map(|account| account.name.clone()).collect();
    let tell = |one_time: &[Option<Secret>]| {
        if one_time.iter().any(Option::is_some) {
            output::reaches_anybody()?;
        }
        let mut out = io::stdout().lock();
        for (name, password) in names.iter().zip(one_time) {
            if let Some(password) = password {
                writeln!(out, "one-time password for {name}: {}", password.expose())?;
            }
        }
        out.flush()
    };
    let nobody = Username::nobody();
    let made = accounts.add_all(Author::Owner, new, &Client::own(&nobody), tell);
    let one_time = made.map_err(|(at, e)| format!("{}; {NOTHING_MADE}", describe(&names[at], e)))?;
    let Err(e) = print(done) else { return Ok(()) };
    if one_time.iter().all(Option::is_none) {
        return Err(format!("all is done, but that can't be printed: {}", unprinted(&e)));
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
fn print(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush())
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

fn describe(name: &Username, error: AccountError) -> String {
    match error {
        AccountError::Exists => format!("there is an account `{name}` already"),
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
        | AccountError::BadName
        | AccountError::BadProfile(_)
        | AccountError::NoTurn(_) => format!("`{name}` changed meanwhile; try again"),
    }
}

/// The first line of standard input, which another program may have written in another encoding.
fn read_password() -> Result<Secret, String> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(LINE_BYTES_MAX as u64).read_to_end(&mut bytes);
    read.map_err(|e| format!("can't read the password: {}", Reason(&e)))?;
    let text = text::decode(&bytes).map_err(|what| format!("standard input is no password: {what}"))?.text;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned().into()),
        _ => Err("there is no password in standard input; without --password-stdin a one-time one is made".into()),
    }
}
