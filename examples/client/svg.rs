//! A terminal's screen as a picture.

use std::fmt::Write;
use vt100::{Cell, Color, Screen};

/// The terminal's own colours.
#[derive(Clone, Copy)]
pub(crate) enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
}

/// The size of a cell, and of the frame around them all, in pixels.
const CELL: (f32, f32) = (8.4, 18.0);
const FRAME: f32 = 12.0;
const TITLE_BAR: f32 = 30.0;

impl Theme {
    fn text(self) -> &'static str {
        match self {
            Self::Dark => "#d8d8d8",
            Self::Light => "#202020",
        }
    }

    fn paper(self) -> &'static str {
        match self {
            Self::Dark => "#16181d",
            Self::Light => "#fcfcfa",
        }
    }

    fn bar(self) -> &'static str {
        match self {
            Self::Dark => "#2a2d35",
            Self::Light => "#e4e4e0",
        }
    }
}

/// Draws a screen whose window has this title.
pub(crate) fn draw(screen: &Screen, title: &str, theme: Theme) -> String {
    let (rows, columns) = screen.size();
    let width = f32::from(columns.get()) * CELL.0 + 2.0 * FRAME;
    let height = f32::from(rows.get()) * CELL.1 + 2.0 * FRAME + TITLE_BAR;
    let (text, paper, bar) = (theme.text(), theme.paper(), theme.bar());
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}">
<style>text{{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:14px;white-space:pre}}</style>
<rect width="100%" height="100%" rx="8" fill="{paper}"/>
<path d="M0 {TITLE_BAR}V8a8 8 0 0 1 8-8H{right:.0}a8 8 0 0 1 8 8V{TITLE_BAR}z" fill="{bar}"/>
<text x="50%" y="20" text-anchor="middle" fill="{text}">{title}</text>
"##,
        right = width - 8.0,
        title = escape(title),
    );
    for row in 0..rows.get() {
        draw_row(screen, row, theme, &mut svg);
    }
    draw_cursor(screen, theme, &mut svg);
    svg.push_str("</svg>\n");
    svg
}

/// Draws the cells of a row, those that look the same together; wide ones by themselves.
fn draw_row(screen: &Screen, row: u16, theme: Theme, svg: &mut String) {
    let columns = screen.size().1.get();
    let mut column = 0;
    while column < columns {
        let Some(first) = screen.cell(row, column) else { return };
        let mut text = first.contents().to_owned();
        let mut end = column + 1;
        while let Some(cell) = screen.cell(row, end) {
            if cell.is_wide_continuation() {
                end += 1;
                continue;
            }
            if first.is_wide()
                || cell.is_wide()
                || !looks_like(first, cell)
                || first.has_contents() != cell.has_contents()
            {
                break;
            }
            text.push_str(cell.contents());
            end += 1;
        }
        draw_run(first, &text, (row, column, end - column), theme, svg);
        column = end;
    }
}

fn looks_like(one: &Cell, other: &Cell) -> bool {
    let look = |cell: &Cell| (cell.fgcolor(), cell.bgcolor(), cell.bold(), cell.dim(), cell.inverse());
    look(one) == look(other)
}

fn draw_run(cell: &Cell, text: &str, (row, column, columns): (u16, u16, u16), theme: Theme, svg: &mut String) {
    let (x, y) = at(row, column);
    let width = f32::from(columns) * CELL.0;
    if cell.bgcolor() != Color::Default {
        let paper = colour(cell.bgcolor(), theme.paper());
        let _ = writeln!(svg, r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{}" fill="{paper}"/>"#, CELL.1);
    }
    // Viewers differ in what they do with blanks at the ends.
    let blanks = text.chars().take_while(|&c| c == ' ').count();
    let shown = text.trim();
    if shown.is_empty() {
        return;
    }
    let cells = if cell.is_wide() { 2 } else { shown.chars().count() };
    let (x, width) = (x + blanks as f32 * CELL.0, cells as f32 * CELL.0);
    let fill = colour(cell.fgcolor(), theme.text());
    if shown.chars().all(|c| halves(c).is_some()) {
        return draw_blocks(shown, (x, y), &fill, svg);
    }
    let bold = if cell.bold() { r#" font-weight="bold""# } else { "" };
    let dim = if cell.dim() { r#" opacity="0.6""# } else { "" };
    let _ = writeln!(
        svg,
        r#"<text x="{x:.1}" y="{:.1}" textLength="{width:.1}" lengthAdjust="spacingAndGlyphs" fill="{fill}"{bold}{dim}>{}</text>"#,
        y + 13.5,
        escape(shown),
    );
}

/// Which half of its cell a block fills, the upper and the lower one; None where it's no such block.
fn halves(c: char) -> Option<(bool, bool)> {
    match c {
        ' ' => Some((false, false)),
        '▀' => Some((true, false)),
        '▄' => Some((false, true)),
        '█' => Some((true, true)),
        _ => None,
    }
}

/// Draws blocks as they are meant to be, without what a font leaves between them.
fn draw_blocks(blocks: &str, (x, y): (f32, f32), fill: &str, svg: &mut String) {
    let half = CELL.1 / 2.0;
    let mut path = String::new();
    for (index, (upper, lower)) in blocks.chars().filter_map(halves).enumerate() {
        let x = x + index as f32 * CELL.0;
        for (_, y) in [(upper, y), (lower, y + half)].into_iter().filter(|(is_filled, _)| *is_filled) {
            let _ = write!(path, "M{x:.1} {y:.0}h{}v{half}h-{}z", CELL.0, CELL.0);
        }
    }
    let _ = writeln!(svg, r#"<path d="{path}" fill="{fill}" shape-rendering="crispEdges"/>"#);
}

fn draw_cursor(screen: &Screen, theme: Theme, svg: &mut String) {
    let (row, column) = screen.cursor_position();
    let (x, y) = at(row, column);
    let fill = theme.text();
    let _ = writeln!(
        svg,
        r#"<rect x="{x:.1}" y="{y:.1}" width="{}" height="{}" fill="{fill}" opacity="0.7"/>"#,
        CELL.0, CELL.1
    );
}

/// The upper left corner of a cell.
fn at(row: u16, column: u16) -> (f32, f32) {
    (FRAME + f32::from(column) * CELL.0, TITLE_BAR + FRAME + f32::from(row) * CELL.1)
}

/// xterm's colours.
fn colour(colour: Color, default: &str) -> String {
    const BASIC: [&str; 16] = [
        "#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5", "#7f7f7f", "#ff0000",
        "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff",
    ];
    let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
    match colour {
        Color::Default => default.to_owned(),
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Idx(n @ 0..=15) => BASIC[usize::from(n)].to_owned(),
        Color::Idx(n @ 16..=231) => {
            let n = n - 16;
            format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        Color::Idx(n) => format!("#{0:02x}{0:02x}{0:02x}", 8 + 10 * (n - 232)),
    }
}

/// Blanks that every viewer keeps, and no mark-up.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(' ', "\u{a0}")
}
