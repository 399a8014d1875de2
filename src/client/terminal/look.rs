//! How what is shown looks: plain lines, the wire's own, or made for a person's terminal.

use crate::client::settings::ColourWish;
use crate::dots;
use std::io::{self, IsTerminal};

/// How what is shown looks.
#[derive(Clone, Debug)]
pub(crate) enum Look {
    /// Lines that are only ever appended, for pipes, scripts and screen readers: docs/plain.md.
    Plain,
    /// The same at a terminal: cut to its rows, each of which says that it goes on with a line. The terminal's own rows
    /// would not, and a text padded to the right length could begin one that looks like somebody else's.
    PlainRows,
    /// Each line as it came on the wire, for programs.
    Json,
    /// For a person in front of a terminal: coloured, wrapped, beside a line that is edited.
    Styled(Style),
}

/// What a terminal can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// The colours that may be used.
    pub(crate) colours: Colours,
    /// It understands xterm's sequences for the title and for focus reports.
    pub(crate) is_xterm: bool,
}

/// The colours that may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Colours {
    /// None, and no other attributes.
    None,
    /// The eight of old terminals.
    Few,
    /// xterm's 256.
    Many,
}

/// Terminals on which no line can be edited.
const DUMB: [&str; 3] = ["dumb", "cons25", "emacs"];

/// How the names of terminals begin that understand what xterm does. The others show nothing worse than no title.
const XTERM_LIKE: [&str; 11] =
    ["xterm", "screen", "tmux", "rxvt", "alacritty", "foot", "kitty", "wezterm", "vte", "konsole", "st-"];

impl Look {
    /// What the command line, the environment and the two ends allow.
    pub(crate) fn choose(plain: bool, json: bool, wish: ColourWish) -> Self {
        let variable = |name| std::env::var(name).unwrap_or_default();
        if json {
            return Self::Json;
        }
        let term = variable("TERM");
        let dumb = DUMB.contains(&&*term) || (cfg!(unix) && term.is_empty());
        if plain || dumb || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return if io::stdout().is_terminal() { Self::PlainRows } else { Self::Plain };
        }
        let no_color = !variable("NO_COLOR").is_empty();
        let many = cfg!(windows) || term.contains("256color") || !variable("COLORTERM").is_empty();
        Self::Styled(Style {
            colours: Colours::choose(wish, no_color, many),
            is_xterm: XTERM_LIKE.iter().any(|known| term.starts_with(known)),
        })
    }
}

impl Colours {
    fn choose(wish: ColourWish, no_color: bool, many: bool) -> Self {
        match (wish, no_color) {
            (ColourWish::Never, _) | (ColourWish::Auto, true) => Self::None,
            _ if many => Self::Many,
            _ => Self::Few,
        }
    }

