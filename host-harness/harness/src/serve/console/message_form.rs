//! Kinds of messages that are written in the console, and the fields of each. A field is called as the contract calls its place, so that
//! what the element says against one stands beside it.

use maud::{Markup, html};
use organisation_host::contract::types::{Problem, Severity};
use serde_json::{Value, json};

use super::asked::Asked;

/// The parameter that says of which kind a message is.
pub const KIND: &str = "kind";
/// Headlines of one message.
const HEADLINES: usize = 8;

/// A kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Markdown,
    LinkCard,
    News,
}

/// One field of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageField {
    /// Its place below `content`.
    pub name: String,
    pub words: [&'static str; 2],
    pub is_needed: bool,
    is_long: bool,
}

const fn words(chinese: &'static str, english: &'static str) -> [&'static str; 2] {
    [chinese, english]
}

impl Kind {
    const ALL: [(Self, &'static str, [&'static str; 2]); 4] = [
        (Self::Text, "text", ["文字", "Text"]),
        (Self::Markdown, "markdown", ["Markdown", "Markdown"]),
        (Self::LinkCard, "link-card", ["文本卡片", "Link card"]),
        (Self::News, "news", ["图文", "News"]),
    ];

    /// The one that a request names; a text where it names none, nothing where it names another.
    pub fn of(asked: &Asked) -> Option<Self> {
        let name = asked.text(KIND).unwrap_or("text");
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(kind, ..)| *kind)
    }

    /// As the contract has it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, name, _)| name)
    }

    /// What it is called.
    pub fn words(self) -> [&'static str; 2] {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or([""; 2], |(.., words)| *words)
    }

    /// Its fields; those of news as often as there may be headlines.
    pub fn fields(self) -> Vec<MessageField> {
        let field =
            |name: &str, words, is_needed, is_long| MessageField { name: name.to_owned(), words, is_needed, is_long };
        match self {
            Self::Text => vec![field("text", words("内容", "Text"), true, true)],
            Self::Markdown => vec![field("markdown", words("Markdown 内容", "Markdown"), true, true)],
            Self::LinkCard => vec![
                field("link-card.title", words("标题", "Title"), true, false),
                field("link-card.description", words("描述", "Description"), true, true),
                field("link-card.url", words("链接", "Link"), true, false),
                field("link-card.button", words("按钮文字（可不填）", "Words on the link (optional)"), false, false),
            ],
            Self::News => (0..HEADLINES)
                .flat_map(|number| {
                    let at = |name: &str, words, is_needed| {
                        field(&format!("news[{number}].{name}"), words, is_needed, false)
                    };
                    [
                        at("title", words("标题", "Title"), number == 0),
                        at("description", words("描述（可不填）", "Description (optional)"), false),
                        at("link.url", words("链接", "Link"), number == 0),
                        at("picture-url", words("图片地址（可不填）", "Address of a picture (optional)"), false),
                    ]
                })
                .collect(),
        }
    }

    /// What the message says, as JSON of the contract.
    pub fn content(self, asked: &Asked) -> Value {
        let text = |name: &str| asked.text(name);
        match self {
            Self::Text | Self::Markdown => json!({ self.name(): text(self.name()) }),
            Self::LinkCard => json!({ self.name(): {
                "title": text("link-card.title").unwrap_or_default(),
                "description": text("link-card.description").unwrap_or_default(),
                "url": text("link-card.url").unwrap_or_default(),
                "button": text("link-card.button"),
            } }),
            Self::News => {
                let headline = |number: usize| {
                    let text = |name: &str| asked.text(&format!("news[{number}].{name}"));
                    is_begun(asked, number).then(|| {
                        json!({
                            "title": text("title").unwrap_or_default(),
                            "description": text("description"),
                            "link": text("link.url").map(|url| json!({ "url": url })),
                            "picture_url": text("picture-url"),
                        })
                    })
                };
                json!({ self.name(): (0..HEADLINES).map_while(headline).collect::<Vec<_>>() })
            }
        }
    }

    /// What has to be written before the element is asked: what is needed, and every headline before one that was begun, since
    /// problems are told by number and none may move up.
    pub fn missing(self, asked: &Asked) -> Option<Problem> {
        let fields = self.fields();
        if let Some(field) = fields.iter().find(|field| field.is_needed && asked.text(&field.name).is_none()) {
            return Some(missing(&format!("content.{}", field.name), &needed(asked, field.words)));
        }
        let last = (0..HEADLINES).rfind(|number| is_begun(asked, *number)).filter(|_| self == Self::News)?;
        let gap = (0..last).find(|number| !is_begun(asked, *number))?;
        let words = asked.say("图文之间不能留空。", "Leave no headline empty between two.");
        Some(missing(&format!("content.news[{gap}].title"), words))
    }

    /// Links to the forms of all kinds.
    pub fn tabs(self, asked: &Asked) -> Markup {
        html! {
            nav.row aria-label=(asked.say("消息类型", "Kinds of messages")) {
                @for (kind, name, [chinese, english]) in Self::ALL {
                    a.button.quiet[kind != self] href={ (asked.address("messages")) "?" (KIND) "=" (name) }
                        aria-current=[(kind == self).then_some("page")] { (asked.say(chinese, english)) }
                }
            }
        }
    }

    /// The fields, with what was written, and what is wrong beside the field that it concerns.
    pub fn render(self, asked: &Asked, problem: Option<&Problem>) -> Markup {
        let fields = self.fields();
        let render = |field: &MessageField| render(asked, field, problem.filter(|problem| concerns(problem, field)));
        html! {
            input type="hidden" name=(KIND) value=(self.name());
            @if self == Self::News {
                @for (number, fields) in fields.chunks(4).enumerate() {
                    @let is_concerned = |field: &MessageField| {
                        asked.text(&field.name).is_some() || problem.is_some_and(|problem| concerns(problem, field))
                    };
                    details open[number == 0 || fields.iter().any(is_concerned)] {
                        summary { (asked.say("图文", "Headline")) " " (number + 1) }
                        @for field in fields { (render(field)) }
                    }
                }
            } @else {
                @for field in &fields { (render(field)) }
            }
        }
    }

    /// What people will see, as far as a page can show it.
    pub fn preview(self, asked: &Asked) -> Markup {
        let text = |name: &str| asked.text(name).unwrap_or_default();
        let link = |name: &str| {
            // A text: what somebody wrote is no link of this console's.
            html! { @if let Some(url) = asked.text(name) { p.hint { "→ " code { (url) } } } }
        };
        match self {
            Self::Text => html! { pre { (text("text")) } },
            Self::Markdown => html! {
                pre { (text("markdown")) }
                p.hint { (asked.say("客户端会按 Markdown 显示。", "The client shows it as Markdown.")) }
            },
            Self::LinkCard => html! {
                div.card {
                    h3 { (text("link-card.title")) }
                    pre { (text("link-card.description")) }
                    (link("link-card.url"))
                    @if let Some(button) = asked.text("link-card.button") { span.tag { (button) } }
                }
            },
            Self::News => html! {
                @for number in 0..HEADLINES {
                    @if let Some(title) = asked.text(&format!("news[{number}].title")) {
                        div.card {
                            h3 { (title) }
                            p { (text(&format!("news[{number}].description"))) }
                            (link(&format!("news[{number}].link.url")))
                            (link(&format!("news[{number}].picture-url")))
                        }
                    }
                }
            },
        }
    }
}

