/// Provide two versions of the prompt:
/// - the `raw` version used when `stdout` is not a tty, or when the terminal is
///   not supported or in `NO_COLOR` mode
/// - the `styled` version
pub trait Prompt {
    /// No style, no ANSI escape sequence
    fn raw(&self) -> &str;
    /// With style(s), ANSI escape sequences
    ///
    /// Currently, the styled version *must* have the same display width as
    /// the raw version.
    ///
    /// By default, returns the raw string.
    fn styled(&self) -> &str {
        self.raw()
    }
    /// homeroom: asked by the editor alone, before it displays the prompt anew: what it is from now on, if that is
    /// something else
    fn renew(&self) -> Option<String> {
        None
    }
    /// homeroom: asked by the editor alone, when it has printed something: a text that is to be edited again if the line
    /// is empty now, and whole lines that are to be printed with it; or the lines alone if it isn't
    fn give_back(&self, _line_is_empty: bool) -> Option<(String, String)> {
        None
    }
}

/// homeroom: prints nothing, but has prompt and line displayed anew
pub const REDRAW: &str = "\0";

impl Prompt for str {
    fn raw(&self) -> &str {
        self
    }
}
impl Prompt for String {
    fn raw(&self) -> &str {
        self.as_str()
    }
}
impl<Raw: AsRef<str>, Styled: AsRef<str>> Prompt for (Raw, Styled) {
    fn raw(&self) -> &str {
        self.0.as_ref()
    }

    fn styled(&self) -> &str {
        self.1.as_ref()
    }
}
