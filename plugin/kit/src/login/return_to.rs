//! Where the app goes after a sign-in: a path on the same site, and nothing that a browser could take for more.
//!
//! A host will send the browser there, so an address of another site here would make the sign-in page a trap (open
//! redirect). Browsers read `\` as `/`, drop tabs and line breaks, and take `//host` for another site; hosts decode
//! once more than they should. All of that is refused in the path, however often it is encoded. Query and fragment
//! cannot name another site and may hold encoded text of any kind.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::{failure::Failure, locale::Text};

/// Bytes of the longest path that is kept.
const LIMIT: usize = 2_048;
/// Encodings on top of each other; more is nobody's honest path.
const LAYERS: usize = 3;

/// Accepts a path with optional query and fragment.
pub(super) fn check(given: &str) -> Result<(), Failure> {
    let Some(Text { zh, en }) = fault(given) else { return Ok(()) };
    let message = text! { "登录后的返回地址{zh}；应为本站路径，例如 /orders?id=7",
    "the return-to address {en}; expected a path on the same site such as /orders?id=7" };
    Err(Failure::invalid_argument("return-to", message).with_hint(text! {
    "登录后的返回地址必须是本站路径，例如 /orders?id=7",
    "the address after the sign-in must be a path on the same site, such as /orders?id=7" }))
}

fn fault(given: &str) -> Option<Text> {
    if given.len() > LIMIT {
        return Some(Text::new("超过 2048 字节", "is longer than 2048 bytes"));
    }
    if !given.starts_with('/') {
        let decoded = percent_decode_str(given).decode_utf8_lossy();
        return Some(match decoded.split(['?', '#']).next() {
            Some(path) if decoded != given && decoded.starts_with('/') && fault(&decoded).is_none() => text! {
            "经过了百分号编码，应直接以 {path} 开头",
            "is percent-encoded already: write it plainly, beginning with {path}" },
            _ => Text::new("不以斜杠开头", "does not start with a slash"),
        });
    }
    if given.chars().any(|c| c.is_control() || c == '\\') {
        return Some(Text::new("含有控制字符或反斜杠", "contains a control character or a backslash"));
    }
    let mut path = Cow::Borrowed(given.split(['?', '#']).next().unwrap_or_default());
    for _ in 0..=LAYERS {
        if path.contains("//") {
            return Some(Text::new("含有连续两个斜杠", "contains two slashes in a row"));
        }
        if path.chars().any(|c| c.is_control() || c == '\\') {
            let (zh, en) = ("含有经过编码的控制字符或反斜杠", "contains an encoded control character or backslash");
            return Some(Text::new(zh, en));
        }
        let decoded = percent_decode_str(&path).decode_utf8_lossy().into_owned();
        if decoded == path {
            return None;
        }
        path = Cow::Owned(decoded);
    }
    Some(Text::new("编码层数过多", "is encoded too many times"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::types::Reason;

    #[test]
    fn paths_of_the_same_site_are_accepted() {
        let longest = format!("/{}", "x".repeat(LIMIT - 1));
        for given in [
            "/",
            "/orders",
            "/orders/7/",
            "/orders?id=7&next=%2F%2Fother.example%5C%0a",
            "/app#/page?x=1",
            "/go?to=https://other.example//x",
            "/订单/张 三",
            "/%E8%AE%A2%E5%8D%95",
            "/a:b@c",
            "/100%",
            "/a%252Fb",
            &longest,
        ] {
            assert_eq!(fault(given), None, "{given}");
        }
    }

    #[test]
    fn what_is_encoded_already_is_said_so() {
        for (given, expected) in [
            ("%2Forders%3Fid%3D7", Some("/orders")),
            ("%2forders%2F7", Some("/orders/7")),
            ("%2F%2Fother.example", None),
            ("%5Cother.example", None),
            ("orders%2F7", None),
            ("https%3A%2F%2Fother.example", None),
        ] {
            let message = fault(given).unwrap().en;
            let expected = match expected {
                Some(path) => format!("is percent-encoded already: write it plainly, beginning with {path}"),
                None => "does not start with a slash".to_owned(),
            };
            assert_eq!(message, expected, "{given}");
        }
    }

    #[test]
    fn everything_that_could_leave_the_site_is_refused() {
        let too_long = format!("/{}", "x".repeat(LIMIT));
        for given in [
            "",
            "orders",
            " /orders",
            "https://other.example",
            "HTTPS:/other.example",
            "javascript:alert(1)",
            "//other.example",
            "///other.example",
            "/\\other.example",
            "\\\\other.example",
            "\\/other.example",
            "/a\\b",
            "/\t/other.example",
            "/\n/other.example",
            "/a\r\nset-cookie: x",
            "/a\0",
            "/a\u{7f}",
            "/a\u{85}",
            "/orders?x=\n",
            "/%2Fother.example",
            "/%2f%2fother.example",
            "/%5Cother.example",
            "/%5cother.example",
            "/%09/other.example",
            "/%0d%0aset-cookie:x",
            "/%00",
            "/%252Fother.example",
            "/%25252Fother.example",
            "/%2525252Fother.example",
            "/%252525252Fother.example",
            "/%255Cother.example",
            "/..//other.example",
            "/.//other.example",
            "/a//b",
            "/a%2F/b",
            &too_long,
        ] {
            let failure = check(given).unwrap_err();
            let Reason::InvalidArgument(problem) = &failure.reason else { panic!("{given}: {failure:?}") };
            assert_eq!(problem.path, "return-to", "{given}");
            assert!(failure.hint.is_some() && failure.message.en.contains("/orders?id=7"));
        }
    }
}
