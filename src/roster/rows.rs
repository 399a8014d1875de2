//! The people that a list asks accounts for, and everything that is wrong with it.

use super::columns::{Columns, FirstLine, Kind};
use super::headings::Column;
use super::sheet::{self, Cell, Row, Sheet};
use super::text::{self, shown};
use super::{names, passwords};
use crate::protocol::{Profile, Role, Secret, Username};
use std::collections::HashMap;

/// How many people one list may bring.
const PEOPLE_MAX: usize = 100_000;

/// What was read.
#[derive(Debug)]
pub(crate) struct Roster {
    /// Those without a mistake, in the list's order.
    pub(crate) people: Vec<Person>,
    /// What is wrong, by lines.
    pub(crate) mistakes: Vec<Mistake>,
    /// As what the file was read, where that had to be found out.
    pub(crate) form: String,
    /// The headings of the columns that nothing was taken of, safe to print.
    pub(crate) left_aside: Vec<String>,
    /// Who made the list.
    pub(crate) kind: Kind,
    /// A user name that is missing may come later.
    pub(super) login_may_come_later: bool,
    /// A first line that was read as an account's and may be a header.
    unsure: Option<usize>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Person {
    /// Where they stand, from 1.
    pub(crate) line: usize,
    /// The user name that the list gives them.
    pub(crate) login: Option<Username>,
    /// What a user name is made of where the list gives none.
    pub(super) base: String,
    /// What they are called, and their group, as far as the list says so.
    pub(crate) profile: Profile,
    /// The password that the list gives them.
    pub(crate) password: Option<Secret>,
    /// The role, if the list says one.
    pub(crate) role: Option<Role>,
}

/// Something that is wrong, and what would be right.
#[derive(Debug)]
pub(crate) struct Mistake {
    /// The line, from 1.
    pub(crate) line: usize,
    /// One sentence, safe to print.
    pub(crate) what: String,
}

impl Roster {
    /// Adds a mistake.
    pub(crate) fn refuse(&mut self, line: usize, mut what: String) {
        // It was not enough like a header to be taken for one.
        if self.unsure == Some(line) {
            what.push_str("; if it's a header, say `--header`, and call its columns `username`, `name`, `group`, `password` or `role`");
        }
        self.mistakes.push(Mistake { line, what });
    }

