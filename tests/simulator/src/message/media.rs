//! Uploaded media: three days each, shared by all apps of the corp (fact sheet section 5.9).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{UnixMillis, millis};
use crate::secret::random_text;

/// For how long a `media_id` is good.
pub const MEDIA_LIFETIME: Duration = Duration::from_secs(3 * 24 * 3600);

/// What a `media_id` is for; the wire's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaKind {
    Image,
    Voice,
    Video,
    File,
}

impl MediaKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Voice => "voice",
            Self::Video => "video",
            Self::File => "file",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Image, Self::Voice, Self::Video, Self::File].into_iter().find(|kind| kind.name() == name)
    }
}

/// One uploaded file.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub(crate) kind: MediaKind,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Arc<[u8]>,
    created: UnixMillis,
}

impl Media {
    fn expired(&self, now: UnixMillis) -> bool {
        self.created + millis(MEDIA_LIFETIME) <= now
    }
}

/// All media of the corp.
#[derive(Debug, Default)]
pub(crate) struct MediaStore(HashMap<String, Media>);

impl MediaStore {
    /// Keeps a file; answers its `media_id`.
    pub(crate) fn keep(
        &mut self,
        kind: MediaKind,
        (name, content_type, bytes): (String, String, &[u8]),
        (now, random): (UnixMillis, &mut fastrand::Rng),
    ) -> String {
        let id = format!("3{}", random_text(random, 42));
        let media = Media { kind, name, content_type, bytes: bytes.into(), created: now };
        self.0.insert(id.clone(), media);
        id
    }

    /// A file that is not expired; else 40007 when it is unknown, and 40145.
    pub(crate) fn get(&self, id: &str, now: UnixMillis) -> Result<&Media, i64> {
        let media = self.0.get(id).ok_or(40007)?;
        if media.expired(now) { Err(40145) } else { Ok(media) }
    }
}

/// Pictures of `media/uploadimg`: 1,000 a day and 3,000 a month, of the whole corp.
#[derive(Debug, Default)]
pub(crate) struct Pictures(Vec<UnixMillis>);

impl Pictures {
    /// Counts one more, unless a limit is used up. Days and months are the last 24 hours and 30 days.
    pub(crate) fn admit(&mut self, now: UnixMillis) -> bool {
        const DAY: u64 = 24 * 3_600_000;
        self.0.retain(|at| at + 30 * DAY > now);
        let today = self.0.iter().filter(|at| **at + DAY > now).count();
        let admitted = today < 1000 && self.0.len() < 3000;
        if admitted {
            self.0.push(now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_counted_by_day_and_by_month() {
        const DAY: u64 = 24 * 3_600_000;
        let mut pictures = Pictures::default();
        for (day, tried, admitted) in [(0, 1001, 1000), (1, 999, 999), (2, 1000, 1000), (3, 2, 1), (31, 1001, 1000)] {
            let count = (0..tried).filter(|_| pictures.admit(day * DAY)).count();
            assert_eq!(count, admitted, "on day {day}");
        }
    }
}
