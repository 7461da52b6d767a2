//! Requests that members make and others decide.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

#[derive(Debug, Subcommand)]
pub enum ApprovalCommand {
    /// Show what a template asks for
    Template { id: String },
    /// Make the request of a file, see examples/approvals
    Submit {
        /// JSON, - for standard input
        file: PathBuf,
        /// Whoever repeats the request with the same key makes none twice; in place of the file's own
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
    },
    /// Show a request with all that was decided
    Detail { number: String },
    /// Tell whoever has to decide a request now, by a card each; repeated, only those who do not know yet
    Notify {
        number: String,
        /// Where the card leads, on a trusted host [default: the app's home page]
        #[arg(long, value_name = "URL")]
        link: Option<String>,
    },
    /// List the numbers of requests by when they were submitted
    List(List),
}

#[derive(Debug, Args)]
pub struct List {
    /// A day such as 2026-01-31 (in UTC), or an instant such as 2026-01-31T08:00:00+08:00
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub from: Timestamp,
    /// Not included [default: now]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub until: Option<Timestamp>,
    #[arg(long, value_name = "ID")]
    pub template: Option<String>,
    #[arg(long, value_name = "ID")]
    pub applicant: Option<String>,
    /// Repeatable
    #[arg(long, value_name = "ID")]
    pub department: Vec<String>,
    /// pending, approved, rejected, withdrawn …
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// leave, trip, overtime …
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
}

/// Reads a day (its beginning in UTC) or an instant.
///
/// # Errors
/// The text is neither.
pub fn instant(text: &str) -> Result<Timestamp, String> {
    let day = || TimeZone::UTC.to_timestamp(text.parse::<Date>().ok()?.to_datetime(Time::midnight())).ok();
    let read = text.parse().ok().or_else(day);
    read.ok_or_else(|| format!("{text:?} is no time: expected one such as 2026-01-31 or 2026-01-31T08:00:00+08:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_or_instants() {
        for (text, read) in [
            ("2026-01-31", Some("2026-01-31T00:00:00Z")),
            ("2026-01-31T08:00:00+08:00", Some("2026-01-31T00:00:00Z")),
            ("2026-01-31T08:00:00Z", Some("2026-01-31T08:00:00Z")),
            ("yesterday", None),
            ("2026-13-01", None),
            ("", None),
        ] {
            assert_eq!(instant(text).ok().map(|instant| instant.to_string()).as_deref(), read, "{text}");
        }
    }
}
