//! The query of a request, whose values are decoded once. A `+` stays one: it is part of Base64, and WeCom writes a blank as
//! `%20` if ever.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Bytes of a query at most: what is checked in a query is some hundred bytes.
const LONGEST: usize = 8 << 10;

/// What WeCom's queries hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query<'q> {
    pub(super) signature: Cow<'q, str>,
    pub(super) timestamp: Cow<'q, str>,
    pub(super) nonce: Cow<'q, str>,
    /// In a check of the address.
    pub(super) echo: Option<Cow<'q, str>>,
}

impl<'q> Query<'q> {
    /// Reads a query; nothing where it lacks something, or says it twice.
    pub(super) fn parse(query: &'q str) -> Option<Self> {
        if query.len() > LONGEST {
            return None;
        }
        let value = |name: &str| {
            let mut found = query.split('&').filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            let value = found.next()?;
            if found.next().is_some() { None } else { percent_decode_str(value).decode_utf8().ok() }
        };
        let is_there = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        let echo = value("echostr");
        if echo.is_none() && is_there("echostr") {
            return None;
        }
        Some(Self { signature: value("msg_signature")?, timestamp: value("timestamp")?, nonce: value("nonce")?, echo })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once_and_a_plus_stays() {
        let query =
            Query::parse("msg_signature=a%2Bb+c%252B&timestamp=1&nonce=n%20m&echostr=x%2F%3D%3D&other=1").unwrap();
        assert_eq!(
            query,
            Query {
                signature: "a+b+c%2B".into(),
                timestamp: "1".into(),
                nonce: "n m".into(),
                echo: Some("x/==".into())
            }
        );
        assert_eq!(Query::parse("nonce=&timestamp=&msg_signature=").unwrap().echo, None);
    }

    #[test]
    fn what_is_missing_doubled_or_no_text_is_refused() {
        let long = format!("msg_signature=a&timestamp=1&nonce={}", "n".repeat(LONGEST));
        for query in [
            "",
            "msg_signature=a&timestamp=1",
            "msg_signature=a&timestamp=1&nonce",
            "msg_signature=a&timestamp=1&nonce=n&nonce=n",
            "msg_signature=a&timestamp=1&nonce=n&echostr=e&echostr=e",
            "msg_signature=a&timestamp=1&nonce=n&echostr",
            "msg_signature=a&timestamp=1&nonce=%FF",
            "Msg_Signature=a&timestamp=1&nonce=n",
            &long,
        ] {
            assert_eq!(Query::parse(query), None, "{query}");
        }
    }
}
