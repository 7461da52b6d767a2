//! What a receiver answers to a delivery (fact sheet section 7.4): nothing, or an encrypted message of its own.

use roxmltree::{Document, Node};
use serde::Serialize;
use serde_json::{Map, Value};

use super::receiver::Target;
use crate::cipher;

/// Events whose replies are honoured (doc 90241); ordinary messages are as well.
const REPLYABLE: &[&str] = &[
    "subscribe",
    "enter_agent",
    "LOCATION",
    "click",
    "view",
    "view_miniprogram",
    "scancode_waitmsg",
    "template_card_menu_event",
];

/// What became of the body of the last answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Reply {
    /// Not delivered (yet).
    #[default]
    None,
    /// An empty body, or `success`.
    Acknowledged,
    /// A reply that took effect.
    Honoured {
        /// `MsgType` of the reply.
        kind: String,
        /// The inner message: elements as an object, repeated ones as lists, all leaves as texts.
        message: Value,
    },
    /// A right reply to an event that takes none.
    Ignored {
        /// `MsgType` of the reply.
        kind: String,
    },
    /// A body that is no encrypted reply.
    Refused(String),
}

/// Reads the body of an answer: what was encrypted in it, if anything.
pub(super) fn read(target: &Target, corp: &str, body: &[u8]) -> Result<Option<Value>, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8")?;
    if text.is_empty() || text == "success" {
        return Ok(None);
    }
    let envelope = structure(text).ok_or("the body is neither empty, nor \"success\", nor XML or JSON")?;
    let field = |name: &str| {
        let object = envelope.as_object()?;
        let found = object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1;
        found.as_str().map(str::to_owned).or_else(|| found.as_i64().map(|number| number.to_string()))
    };
    let encrypted = field("Encrypt").ok_or("the reply is not encrypted")?;
    let (timestamp, nonce) = (field("TimeStamp").unwrap_or_default(), field("Nonce").unwrap_or_default());
    if field("MsgSignature").unwrap_or_default() != cipher::signature(&target.token, &timestamp, &nonce, &encrypted) {
        return Err(cipher::OpenError::Signature.to_string());
    }
    let inner = cipher::open(&target.key, &encrypted, corp).map_err(|error| error.to_string())?;
    structure(&inner).map(Some).ok_or_else(|| "the encrypted message is neither XML nor JSON".to_owned())
}

/// Whether replies to this event or message take effect.
pub(super) fn is_honoured(name: &str, message: bool, card_events: bool) -> bool {
    message || REPLYABLE.contains(&name) || (card_events && name == "template_card_event")
}

/// The elements of an XML document, or a JSON object.
fn structure(text: &str) -> Option<Value> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).ok();
    }
    Some(element(Document::parse(text).ok()?.root_element()))
}

fn element(node: Node<'_, '_>) -> Value {
    let mut object = Map::new();
    for child in node.children().filter(Node::is_element) {
        let value = element(child);
        match object.get_mut(child.tag_name().name()) {
            None => drop(object.insert(child.tag_name().name().to_owned(), value)),
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    if object.is_empty() {
        return Value::from(node.children().filter_map(|child| child.text()).collect::<String>());
    }
    Value::Object(object)
}

/// Lists of a card, which one element alone does not show to be lists.
const LISTS: &[&str] = &[
    "horizontal_content_list",
    "vertical_content_list",
    "jump_list",
    "button_list",
    "select_list",
    "option_list",
    "action_list",
];

/// A card of a reply in the names of the API: `CardType` becomes `card_type`.
pub(super) fn card(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let rename = |(name, value): (&String, &Value)| {
                let name = if name == "CheckBox" { "checkbox".to_owned() } else { snake(name) };
                let value = card(value);
                let single = LISTS.contains(&name.as_str()) && !value.is_array();
                (name, if single { Value::Array(vec![value]) } else { value })
            };
            Value::Object(object.iter().map(rename).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(card).collect()),
        other => other.clone(),
    }
}

fn snake(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_card_of_a_reply_reads_like_one_of_the_api() {
        let xml = "<xml><CardType><![CDATA[button_interaction]]></CardType><MainTitle><Title>t</Title></MainTitle>\
                   <ButtonList><Text>a</Text><Key>k</Key></ButtonList><ReplaceText>done</ReplaceText>\
                   <CheckBox><QuestionKey>q</QuestionKey></CheckBox></xml>";
        assert_eq!(
            card(&structure(xml).unwrap()),
            json!({
                "card_type": "button_interaction", "main_title": {"title": "t"}, "replace_text": "done",
                "button_list": [{"text": "a", "key": "k"}], "checkbox": {"question_key": "q"},
            })
        );
    }
}
