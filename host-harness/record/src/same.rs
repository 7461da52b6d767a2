//! Whether what a component did with pseudonyms is what it did before.

use serde_json::Value;

use crate::{bodies, pseudonym::Pseudonyms};

/// Whether a text is another one with pseudonyms, part by part.
pub(crate) fn is_same(pseudonyms: &mut Pseudonyms, original: &str, found: &str) -> bool {
    if original == found || pseudonyms.is_known(original, found) {
        return true;
    }
    let (ones, others) = (parts(original), parts(found));
    if ones.len() != others.len() {
        return pseudonyms.stands_for(original, found);
    }
    // Every part is looked at: each may teach something.
    let is_same = |(one, other): (&&str, &&str)| one == other || pseudonyms.stands_for(one, other);
    let same: Vec<bool> = ones.iter().zip(&others).map(is_same).collect();
    same.into_iter().all(|is_same| is_same)
}

/// Words and what stands between them.
fn parts(text: &str) -> Vec<&str> {
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let inside = is_of_word(first);
        let end = rest.find(|c| is_of_word(c) != inside).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts
}

/// Learns from two values of the same shape what stands for what the component made itself.
pub(crate) fn learn(pseudonyms: &mut Pseudonyms, original: &Value, found: &Value) {
    match (original, found) {
        // Bytes teach nothing.
        (one, _) if bodies::bytes(one).is_some() => {}
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in one {
                if let Some(found) = other.get(key) {
                    learn(pseudonyms, value, found);
                }
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            one.iter().zip(other).for_each(|(one, other)| learn(pseudonyms, one, other));
        }
        (Value::String(one), Value::String(other)) if one != other => {
            let read =
                |text: &str| text.starts_with(['{', '[']).then(|| serde_json::from_str::<Value>(text).ok()).flatten();
            match (read(one), read(other)) {
                (Some(one), Some(other)) => learn(pseudonyms, &one, &other),
                // Where it does not fit, nothing is learnt: whether it matters is seen where it is asked for.
                _ => drop(is_same(pseudonyms, one, other)),
            }
        }
        _ => {}
    }
}

/// Whether a line of a log says the same: the words of the component in it, in their order. Where the original has more of them, names
/// may stand there that are words of the component, too.
pub(crate) fn says_the_same(pseudonyms: &Pseudonyms, original: &Value, found: &Value) -> bool {
    let words = |line: &Value| {
        let texts = line["fields"].as_array().into_iter().flatten().map(|field| &field["value"]);
        let texts = [&line["message"]].into_iter().chain(texts).filter_map(Value::as_str);
        let words = texts.flat_map(|text| text.split(|c: char| !c.is_ascii_alphabetic()));
        words.filter(|word| pseudonyms.is_of_way(word)).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut originals = words(original).into_iter();
    original["level"] == found["level"] && words(found).iter().all(|word| originals.any(|original| original == *word))
}

/// The first place at which an answer has another form: another kind of value, another number of items, another word of the contract.
/// Of its names only those of the contract are told.
pub(crate) fn other_form(pseudonyms: &Pseudonyms, original: &Value, found: &Value) -> Option<String> {
    let told = |name: &str| if pseudonyms.is_of_contract(name) { name.to_owned() } else { "…".to_owned() };
    let below = |name: String, at: String| if at.is_empty() { name } else { format!("{name}.{at}") };
    let differs = match (original, found) {
        (Value::Object(one), Value::Object(other)) => {
            let mut keys = one.keys().chain(other.keys()).filter(|key| pseudonyms.is_of_contract(key));
            let missing = keys.find(|key| one.contains_key(*key) != other.contains_key(*key));
            if let Some(key) = missing {
                return Some(key.clone());
            }
            let places = one.iter().filter_map(|(key, value)| Some((key, value, other.get(key)?)));
            for (key, value, found) in places {
                // What a status means is the same for everybody.
                if key == "status" && value.is_number() && value != found {
                    return Some(key.clone());
                }
                if let Some(at) = other_form(pseudonyms, value, found) {
                    return Some(below(told(key), at));
                }
            }
            one.len() != other.len()
        }
        (Value::Array(one), Value::Array(other)) => {
            let inner = one.iter().zip(other).enumerate();
            for (at, (one, other)) in inner {
                if let Some(place) = other_form(pseudonyms, one, other) {
                    return Some(below(at.to_string(), place));
                }
            }
            one.len() != other.len()
        }
        (Value::String(one), Value::String(other)) => one != other && pseudonyms.is_of_contract(one),
        (Value::Number(_), Value::Number(_)) => false,
        // An empty list of bytes.
        (Value::Array(items), Value::String(text)) | (Value::String(text), Value::Array(items)) => {
            !items.is_empty() || !text.is_empty()
        }
        (one, other) => one != other,
    };
    differs.then(String::new)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_of_another_form_is_found() {
        let pseudonyms = Pseudonyms::new(b"");
        for (original, found, at) in [
            (json!({"ok": {"id": "a", "count": 1}}), json!({"ok": {"id": "u1", "count": 2}}), None),
            (json!({"ok": {"id": null}}), json!({"ok": {"id": "u1"}}), Some("ok.id")),
            (json!({"ok": []}), json!({"ok": ["u1"]}), Some("ok")),
            (json!({"ok": [{"id": "a"}, {"id": "b"}]}), json!({"ok": [{"id": "u"}, {}]}), Some("ok.1.id")),
            (json!({"response": {"status": 200}}), json!({"response": {"status": 401}}), Some("response.status")),
            (json!({"zhangsan": [1]}), json!({"zhangsan": []}), Some("…")),
            (json!({"state": "active"}), json!({"state": "resigned"}), Some("state")),
            (json!({"body": {"bytes": ""}}), json!({"body": {"bytes": []}}), None),
            (json!({"ok": true}), json!({"ok": false}), Some("ok")),
        ] {
            assert_eq!(other_form(&pseudonyms, &original, &found).as_deref(), at, "{original} {found}");
        }
    }

    #[test]
    fn a_log_says_the_same_with_other_names() {
        let pseudonyms = Pseudonyms::new(b"signature differs member Department older than allows");
        let line =
            |why: &str| json!({"level": "warn", "message": "refused", "fields": [{"name": "why", "value": why}]});
        for (original, found, is_same) in [
            ("member zhangsan differs", "member u000001 differs", true),
            ("member Sales Department differs", "member u000001 differs", true),
            ("the signature differs", "it is older than allows", false),
            ("differs", "the signature differs", false),
        ] {
            assert_eq!(says_the_same(&pseudonyms, &line(original), &line(found)), is_same, "{original}: {found}");
        }
    }
}