/// Whether anything of a headline was written. One that nobody began is none.
fn is_begun(asked: &Asked, number: usize) -> bool {
    let names = ["title", "description", "link.url", "picture-url"];
    names.iter().any(|name| asked.text(&format!("news[{number}].{name}")).is_some())
}

/// That a field of this name has to be written.
pub fn needed(asked: &Asked, [chinese, english]: [&str; 2]) -> String {
    asked.say(&format!("请填写{chinese}。"), &format!("{english}: this is needed.")).to_owned()
}

/// That something was not written.
pub fn missing(path: &str, words: &str) -> Problem {
    let (path, code, message) = (path.to_owned(), "missing".to_owned(), words.to_owned());
    Problem { path, code, severity: Severity::Error, message, hint: None }
}

/// Whether a problem is one of this field.
pub fn concerns(problem: &Problem, field: &MessageField) -> bool {
    problem.path.strip_prefix("content.") == Some(&*field.name)
}

fn render(asked: &Asked, field: &MessageField, problem: Option<&Problem>) -> Markup {
    let [chinese, english] = field.words;
    let (value, name) = (asked.text(&field.name).unwrap_or_default(), field.name.as_str());
    let id = name.replace(['.', '[', ']'], "-");
    let about = problem.map(|_| format!("{id}-problem"));
    html! {
        div.field {
            label for=(id) { (asked.say(chinese, english)) }
            @if field.is_long {
                textarea id=(id) name=(name) required[field.is_needed] aria-invalid=[problem.map(|_| "true")]
                    aria-describedby=[about.as_deref()] { (value) }
            } @else {
                input id=(id) name=(name) value=(value) required[field.is_needed] aria-invalid=[problem.map(|_| "true")]
                    aria-describedby=[about.as_deref()];
            }
            @if let (Some(problem), Some(about)) = (problem, &about) { p.error id=(about) role="alert" { (problem.message) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_fields_of_its_own() {
        for (kind, name, _) in Kind::ALL {
            let fields = kind.fields();
            assert!(fields.iter().any(|field| field.is_needed), "{name}");
            assert!(fields.iter().all(|field| field.name.starts_with(name)), "{name}");
        }
    }
}
