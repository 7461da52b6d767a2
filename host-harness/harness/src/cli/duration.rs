//! Durations as people write them.

use std::time::Duration;

/// Reads `90s`, `15m`, `1h30m` and the like.
pub fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("{text:?} is no duration: expected one such as 30s, 15m or 1h");
    let read: jiff::SignedDuration = text.parse().map_err(|_| expected())?;
    Duration::try_from(read).map_err(|_| expected())
}

/// A duration long enough not to trouble the vendor.
pub fn interval(text: &str) -> Result<Duration, String> {
    let read = duration(text)?;
    if read < Duration::from_secs(1) { Err("the shortest interval is 1s".to_owned()) } else { Ok(read) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [("30s", Some(30)), ("15m", Some(900)), ("1h30m", Some(5400)), ("0s", Some(0))] {
            assert_eq!(duration(text).ok().map(|read| read.as_secs()), seconds, "{text}");
        }
        for text in ["", "5", "-5s", "soon", "1d1d"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(interval("500ms").is_err());
    }
}
