//! A table as spreadsheets and editors save it: one row in each line, its cells between separators, some in quotes.
//!
//! Stricter than programs that read such files are (RFC 4180 lets a cell go over several lines, and the crate that writes
//! our own reads anything): a quote that nobody closed would make the rest of a class one password. A line that can't be
//! understood doesn't keep the next one from being so.

use crate::sanitize;

/// What can stand between cells; what Excel and others use where the comma is for decimals is among them.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// A table.
#[derive(Debug)]
pub(super) struct Sheet {
    /// What stands between its cells.
    pub(super) separator: char,
    /// Whether it stands in any line.
    pub(super) is_table: bool,
    /// All that isn't empty and no comment.
    pub(super) rows: Vec<Row>,
}

/// One line of it.
#[derive(Debug)]
pub(super) struct Row {
    /// Its number in the file, from 1.
    pub(super) line: usize,
    /// What stands there, or what is wrong with it.
    pub(super) cells: Result<Vec<Cell>, String>,
}

/// One cell.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Cell {
    /// Its text as it stands there.
    pub(super) text: String,
    /// Whether it stood in quotes, so that its blanks are meant.
    pub(super) quoted: bool,
}

impl Row {
    fn is_empty(&self) -> bool {
        self.cells.as_ref().is_ok_and(|cells| cells.iter().all(Cell::is_empty))
    }
}

impl Cell {
    /// Whether nothing is to be seen in it.
    pub(super) fn is_empty(&self) -> bool {
        trimmed(&self.text).is_empty()
    }
}

/// Without what is blank or can't be seen at its ends; what a terminal would obey is no blank.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || !(c.is_control() || sanitize::is_harmless(c)))
}

/// Reads a table.
pub(super) fn read(text: &str) -> Sheet {
    let mut lines: Vec<(usize, &str)> = numbered(text).collect();
    // Excel's own way to say it, in the first line.
    let said = lines.first().and_then(|(_, line)| line.to_ascii_lowercase().strip_prefix("sep=")?.chars().next());
    let separator = match said.filter(|said| SEPARATORS.contains(said)) {
        Some(said) => {
            lines.remove(0);
            said
        }
        None => separator(&lines),
    };
    let rows = lines.into_iter().map(|(line, text)| Row { line, cells: split(text, separator) });
    let rows: Vec<Row> = rows.filter(|row| !row.is_empty()).collect();
    let is_table = rows.iter().any(|row| row.cells.as_ref().is_ok_and(|cells| cells.len() > 1));
    Sheet { separator, is_table, rows }
}

/// The lines that say something, with their numbers, whichever system's line ends they have.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    // A file that went through several systems may have CR CR LF, which is one end.
    let lines = text.split('\n').flat_map(|line| line.trim_end_matches('\r').split('\r'));
    lines.enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.starts_with('#'))
}

/// What stands between cells in the most lines, outside of quotes; of those the one that comes first in the most: names
/// come first and can't hold any of them, passwords can.
fn separator(lines: &[(usize, &str)]) -> char {
    let unquoted = |line: &str| line.split('"').step_by(2).collect::<String>();
    let found: Vec<Vec<char>> =
        lines.iter().map(|(_, line)| unquoted(line).chars().filter(|c| SEPARATORS.contains(c)).collect()).collect();
    let in_lines = |separator: char| found.iter().filter(|line| line.contains(&separator)).count();
    let first_in = |separator: char| found.iter().filter(|line| line.first() == Some(&separator)).count();
    // The first of equals is the comma.
    let best = SEPARATORS.into_iter().rev().max_by_key(|&separator| (in_lines(separator), first_in(separator)));
    best.unwrap_or(SEPARATORS[0])
}

/// The cells of one line.
fn split(line: &str, separator: char) -> Result<Vec<Cell>, String> {
    let (mut cells, mut rest) = (Vec::new(), Some(line));
    while let Some(text) = rest {
        let cell;
        (cell, rest) = match text.trim_start_matches(|c| is_blank(c, separator)).strip_prefix('"') {
            Some(quoted) => split_quoted(quoted, separator)?,
            None => {
                let (text, rest) = text.split_once(separator).map_or((text, None), |(text, rest)| (text, Some(rest)));
                (Cell { text: text.to_owned(), quoted: false }, rest)
            }
        };
        cells.push(cell);
    }
    Ok(cells)
}

/// A cell behind its opening quote, and what comes behind the separator after it.
fn split_quoted(text: &str, separator: char) -> Result<(Cell, Option<&str>), String> {
    let mut cell = Cell { text: String::new(), quoted: true };
    let mut rest = text;
    loop {
        let (before, behind) = rest.split_once('"').ok_or(
            "a cell begins with `\"`, and no `\"` ends it in the same line; one that belongs to a password is written \
             twice, in a cell in quotes: `\"\"\"like this\"`",
        )?;
        cell.text.push_str(before);
        match behind.strip_prefix('"') {
            Some(behind) => {
                cell.text.push('"');
                rest = behind;
            }
            None => {
                let behind = behind.trim_start_matches(|c| is_blank(c, separator));
                return match behind.strip_prefix(separator) {
                    Some(next) => Ok((cell, Some(next))),
                    None if behind.is_empty() => Ok((cell, None)),
                    None => {
                        Err("something stands behind the `\"` that ends a cell; one that belongs to a password is \
                                 written twice"
                            .into())
                    }
                };
            }
        }
    }
}

/// What may stand around quotes.
fn is_blank(c: char, separator: char) -> bool {
    matches!(c, ' ' | '\t') && c != separator
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row's line and its cells.
    fn table(text: &str) -> Vec<(usize, Vec<String>)> {
        let cells = |row: Row| (row.line, row.cells.unwrap().into_iter().map(|cell| cell.text).collect());
        read(text).rows.into_iter().map(cells).collect()
    }

    #[test]
    fn lines_that_say_something() {
        let rows = table("# class 5b\nada,a b\n\n,,\n  \nbob, \"x, \"\"y\"\"\" ,\r\neve,\n");
        let expected = [(2, vec!["ada", "a b"]), (6, vec!["bob", "x, \"y\"", ""]), (7, vec!["eve", ""])];
        assert_eq!(rows, expected.map(|(line, cells)| (line, cells.into_iter().map(str::to_owned).collect())));
        for ends in ["\r", "\r\n", "\n", "\r\r\n"] {
            let lines: Vec<usize> =
                table(&format!("ada,x{ends}bob,y{ends}")).into_iter().map(|(line, _)| line).collect();
            assert_eq!(lines, [1, 2], "{ends:?}");
        }
    }

    #[test]
    fn separators_are_found_out() {
        for (text, separator) in [
            ("ada,x\nbob,y;z\n", ','),
            ("ada;x\nbob;y,z\n", ';'),
            ("ada\tx y\nbob\tz, z\n", '\t'),
            ("ada,pass;word\n", ','),
            ("ada;\"a,b\"\n", ';'),
            ("name;class\n\"Nkomo, Eve\";5b\nLee, Bob;5b\n", ';'),
            ("sep=;\nada,x;y\n", ';'),
            ("ada\n", ','),
            ("", ','),
        ] {
            assert_eq!(read(text).separator, separator, "{text}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_understood_leaves_the_others_alone() {
        let sheet = read("ada,\"x\nbob,y\neve,\"x\"y\nzed,z\"z\n");
        let wrong: Vec<bool> = sheet.rows.iter().map(|row| row.cells.is_err()).collect();
        assert_eq!(wrong, [true, false, true, false]);
    }
}
