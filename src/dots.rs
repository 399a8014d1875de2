//! A QR code in a terminal: two rows of dots in a line of half blocks.

/// The most dots in a row: those of the largest QR code (ISO/IEC 18004, version 40).
const DOTS_MAX: usize = 177;
/// So many empty dots stand around it, or readers don't find it.
const QUIET: usize = 4;

/// SGR codes for the lines, light on dark as they are drawn, whatever the terminal's own colours are: many readers take no
/// code the other way round. The first of xterm's 256, of which no theme makes others; the second of the eight.
pub(crate) const LIGHT_ON_DARK: [&str; 2] = ["38;5;231;48;5;16", "37;40"];

/// The lines that show rows of `0` and `1`; None when they are no square of such. What is light is drawn, so
/// that it is right on the dark ground that most terminals have, also where there are no colours.
pub(crate) fn half_blocks<T: AsRef<str>>(rows: &[T]) -> Option<Vec<String>> {
    let is_row = |row: &T| row.as_ref().len() == rows.len() && row.as_ref().bytes().all(|b| matches!(b, b'0' | b'1'));
    if rows.is_empty() || rows.len() > DOTS_MAX || !rows.iter().all(is_row) {
        return None;
    }
    let all = 0..rows.len() + 2 * QUIET;
    let is_dark = |x: usize, y: usize| {
        let row = y.checked_sub(QUIET).and_then(|y| rows.get(y));
        let dot = row.zip(x.checked_sub(QUIET)).and_then(|(row, x)| row.as_ref().as_bytes().get(x));
        dot == Some(&b'1')
    };
    let block = |x: usize, y: usize| match (is_dark(x, y), is_dark(x, y + 1)) {
        (false, false) => '█',
        (false, true) => '▀',
        (true, false) => '▄',
        (true, true) => ' ',
    };
    Some(all.clone().step_by(2).map(|y| all.clone().map(|x| block(x, y)).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_of_dots_and_nothing_else() {
        let lines = half_blocks(&["101", "010", "100"]).unwrap();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[2], "████▄▀▄████");
        assert_eq!(lines[3], "████▄██████");
        assert!(lines.iter().all(|line| line.chars().count() == 11));
        for wrong in [&[][..], &["1"; 2], &["1\u{1b}"; 2], &["22"; 2]] {
            assert_eq!(half_blocks(wrong), None, "{wrong:?}");
        }
        assert_eq!(half_blocks(&vec!["1".repeat(178); 178]), None);
    }
}
