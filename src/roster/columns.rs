//! Which column of a table holds what: as its first line says, or by their order.

use super::headings::{Column, GITHUB, PEOPLE, called, chosen, heading, is_of_a_password};
use super::sheet::Cell;
use super::{text, words};
use crate::protocol::Role;

/// Of whom a list is, and who made it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// It asks for accounts here: each column means what its heading says, and every mistake is one.
    Own,
    /// Another program's, of people: what it has beside their names is left aside, passwords of those who are here already
    /// too.
    People,
}

/// The columns of a list whose first line doesn't say.
const ORDER: [Column; 3] = [Column::Login, Column::Password, Column::Role];

/// Beside one of these `name` is what somebody is called.
const BESIDE_NAME: &str = "username loginname benutzername nutzername anmeldename nomdutilisateur nombredeusuario nomeutente \
     nomedeusuario gebruikersnaam";

/// What the first line of a list of our own may say.
const KNOWN: &str = "`username`, `name`, `group`, `password` and `role` are";

/// How many lines with a password it takes until a first one without any is strange.
const OTHERS_MIN: usize = 2;

/// How many lines above a header are looked through: a school, a class, a year.
const TITLES_MAX: usize = 5;

/// What to do where it can't be told.
const WAYS_OUT: &str = "`--no-header` makes an account of it, `--header` a header of it";

/// What the first line is, as far as whoever asks has said so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FirstLine {
    /// That is to be found out.
    Unsaid,
    /// It says what the columns hold.
    Header,
    /// It asks for an account.
    Account,
}

/// Which column holds what.
#[derive(Debug)]
pub(super) struct Columns {
    columns: Vec<Option<Column>>,
    /// Of which kind the list is.
    pub(super) kind: Kind,
    /// A user name may be missing and come later.
    pub(super) login_may_come_later: bool,
}

impl Columns {
    /// Those of a list without a header.
    pub(super) fn in_order() -> Self {
        Self::own(ORDER.map(Some).into())
    }

    fn own(columns: Vec<Option<Column>>) -> Self {
        Self { columns, kind: Kind::Own, login_may_come_later: false }
    }

