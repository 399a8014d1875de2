//! `homeroom-server user …`: accounts, while no server runs.

use crate::piped::Encoding;
use crate::protocol::{Role, Secret, Username};
use crate::server::accounts::{AccountError, Accounts, Author, Client, NewAccount};
use crate::server::config::UserCommand;
use std::io::{self, Write};
use std::path::Path;

/// How many accounts one file may bring.
const IMPORT_ACCOUNTS_MAX: usize = 100_000;

/// Carries out a command and prints what its user must know. New accounts see no event up to `since`.
///
/// # Errors
/// What went wrong; then no account was made.
pub(crate) fn run(accounts: &Accounts, since: u64, command: &UserCommand) -> Result<(), String> {
    match command {
        UserCommand::Add { name, admin, password_stdin } => {
            let role = if *admin { Role::Admin } else { Role::User };
            let password = if *password_stdin { Some(read_password()?) } else { None };
            let name = Username::parse(name).ok_or_else(|| format!("`{name}` is no user name: {}", Username::RULE))?;
            let new = NewAccount { name: name.clone(), password, role, since };
            add(accounts, vec![new])?;
            print(&format!("added {name}\n"))
        }
        UserCommand::Import { file } => import(accounts, since, file),
    }
}

fn import(accounts: &Accounts, since: u64, path: &Path) -> Result<(), String> {
    let new = read_csv(path, since).map_err(|e| format!("{}: {e}", path.display()))?;
    let many = new.len();
    add(accounts, new)?;
    print(&format!("added {many} accounts\n"))
}

/// Makes accounts, once their one-time passwords are printed.
fn add(accounts: &Accounts, new: Vec<NewAccount>) -> Result<(), String> {
    let names: Vec<Username> = new.iter().map(|account| account.name.clone()).collect();
    let tell = |one_time: &[Option<Secret>]| {
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
    made.map(drop).map_err(|(at, e)| describe(&names[at], e))
}

/// Says what has been done.
fn print(text: &str) -> Result<(), String> {
    let printed = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
    printed.map_err(|e| format!("all is done, but that can't be printed: {e}"))
}

fn describe(name: &Username, error: AccountError) -> String {
    match error {
        AccountError::Exists => format!("there is an account `{name}` already; no account was made"),
        AccountError::Weak(what) => format!("`{name}`: {what}; no account was made"),
        AccountError::Save(e) => format!("can't write users.json: {e}; no account was made"),
        AccountError::Untold(e) => format!("can't print the one-time passwords: {e}; no account was made"),
        AccountError::Unknown
        | AccountError::WrongPassword
        | AccountError::LastAdmin
        | AccountError::NotPermitted
        | AccountError::NoTurn(_) => format!("`{name}` changed meanwhile; try again"),
    }
}

/// The first line of standard input.
fn read_password() -> Result<Secret, String> {
    match Encoding::default().next_line(&mut std::io::stdin().lock()) {
        Ok(line) => {
            Ok(line.transpose().map_err(|unfit| format!("the password can't be {unfit}"))?.unwrap_or_default().into())
        }
        Err(e) => Err(format!("can't read the password: {e}")),
    }
}

fn read_csv(path: &Path, since: u64) -> Result<Vec<NewAccount>, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).from_path(path);
    let reader = reader.as_mut().map_err(|e| e.to_string())?;
    let mut new: Vec<NewAccount> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let account = read_record(&record, since).map_err(|e| format!("line {line}: {e}"))?;
        if new.iter().any(|other| other.name == account.name) {
            return Err(format!("line {line}: `{}` stands there twice", account.name));
        }
        if new.len() == IMPORT_ACCOUNTS_MAX {
            return Err(format!("more than {IMPORT_ACCOUNTS_MAX} accounts"));
        }
        new.push(account);
    }
    Ok(new)
}

fn read_record(record: &csv::StringRecord, since: u64) -> Result<NewAccount, String> {
    if !(2..=3).contains(&record.len()) {
        return Err("a line is NAME,PASSWORD or NAME,PASSWORD,ROLE".into());
    }
    let name = record[0].trim();
    let name = Username::parse(name).ok_or_else(|| format!("`{name}` is no user name: {}", Username::RULE))?;
    let password = Some(record[1].to_owned()).filter(|password| !password.is_empty()).map(Secret::from);
    let role = match record.get(2).map(str::trim) {
        None | Some("" | "user") => Role::User,
        Some("admin") => Role::Admin,
        Some(other) => return Err(format!("`{other}` is no role: `user` or `admin`")),
    };
    Ok(NewAccount { name, password, role, since })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<NewAccount>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        std::fs::write(&path, text).unwrap();
        read_csv(&path, 0)
    }

    #[test]
    fn files_that_read() {
        let new = read("# class 5b\nAda,correct horse\nbob,,user\n\"eve\",\"a,b\"\"c d\",admin\r\n").unwrap();
        let shown: Vec<_> =
            new.iter().map(|a| (a.name.as_str(), a.password.as_ref().map(Secret::expose), a.role)).collect();
        let expected = [
            ("ada", Some("correct horse"), Role::User),
            ("bob", None, Role::User),
            ("eve", Some("a,b\"c d"), Role::Admin),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn files_that_do_not() {
        for (text, error) in [
            ("ada,x\nbob\n", "line 2"),
            ("ada,x\nA b,x\n", "line 2: `A b` is no user name"),
            ("ada,x,teacher\n", "line 1: `teacher` is no role"),
            ("ada,x\nada,y\n", "line 2: `ada` stands there twice"),
            ("a,b,user,d\n", "line 1"),
        ] {
            assert!(read(text).unwrap_err().contains(error), "{text}: {:?}", read(text));
        }
    }
}
