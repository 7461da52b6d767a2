//! How far a message came. Pure.

use serde::{Deserialize, Serialize};

use super::recipients;
use crate::contract::messaging::{Delivery, InvalidRecipient, Sent, SentPart};

/// Bytes of those who do not get a message, as they are written down, all parts together.
const INVALID_BYTES: usize = 32 << 10;
/// Bytes of a recipient beside the id, as JSON within JSON.
const RECIPIENT_BYTES: usize = 80;
/// Bytes of a part beside them: two ids of the vendor.
const PART_BYTES: usize = 400;

/// A message under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Chance, the same in all repetitions: what the vendor makes of it stays the same too.
    pub(super) mark: String,
    /// All members, where some of them were named by roles: those who had the roles then.
    pub(super) members: Option<Vec<String>>,
    /// Roles that nobody had then.
    nobody: Vec<String>,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Part {
    /// Not sent yet.
    Waiting,
    /// Sent at that time first; the answer is not known.
    Begun(u64),
    /// The vendor took it.
    Taken { message_id: Option<String>, response_code: Option<String>, invalid: Vec<InvalidRecipient> },
    /// The vendor knows none of its recipients.
    Nobody(Vec<InvalidRecipient>),
}

impl Progress {
    pub(super) fn new(mark: String, members: Option<Vec<String>>, nobody: Vec<String>, parts: usize) -> Self {
        Self { mark, members, nobody, parts: vec![Part::Waiting; parts] }
    }

    /// Bytes by which what is written down may grow until the end.
    pub(super) fn most_growth(&self) -> usize {
        self.len() * PART_BYTES + INVALID_BYTES
    }

    /// As it is written down: of those who do not get a part the first ones, so that it fits whoever the vendor refuses; and how
    /// many are left out.
    pub(super) fn kept(&self) -> (Self, usize) {
        let (mut kept, mut left_out) = (self.clone(), 0);
        for part in &mut kept.parts {
            let (Part::Taken { invalid, .. } | Part::Nobody(invalid)) = part else { continue };
            let mut bytes = INVALID_BYTES / self.parts.len();
            let mut fits = |one: &InvalidRecipient| {
                let left = bytes.checked_sub(one.id.len() + one.reason.len() + RECIPIENT_BYTES);
                bytes = left.unwrap_or_default();
                left.is_some()
            };
            let count = invalid.iter().map_while(|one| Some(one).filter(|one| fits(one))).count();
            left_out += invalid.len() - count;
            invalid.truncate(count);
        }
        (kept, left_out)
    }

    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether a part is to be sent: for the first time, or again while the vendor drops what it took already.
    pub(super) fn is_due(&self, index: usize, now: u64, drops_repetitions_ms: Option<u64>) -> bool {
        match self.parts.get(index) {
            Some(Part::Waiting) => true,
            Some(Part::Begun(at)) => drops_repetitions_ms.is_some_and(|window| now.abs_diff(*at) < window),
            _ => false,
        }
    }

    /// A part is about to be sent. Gives how it stood before.
    pub(super) fn begin(&mut self, index: usize, now: u64) -> Part {
        let before = self.parts[index].clone();
        if before == Part::Waiting {
            self.parts[index] = Part::Begun(now);
        }
        before
    }

    /// The vendor took a part.
    pub(super) fn taken(&mut self, index: usize, part: SentPart, invalid: Vec<InvalidRecipient>) {
        let SentPart { message_id, response_code, .. } = part;
        self.parts[index] = Part::Taken { message_id, response_code, invalid };
    }

    /// The vendor knows nobody of a part.
    pub(super) fn nobody_got(&mut self, index: usize, invalid: Vec<InvalidRecipient>) {
        self.parts[index] = Part::Nobody(invalid);
    }

    /// Nothing became of a part.
    pub(super) fn restore(&mut self, index: usize, before: Part) {
        self.parts[index] = before;
    }

    /// How many parts were taken, of all.
    pub(super) fn count(&self) -> (usize, usize) {
        (self.parts.iter().filter(|part| matches!(part, Part::Taken { .. })).count(), self.parts.len())
    }

