//! Keys and words that nobody knows, and what was probably meant.

use super::problem::{Finding, quoted};
use crate::config::field;

/// From here on, on a scale from 0 (nothing alike) to 1, two words count as alike.
const LIKENESS: f64 = 0.6;

/// The finding for a key that is not in the table, standing in the object `group` or on top.
pub(crate) fn key(key: &str, group: Option<&str>) -> Finding {
    let known = field::known_keys(group);
    // A key of a group is often written on top, so these are offered as well.
    let mut offers: Vec<_> = known.iter().map(|known| (*known, *known)).collect();
    if group.is_none() {
        offers.extend(
            field::FIELDS.iter().filter_map(|field| field.key.split_once('.').map(|(_, name)| (name, field.key))),
        );
    }
    let message = format!("the key {} is not known and is ignored", quoted(key));
    match likest(key, &offers) {
        Some(meant) => Finding::warning(
            "unknown-key",
            format!("{message}; did you mean {meant}?"),
            (format!("是否应为 {meant}？"), format!("did you mean {meant}?")),
        ),
        None => Finding::warning(
            "unknown-key",
            message,
            ("请核对或删除该配置项".to_owned(), format!("remove it, or use one of {}", known.join(", "))),
        ),
    }
}

/// What was probably meant by a word.
pub(crate) fn meant<'a>(word: &str, offers: &[&'a str]) -> Option<&'a str> {
    likest(word, &offers.iter().map(|offer| (*offer, *offer)).collect::<Vec<_>>())
}

/// The second half of the pair whose first half is most like the word; the earlier one of two alike.
fn likest<'a>(word: &str, offers: &[(&str, &'a str)]) -> Option<&'a str> {
    // Long words cost time and are like nothing here.
    if word.len() > 64 {
        return None;
    }
    let word = plain(word);
    let mut best = None;
    for (name, offer) in offers {
        let likeness = strsim::normalized_levenshtein(&word, &plain(name));
        if likeness >= LIKENESS && best.is_none_or(|(highest, _)| likeness > highest) {
            best = Some((likeness, *offer));
        }
    }
    best.map(|(_, offer)| offer)
}

/// Case and the way words are joined say nothing: `corp_id` is `corpId`.
fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likest_key_is_offered() {
        for (word, group, expected) in [
            ("corpID", None, Some("corpId")),
            ("corp_id", None, Some("corpId")),
            ("CorpSecret", None, Some("corpSecret")),
            ("agentid", None, Some("agentId")),
            ("redirectUrl", None, Some("redirectUri")),
            ("redirect_uri", None, Some("redirectUri")),
            ("apiBaseURL", None, Some("apiBaseUrl")),
            ("callbacks", None, Some("callback")),
            ("token", None, Some("callback.token")),
            ("encodingAesKey", None, Some("callback.encodingAESKey")),
            ("aesKey", Some("callback"), None),
            ("encoding_aes_key", Some("callback"), Some("encodingAESKey")),
            ("Token", Some("callback"), Some("token")),
            ("stratgy", Some("sync"), Some("strategy")),
            ("title", None, None),
            ("", None, None),
            ("完全不同", None, None),
        ] {
            let finding = key(word, group);
            match expected {
                Some(meant) => assert!(finding.message.contains(&format!("did you mean {meant}?")), "{finding:?}"),
                None => assert!(!finding.message.contains("did you mean"), "{finding:?}"),
            }
        }
    }
}
