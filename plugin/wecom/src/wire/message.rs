//! What WeCom answers about messages and files (docs 90236, 94888, 90253, 90256).

use serde::de::SeqAccess;

use super::tolerant::{self, Items, Shape, WireField, object};

/// Ids, as a list or as one text with `|` between them: `message/send` writes the one and `update_template_card` the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids(pub(crate) Vec<String>);

impl<'de> Shape<'de> for Ids {
    fn empty() -> WireField<Self> {
        WireField::Read(Self::default())
    }

    fn of_text(text: &str) -> WireField<Self> {
        WireField::Read(Self(text.split('|').filter(|id| !id.is_empty()).map(str::to_owned).collect()))
    }

    fn of_number(number: i128) -> WireField<Self> {
        WireField::Read(Self(vec![number.to_string()]))
    }

    fn of_list<A: SeqAccess<'de>>(list: A) -> Result<WireField<Self>, A::Error> {
        Ok(match Items::<String>::of_list(list)? {
            WireField::Read(items) => WireField::Read(Self(items.read)),
            _ => WireField::Unreadable,
        })
    }
}

object! {
    /// The answer of `message/send` and `message/update_template_card`.
    struct RawSent {
        invaliduser: Ids,
        invalidparty: Ids,
        invalidtag: Ids,
        unlicenseduser: Ids,
        msgid: String,
        response_code: String,
    }
}

/// The same, read. A list that cannot be read is empty: the message was taken, and that must not be lost.
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
    let raw: RawSent = tolerant::parse(text)?;
    let ids = |field: WireField<Ids>| field.value().unwrap_or_default().0;
    Ok(SentAnswer {
        members: ids(raw.invaliduser),
        departments: ids(raw.invalidparty),
        tags: ids(raw.invalidtag),
        unlicensed: ids(raw.unlicenseduser),
        message_id: raw.msgid.text(),
        response_code: raw.response_code.text(),
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

object! {
    struct RawMedia {
        media_id: String,
        url: String,
        created_at: u64,
    }
}

/// Reads what became of a file.
pub(crate) fn parse_media(text: &str) -> Result<MediaAnswer, serde_json::Error> {
    let raw: RawMedia = tolerant::parse(text)?;
    Ok(MediaAnswer {
        media_id: raw.media_id.text(),
        url: raw.url.text(),
        created_at: raw.created_at.value().filter(|at| *at > 0),
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
