//! Answers for people. Labels stand in Chinese beside English where an administrator reads them; text of the vendor or of
//! a component is freed of control characters, so that a name cannot move the cursor.

pub mod change;
pub mod check;
pub mod conform;
pub mod department;
pub mod description;
pub mod error;
pub mod inspection;
pub mod login;
pub mod member;
pub mod overview;
mod paint;
pub mod plan;
pub mod record;
pub mod run;
mod table;
pub mod tenant;
pub mod validation;

pub use error::{failure, report};
pub use paint::Paint;
pub use table::Table;

/// The text without control characters.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Every line but the first one moved to the right, so that a longer text stays under its beginning.
fn indented(text: &str, width: usize) -> String {
    let lines: Vec<String> = text.lines().map(clean).collect();
    lines.join(&format!("\n{:width$}", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\r\n张"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}张");
        assert_eq!(indented("a\nb\u{7}", 2), "a\n  b\u{fffd}");
    }
}
