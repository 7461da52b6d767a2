//! Addresses that stay on this server.

/// The path, if a browser that follows it stays on this server: else a link could lead a person who trusts this server to another.
pub fn local_path(path: &str) -> Option<&str> {
    // Browsers drop tabs and line breaks and read `\` as `/`, and what begins with two of them names another server.
    let is_a_path = path.starts_with('/') && !path[1..].starts_with(['/', '\\']);
    (is_a_path && !path.contains(char::is_control)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_followed() {
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
            assert_eq!(local_path(path).is_some(), stays, "{path:?}");
        }
    }
}