    /// Those that a list's first row names. None if it's an account's, which the rows below it help to tell.
    ///
    /// # Errors
    /// It may be either, or it names them badly: what is strange about it.
    pub(super) fn named<'a>(
        first: &[Cell],
        below: impl Iterator<Item = &'a [Cell]>,
        said: FirstLine,
    ) -> Result<Option<Self>, String> {
        let of_people = if said == FirstLine::Account { None } else { Self::of_people(first, said) };
        match said {
            _ if of_people.is_some() => Ok(of_people),
            FirstLine::Account => Ok(None),
            FirstLine::Header => {
                let columns = Self::of_header(first, true).map_err(|what| format!("this is a header, but {what}"))?;
                Ok(Some(columns))
            }
            FirstLine::Unsaid if is_like_a_header(first) => match Self::of_header(first, false) {
                Ok(columns) => Ok(Some(columns)),
                Err(what) => Err(format!("this looks like a header, but {what}; {WAYS_OUT}{}", hint_for_people(first))),
            },
            FirstLine::Unsaid if differs(first, below) => Err(format!(
                "this may be a header, since its password is unlike all others, but no word of it is a column: {KNOWN}; {WAYS_OUT}"
            )),
            FirstLine::Unsaid => Ok(None),
        }
    }

    /// What the header of another program's list of people names. None if it's no such header. Two headings could be
    /// anybody's, so where nobody says that this is a header there is a third.
    fn of_people(header: &[Cell], said: FirstLine) -> Option<Self> {
        let words: Vec<String> = header.iter().map(|cell| heading(&cell.text)).collect();
        let has = |word: &str| words.iter().any(|heading| heading == word);
        if has("githubusername") && has("identifier") {
            let columns = chosen(&words, &GITHUB);
            return Some(Self { columns, kind: Kind::People, login_may_come_later: true });
        }
        let mut columns = chosen(&words, &PEOPLE);
        if let Some(password) = words.iter().position(|word| is_of_a_password(word)) {
            columns[password] = columns[password].or(Some(Column::Password));
        }
        // `Name;Vorname`: beside a first name it is the last one.
        let last = words.iter().position(|word| word == "name");
        if columns.contains(&Some(Column::First)) && !columns.contains(&Some(Column::Last)) {
            last.into_iter().for_each(|last| columns[last] = Some(Column::Last));
        }
        let names = |column| columns.contains(&Some(column));
        let known = columns.iter().flatten().count();
        let is_one = names(Column::First) && names(Column::Last) && (known > 2 || said == FirstLine::Header);
        is_one.then_some(Self { columns, kind: Kind::People, login_may_come_later: has("sisusername") })
    }

    /// What a header of our own names. In one that is surely one, a first cell of any other word is over the user names.
    fn of_header(header: &[Cell], surely: bool) -> Result<Self, String> {
        let mut columns: Vec<Option<Column>> = header.iter().map(|cell| called(&cell.text)).collect();
        let words: Vec<String> = header.iter().map(|cell| heading(&cell.text)).collect();
        if words.iter().any(|word| BESIDE_NAME.split_whitespace().any(|known| known == word)) {
            let names = words.iter().zip(&mut columns).filter(|(word, _)| *word == "name");
            names.for_each(|(_, column)| *column = Some(Column::Called));
        }
        let named = |columns: &[Option<Column>], column| columns.contains(&Some(column));
        let has_name = named(&columns, Column::Login) || named(&columns, Column::Called);
        if let Some(first) = columns.first_mut().filter(|first| surely && !has_name && first.is_none()) {
            *first = Some(Column::Login);
        }
        if let Some(at) = (0..header.len()).find(|&at| columns[at].is_none() && !header[at].is_empty()) {
            // A password is shown to nobody.
            let strange = match header[at].text.as_str() {
                text if at == 0 || words::is_heading(text) => format!("`{}`", text::shown(text)),
                _ => format!("what stands in cell {}", at + 1),
            };
            return Err(format!("{strange} is no column: {KNOWN}"));
        }
        if let Some(at) = (0..columns.len()).find(|&at| columns[at].is_some() && columns[..at].contains(&columns[at])) {
            return Err(format!("`{}` is what another column is: {KNOWN}", text::shown(&header[at].text)));
        }
        if !named(&columns, Column::Login) && !named(&columns, Column::Called) {
            return Err(format!("no column is `name`: {KNOWN}"));
        }
        // Somebody may be called Nick, and get a one-time password.
        if !surely && columns.len() > 1 && columns.iter().flatten().count() == 1 {
            return Err("it names one column of more".into());
        }
        Ok(Self::own(columns))
    }

    /// The headings of what is left aside, safe to print.
    pub(super) fn left_aside(&self, header: &[Cell]) -> Vec<String> {
        let unused = header.iter().zip(&self.columns).filter(|(_, column)| matches!(column, None | Some(Column::Mail)));
        unused.filter(|(cell, _)| !cell.is_empty()).map(|(cell, _)| text::shown(&cell.text).into_owned()).collect()
    }

    /// How many rows stand above the header, where these say what the table is about: one cell each, and no column's.
    pub(super) fn titles<'a>(rows: impl Iterator<Item = &'a [Cell]>) -> usize {
        let is_title = |row: &[Cell]| {
            let (first, others) = row.split_first().unzip();
            first.is_some_and(|cell| called(&cell.text).is_none())
                && others.is_some_and(|others: &[Cell]| others.iter().all(Cell::is_empty))
        };
        for (above, row) in rows.take(TITLES_MAX + 1).enumerate() {
            if !is_title(row) {
                let names = |columns: Self| {
                    [Column::Login, Column::Password].iter().all(|column| columns.columns.contains(&Some(*column)))
                };
                let is_header =
                    Self::of_people(row, FirstLine::Unsaid).is_some() || Self::of_header(row, false).is_ok_and(names);
                return if is_header { above } else { 0 };
            }
        }
        0
    }

    /// Whether the rows below a line that may be a header are read in the same way if it's none.
    pub(super) fn are_in_order_anyway(first: &[Cell]) -> bool {
        let in_place =
            |(at, cell): (usize, &Cell)| called(&cell.text).is_none_or(|column| ORDER.get(at) == Some(&column));
        first.len() <= ORDER.len() && first.iter().enumerate().all(in_place)
    }

    /// Whether a row further down is another header: lists are put together of several.
    pub(super) fn are_named_again(&self, row: &[Cell]) -> bool {
        let is_heading = |column| self.cell(row, column).is_some_and(|cell| words::is_heading(&cell.text));
        is_heading(Column::Login) && is_heading(Column::Password)
    }

    /// What a row has in this column, which may be nothing.
    pub(super) fn cell<'a>(&self, row: &'a [Cell], column: Column) -> Option<&'a Cell> {
        row.get(self.columns.iter().position(|found| *found == Some(column))?)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether a row has something in a column that there isn't, or in a list of our own in one that holds nothing.
    pub(super) fn overflows(&self, row: &[Cell]) -> bool {
        let is_own = self.kind == Kind::Own;
        let holds_nothing = |at: usize| self.columns.get(at).is_none_or(|column| is_own && column.is_none());
        row.iter().enumerate().any(|(at, cell)| holds_nothing(at) && !cell.is_empty())
    }
}

