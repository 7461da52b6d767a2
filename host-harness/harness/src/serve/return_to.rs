//! Where a person goes after a sign-in. The element says so, and it may be anybody's: what becomes a link is looked at here.

/// The path, if a browser that follows it stays on this site.
pub fn on_this_site(path: String) -> Option<String> {
    // Browsers drop tabs and line breaks and read `\` as `/`, and what begins with two of them names another server.
    let is_a_path = path.starts_with('/') && !path[1..].starts_with(['/', '\\']);
    (is_a_path && !path.contains(char::is_control)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        for (path, stays) in [
            ("/", true),
            ("/home?a=//b#c", true),
            ("/首页", true),
            ("/a\\b", true),
            ("", false),
            ("home", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("\\\\evil.example", false),
            ("/\t/evil.example", false),
            ("/a\r\nb", false),
            ("https://evil.example", false),
            ("javascript:alert(1)", false),
            (" /home", false),
        ] {
            assert_eq!(on_this_site(path.to_owned()).is_some(), stays, "{path:?}");
        }
    }
}
