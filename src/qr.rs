//! QR codes, as rows of dots: `1` for a dark one, `0` for a light one.

/// As little room as is needed, so that it is read across a classroom. No rows where a text has too much for one, or where this is
/// built without the page that they lead to.
#[cfg(feature = "web")]
pub(crate) fn rows(text: &str) -> Vec<String> {
    use qrcode::{Color, EcLevel, QrCode};
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else { return Vec::new() };
    let dot = |color: &Color| if *color == Color::Dark { '1' } else { '0' };
    code.to_colors().chunks(code.width()).map(|row| row.iter().map(dot).collect()).collect()
}

/// None: there is no page.
#[cfg(not(feature = "web"))]
pub(crate) fn rows(_text: &str) -> Vec<String> {
    Vec::new()
}
