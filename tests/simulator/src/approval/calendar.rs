//! Days in China, of which the number of a request begins with one.

use crate::clock::UnixMillis;

const CHINA: u64 = 8 * 3600;

/// The day of an instant as `yyyymmdd`, UTC+8.
pub(super) fn day(at: UnixMillis) -> String {
    let days = i64::try_from((at / 1000 + CHINA) / 86_400).unwrap_or(0);
    // Days are counted from 1 March of year 0, so that a leap day is the last one of its year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_china() {
        for (seconds, expected) in [
            (0, "19700101"),
            (57_599, "19700101"),
            (57_600, "19700102"),
            (951_825_600, "20000229"),
            (1_709_136_000, "20240229"),
            (1_760_000_000, "20251009"),
            (1_767_196_799, "20251231"),
            (1_767_196_800, "20260101"),
        ] {
            assert_eq!(day(seconds * 1000), expected, "{seconds}");
        }
    }
}
