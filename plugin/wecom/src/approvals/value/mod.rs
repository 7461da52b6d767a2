//! What stands in a control: the contract's values to WeCom's JSON ([`write`]) and back ([`read`]).
//!
//! WeCom adds empty lists of other kinds to every value, so that the kind of the control alone says where the value stands.

use organisation_kit::contract::approvals::Precision;

pub(super) mod read;
pub(super) mod write;

#[cfg(test)]
pub(super) mod tests;

/// Half a day in seconds.
pub(super) const HALF_DAY: u64 = 43_200;

/// Seconds by which China is ahead. Half days and days begin by its clock.
pub(super) const CHINA: u64 = 8 * 3_600;

/// WeCom's names of precisions. A date has the first and the last, a stretch of time the last two.
const PRECISIONS: [(&str, Precision); 3] =
    [("day", Precision::Day), ("halfday", Precision::HalfDay), ("hour", Precision::Hour)];

/// WeCom's name of a precision.
pub(super) fn precision_name(precision: Precision) -> &'static str {
    PRECISIONS.iter().find(|(_, known)| *known == precision).map_or("", |(name, _)| name)
}

/// The precision that WeCom names.
pub(super) fn precision_of(name: &str) -> Option<Precision> {
    PRECISIONS.iter().find(|(known, _)| *known == name).map(|(_, precision)| *precision)
}