    /// Reads the rows of people.
    fn add(&mut self, rows: &[Row], columns: &Columns, sheet: &Sheet, said: FirstLine) {
        let (mut lines, mut ids) = (HashMap::new(), HashMap::new());
        for (at, Row { line, cells }) in rows.iter().enumerate() {
            let person = match cells {
                Ok(cells) if said != FirstLine::Account && at > 0 && columns.are_named_again(cells) => {
                    Err("this is a header, and only the first line can be one; an account needs another password"
                        .into())
                }
                Ok(cells) => read_row(*line, cells, columns, sheet).and_then(|person| {
                    let id = columns.cell(cells, Column::Id).filter(|id| !id.is_empty());
                    once(&mut ids, id.map(|id| sheet::trimmed(&id.text).to_owned()), *line)?;
                    once(&mut lines, person.login.as_ref().map(ToString::to_string), *line)?;
                    Ok(person)
                }),
                Err(what) => Err(what.clone()),
            };
            match person {
                Ok(person) => self.people.push(person),
                Err(what) => self.refuse(*line, what),
            }
        }
    }
}

/// What must stand in one line alone.
fn once(lines: &mut HashMap<String, usize>, what: Option<String>, line: usize) -> Result<(), String> {
    let Some(what) = what else { return Ok(()) };
    match *lines.entry(what.clone()).or_insert(line) {
        before if before < line => Err(format!("`{}` stands there twice, first in line {before}", shown(&what))),
        _ => Ok(()),
    }
}

/// Reads a list.
///
/// # Errors
/// It is no list at all.
pub(crate) fn read(bytes: &[u8], said: FirstLine) -> Result<Roster, String> {
    let text = text::decode(bytes)?;
    let sheet = sheet::read(&text.text);
    let (first, below) = sheet.rows.split_first().ok_or("no line of it asks for an account")?;
    let cells = first.cells.as_deref().unwrap_or_default();
    let titles = Columns::titles(sheet.rows.iter().map(|row| row.cells.as_deref().unwrap_or_default()));
    if titles > 0 && said != FirstLine::Account {
        let header = sheet.rows[titles].line;
        let above = if titles == 1 { format!("line {}", first.line) } else { "the lines above it".to_owned() };
        return Err(format!("line {header} looks like the header, and nothing may stand before that: delete {above}"));
    }
    let others = below.iter().filter_map(|row| row.cells.as_deref().ok());
    let named = Columns::named(cells, others, if first.cells.is_ok() { said } else { FirstLine::Account });
    let has_header = matches!(named, Ok(Some(_)));
    let mut roster = Roster {
        people: Vec::new(),
        mistakes: Vec::new(),
        form: form(text.encoding, sheet.separator, has_header),
        left_aside: Vec::new(),
        kind: Kind::Own,
        login_may_come_later: false,
        unsure: None,
    };
    match if matches!(named, Ok(None)) { sheet.rows.len() } else { below.len() } {
        0 if has_header => return Err("there is a header in it, and no line that asks for an account".into()),
        0..=PEOPLE_MAX => {}
        _ => return Err(format!("it asks for more than {PEOPLE_MAX} accounts")),
    }
    match named {
        Ok(Some(columns)) => {
            (roster.kind, roster.login_may_come_later) = (columns.kind, columns.login_may_come_later);
            roster.left_aside = columns.left_aside(cells);
            roster.add(below, &columns, &sheet, said);
        }
        Ok(None) => {
            let may_be_one = said == FirstLine::Unsaid && first.cells.is_ok() && sheet.is_table;
            roster.unsure = may_be_one.then_some(first.line);
            roster.add(&sheet.rows, &Columns::in_order(), &sheet, said);
        }
        Err(what) => {
            roster.refuse(first.line, what);
            // What the others hold can't always be told; what is wrong with them as lines can.
            if Columns::are_in_order_anyway(cells) {
                roster.add(below, &Columns::in_order(), &sheet, said);
            } else {
                let torn = below.iter().filter_map(|row| Some((row.line, row.cells.as_ref().err()?.clone())));
                torn.for_each(|(line, what)| roster.refuse(line, what));
            }
        }
    }
    Ok(roster)
}

/// What had to be found out about a file, for people; nothing about a plain one.
fn form(encoding: &str, separator: char, has_header: bool) -> String {
    let separator = match separator {
        ',' => None,
        '\t' => Some("tabs between the columns".to_owned()),
        other => Some(format!("`{other}` between the columns")),
    };
    let encoding = (encoding != "UTF-8").then(|| encoding.to_owned());
    let header = has_header.then(|| "a header".to_owned());
    [encoding, separator, header].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn read_row(line: usize, row: &[Cell], columns: &Columns, sheet: &Sheet) -> Result<Person, String> {
    let separator = sheet.separator;
    let cell = |column| columns.cell(row, column).cloned().unwrap_or_default();
    let separates = if separator == '\t' { "tab".to_owned() } else { format!("`{separator}`") };
    // `bob,` asks for a one-time password; `bob` may be half of something.
    if let ([only], 2..) = (row, columns.len()) {
        if only.text.contains(separator) {
            return Err("quotes stand around the whole line: they belong around single cells".into());
        }
        let none = match sheet.is_table {
            true => format!("there is no {separates} here, as in other lines"),
            false => "no line has a `,`, a `;` or a tab in it, which stand between the cells".into(),
        };
        return Err(format!("{none}: a line is NAME,PASSWORD or NAME,PASSWORD,ROLE"));
    }
    let in_quotes = format!("a password with a {separates} in it stands in quotes: `\"like this\"`");
    if columns.overflows(row) {
        return Err(format!("there are more columns than NAME,PASSWORD,ROLE or than the header names; {in_quotes}"));
    }
    let (login, called, base) = who(columns, row)?;
    let who = login.as_ref().map_or_else(|| shown(&called).into_owned(), ToString::to_string);
    let mut password = cell(Column::Password);
    if columns.kind == Kind::People && !password.text.is_empty() && password.text.bytes().all(|b| b == b'*') {
        // What Google Admin writes for one that it doesn't tell.
        password = Cell::default();
    }
    if !password.is_empty() && !cell(Column::Hashed).is_empty() {
        return Err(format!(
            "`{who}`: the password is hashed, so nobody could type it: an empty cell asks for a one-time one"
        ));
    }
    let password = passwords::read(&password).map_err(|what| format!("`{who}`: {what}"))?;
    let role = read_role(&cell(Column::Role), columns.kind).map_err(|what| format!("`{who}`: {what}; {in_quotes}"))?;
    let group = cell(Column::Group);
    let group = match sheet::trimmed(&group.text) {
        "" => None,
        text if text.chars().all(|c| c == '/') => None,
        text => Some(
            names::group(text)
                .ok_or_else(|| format!("`{who}`: `{}` is no group: {}", shown(text), Profile::GROUP_RULE))?,
        ),
    };
    let profile = Profile::parse(Some(&called), group.as_deref()).map_err(|rule| format!("`{who}`: {rule}"))?;
    Ok(Person { line, login, base, profile, password, role })
}

/// What is wrong with a user name. One with a blank is most likely what somebody is called.
fn no_login(text: &str) -> String {
    let is_called = text.contains(char::is_whitespace);
    let remedy = if is_called { "; full names stand under `full name`, and user names are made of them" } else { "" };
    format!("`{}` is no user name: {}{remedy}", shown(text), Username::RULE)
}

/// The user name, what somebody is called, and what a user name can be made of.
fn who(columns: &Columns, row: &[Cell]) -> Result<(Option<Username>, String, String), String> {
    let text = |column| columns.cell(row, column).map_or("", |cell| sheet::trimmed(&cell.text));
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (first, last, called) = (text(Column::First), text(Column::Last), text(Column::Called));
    let called = match (called, text(Column::Label)) {
        ("", _) if !first.is_empty() || !last.is_empty() => words(&format!("{first} {last}")),
        ("", label) => words(label),
        (called, _) => words(called),
    };
    let base =
        if first.is_empty() && last.is_empty() { names::login_of_whole(&called) } else { names::login(first, last) };
    let login = match (text(Column::Login), columns.kind) {
        ("", _) => None,
        (login, Kind::Own) => Some(Username::parse(login).ok_or_else(|| no_login(login))?),
        // Theirs may be longer, or have other signs; then there is one of the name's.
        (login, Kind::People) => names::given(login),
    };
    if login.is_none() && called.is_empty() {
        return Err("there is no name".into());
    }
    if login.is_none() && base.is_none() {
        return Err(format!("no user name can be made of `{}`: a column `username` gives one", shown(&called)));
    }
    Ok((login, called, base.unwrap_or_default()))
}

fn read_role(cell: &Cell, kind: Kind) -> Result<Option<Role>, String> {
    match sheet::trimmed(&cell.text).to_lowercase().as_str() {
        "" => Ok(None),
        "student" | "pupil" | "learner" | "schüler" | "schülerin" if kind == Kind::People => Ok(None),
        other => Role::parse(other).map(Some).ok_or_else(|| {
            let roles = Role::ALL.map(|role| format!("`{}`", role.name())).join(", ");
            format!("`{}` is no role, as {roles} are", shown(other))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The accounts of a list without a mistake.
    #[track_caller]
    fn accounts(list: &str) -> Vec<(String, Option<String>, Role)> {
        let roster = read(list.as_bytes(), FirstLine::Unsaid).unwrap();
        assert!(roster.mistakes.is_empty(), "{list}: {:?}", roster.mistakes);
        let password = |person: &Person| person.password.as_ref().map(|password| password.expose().to_owned());
        let one = |person: &Person| {
            (person.login.as_ref().unwrap().to_string(), password(person), person.role.unwrap_or_default())
        };
        roster.people.iter().map(one).collect()
    }

    #[test]
    fn lists_that_read() {
        let expected = [
            ("ada", Some("correct horse"), Role::User),
            ("bob", None, Role::User),
            ("eve", Some("a,b\"c d"), Role::Admin),
        ]
        .map(|(name, password, role)| (name.to_owned(), password.map(str::to_owned), role));
        for list in [
            "# class 5b\nAda,correct horse\nbob,,user\n\"eve\",\"a,b\"\"c d\",admin\r\n",
            "\u{feff}Ada;correct horse;\r\n bob ;\r\neve;a,b\"c d;Admin;;\r\n;;\r\n",
            "Rolle\tKennwort\tBenutzer\n\tcorrect horse\tada\nuser\t\t\u{a0}bob\nadmin\ta,b\"c d\teve\n",
            "login,initial password,role\nada,correct horse\nbob, ,\neve,\"a,b\"\"c d\" , admin",
        ] {
            assert_eq!(accounts(list), expected, "{list}");
        }
        assert_eq!(accounts("ada,\" two words\"\n")[0].1.as_deref(), Some(" two words"), "in quotes it is meant");
        assert_eq!(accounts("name\nada\n"), [("ada".to_owned(), None, Role::User)]);
        assert_eq!(
            read("login;pw\nada;\n".as_bytes(), FirstLine::Unsaid).unwrap().form,
            "`;` between the columns, a header"
        );
    }

    #[test]
    fn all_mistakes_are_named_each_with_its_line() {
        let lines = [
            ("ada,correct horse", ""),
            ("bob;correct horse", "there is no `,` here"),
            ("\"eve,correct horse", "no `\"` ends it"),
            ("A b,x", "`A b` is no user name"),
            ("A b,x", "; full names stand under `full name`"),
            ("ada,y", "`ada` stands there twice, first in line 1"),
            ("kid,x,boss", "`boss` is no role"),
            ("kid1,x,user,d", "more columns"),
            (",correct horse", "no name"),
            ("kid2,correct horse ", "a blank stands at an end"),
            ("kid3,\tcorrect horse", "a tab"),
            ("kid4,\u{a0}correct horse", "U+00A0"),
            ("kid5,correct horse\u{200b}", "U+200B"),
            ("kid6,\"\u{feff}correct horse\"", "U+FEFF"),
            ("kid7,corr\u{fffd}ct horse", "was lost"),
            ("kid8,1.23457E+11", "shortened"),
            ("\u{1b}]0;x\u{7},x", "`␛]0;x␇` is no user name"),
            ("last,correct horse", ""),
        ];
        let list: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
        let roster = read(list.as_bytes(), FirstLine::Unsaid).unwrap();
        let told = |line: usize| roster.mistakes.iter().find(|mistake| mistake.line == line);
        for (at, (line, expected)) in lines.iter().enumerate() {
            let what = told(at + 1).map_or("", |mistake| mistake.what.as_str());
            assert!(what.contains(expected) && what.is_empty() == expected.is_empty(), "{line}: {what}");
        }
        assert_eq!(roster.people.len(), 2);
    }

    /// Where no line is in cells, none of them is the odd one.
    #[test]
    fn a_list_with_nothing_between_its_cells() {
        for list in ["ada|x1y2z3w4\nbob|x1y2z3w4\n", "ada:x1y2z3w4\nbob:x1y2z3w4\n", "ada x1y2z3w4\nbob x1y2z3w4\n"] {
            let mistakes = read(list.as_bytes(), FirstLine::Unsaid).unwrap().mistakes;
            assert_eq!(mistakes.len(), 2);
            for Mistake { what, .. } in mistakes {
                assert!(what.contains("no line has a `,`, a `;` or a tab") && !what.contains("other lines"), "{what}");
                assert!(!what.contains("--header"), "{what}");
            }
        }
    }

    #[test]
    fn what_stands_above_a_header_is_told() {
        for (list, told) in [
            ("Klasse 7b;\nname;password\nada;x1y2z3w4\n", "line 2 looks like the header"),
            ("Klasse 7b\nname;password\nada;x1y2z3w4\n", "delete line 1"),
            ("# a list\nKlasse 7b;;\n;;\nname;password;role\nada;x1y2z3w4\n", "line 4 looks like the header"),
            ("Our School,\nKlasse 7b\nname,password\nada,x1y2z3w4\n", "delete the lines above it"),
        ] {
            for said in [FirstLine::Unsaid, FirstLine::Header] {
                let error = read(list.as_bytes(), said).unwrap_err();
                assert!(error.contains(told), "{list}: {error}");
            }
        }
        assert!(read(b"bob,x1y2z3w4\nname,password\n", FirstLine::Unsaid).is_ok(), "an account above it is none");
    }

    #[test]
    fn what_is_no_list() {
        for (list, told) in [("", "no line"), ("# nobody\n\n", "no line"), ("name,password\n", "a header in it")] {
            let error = read(list.as_bytes(), FirstLine::Unsaid).unwrap_err();
            assert!(error.contains(told), "{list}: {error}");
        }
    }
}
