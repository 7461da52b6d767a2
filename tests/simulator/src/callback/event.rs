//! What the platform tells: an event, or a message of a member to the app; as XML or JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The value of a field of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventValue {
    /// A text; in XML a CDATA section.
    Text(String),
    /// A number.
    Number(i64),
    /// Fields below; a name may stand several times.
    Group(Vec<(String, Self)>),
}

impl From<&str> for EventValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for EventValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for EventValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for EventValue {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// What is told, without the parts that belong to the receiver and the moment (`ToUserName`, `CreateTime`, `AgentID`,
/// `MsgId`), which the simulator adds. Ordinary events have constructors; [`Event::new`] makes any other.
///
/// ```
/// use wecom_simulator::Event;
///
/// let click = Event::click("lisi", "menu-1");
/// let hello = Event::text_message("lisi", "你好");
/// let odd = Event::new("open_approval_change", "sys").with("ApprovalInfo", vec![("ThirdNo", "1".into())]);
/// assert_eq!((click.name(), hello.name(), odd.name()), ("click", "text", "open_approval_change"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `Event`, or `MsgType` of a message.
    name: String,
    pub(super) from: String,
    pub(super) message: bool,
    fields: Vec<(String, EventValue)>,
}

impl From<Vec<(&str, Self)>> for EventValue {
    fn from(fields: Vec<(&str, Self)>) -> Self {
        Self::Group(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl Event {
    /// An event of this name from a member, or from `sys`.
    pub fn new(name: &str, from: &str) -> Self {
        Self { name: name.to_owned(), from: from.to_owned(), message: false, fields: Vec::new() }
    }

    /// A message of this `MsgType` from a member.
    pub fn message(kind: &str, from: &str) -> Self {
        Self { message: true, ..Self::new(kind, from) }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<EventValue>) -> Self {
        self.fields.push((name.to_owned(), value.into()));
        self
    }

    /// A member writes a text.
    pub fn text_message(from: &str, content: &str) -> Self {
        Self::message("text", from).with("Content", content)
    }

    /// A member entered the visible range.
    pub fn subscribe(member: &str) -> Self {
        Self::new("subscribe", member).with("EventKey", "")
    }

    /// A member left the visible range.
    pub fn unsubscribe(member: &str) -> Self {
        Self::new("unsubscribe", member).with("EventKey", "")
    }

    /// A member opened the app.
    pub fn enter_agent(member: &str) -> Self {
        Self::new("enter_agent", member).with("EventKey", "")
    }

    /// A member chose an entry of the menu that has a key.
    pub fn click(member: &str, key: &str) -> Self {
        Self::new("click", member).with("EventKey", key)
    }

    /// A member chose an entry of the menu that opens an address.
    pub fn view(member: &str, url: &str) -> Self {
        Self::new("view", member).with("EventKey", url)
    }

    /// `change_contact` of this `ChangeType`.
    pub fn change_contact(change: &str) -> Self {
        Self::new("change_contact", "sys").with("ChangeType", change)
    }

    /// `Event`, or `MsgType` of a message.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text before encryption.
    pub(super) fn render(&self, form: &Form<'_>) -> String {
        let mut fields: Vec<(&str, EventValue)> = vec![
            ("ToUserName", form.corp.into()),
            ("FromUserName", self.from.as_str().into()),
            ("CreateTime", form.seconds.into()),
            ("MsgType", if self.message { self.name.as_str() } else { "event" }.into()),
        ];
        if !self.message {
            fields.push(("Event", self.name.as_str().into()));
        }
        fields.extend(self.fields.iter().map(|(name, value)| (name.as_str(), value.clone())));
        if self.message {
            fields.push(("MsgId", form.message_id.into()));
        }
        fields.extend(form.agent.map(|id| ("AgentID", id.into())));
        let EventValue::Group(fields) = EventValue::from(fields) else { return String::new() };
        if form.json {
            json(&fields).to_string()
        } else {
            let mut text = String::from("<xml>");
            xml(&mut text, &fields, form.cdata);
            text.push_str("</xml>");
            text
        }
    }
}

/// What the moment and the receiver add.
pub(super) struct Form<'c> {
    pub(super) corp: &'c str,
    pub(super) agent: Option<u64>,
    pub(super) seconds: u64,
    pub(super) message_id: u64,
    pub(super) json: bool,
    pub(super) cdata: bool,
}

fn xml(out: &mut String, fields: &[(String, EventValue)], cdata: bool) {
    for (name, value) in fields {
        // Writing to a text cannot fail.
        let _ = write!(out, "<{name}>");
        match value {
            EventValue::Text(text) if cdata => {
                let _ = write!(out, "<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"));
            }
            EventValue::Text(text) => {
                out.push_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
            }
            EventValue::Number(number) => {
                let _ = write!(out, "{number}");
            }
            EventValue::Group(inner) => xml(out, inner, cdata),
        }
        let _ = write!(out, "</{name}>");
    }
}

/// A name that stands several times becomes a list.
fn json(fields: &[(String, EventValue)]) -> Value {
    let mut object = Map::new();
    for (name, value) in fields {
        let value = match value {
            EventValue::Text(text) => Value::from(text.as_str()),
            EventValue::Number(number) => Value::from(*number),
            EventValue::Group(inner) => json(inner),
        };
        match object.get_mut(name) {
            None => drop(object.insert(name.clone(), value)),
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_in_each_form() {
        let event = Event::new("x", "lisi")
            .with("Key", "a]]>b<&")
            .with("Items", vec![("Item", "1".into()), ("Item", "2".into()), ("N", 3_u64.into())]);
        let head = "<xml><ToUserName>ww1</ToUserName><FromUserName>lisi</FromUserName><CreateTime>5</CreateTime>\
                    <MsgType>event</MsgType><Event>x</Event>";
        for (json, cdata, expected) in [
            (
                false,
                false,
                format!(
                    "{head}<Key>a]]&gt;b&lt;&amp;</Key><Items><Item>1</Item><Item>2</Item><N>3</N></Items>\
                     <AgentID>7</AgentID></xml>"
                ),
            ),
            (
                true,
                true,
                r#"{"AgentID":7,"CreateTime":5,"Event":"x","FromUserName":"lisi","Items":{"Item":["1","2"],"N":3},"Key":"a]]>b<&","MsgType":"event","ToUserName":"ww1"}"#
                    .to_owned(),
            ),
        ] {
            let form = Form { corp: "ww1", agent: Some(7), seconds: 5, message_id: 1, json, cdata };
            assert_eq!(event.render(&form), expected);
        }
        let form = Form { corp: "ww1", agent: None, seconds: 5, message_id: 9, json: false, cdata: true };
        let text = Event::text_message("lisi", "a]]>b").render(&form);
        assert!(text.contains("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[a]]]]><![CDATA[>b]]></Content><MsgId>9</MsgId></xml>"), "{text}");
        let read = roxmltree::Document::parse(&text).unwrap();
        let content = read.descendants().find(|node| node.has_tag_name("Content")).unwrap();
        assert_eq!(content.children().filter_map(|node| node.text()).collect::<String>(), "a]]>b");
    }
}
