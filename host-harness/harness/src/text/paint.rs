//! Colours, or none.

use console::Style;

/// How text is set off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    colours: bool,
}

impl Paint {
    /// With colours.
    pub fn colours() -> Self {
        Self { colours: true }
    }

    /// Without.
    pub fn plain() -> Self {
        Self { colours: false }
    }

    fn apply(self, style: &Style, text: &str) -> String {
        style.clone().force_styling(self.colours).apply_to(text).to_string()
    }

    /// What went well.
    pub fn good(self, text: &str) -> String {
        self.apply(&Style::new().green(), text)
    }

    /// What somebody should look at.
    pub fn warn(self, text: &str) -> String {
        self.apply(&Style::new().yellow(), text)
    }

    /// What went wrong.
    pub fn bad(self, text: &str) -> String {
        self.apply(&Style::new().red(), text)
    }

    /// Headings.
    pub fn bold(self, text: &str) -> String {
        self.apply(&Style::new().bold(), text)
    }

    /// What matters less.
    pub fn dim(self, text: &str) -> String {
        self.apply(&Style::new().dim(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_as_it_is() {
        assert_eq!(Paint::plain().bad("x"), "x");
        assert_eq!(Paint::colours().bad("x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
