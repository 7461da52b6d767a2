//! The frame around every page.

use maud::{DOCTYPE, Markup, html};

use crate::{EVENTS, Language, SCRIPT, STYLE};

/// htmx without what a content security policy forbids: no evaluated text, no style of its own, no request to other servers.
const SCRIPT_SETTINGS: &str = r#"{"allowEval":false,"includeIndicatorStyles":false,"allowScriptTags":false,"selfRequestsOnly":true,"historyCacheSize":0}"#;

/// How much room a page takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// One card in the middle: a question, a refusal, a sign-in.
    #[default]
    Card,
    /// The width of a screen: a console.
    Wide,
}

/// One entry of the navigation.
#[derive(Debug, Clone)]
pub struct Link<'a> {
    /// Where it leads.
    pub address: String,
    /// What people read.
    pub text: &'a str,
    /// Whether it is the page that is shown.
    pub is_here: bool,
}

/// A page without its content.
#[derive(Debug, Clone)]
pub struct Shell<'a> {
    /// Of the page.
    pub language: Language,
    /// What stands before the paths of the server: empty, or `/PATH`.
    pub base: &'a str,
    /// The path of this page with its query, as browsers see it; the switch of languages comes back to it. Empty: no switch,
    /// for a page that cannot be asked for again.
    pub here: &'a str,
    /// What the pages belong to; stands at the top of each.
    pub product: &'a str,
    /// Where the name of the product leads; empty: nowhere.
    pub home: &'a str,
    /// The one heading, and the title of the window.
    pub title: &'a str,
    /// Other pages.
    pub navigation: Vec<Link<'a>>,
    /// What stands at the end of the top, such as who is signed in.
    pub aside: Option<Markup>,
    /// How much room the page takes.
    pub layout: Layout,
}

impl<'a> Shell<'a> {
    /// A card with neither navigation nor switch of languages.
    pub fn new(language: Language, product: &'a str) -> Self {
        Self {
            language,
            base: "",
            here: "",
            product,
            home: "",
            title: product,
            navigation: Vec::new(),
            aside: None,
            layout: Layout::Card,
        }
    }

    /// The page with this content.
    pub fn render(&self, content: &Markup) -> Markup {
        let Self { language, base, here, product, home, title, navigation, aside, layout } = self;
        let other = language.other();
        html! {
            (DOCTYPE)
            html lang=(language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="htmx-config" content=(SCRIPT_SETTINGS);
                    title { (title) @if title != product { " · " (product) } }
                    link rel="stylesheet" href=(STYLE.address(base));
                    link rel="icon" href="data:,";
                    script src=(SCRIPT.address(base)) defer {}
                    script src=(EVENTS.address(base)) defer {}
                }
                body {
                    a.skip href="#content" { (language.pick("跳到内容", "Skip to content")) }
                    header.top {
                        @if home.is_empty() { span.product { (product) } } @else { a.product href=(home) { (product) } }
                        div.aside {
                            @if let Some(aside) = aside { (aside) }
                            @if !here.is_empty() {
                                a.language href=(other.switch(base, here)) lang=(other.tag()) hreflang=(other.tag()) {
                                    (other.pick("中文", "English"))
                                }
                            }
                        }
                    }
                    div class=(match layout { Layout::Card => "frame card-frame", Layout::Wide => "frame" }) {
                        @if !navigation.is_empty() {
                            nav aria-label=(language.pick("页面", "Pages")) {
                                ul {
                                    @for link in navigation {
                                        li {
                                            a href=(link.address) aria-current=[link.is_here.then_some("page")] { (link.text) }
                                        }
                                    }
                                }
                            }
                        }
                        main #content tabindex="-1" class=(match layout { Layout::Card => "card", Layout::Wide => "" }) {
                            h1 { (title) }
                            (content)
                        }
                    }
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
        let bad = "\"'><script>alert(1)</script>";
        let shell = Shell {
            base: "",
            here: bad,
            home: bad,
            title: bad,
            navigation: vec![Link { address: bad.to_owned(), text: bad, is_here: true }],
            ..Shell::new(Language::Chinese, bad)
        };
        let page = shell.render(&html! { (bad) }).into_string();
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(!page.contains("\"'>"), "{page}");
    }

    #[test]
    fn a_page_holds_no_script_and_no_style_of_its_own() {
        let page = Shell::new(Language::English, "Console").render(&html! {}).into_string();
        for inline in ["<style", " style=", "onclick", "hx-on", "javascript:"] {
            assert!(!page.contains(inline), "{inline}: {page}");
        }
    }
}
