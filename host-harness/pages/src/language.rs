//! Chinese or English.

use axum::{
    extract::{Query, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use url::form_urlencoded::Serializer;

use crate::local_path;

const COOKIE: &str = "org_language";
/// A year, in seconds.
const AGE: u32 = 31_536_000;

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    Chinese,
    /// English.
    English,
}

impl Language {
    /// What the person has chosen, else the first of the two that the browser asks for, else Chinese.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let chosen = pairs.filter(|(name, _)| *name == COOKIE).find_map(|(_, value)| Self::read(value));
        let preferred = || {
            let mut asked: Vec<(f32, Self)> = text(header::ACCEPT_LANGUAGE).split(',').filter_map(weighed).collect();
            // A stable sort: of two that are as welcome, the first.
            asked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
            asked.first().map(|(_, language)| *language)
        };
        chosen.or_else(preferred).unwrap_or_default()
    }

    fn read(tag: &str) -> Option<Self> {
        match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The one of two texts that is in this language.
    pub fn pick<T>(self, chinese: T, english: T) -> T {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }

    /// As HTML names it.
    pub fn tag(self) -> &'static str {
        self.pick("zh-CN", "en")
    }

    /// The other one.
    pub fn other(self) -> Self {
        self.pick(Self::English, Self::Chinese)
    }

    /// Where a link leads that chooses this language and comes back to `here`, a path of this server.
    pub fn switch(self, base: &str, here: &str) -> String {
        let query =
            Serializer::new(String::new()).append_pair("to", self.pick("zh", "en")).append_pair("back", here).finish();
        format!("{base}/language?{query}")
    }
}

/// One language of a header, with its weight; nothing where it is neither, or unwelcome.
fn weighed(part: &str) -> Option<(f32, Language)> {
    let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
    let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
    let language = Language::read(tag.trim())?;
    (weight > 0.0).then_some((weight, language))
}

/// Remembers the choice in this browser, and leads back.
pub(crate) fn choose(base: &str, query: Result<Query<Vec<(String, String)>>, QueryRejection>) -> Response {
    let Ok(Query(pairs)) = query else { return StatusCode::BAD_REQUEST.into_response() };
    let field = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let Some(language) = field("to").and_then(Language::read) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let back = field("back").and_then(local_path).unwrap_or("/");
    // A header is ASCII: other letters are written as a browser would.
    let back = utf8_percent_encode(back, CONTROLS).to_string();
    let cookie = format!("{COOKIE}={}; Path={base}/; Max-Age={AGE}; HttpOnly; SameSite=Lax", language.pick("zh", "en"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, back), (header::SET_COOKIE, cookie)]).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_choice_counts_more_than_what_a_browser_asks_for() {
        for (accepted, cookie, expected) in [
            ("", "", Language::Chinese),
            ("zh-CN,zh;q=0.9,en;q=0.8", "", Language::Chinese),
            ("en-US,en;q=0.9", "", Language::English),
            ("zh;q=0.2,en;q=0.8", "", Language::English),
            ("fr,en;q=0.5", "", Language::English),
            ("de", "", Language::Chinese),
            ("en;q=0", "", Language::Chinese),
            ("en;q=x,,;", "", Language::Chinese),
            ("en", "a=b; org_language=zh", Language::Chinese),
            ("zh", "org_language=en", Language::English),
            ("en", "org_language=xx", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
            assert_eq!(Language::of(&headers), expected, "{accepted:?} {cookie:?}");
        }
    }

    #[test]
    fn a_switch_comes_back_to_this_server_alone() {
        for (query, expected) in [
            ("to=en&back=/t/acme/?a=b", Some("/t/acme/?a=b")),
            ("to=en&back=/t/企业/", Some("/t/%E4%BC%81%E4%B8%9A/")),
            ("to=en&back=//evil.example", Some("/")),
            ("to=en&back=https://evil.example", Some("/")),
            ("to=en", Some("/")),
            ("to=xx&back=/", None),
            ("", None),
        ] {
            let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let response = choose("", Ok(Query(pairs)));
            let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap());
            assert_eq!(location, expected, "{query}");
        }
    }
}
