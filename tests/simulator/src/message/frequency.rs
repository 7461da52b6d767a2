//! How often an app may write (fact sheet section 5.7): to one member, whose excess is dropped in silence, and in a day,
//! whose excess is refused.

use std::collections::{HashMap, VecDeque};

use crate::behaviour::Messaging;
use crate::clock::UnixMillis;
use crate::corp::MemberKey;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
/// Days begin at midnight in China.
const CHINA: u64 = 8 * HOUR;

/// What was sent recently.
#[derive(Debug, Default)]
pub(crate) struct Frequency {
    recent: HashMap<(u64, MemberKey), VecDeque<UnixMillis>>,
    /// Recipients of an app on a day.
    daily: HashMap<u64, (u64, u64)>,
}

impl Frequency {
    /// Counts the recipients of a message; false when the day's limit is used up, and then nothing is counted.
    pub(crate) fn admit(&mut self, app: u64, recipients: u64, limits: &Messaging, now: UnixMillis) -> bool {
        let today = (now + CHINA) / (24 * HOUR);
        let (day, count) = self.daily.entry(app).or_default();
        if *day != today {
            (*day, *count) = (today, 0);
        }
        let admitted = *count + recipients <= limits.account_limit.saturating_mul(200);
        *count += if admitted { recipients } else { 0 };
        admitted
    }

    /// Whether one more message reaches this member; counts it then.
    pub(crate) fn reaches(&mut self, app: u64, member: &MemberKey, limits: &Messaging, now: UnixMillis) -> bool {
        let recent = self.recent.entry((app, member.clone())).or_default();
        while recent.front().is_some_and(|at| at + HOUR <= now) {
            recent.pop_front();
        }
        let minute = recent.iter().rev().take_while(|at| **at + MINUTE > now).count();
        let reaches = minute < limits.per_minute && recent.len() < limits.per_hour;
        if reaches {
            recent.push_back(now);
        }
        reaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corp::key;

    #[test]
    fn a_member_gets_so_many_a_minute_and_an_hour() {
        let limits = Messaging { per_minute: 2, per_hour: 3, ..Messaging::default() };
        let mut frequency = Frequency::default();
        for (app, at, expected) in [
            (1, 0, true),
            (1, 1, true),
            (1, 2, false),
            (2, 2, true),
            (1, MINUTE, true),
            (1, 2 * MINUTE, false),
            (1, HOUR, true),
            (1, HOUR, false),
        ] {
            assert_eq!(frequency.reaches(app, &key("a"), &limits, at), expected, "app {app} at {at}");
        }
    }

    #[test]
    fn a_day_ends_at_midnight_in_china() {
        let limits = Messaging { account_limit: 1, ..Messaging::default() };
        let mut frequency = Frequency::default();
        for (recipients, at, expected) in
            [(150, 0, true), (51, 1, false), (50, 2, true), (1, 16 * HOUR - 1, false), (1, 16 * HOUR, true)]
        {
            assert_eq!(frequency.admit(1, recipients, &limits, at), expected, "{recipients} at {at}");
        }
    }
}