    /// `text` in the colours for `what`.
    pub(crate) fn paint(self, what: Paint<'_>, text: &str) -> String {
        match self.codes(what) {
            Some(codes) if !text.is_empty() => format!("\x1b[{codes}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }

    /// The same, where there is something that it is painted for.
    pub(crate) fn paint_if(self, what: Option<Paint<'_>>, text: &str) -> String {
        what.map_or_else(|| text.to_owned(), |what| self.paint(what, text))
    }

    /// SGR codes. Names have colours of which each has a contrast of at least 3.9 with black and with white.
    fn codes(self, what: Paint<'_>) -> Option<String> {
        /// Of xterm's cube.
        const MANY: [u8; 12] = [27, 28, 30, 31, 63, 64, 98, 129, 130, 131, 161, 164];
        /// Red, green, magenta, cyan: blue is hard to read on black, yellow on white.
        const FEW: [u8; 4] = [31, 32, 35, 36];
        let codes = match (self, what) {
            (Self::None, _) => return None,
            (_, Paint::Faint) => "2".into(),
            (_, Paint::Notice) => "1".into(),
            (Self::Many, Paint::Name(name)) => format!("1;38;5;{}", MANY[hash(name) % MANY.len()]),
            (Self::Few, Paint::Name(name)) => format!("1;{}", FEW[hash(name) % FEW.len()]),
            // White on violet, black on yellow.
            (Self::Many, Paint::Whisper) => "1;38;5;231;48;5;97".into(),
            (Self::Few, Paint::Whisper) => "1;37;45".into(),
            (Self::Many, Paint::Mention) => "1;38;5;16;48;5;220".into(),
            (Self::Few, Paint::Mention) => "1;30;43".into(),
            // White on blue: as wide as a row is, however a terminal wraps it.
            (Self::Many, Paint::Code) => "38;5;231;48;5;24".into(),
            (Self::Few, Paint::Code) => "37;44".into(),
            (Self::Many, Paint::Dots) => dots::LIGHT_ON_DARK[0].into(),
            (Self::Few, Paint::Dots) => dots::LIGHT_ON_DARK[1].into(),
        };
        Some(codes)
    }
}

/// What is painted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Paint<'a> {
    /// Times, comings and goings, answers.
    Faint,
    /// A person's name, in the colour that it always has.
    Name(&'a str),
    /// Who whispers to whom.
    Whisper,
    /// One's own name in what others say.
    Mention,
    /// What is refused, has failed, or needs attention.
    Notice,
    /// A row of code.
    Code,
    /// A QR code.
    Dots,
}

impl Paint<'_> {
    /// What a whole line is painted as, by the mark that docs/plain.md gives it.
    pub(crate) fn of(line: &str) -> Option<Self> {
        match line.get(..2) {
            Some("* ") => Some(Self::Faint),
            Some("! ") => Some(Self::Notice),
            _ => None,
        }
    }
}

/// The same for a name in every run: FNV-1a.
fn hash(name: &str) -> usize {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2's relative luminance of a colour of xterm's cube.
    fn luminance(colour: usize) -> f64 {
        let levels = [0.0, 95.0, 135.0, 175.0, 215.0, 255.0];
        let linear = |level: usize| {
            let c: f64 = levels[level] / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let cube = colour - 16;
        0.2126 * linear(cube / 36) + 0.7152 * linear(cube / 6 % 6) + 0.0722 * linear(cube % 6)
    }

    #[test]
    fn names_can_be_read_on_light_and_on_dark() {
        for index in 0..1000 {
            let name = format!("user{index}");
            let codes = Colours::Many.codes(Paint::Name(&name)).unwrap();
            let colour = luminance(codes.rsplit(';').next().unwrap().parse().unwrap());
            let (on_white, on_black) = (1.05 / (colour + 0.05), (colour + 0.05) / 0.05);
            assert!(on_white >= 3.9 && on_black >= 3.9, "{codes}: {on_white} on white, {on_black} on black");
        }
    }

    #[test]
    fn a_name_keeps_its_colour_and_others_have_others() {
        assert_eq!(Colours::Many.paint(Paint::Name("ada"), "ada"), Colours::Many.paint(Paint::Name("ada"), "ada"));
        let mut colours: Vec<_> =
            (0..100).map(|i| Colours::Many.codes(Paint::Name(&format!("user{i}"))).unwrap()).collect();
        colours.sort();
        colours.dedup();
        assert_eq!(colours.len(), 12);
    }

    #[test]
    fn who_wants_no_colours_has_none() {
        assert_eq!(Colours::choose(ColourWish::Auto, true, true), Colours::None);
        assert_eq!(Colours::choose(ColourWish::Never, false, true), Colours::None);
        assert_eq!(Colours::choose(ColourWish::Always, true, true), Colours::Many);
        assert_eq!(Colours::choose(ColourWish::Auto, false, false), Colours::Few);
        for what in
            [Paint::Faint, Paint::Name("a"), Paint::Whisper, Paint::Mention, Paint::Notice, Paint::Code, Paint::Dots]
        {
            assert_eq!(Colours::None.paint(what, "x"), "x");
        }
    }
}