/// Whether a first row has what tables are headed with.
fn is_like_a_header(first: &[Cell]) -> bool {
    // `user` and `teacher` are roles, too.
    let is_role = |at: usize, cell: &Cell| {
        ORDER.get(at) == Some(&Column::Role) && Role::parse(&cell.text.trim().to_lowercase()).is_some()
    };
    // `student07` is somebody, `codeword1` is over passwords.
    let is_numbered = |at: usize, cell: &Cell| {
        let word = cell.text.trim().trim_end_matches(|c: char| c.is_ascii_digit());
        ORDER.get(at) == Some(&Column::Password) && words::is_heading(word)
    };
    let is_heading =
        |(at, cell): (usize, &Cell)| !is_role(at, cell) && (words::is_heading(&cell.text) || is_numbered(at, cell));
    if first.first().is_some_and(|name| words::is_heading(&name.text)) {
        return true;
    }
    // `ada,pass,word` is a password that lacks its quotes.
    let has_other = first.iter().enumerate().skip(ORDER.len() - 1).any(|cell| !cell.1.is_empty() && !is_heading(cell));
    first.iter().enumerate().any(is_heading) && (!has_other || first.len() > ORDER.len())
}

/// What a password looks like, from far away.
#[derive(Eq, PartialEq)]
enum Form {
    Nothing,
    /// A single word, which may be a heading of any language.
    Word,
    Other,
}

/// Whether a first row has a word or nothing where no other row has: a heading of a language that isn't known, or what a
/// table is about.
fn differs<'a>(first: &[Cell], below: impl Iterator<Item = &'a [Cell]>) -> bool {
    let form = |row: &[Cell]| match row.get(1) {
        Some(cell) if !cell.is_empty() => {
            let is_word = cell.text.trim().chars().all(|c| c.is_alphabetic() || "_-:*".contains(c));
            if is_word { Form::Word } else { Form::Other }
        }
        _ => Form::Nothing,
    };
    let expected = form(first);
    let mut others = 0;
    let differ = below.inspect(|_| others += 1).all(|row| form(row) != expected);
    let others_min = match expected {
        Form::Nothing => OTHERS_MIN,
        Form::Word => 1,
        Form::Other => return false,
    };
    differ && others >= others_min
}

