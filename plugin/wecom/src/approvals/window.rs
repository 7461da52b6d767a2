//! A time of any length as windows that WeCom takes: at most 31 days, two seconds at least. Pure.
//!
//! Instants are seconds, and the last one of a window belongs to it, as in WeCom's own example: the next window begins one second
//! later, so that no request is told twice.

use super::limit;

/// Nothing was submitted before: WeCom began in 2016.
const BEGINNING: u64 = 1_451_606_400;
/// Seconds by which the vendor's clock may be ahead of the host's.
const SKEW: u64 = 86_400;
/// WeCom wants the end after the beginning.
const SHORTEST: u64 = 2;

/// What is searched: whole seconds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    first: u64,
    last: u64,
}

/// A part of it that one request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Range {
    /// The seconds of a time in milliseconds, `begin` included and `end` not, without those in which nothing can have been
    /// submitted. Nothing where fewer than two seconds were named.
    pub(super) fn new(begin: u64, end: u64, now: u64) -> Option<Option<Self>> {
        let (first, end) = (begin.div_ceil(1_000), end.div_ceil(1_000));
        if end < first.saturating_add(SHORTEST) {
            return None;
        }
        let (first, last) = (first.max(BEGINNING), (end - 1).min(now / 1_000 + SKEW));
        Some((last > first).then_some(Self { first, last }))
    }

    /// The first window, as long as WeCom takes it.
    pub(super) fn begin(self) -> Window {
        self.window(self.first, limit::WINDOW)
    }

    /// The window after one, twice as long as WeCom has just borne; nothing at the end.
    pub(super) fn after(self, window: Window) -> Option<Window> {
        let seconds = window.seconds().saturating_mul(2).min(limit::WINDOW);
        (window.last < self.last).then(|| self.window(window.last + 1, seconds))
    }

    /// So many seconds from the first one on, one more or less where a single second would be left.
    fn window(self, first: u64, seconds: u64) -> Window {
        let last = first.saturating_add(seconds - 1).min(self.last);
        let last = match self.last - last {
            1 if seconds < limit::WINDOW => self.last,
            1 => last - 1,
            _ => last,
        };
        Window { first, last }
    }
}

impl Window {
    fn seconds(self) -> u64 {
        self.last - self.first + 1
    }

    /// Its first half, which WeCom may bear where the whole is too dense. Nothing where it cannot be halved.
    pub(super) fn halved(self) -> Option<Self> {
        let half = self.seconds() / 2;
        (half >= SHORTEST).then(|| Self { first: self.first, last: self.first + half - 1 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_790_000_000_000;

    /// Whether a window lies within the range, is one that WeCom takes, and leaves nothing that no window can have.
    fn holds(range: Range, window: Window) -> bool {
        let is_sound = window.last > window.first && window.seconds() <= limit::WINDOW;
        is_sound && window.first >= range.first && (window.last == range.last || window.last + SHORTEST <= range.last)
    }

    fn range(begin: u64, end: u64) -> Range {
        Range::new(begin, end, NOW).unwrap().unwrap()
    }

    #[test]
    fn a_range_counts_in_whole_seconds_and_ends_with_now() {
        let second = 1_700_000_000;
        for (begin, end, expected) in [
            (second * 1_000, second * 1_000 + 2_000, Some(Some((second, second + 1)))),
            (second * 1_000 - 999, second * 1_000 + 1_001, Some(Some((second, second + 1)))),
            (second * 1_000, second * 1_000 + 1_000, None),
            (second * 1_000, second * 1_000, None),
            (second * 1_000, 0, None),
            (0, second * 1_000, Some(Some((BEGINNING, second - 1)))),
            (second * 1_000, u64::MAX, Some(Some((second, NOW / 1_000 + SKEW)))),
            (0, 5_000, Some(None)),
            (NOW * 2, NOW * 3, Some(None)),
            (u64::MAX - 1, u64::MAX, None),
        ] {
            let expected = expected.map(|range: Option<_>| range.map(|(first, last)| Range { first, last }));
            assert_eq!(Range::new(begin, end, NOW), expected, "{begin} {end}");
        }
    }

    #[test]
    fn a_window_has_31_days() {
        let (begin, day) = (1_700_000_000, 86_400);
        let range = range(begin * 1_000, (begin + 40 * day) * 1_000);
        let first = range.begin();
        assert_eq!((first.first, first.last), (begin, begin + 31 * day - 1));
        let second = range.after(first).unwrap();
        assert_eq!((second.first, second.last), (begin + 31 * day, begin + 40 * day - 1));
        assert_eq!(range.after(second), None);
        let half = first.halved().unwrap();
        assert_eq!(half.seconds(), 31 * day / 2);
        // What was too dense is approached by doubling.
        let quarter = half.halved().unwrap();
        assert_eq!(range.after(quarter).unwrap().seconds(), 2 * quarter.seconds());
    }

    proptest! {
        /// Whichever windows are too dense, every second is in exactly one window.
        #[test]
        fn windows_cover_the_range_exactly_once(
            begin in 1_460_000_000_u64..1_769_000_000,
            seconds in prop_oneof![2_u64..100, 2_u64..20_000_000, Just(31 * 86_400), Just(31 * 86_400 + 1), Just(62 * 86_400 + 1)],
            dense in proptest::collection::vec(0_u32..24, 1..8),
        ) {
            let range = range(begin * 1_000, (begin + seconds) * 1_000);
            prop_assert_eq!((range.first, range.last), (begin, begin + seconds - 1));
            let (mut next, mut expected, mut count) = (Some(range.begin()), begin, 0);
            while let Some(mut window) = next {
                prop_assert!(holds(range, window), "{:?}", window);
                for _ in 0..dense[count % dense.len()].min(if count < 16 { 24 } else { 0 }) {
                    window = window.halved().unwrap_or(window);
                    prop_assert!(holds(range, window), "{:?}", window);
                }
                prop_assert_eq!(window.first, expected);
                expected = window.last + 1;
                next = range.after(window);
                count += 1;
            }
            prop_assert_eq!(expected, begin + seconds);
        }
    }
}
