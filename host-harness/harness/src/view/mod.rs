//! Answers as JSON: the shapes that other programs rely on, apart from the contract's own types, so that neither can
//! change the other by accident. Keys are in snake_case, values of enums in kebab-case, ids are text, times RFC 3339 in
//! UTC. A field without value is `null`; it is never left out.

pub mod approval;
pub mod aspect;
pub mod audit;
pub mod callback;
pub mod change;
pub mod conform;
pub mod department;
pub mod description;
pub mod error;
pub mod inspection;
pub mod login;
pub mod member;
pub mod message;
pub mod overview;
pub mod plan;
pub mod problem;
pub mod record;
pub mod replay;
pub mod run;
pub mod tenant;

/// Milliseconds since 1970 as RFC 3339 in UTC. What no calendar holds is shown as the last instant of it.
pub fn time(milliseconds: u64) -> String {
    let read = i64::try_from(milliseconds).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    read.unwrap_or(jiff::Timestamp::MAX).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_rfc_3339_in_utc() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_700_000_000_000, "2023-11-14T22:13:20Z"),
            (1_700_000_000_250, "2023-11-14T22:13:20.25Z"),
        ] {
            assert_eq!(super::time(milliseconds), text);
        }
        assert!(super::time(u64::MAX).starts_with("9999-"));
    }
}
