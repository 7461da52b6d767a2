//! An `apply` reduced to its net effect.
//!
//! Operations act in order, and keys may repeat. [`Batch`] works out, before any data is touched, what remains of that:
//! delete these keys, then write these entries. Every backend carries out that plan, so the order of effects is decided
//! in one place.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Check, Op, Usage};

/// The net effect of an `apply`.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// What must hold before, in the order given.
    pub(crate) checks: Vec<Check>,
    /// What then happens to each key.
    pub(crate) keys: BTreeMap<String, Write>,
    /// How many puts there were, also those without lasting effect: each uses up one version.
    pub(crate) puts: u64,
}

/// What happens to a single key.
#[derive(Debug)]
pub(crate) enum Write {
    /// It is removed.
    Delete,
    /// It is written.
    Put(Put),
}

/// A put that lasts.
pub(crate) struct Put {
    /// Its place among all puts of the `apply`, from 0: gives the version.
    pub(crate) ordinal: u64,
    pub(crate) value: String,
    /// Of the value as the caller gave it: a backend may replace `value` by its sealed form.
    pub(crate) value_bytes: usize,
    pub(crate) ttl_ms: Option<u64>,
    pub(crate) sealed: bool,
}

impl std::fmt::Debug for Put {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Put")
            .field("ordinal", &self.ordinal)
            .field("value_bytes", &self.value_bytes)
            .finish_non_exhaustive()
    }
}

impl Put {
    /// What the entry counts against quotas.
    pub(crate) fn bytes(&self, key: &str) -> u64 {
        (key.len() + self.value_bytes) as u64
    }

    /// When the entry ceases to exist, if it is written now. What lies beyond a database's integers is as good as for
    /// ever.
    pub(crate) fn expires_at_ms(&self, now_ms: u64) -> Option<u64> {
        self.ttl_ms.map(|ttl| now_ms.saturating_add(ttl).min(i64::MAX.cast_unsigned()))
    }
}

impl Batch {
    /// Reduces operations to their net effect.
    pub(crate) fn new(ops: Vec<Op>) -> Self {
        let mut batch = Self::default();
        for op in ops {
            match op {
                Op::Put { key, value, ttl_ms, sealed } => {
                    let value_bytes = value.len();
                    let put = Put { ordinal: batch.puts, value, value_bytes, ttl_ms, sealed };
                    batch.puts += 1;
                    batch.keys.insert(key, Write::Put(put));
                }
                Op::Delete { key } => {
                    batch.keys.insert(key, Write::Delete);
                }
                Op::Check(check) => batch.checks.push(check),
            }
        }
        batch
    }

    /// What the lasting puts add, before that which they replace is taken away.
    pub(crate) fn adds(&self) -> Usage {
        let mut usage = Usage::default();
        for (key, write) in &self.keys {
            if let Write::Put(put) = write {
                usage.add(put.bytes(key));
            }
        }
        usage
    }
}

/// The keys of an ordered map that start with a prefix.
pub(crate) fn starting_with<'a, V>(
    map: &'a BTreeMap<String, V>,
    prefix: &'a str,
) -> impl Iterator<Item = &'a String> + 'a {
    map.range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .map(|(key, _)| key)
        .take_while(move |key| key.starts_with(prefix))
}

/// The least text that is greater than every text with this prefix; `None` when there is no such text.
///
/// UTF-8 bytes order like code points, so the last code point is raised by one; U+10FFFF cannot be raised and gives way
/// to the one before it.
pub(crate) fn prefix_end(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // Surrogates are no characters: U+D7FF is followed by U+E000.
        let next = if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_text() {
        for (prefix, end) in [
            ("a", Some("b")),
            ("member/", Some("member0")),
            ("企", Some("伂")),
            ("\u{7F}", Some("\u{80}")),
            ("\u{D7FF}", Some("\u{E000}")),
            ("a\u{10FFFF}", Some("b")),
            ("a\u{10FFFF}\u{10FFFF}", Some("b")),
            ("\u{10FFFF}", None),
            ("", None),
        ] {
            assert_eq!(prefix_end(prefix).as_deref(), end, "{prefix:?}");
            if let Some(end) = prefix_end(prefix) {
                assert!(format!("{prefix}\u{10FFFF}\u{10FFFF}") < end, "{prefix:?}");
            }
        }
    }

    #[test]
    fn operations_reduce_to_their_net_effect() {
        let put = |key: &str| Op::put(key, "v");
        type Row<'a> = (&'a str, Vec<Op>, &'a [(&'a str, Option<u64>)]);
        let cases: [Row; 3] = [
            ("the later of two puts wins", vec![put("a"), put("a")], &[("a", Some(1))]),
            ("delete after put", vec![put("a"), Op::delete("a")], &[("a", None)]),
            ("put after delete", vec![Op::delete("a"), put("a")], &[("a", Some(0))]),
        ];
        for (name, ops, keys) in cases {
            let batch = Batch::new(ops);
            let found: Vec<_> = batch
                .keys
                .iter()
                .map(|(key, write)| match write {
                    Write::Delete => (key.as_str(), None),
                    Write::Put(put) => (key.as_str(), Some(put.ordinal)),
                })
                .collect();
            assert_eq!(found, keys, "{name}");
        }
    }
}
