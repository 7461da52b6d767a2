//! Pages for people who may not be signed in: one heading, a few lines, one link or one button. In Chinese and English at once,
//! since whoever is refused reads it over the shoulder of somebody else, or sends a picture of it.

use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};

use super::frame::Frame;

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
    /// The answer.
    pub fn answer(&self, status: StatusCode) -> Response {
        let [chinese, _] = self.heading;
        let (title, content) = (chinese.to_owned(), Some(self.content()));
        Frame { product: "登录 Sign-in".to_owned(), title, content, ..Frame::default() }.answer(status)
    }

    fn content(&self) -> Markup {
        let [_, english] = self.heading;
        html! {
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
            @if let Some(link) = &self.link { p { a.button href=(link) { "继续 Continue" } } }
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
        let html = page.content().into_string();
        for raw in ["<b>", "<script>", "\"onclick"] {
            assert!(!html.contains(raw), "{html}");
        }
    }
}
