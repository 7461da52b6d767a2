//! Pages for people: one heading, a few lines, one link or one button.

use maud::{DOCTYPE, Markup, html};

const STYLE: &str = "body{font:17px/1.6 system-ui,sans-serif;max-width:32em;margin:3em auto;padding:0 1em;color:#222}\
                     h1{font-size:1.4em}.hint{color:#666}a{color:#06c}";

/// A page in Chinese and English.
#[derive(Default)]
pub struct Page<'a> {
    /// What it is about, in both languages.
    pub heading: [&'a str; 2],
    /// What else there is to say.
    pub lines: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// What an administrator finds in the host's log and reports.
    pub reference: Option<String>,
    /// Where to go on.
    pub link: Option<String>,
    /// What is posted to the same address when the person agrees; nothing is asked where there is none.
    pub form: Vec<(&'a str, &'a str)>,
}

impl Page<'_> {
    /// As HTML.
    pub fn render(&self) -> Markup {
        let [chinese, english] = self.heading;
        html! {
            (DOCTYPE)
            html lang="zh" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width,initial-scale=1";
                    title { (chinese) }
                    style { (maud::PreEscaped(STYLE)) }
                }
                body {
                    h1 { (chinese) }
                    p lang="en" { (english) }
                    @for line in &self.lines { p { (line) } }
                    @if let Some(hint) = &self.hint { p.hint { (hint) } }
                    @if let Some(reference) = &self.reference { p.hint { "参考号 reference: " (reference) } }
                    @if !self.form.is_empty() {
                        form method="post" {
                            @for (name, value) in &self.form { input type="hidden" name=(name) value=(value); }
                            button { "继续 Continue" }
                        }
                    }
                    @if let Some(link) = &self.link { p { a href=(link) { "继续 Continue" } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_becomes_markup() {
        let page = Page {
            heading: ["<b>", "&"],
            lines: vec!["<script>alert(1)</script>".to_owned()],
            hint: Some("\"'".to_owned()),
            reference: Some("<b>".to_owned()),
            link: Some("/x\"onclick=\"".to_owned()),
            form: vec![("a", "\"onclick=\"")],
        };
        let html = page.render().into_string();
        for raw in ["<b>", "<script>", "\"onclick"] {
            assert!(!html.contains(raw), "{html}");
        }
    }
}
