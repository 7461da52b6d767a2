//! What the documentation allows (docs 91816, 91853). WeCom answers all of it with one number, so it is looked at before.

/// Lines of a summary at most.
pub(super) const SUMMARY_LINES: usize = 3;
/// Characters of such a line at most.
pub(super) const SUMMARY_CHARACTERS: usize = 20;
/// Files of a request at most.
pub(super) const FILES: usize = 6;
/// Seconds of overtime at most.
pub(super) const OVERTIME: u64 = 7 * 86_400;
/// Seconds of which a day's share is a multiple: by half days, of overtime by half days, by hours.
pub(super) const SHARE_OF_HALF_DAYS: u64 = 43_200;
pub(super) const SHARE_OF_OVERTIME: u64 = 8_640;
pub(super) const SHARE_OF_HOURS: u64 = 360;
/// Seconds between the first and the last instant of a search at most.
pub(super) const WINDOW: u64 = 31 * 86_400;
/// Numbers that one call of a search brings at most.
pub(super) const PAGE: u32 = 100;
