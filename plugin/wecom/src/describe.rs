//! The description of the element, for editors and hosts.

use crate::{
    config::field::{FIELDS, Field, Words},
    contract::element::{ConfigField, Description},
    text::Locale,
};

/// The interfaces that work.
const CAPABILITIES: [&str; 3] = ["element", "login", "directory"];

/// Describes the element in the language of the tag: Chinese for what starts with `zh`, else English.
pub fn describe(locale: &str) -> Description {
    let locale = Locale::from_tag(locale);
    Description {
        id: "wecom.organisation".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        title: show(locale, ("企业微信组织", "WeCom organisation")),
        summary: show(
            locale,
            (
                "同步企业微信自建应用可见范围内的部门与成员，并让成员扫码或从工作台登录",
                "brings in the departments and members that a self-built WeCom app may see, and lets the members sign \
                 in by QR code or from the workspace",
            ),
        ),
        fields: FIELDS.iter().map(|field| describe_field(locale, field)).collect(),
        capabilities: CAPABILITIES.map(str::to_owned).to_vec(),
    }
}

fn describe_field(locale: Locale, field: &Field) -> ConfigField {
    ConfigField {
        key: field.key.to_owned(),
        label: show(locale, field.label),
        help: show(locale, field.help),
        required: field.required,
        secret: field.secret,
        in_clear: field.in_clear,
        pattern: field.pattern.map(str::to_owned),
        default: field.default.map(str::to_owned),
        where_to_find: field.place.map(|place| show(locale, place)),
    }
}

fn show(locale: Locale, (zh, en): Words) -> String {
    if locale == Locale::Chinese { zh } else { en }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_chooses_the_language() {
        for (tag, title, label) in [
            ("zh-CN", "企业微信组织", "企业 ID"),
            ("en", "WeCom organisation", "Corp ID"),
            ("", "WeCom organisation", "Corp ID"),
        ] {
            let description = describe(tag);
            assert_eq!((description.title.as_str(), description.fields[0].label.as_str()), (title, label), "{tag}");
        }
    }

    #[test]
    fn each_field_says_what_an_editor_needs() {
        let description = describe("en");
        let keys = |pick: fn(&ConfigField) -> bool| {
            description.fields.iter().filter(|field| pick(field)).map(|field| field.key.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(keys(|field| field.required), ["corpId", "agentId", "secret"]);
        // What is only sent, and what signs and decrypts.
        assert_eq!(
            keys(|field| field.secret && !field.in_clear),
            ["secret", "contactCallback.secret", "proxyPassword"]
        );
        assert_eq!(
            keys(|field| field.in_clear),
            ["callback.token", "callback.encodingAESKey", "contactCallback.token", "contactCallback.encodingAESKey"]
        );
        assert!(description.fields.iter().all(|field| field.secret || !field.in_clear));
        assert_eq!(
            keys(|field| field.default.is_some()),
            ["homepageState", "sync.strategy", "apiBaseUrl", "loginBaseUrl", "oauthBaseUrl"]
        );
        for field in description.fields.iter().filter(|field| field.required) {
            assert!(field.where_to_find.is_some() && field.pattern.is_some(), "{}", field.key);
        }
        let anchored = |pattern: &String| pattern.starts_with('^') && pattern.ends_with('$');
        assert!(description.fields.iter().filter_map(|field| field.pattern.as_ref()).all(anchored));
    }

    #[test]
    fn what_works_is_named() {
        let description = describe("en");
        assert_eq!(description.capabilities, ["element", "login", "directory"]);
        assert_eq!(description.version, env!("CARGO_PKG_VERSION"));
    }
}
