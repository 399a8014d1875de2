//! The accounts that a list asks for, and everything that is wrong with it.

use super::columns::{Column, Columns, FirstLine};
use super::sheet::{self, Cell, Row, Sheet};
use super::text::{self, shown};
use crate::protocol::{Profile, Role, Secret, Username};
use crate::server::accounts::NewAccount;
use std::collections::HashMap;

/// How many accounts one list may bring.
const ACCOUNTS_MAX: usize = 100_000;

/// What was read.
#[derive(Debug)]
pub(super) struct Roster {
    /// Those without a mistake, each with its line.
    pub(super) accounts: Vec<(usize, NewAccount)>,
    /// What is wrong, by lines.
    pub(super) mistakes: Vec<Mistake>,
    /// As what the file was read, where that had to be found out.
    pub(super) form: String,
    /// A first line that was read as an account's and may be a header.
    unsure: Option<usize>,
}

/// Something that is wrong, and what would be right.
#[derive(Debug)]
pub(super) struct Mistake {
    /// The line, from 1.
    pub(super) line: usize,
    /// One sentence, safe to print.
    pub(super) what: String,
}

impl Roster {
    /// Adds a mistake.
    pub(super) fn refuse(&mut self, line: usize, mut what: String) {
        // It was not enough like a header to be taken for one.
        if self.unsure == Some(line) {
            what.push_str("; if it's a header, say `--header`, and call its columns `name`, `password`, `role`");
        }
        self.mistakes.push(Mistake { line, what });
    }

    /// Reads the rows of accounts.
    fn add(&mut self, rows: &[Row], columns: &Columns, sheet: &Sheet, said: FirstLine, since: u64) {
        let mut lines = HashMap::new();
        for (at, Row { line, cells }) in rows.iter().enumerate() {
            let account = match cells {
                Ok(cells) if said != FirstLine::Account && at > 0 && columns.are_named_again(cells) => {
                    Err("this is a header, and only the first line can be one; an account needs another password"
                        .into())
                }
                Ok(cells) => read_row(cells, columns, sheet, since),
                Err(what) => Err(what.clone()),
            };
            let once = account.and_then(|account| match *lines.entry(account.name.clone()).or_insert(*line) {
                before if before < *line => {
                    Err(format!("`{}` stands there twice, first in line {before}", account.name))
                }
                _ => Ok(account),
            });
            match once {
                Ok(account) => self.accounts.push((*line, account)),
                Err(what) => self.refuse(*line, what),
            }
        }
    }
}

