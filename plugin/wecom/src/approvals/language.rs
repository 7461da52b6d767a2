//! Texts in several languages. WeCom spells their tags with an underscore and knows `zh_CN` and `en`.

use organisation_kit::contract::approvals::LocalisedText;

use crate::wire::json_tree::JsonTree;

/// WeCom's spelling of a language tag.
pub(super) fn spelling(tag: &str) -> String {
    let tag = tag.replace('-', "_");
    match tag.split('_').next() {
        // Neither script nor country is WeCom's to tell apart.
        Some(language) if language.eq_ignore_ascii_case("zh") && !is_traditional(&tag) => "zh_CN".to_owned(),
        Some(language) if language.eq_ignore_ascii_case("en") => "en".to_owned(),
        _ => tag,
    }
}

fn is_traditional(tag: &str) -> bool {
    tag.split('_').any(|part| ["tw", "hk", "mo", "hant"].contains(&part.to_ascii_lowercase().as_str()))
}

/// A list of `{text, lang}`, which some answers give as one object.
#[inline(never)]
pub(super) fn texts(tree: JsonTree<'_>) -> Vec<LocalisedText> {
    let read = |text: JsonTree<'_>| {
        let language = text.at("lang").text().unwrap_or_default().replace('_', "-");
        text.at("text").text().map(|text| LocalisedText { language, text })
    };
    tree.list().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tag_is_spelled_as_wecom_does() {
        for (tag, spelled) in [
            ("zh-CN", "zh_CN"),
            ("zh_CN", "zh_CN"),
            ("zh", "zh_CN"),
            ("zh-Hans-CN", "zh_CN"),
            ("zh-TW", "zh_TW"),
            ("zh-Hant", "zh_Hant"),
            ("en", "en"),
            ("en-US", "en"),
            ("ja", "ja"),
            ("", ""),
        ] {
            assert_eq!(spelling(tag), spelled, "{tag}");
        }
    }

    #[test]
    fn texts_stand_in_a_list_or_alone() {
        let text = |language: &str, text: &str| LocalisedText { language: language.into(), text: text.into() };
        let list =
            json!([{ "text": "金额", "lang": "zh_CN" }, { "text": "amount", "lang": "en" }, { "lang": "en" }, 7]);
        assert_eq!(texts(JsonTree(&list)), [text("zh-CN", "金额"), text("en", "amount")]);
        assert_eq!(texts(JsonTree(&json!({ "text": "硬件" }))), [text("", "硬件")]);
        assert_eq!(texts(JsonTree(&json!([]))), []);
    }
}
