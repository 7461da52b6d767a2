//! The text beside an error code, taken apart.
//!
//! The usual form is `<text>, hint: [<id>], from ip: <address>, more info at <link>`. Every part can be missing or
//! empty and nothing about it is promised, so what does not look right is left out.

use std::net::IpAddr;

/// What stands before an address.
pub(super) const FROM: &str = ", from ip: ";
/// Longest text that is passed on, in characters.
const TEXT: usize = 200;
/// Longest hint id that is believed: they have 25 digits, older ones about 50 characters.
const HINT_ID: usize = 80;

/// The parts of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Errmsg {
    /// One line; what comes before the other parts.
    pub(super) text: String,
    /// Names the request to WeCom's support.
    pub(super) hint_id: Option<String>,
    /// The caller as WeCom sees it.
    pub(super) address: Option<IpAddr>,
}

impl Errmsg {
    /// Never fails: in doubt everything is text.
    pub(super) fn parse(errmsg: &str) -> Self {
        let after = |mark: &str| errmsg.find(mark).map(|start| &errmsg[start + mark.len()..]);
        let end = ["hint:", "from ip:", "more info at"].iter().filter_map(|mark| errmsg.find(mark)).min();
        let text = errmsg[..end.unwrap_or(errmsg.len())].trim_end_matches([',', ' ']).trim();
        Self {
            text: text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT).collect(),
            hint_id: after("hint:").and_then(hint_id),
            address: after("from ip:").and_then(address),
        }
    }
}

fn hint_id(rest: &str) -> Option<String> {
    let (id, _) = rest.trim_start().strip_prefix('[')?.split_once(']')?;
    let id = id.trim();
    let sound = !id.is_empty() && id.len() <= HINT_ID && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    sound.then(|| id.to_owned())
}

fn address(rest: &str) -> Option<IpAddr> {
    let value = rest.split([',', ' ']).find(|part| !part.is_empty())?;
    value.trim_start_matches('[').trim_end_matches([']', '.']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_or_left_out() {
        let old_id = format!("1541233456_7_{}", "a".repeat(32));
        let old = format!("invalid code, hint: [{old_id}]");
        let endless = format!("x, hint: [{}]", "1".repeat(81));
        for (errmsg, text, hint_id, address) in [
            (
                "not allow to access from your ip, hint: [1760000000987654321098765], from ip: 203.0.113.7, more info \
                 at https://open.work.weixin.qq.com/devtool/query?e=60020",
                "not allow to access from your ip",
                Some("1760000000987654321098765"),
                Some("203.0.113.7"),
            ),
            ("no hint, from ip: 2001:db8::7, more info at x", "no hint", None, Some("2001:db8::7")),
            ("bracketed, hint: [1], from ip: [2001:db8::7]", "bracketed", Some("1"), Some("2001:db8::7")),
            ("empty, hint: [ ], from ip: , more info at https://x", "empty", None, None),
            ("no brackets, hint: 123, from ip: 10.0.0.1", "no brackets", None, Some("10.0.0.1")),
            ("open bracket, hint: [123", "open bracket", None, None),
            ("tight,hint:[42],from ip:10.0.0.1,more info at x", "tight", Some("42"), Some("10.0.0.1")),
            ("no address, hint: [5], from ip: a<b>, more", "no address", Some("5"), None),
            ("at the end, from ip: 10.0.0.1.", "at the end", None, Some("10.0.0.1")),
            ("strange id, hint: [a b]", "strange id", None, None),
            (&old, "invalid code", Some(old_id.as_str()), None),
            (&endless, "x", None, None),
            ("invalid code", "invalid code", None, None),
            ("two\nlines\u{7}", "two lines ", None, None),
            ("  ", "", None, None),
            ("", "", None, None),
            (", hint: [9]", "", Some("9"), None),
        ] {
            let expected = Errmsg {
                text: text.to_owned(),
                hint_id: hint_id.map(str::to_owned),
                address: address.map(|address| address.parse().unwrap()),
            };
            assert_eq!(Errmsg::parse(errmsg), expected, "{errmsg}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(Errmsg::parse(&"错".repeat(300)).text, "错".repeat(200));
    }
}