    /// Whether nobody can have got anything.
    pub(super) fn is_untouched(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Waiting | Part::Nobody(_)))
    }

    /// Whether all parts were for nobody.
    pub(super) fn is_to_nobody(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Nobody(_)))
    }

    pub(super) fn has_unknown(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Begun(_)))
    }

    /// For the caller. Parts after a lost answer that were not sent are `no`, as `delivery` says of those.
    pub(super) fn sent(&self, delivery: Delivery) -> Sent {
        let mut invalid: Vec<InvalidRecipient> = recipients::nobody_has(&self.nobody).collect();
        let bare = |delivery| SentPart { message_id: None, response_code: None, delivery };
        let show = |part: &Part| match part {
            Part::Waiting => bare(Delivery::No),
            Part::Begun(_) => bare(Delivery::Unknown),
            Part::Nobody(all) => {
                invalid.extend(all.iter().cloned());
                bare(Delivery::No)
            }
            Part::Taken { message_id, response_code, invalid: some } => {
                invalid.extend(some.iter().cloned());
                let (message_id, response_code) = (message_id.clone(), response_code.clone());
                SentPart { message_id, response_code, delivery: Delivery::Yes }
            }
        };
        let parts = self.parts.iter().map(show).collect();
        Sent { parts, delivery, invalid }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::messaging::RecipientKind;

    fn part(message_id: &str) -> SentPart {
        SentPart { message_id: Some(message_id.to_owned()), response_code: None, delivery: Delivery::Yes }
    }

    fn outside(id: &str) -> Vec<InvalidRecipient> {
        vec![InvalidRecipient { kind: RecipientKind::Member, id: id.to_owned(), reason: "outside-range".to_owned() }]
    }

    #[test]
    fn a_part_is_sent_again_only_while_the_vendor_drops_what_it_took() {
        let mut progress = Progress::new("m".to_owned(), None, vec![], 3);
        progress.begin(0, 1_000);
        progress.begin(0, 5_000);
        progress.begin(1, 1_000);
        progress.taken(1, part("1"), vec![]);
        for (name, index, now, window, expected) in [
            ("the vendor drops repetitions", 0, 10_999, Some(10_000), true),
            ("not any more, from the first time on", 0, 11_000, Some(10_000), false),
            ("the vendor never does", 0, 1_000, None, false),
            ("taken already", 1, 1_001, Some(10_000), false),
            ("not sent yet", 2, 99_000, None, true),
            ("no such part", 3, 0, Some(10_000), false),
        ] {
            assert_eq!(progress.is_due(index, now, window), expected, "{name}");
        }
    }

    #[test]
    fn whoever_the_vendor_refuses_it_can_be_written_down() {
        for (parts, count) in [(1, 0), (1, 1_000), (100, 1_200)] {
            let mut progress = Progress::new("m".to_owned(), None, vec![], parts);
            let most = serde_json::to_string(&progress).unwrap().len() + progress.most_growth();
            let invalid: Vec<InvalidRecipient> = (0..count).flat_map(|n| outside(&format!("{n:064}"))).collect();
            for index in 0..parts {
                progress.begin(index, 1);
                match index % 2 {
                    0 => progress.taken(index, part(&"i".repeat(120)), invalid.clone()),
                    _ => progress.nobody_got(index, invalid.clone()),
                }
            }
            let (kept, left_out) = progress.kept();
            let written = serde_json::to_string(&kept).unwrap();
            assert!(written.len() <= most, "{parts} {count}");
            let [shown, all] = [&kept, &progress].map(|progress| progress.sent(Delivery::Yes));
            assert_eq!((shown.parts, shown.invalid.len() + left_out), (all.parts, all.invalid.len()));
            assert_eq!(left_out == 0, count == 0, "{parts} {count}");
        }
    }

    #[test]
    fn what_became_of_all_parts_is_told_in_their_order() {
        let mut progress = Progress::new("m".to_owned(), None, vec!["auditor".to_owned()], 4);
        assert!(progress.is_untouched() && !progress.is_to_nobody() && !progress.has_unknown());
        progress.nobody_got(0, outside("a"));
        assert!(progress.is_untouched());
        progress.begin(1, 1);
        progress.taken(1, part("1"), outside("b"));
        progress.begin(2, 1);
        assert!(progress.has_unknown() && !progress.is_untouched());
        assert_eq!(progress.count(), (1, 4));
        let sent = progress.sent(Delivery::Unknown);
        let parts: Vec<_> = sent.parts.iter().map(|part| (part.message_id.as_deref(), part.delivery)).collect();
        let expected =
            [(None, Delivery::No), (Some("1"), Delivery::Yes), (None, Delivery::Unknown), (None, Delivery::No)];
        assert_eq!(parts, expected);
        let invalid: Vec<_> = sent.invalid.iter().map(|one| (&*one.id, &*one.reason)).collect();
        assert_eq!(invalid, [("auditor", "nobody-has-it"), ("a", "outside-range"), ("b", "outside-range")]);
        let before = progress.begin(3, 1);
        progress.restore(3, before);
        assert!(progress.is_due(3, 1, None), "what was refused was not sent");
    }
}
