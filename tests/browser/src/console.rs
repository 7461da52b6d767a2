//! What a browser wrote into its console: errors of pages, and violations of their policies.

use serde_json::{Value, json};

use crate::webdriver::{Failure, Session};

/// The errors that were written since the last time. That a page itself was answered with a refusal is none.
pub(crate) async fn errors(session: &Session) -> Result<Vec<String>, Failure> {
    // Chromium's own command for its logs.
    let log = session.post("se/log", &json!({"type": "browser"})).await?;
    let entries = log.as_array().cloned().unwrap_or_default();
    Ok(entries.iter().filter(|entry| is_error(entry)).map(Value::to_string).collect())
}

fn is_error(entry: &Value) -> bool {
    let text = entry["message"].as_str().unwrap_or_default();
    let is_refused_page = entry["source"] == "network" && text.contains("the server responded with a status of");
    let is_asset = ["/assets/", ".css", ".js"].iter().any(|part| text.contains(part));
    entry["level"] == "SEVERE" && (!is_refused_page || is_asset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_page_is_no_error_and_a_missing_file_is() {
        for (source, level, message, expected) in [
            (
                "network",
                "SEVERE",
                "http://a/t/x - Failed to load resource: the server responded with a status of 403 ()",
                false,
            ),
            (
                "network",
                "SEVERE",
                "http://a/assets/x.css - Failed to load resource: the server responded with a status of 404 ()",
                true,
            ),
            ("security", "SEVERE", "http://a/ - Refused to apply inline style because it violates …", true),
            ("javascript", "SEVERE", "http://a/ 1:1 Uncaught ReferenceError: x is not defined", true),
            ("other", "WARNING", "http://a/ - something to know", false),
        ] {
            let entry = json!({"source": source, "level": level, "message": message});
            assert_eq!(is_error(&entry), expected, "{entry}");
        }
    }
}
