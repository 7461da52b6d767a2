//! What WeCom answers about messages and files (docs 90236, 94888, 90253, 90256).

use serde_json::Value;

use super::json_tree::{self, JsonTree};

/// Ids, as a list or as one text with `|` between them: `message/send` writes the one and `update_template_card` the other.
fn ids(tree: JsonTree<'_>) -> Vec<String> {
    match tree.0 {
        Value::String(text) => text.split('|').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
        Value::Object(_) => Vec::new(),
        _ => tree.texts(),
    }
}

/// The answer of `message/send` and `message/update_template_card`. A list that cannot be read is empty: the message was taken, and that must not be lost.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SentAnswer {
    pub(crate) members: Vec<String>,
    pub(crate) departments: Vec<String>,
    pub(crate) tags: Vec<String>,
    /// Members without a licence for the basic interfaces.
    pub(crate) unlicensed: Vec<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) response_code: Option<String>,
}

/// Reads what became of a message or a card.
pub(crate) fn parse_sent(text: &str) -> Result<SentAnswer, serde_json::Error> {
    let answer = json_tree::parse(text)?;
    let ids = |key| ids(JsonTree(&answer).at(key));
    Ok(SentAnswer {
        members: ids("invaliduser"),
        departments: ids("invalidparty"),
        tags: ids("invalidtag"),
        unlicensed: ids("unlicenseduser"),
        message_id: JsonTree(&answer).at("msgid").text(),
        response_code: JsonTree(&answer).at("response_code").text(),
    })
}

/// The answer to a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MediaAnswer {
    pub(crate) media_id: Option<String>,
    pub(crate) url: Option<String>,
    /// Seconds since 1970; WeCom writes it as text.
    pub(crate) created_at: Option<u64>,
}

/// Reads what became of a file.
pub(crate) fn parse_media(text: &str) -> Result<MediaAnswer, serde_json::Error> {
    let answer = json_tree::parse(text)?;
    let field = |key| JsonTree(&answer).at(key);
    Ok(MediaAnswer {
        media_id: field("media_id").text(),
        url: field("url").text(),
        created_at: field("created_at").number().filter(|at| *at > 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_invalid_ids_is_read() {
        for (json, expected) in [
            ("{}", &[][..]),
            (r#"{"invaliduser":""}"#, &[]),
            (r#"{"invaliduser":null}"#, &[]),
            (r#"{"invaliduser":[]}"#, &[]),
            (r#"{"invaliduser":"lisi"}"#, &["lisi"]),
            (r#"{"invaliduser":"lisi|wangwu"}"#, &["lisi", "wangwu"]),
            (r#"{"invaliduser":"|lisi||"}"#, &["lisi"]),
            (r#"{"invaliduser":["lisi",7]}"#, &["lisi", "7"]),
            (r#"{"invaliduser":7}"#, &["7"]),
            (r#"{"invaliduser":{"a":1}}"#, &[]),
            (r#"{"invaliduser":[["lisi"],"wangwu"]}"#, &["wangwu"]),
        ] {
            assert_eq!(parse_sent(json).unwrap().members, expected, "{json}");
        }
        let text = r#"{"errcode":0,"invalidparty":"1|2","invalidtag":["3"],"unlicenseduser":"a","msgid":"m","response_code":""}"#;
        let expected = SentAnswer {
            members: vec![],
            departments: vec!["1".into(), "2".into()],
            tags: vec!["3".into()],
            unlicensed: vec!["a".into()],
            message_id: Some("m".into()),
            response_code: None,
        };
        assert_eq!(parse_sent(text).unwrap(), expected);
    }

    #[test]
    fn a_file_has_an_id_or_an_address() {
        let answer = |media_id: Option<&str>, url: Option<&str>, created_at| {
            let [media_id, url] = [media_id, url].map(|text| text.map(str::to_owned));
            MediaAnswer { media_id, url, created_at }
        };
        for (json, expected) in [
            (
                r#"{"errcode":0,"errmsg":"","type":"file","media_id":"3sample","created_at":"1760000000"}"#,
                answer(Some("3sample"), None, Some(1_760_000_000)),
            ),
            (r#"{"media_id":"3sample","created_at":1760000000}"#, answer(Some("3sample"), None, Some(1_760_000_000))),
            (r#"{"url":"https://p.qpic.cn/a"}"#, answer(None, Some("https://p.qpic.cn/a"), None)),
            (r#"{"media_id":"","created_at":"soon"}"#, MediaAnswer::default()),
        ] {
            assert_eq!(parse_media(json).unwrap(), expected, "{json}");
        }
    }
}