/// What helps whoever has a list of first and last names alone.
fn hint_for_people(first: &[Cell]) -> &'static str {
    match Columns::of_people(first, FirstLine::Header) {
        Some(_) => ", where user names are made of the names; so does a third column, such as `group`",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<Cell> {
        cells.iter().map(|text| Cell { text: (*text).into(), quoted: false }).collect()
    }

    fn named_above(first: &[&str], below: &[&[&str]], said: FirstLine) -> Result<Option<Vec<Option<Column>>>, String> {
        let below: Vec<Vec<Cell>> = below.iter().map(|cells| row(cells)).collect();
        let columns = Columns::named(&row(first), below.iter().map(Vec::as_slice), said);
        columns.map(|columns| columns.map(|columns| columns.columns))
    }

    fn named(first: &[&str]) -> Result<Option<Vec<Option<Column>>>, String> {
        named_above(first, &[], FirstLine::Unsaid)
    }

    #[test]
    fn headers_are_recognised() {
        use Column::{Login, Password, Role};
        for (first, expected) in [
            (&["user", "passphrase"][..], vec![Some(Login), Some(Password)]),
            (&["login", "initial password"], vec![Some(Login), Some(Password)]),
            (&["Benutzername", "Start-Passwort", "Rolle"], vec![Some(Login), Some(Password), Some(Role)]),
            (&["Role", "", "User name"], vec![Some(Role), None, Some(Login)]),
            (&["Username", "One-Time Password"], vec![Some(Login), Some(Password)]),
            (&["Nom d’utilisateur", "Mot de passe:"], vec![Some(Login), Some(Password)]),
            (&["“name”", "“contraseña”"], vec![Some(Login), Some(Password)]),
            (&["name"], vec![Some(Login)]),
        ] {
            assert_eq!(named(first), Ok(Some(expected)), "{first:?}");
        }
        for role in ["user", "teacher", " Teacher ", "admin"] {
            assert_eq!(named(&["ada", "geheim-1234", role]), Ok(None), "{role}");
        }
        let commas = &["ada", "pass", "word"][..];
        for account in [&["ada", "seven green bottles", "user"][..], &["ada", ""], &["u.king", "x"], &["ada"], commas] {
            assert_eq!(named(account), Ok(None), "{account:?}");
        }
    }

    #[test]
    fn what_may_be_a_header_or_an_account_is_refused() {
        for (first, told) in [
            (&["user", "seven green bottles"][..], "what stands in cell 2 is no column"),
            (&["ada", "password"], "`ada` is no column"),
            (&["name", "password", "class"], "`class` is no column"),
            (&["ada", "pass", "word", "class"], "`ada` is no column"),
            (&["password", "role"], "no column is `name`"),
            (&["name", "user"], "`user` is what another column is"),
            (&["nick", ""], "one column of more"),
            (&["student", "startcode"], "`student` is no column"),
            (&["user.name", "x"], "cell 2 is no column"),
            (&["child", "firstword"], "`child` is no column"),
            (&["lehrling", "startwort"], "`lehrling` is no column"),
            (&["apprentice", "codeword1"], "`apprentice` is no column"),
            (&["somebody", "codeword1"], "`somebody` is no column"),
        ] {
            let error = named(first).unwrap_err();
            assert!(error.contains(told) && error.contains("`--no-header`"), "{told}: {error}");
            assert_eq!(named_above(first, &[], FirstLine::Account), Ok(None));
        }
    }

    #[test]
    fn a_first_row_that_no_other_is_like_is_a_question() {
        let generated: &[&[&str]] = &[&["ada", "xk4-992-ab"], &["bob", ""], &["eve", "two words"]];
        let words: &[&[&str]] = &[&["ada", "Sommerregen"], &["bob", "Winterabend"]];
        for (first, below, is_strange) in [
            (&["teilnehma", "atslega"][..], generated, true),
            (&["teilnehma", "atslega"], &generated[..1], true),
            (&["5b", ""], words, true),
            (&["5b"], words, true),
            (&["teacher1", "Herbstlaub"], words, false),
            (&["teacher1", "q7-kk2-zz"], words, false),
            (&["teacher1", ""], generated, false),
            (&["teilnehma", "atslega"], &[], false),
            (&["teacher1", ""], &words[..1], false),
        ] {
            let named = named_above(first, below, FirstLine::Unsaid);
            assert_eq!(named.as_ref().is_err_and(|why| why.contains(KNOWN)), is_strange, "{first:?}: {named:?}");
        }
    }

    #[test]
    fn what_is_said_to_be_a_header_is_one() {
        use Column::{Login, Password, Role};
        let said = |first: &[&str]| named_above(first, &[], FirstLine::Header);
        assert_eq!(said(&["handle", "Kennwort"]), Ok(Some(vec![Some(Login), Some(Password)])));
        assert_eq!(said(&["Role", "user"]), Ok(Some(vec![Some(Role), Some(Login)])));
        assert_eq!(said(&["nick", ""]), Ok(Some(vec![Some(Login), None])));
        for first in [&["first", "last"][..], &["handle", "seven green bottles"], &["class", "name"]] {
            let error = said(first).unwrap_err();
            assert!(error.contains("is no column") && !error.contains("bottles"), "{first:?}: {error}");
        }
    }
}