/// Reads a list. New accounts see no event up to `since`.
///
/// # Errors
/// It is no list at all.
pub(super) fn read(bytes: &[u8], said: FirstLine, since: u64) -> Result<Roster, String> {
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
        accounts: Vec::new(),
        mistakes: Vec::new(),
        form: form(text.encoding, sheet.separator, has_header),
        unsure: None,
    };
    match if matches!(named, Ok(None)) { sheet.rows.len() } else { below.len() } {
        0 if has_header => return Err("there is a header in it, and no line that asks for an account".into()),
        0..=ACCOUNTS_MAX => {}
        _ => return Err(format!("it asks for more than {ACCOUNTS_MAX} accounts")),
    }
    match named {
        Ok(Some(columns)) => roster.add(below, &columns, &sheet, said, since),
        Ok(None) => {
            let may_be_one = said == FirstLine::Unsaid && first.cells.is_ok() && sheet.is_table;
            roster.unsure = may_be_one.then_some(first.line);
            roster.add(&sheet.rows, &Columns::in_order(), &sheet, said, since);
        }
        Err(what) => {
            roster.refuse(first.line, what);
            // What the others hold can't always be told; what is wrong with them as lines can.
            if Columns::are_in_order_anyway(cells) {
                roster.add(below, &Columns::in_order(), &sheet, said, since);
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

fn read_row(row: &[Cell], columns: &Columns, sheet: &Sheet, since: u64) -> Result<NewAccount, String> {
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
    let name = cell(Column::Name);
    let name = match sheet::trimmed(&name.text) {
        "" => return Err("there is no name".into()),
        name => {
            Username::parse(name).ok_or_else(|| format!("`{}` is no user name: {}", shown(name), Username::RULE))?
        }
    };
    let password = read_password(&cell(Column::Password)).map_err(|what| format!("`{name}`: {what}"))?;
    let role = cell(Column::Role);
    let role = match sheet::trimmed(&role.text).to_ascii_lowercase().as_str() {
        "" => Role::User,
        other => Role::parse(other).ok_or_else(|| {
            let roles = Role::ALL.map(|role| format!("`{}`", role.name())).join(", ");
            format!("`{name}`: `{}` is no role, as {roles} are; {in_quotes}", shown(other))
        })?,
    };
    Ok(NewAccount { name, password, role, profile: Profile::default(), since })
}

/// The password that a cell holds, if it holds one.
///
/// # Errors
/// It may be another than its owner will type.
fn read_password(cell: &Cell) -> Result<Option<Secret>, String> {
    let (text, inner) = (cell.text.as_str(), sheet::trimmed(&cell.text));
    if inner.is_empty() && cell.quoted && !text.is_empty() {
        return Err("nothing but blanks stands in quotes: an empty cell asks for a one-time password".into());
    }
    if inner.is_empty() {
        return Ok(None);
    }
    let around = text.chars().next().filter(|_| !text.starts_with(inner)).or(text.chars().next_back());
    let around = around.filter(|&c| text != inner && !(cell.quoted && text.trim_matches(' ') == inner && c == ' '));
    if let Some(c) = around {
        let what = match c {
            ' ' => "a blank".to_owned(),
            '\t' => "a tab".to_owned(),
            c => format!("U+{:04X}, which can't be seen,", u32::from(c)),
        };
        return Err(format!(
            "{what} stands at an end of the password: take it away; blanks that belong to it stand in quotes with it"
        ));
    }
    if let Some(quote) =
        [text.chars().next(), text.chars().next_back()].into_iter().flatten().find(|&c| text::is_quote(c))
    {
        if !cell.quoted {
            return Err(format!(
                "`{quote}` stands at an end of the password: quotes around a cell are `\"`; where it belongs to the \
                 password, `\"` stand around both, and a `\"` is written twice"
            ));
        }
    }
    if text.contains('\u{fffd}') {
        return Err("a letter of the password was lost when this was saved (U+FFFD): type it anew".into());
    }
    if is_shortened_number(text) {
        return Err("the password looks like a number that a spreadsheet has shortened: make its cell text".into());
    }
    Ok(Some(text.to_owned().into()))
}

/// As spreadsheets show numbers of many digits: `1.23457E+11`, or `1,23457E+11`.
fn is_shortened_number(text: &str) -> bool {
    text.split_once("E+").is_some_and(|(number, exponent)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits(exponent) && number.split([',', '.']).all(digits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The accounts of a list without a mistake.
    #[track_caller]
    fn accounts(list: &str) -> Vec<(String, Option<String>, Role)> {
        let roster = read(list.as_bytes(), FirstLine::Unsaid, 0).unwrap();
        assert!(roster.mistakes.is_empty(), "{list}: {:?}", roster.mistakes);
        let password = |account: &NewAccount| account.password.as_ref().map(|password| password.expose().to_owned());
        roster.accounts.iter().map(|(_, a)| (a.name.to_string(), password(a), a.role)).collect()
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
            read("login;pw\nada;\n".as_bytes(), FirstLine::Unsaid, 0).unwrap().form,
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
        let roster = read(list.as_bytes(), FirstLine::Unsaid, 0).unwrap();
        let told = |line: usize| roster.mistakes.iter().find(|mistake| mistake.line == line);
        for (at, (line, expected)) in lines.iter().enumerate() {
            let what = told(at + 1).map_or("", |mistake| mistake.what.as_str());
            assert!(what.contains(expected) && what.is_empty() == expected.is_empty(), "{line}: {what}");
        }
        assert_eq!(roster.accounts.len(), 2);
    }

    /// Where no line is in cells, none of them is the odd one.
    #[test]
    fn a_list_with_nothing_between_its_cells() {
        for list in ["ada|x1y2z3w4\nbob|x1y2z3w4\n", "ada:x1y2z3w4\nbob:x1y2z3w4\n", "ada x1y2z3w4\nbob x1y2z3w4\n"] {
            let mistakes = read(list.as_bytes(), FirstLine::Unsaid, 0).unwrap().mistakes;
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
                let error = read(list.as_bytes(), said, 0).unwrap_err();
                assert!(error.contains(told), "{list}: {error}");
            }
        }
        assert!(read(b"bob,x1y2z3w4\nname,password\n", FirstLine::Unsaid, 0).is_ok(), "an account above it is none");
    }

    #[test]
    fn what_is_no_list() {
        for (list, told) in [("", "no line"), ("# nobody\n\n", "no line"), ("name,password\n", "a header in it")] {
            let error = read(list.as_bytes(), FirstLine::Unsaid, 0).unwrap_err();
            assert!(error.contains(told), "{list}: {error}");
        }
    }
}
