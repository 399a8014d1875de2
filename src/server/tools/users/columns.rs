//! Which column of a table holds what: as its first line says, or by their order.

use super::sheet::Cell;
use super::text;

/// What a column holds. A new kind of list has new ones, and words for them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Column {
    /// What the account is called.
    Name,
    /// Its password.
    Password,
    /// What it may do.
    Role,
}

/// The columns of a list whose first line doesn't say.
const ORDER: [Column; 3] = [Column::Name, Column::Password, Column::Role];

/// How the first line calls them, in small letters and without blanks, `_`, `-` and `'`.
const WORDS: [(Column, &[&str]); 3] = [
    (
        Column::Name,
        &[
            "name",
            "user",
            "username",
            "userid",
            "login",
            "loginname",
            "account",
            "accountname",
            "nick",
            "nickname",
            "benutzer",
            "benutzername",
            "nutzername",
            "anmeldename",
            "kennung",
            "konto",
            "utilisateur",
            "nomdutilisateur",
            "identifiant",
            "usuario",
            "utente",
        ],
    ),
    (
        Column::Password,
        &["password", "passwd", "passphrase", "pass", "pwd", "pw", "passwort", "kennwort", "motdepasse", "contraseña"],
    ),
    (Column::Role, &["role", "rolle", "rôle", "rol", "ruolo"]),
];

/// What may stand before a word for a password.
const INITIAL: [&str; 9] = ["initial", "first", "start", "temporary", "temp", "default", "onetime", "new", "erst"];

/// Which column holds what.
#[derive(Debug)]
pub(super) struct Columns(Vec<Option<Column>>);

impl Columns {
    /// Those of a list without a header.
    pub(super) fn in_order() -> Self {
        Self(ORDER.map(Some).into())
    }

    /// Those that a list's first row names. None if it's an account's.
    ///
    /// # Errors
    /// It may be either: what is strange about it.
    pub(super) fn named(first: &[Cell]) -> Result<Option<Self>, String> {
        let columns: Vec<Option<Column>> = first.iter().map(|cell| called(&cell.text)).collect();
        let begins = columns.first().is_some_and(Option::is_some);
        // `user` is a role, too.
        if !begins && !columns.iter().flatten().any(|&column| column != Column::Name) {
            return Ok(None);
        }
        let account = "an account that is called so needs a line `name,password,role` above it";
        if let Some(at) = (0..first.len()).find(|&at| columns[at].is_none() && !first[at].is_empty()) {
            let strange = text::shown(&first[at].text);
            return Err(format!(
                "this looks like a header, but `{strange}` is no column: `name`, `password` and `role` are; {account}"
            ));
        }
        if let Some(at) = (0..columns.len()).find(|&at| columns[at].is_some() && columns[..at].contains(&columns[at])) {
            let twice = text::shown(&first[at].text);
            return Err(format!("this looks like a header, but `{twice}` is what another column is; {account}"));
        }
        if !columns.contains(&Some(Column::Name)) {
            return Err(format!("this looks like a header, but no column is `name`; {account}"));
        }
        Ok(Some(Self(columns)))
    }

    /// What a row has in this column, which may be nothing.
    pub(super) fn cell<'a>(&self, row: &'a [Cell], column: Column) -> Option<&'a Cell> {
        row.get(self.0.iter().position(|found| *found == Some(column))?)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a row has something in a column that holds nothing.
    pub(super) fn overflows(&self, row: &[Cell]) -> bool {
        let holds_nothing = |at: usize| self.0.get(at).is_none_or(Option::is_none);
        row.iter().enumerate().any(|(at, cell)| holds_nothing(at) && !cell.is_empty())
    }
}

/// What a column is that is called so.
fn called(cell: &str) -> Option<Column> {
    let folded = cell.to_lowercase();
    let word = folded.replace(|c: char| c.is_whitespace() || "_-'’".contains(c), "");
    let is_one = |word: &str, column: Column| WORDS.iter().any(|(of, words)| *of == column && words.contains(&word));
    let of_a_password = INITIAL.iter().filter_map(|start| word.strip_prefix(start)).next();
    if of_a_password.is_some_and(|rest| is_one(rest, Column::Password)) {
        return Some(Column::Password);
    }
    ORDER.into_iter().find(|&column| is_one(&word, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(first: &[&str]) -> Result<Option<Vec<Option<Column>>>, String> {
        let cells: Vec<Cell> = first.iter().map(|text| Cell { text: (*text).into(), quoted: false }).collect();
        Columns::named(&cells).map(|columns| columns.map(|columns| columns.0))
    }

    #[test]
    fn headers_are_recognised() {
        use Column::{Name, Password, Role};
        for (first, expected) in [
            (&["user", "passphrase"][..], vec![Some(Name), Some(Password)]),
            (&["login", "initial password"], vec![Some(Name), Some(Password)]),
            (&["Benutzername", "Start-Passwort", "Rolle"], vec![Some(Name), Some(Password), Some(Role)]),
            (&["Role", "", "User name"], vec![Some(Role), None, Some(Name)]),
            (&["Username", "One-Time Password"], vec![Some(Name), Some(Password)]),
            (&["name"], vec![Some(Name)]),
        ] {
            assert_eq!(named(first), Ok(Some(expected)), "{first:?}");
        }
        for account in [&["ada", "seven green bottles", "user"][..], &["ada", ""], &["user.name", "x"], &["ada"]] {
            assert_eq!(named(account), Ok(None), "{account:?}");
        }
    }

    #[test]
    fn what_may_be_a_header_or_an_account_is_refused() {
        for (first, told) in [
            (&["user", "seven green bottles"][..], "`seven green bottles` is no column"),
            (&["ada", "password"], "`ada` is no column"),
            (&["name", "password", "class"], "`class` is no column"),
            (&["password", "role"], "no column is `name`"),
            (&["name", "user"], "`user` is what another column is"),
        ] {
            let error = named(first).unwrap_err();
            assert!(error.contains(told), "{told}: {error}");
        }
    }
}
