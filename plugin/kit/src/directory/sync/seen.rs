//! Which members of the directory a run has seen: one bit each.
//!
//! Members carry a dense ordinal, so a million of them take 125 KB of guest memory and 170 KB of scratch, and an
//! unchanged organisation is synchronised without writing anything else. The bits live in pages; a checkpoint writes
//! only the pages it touched.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use crate::{contract::storage::Op, directory::key, failure::Failure, platform::Platform, store};

/// Bytes of a page: 24,000 members, 4,000 characters of base64.
const PAGE: usize = 3_000;

#[derive(Debug, Default)]
pub struct Seen {
    bits: Vec<u8>,
    touched: BTreeSet<usize>,
}

impl Seen {
    /// Reads the bits of a run that knows ordinals below `members`.
    pub fn load(platform: &dyn Platform, run: &str, members: u64) -> Result<Self, Failure> {
        let bytes = usize::try_from(members.div_ceil(8)).unwrap_or(usize::MAX);
        let pages = bytes.div_ceil(PAGE);
        let keys: Vec<String> = (0..pages).map(|page| key::scratch_page(run, 'b', page)).collect();
        let mut bits = vec![0; pages * PAGE];
        for (page, entry) in store::get_many(platform, &keys)?.into_iter().enumerate() {
            let Some(entry) = entry else { continue };
            match STANDARD_NO_PAD.decode(&entry.value) {
                Ok(bytes) if bytes.len() == PAGE => bits[page * PAGE..(page + 1) * PAGE].copy_from_slice(&bytes),
                _ => return Err(Failure::damaged(&entry.key)),
            }
        }
        Ok(Self { bits, touched: BTreeSet::new() })
    }

    pub fn contains(&self, ordinal: u64) -> bool {
        let (byte, bit) = place(ordinal);
        self.bits.get(byte).is_some_and(|bits| bits & bit != 0)
    }

    /// Notes that the member was seen; `false` when it already was.
    pub fn insert(&mut self, ordinal: u64) -> bool {
        let (byte, bit) = place(ordinal);
        if byte >= self.bits.len() {
            self.bits.resize((byte / PAGE + 1) * PAGE, 0);
        }
        let is_new = self.bits[byte] & bit == 0;
        if is_new {
            self.bits[byte] |= bit;
            self.touched.insert(byte / PAGE);
        }
        is_new
    }

    /// Pages that differ from storage.
    pub fn touched_pages(&self) -> usize {
        self.touched.len()
    }

    /// The writes that bring storage up to date.
    pub fn checkpoint(&mut self, run: &str) -> Vec<Op> {
        std::mem::take(&mut self.touched)
            .into_iter()
            .map(|page| {
                let text = STANDARD_NO_PAD.encode(&self.bits[page * PAGE..(page + 1) * PAGE]);
                store::put_text_for(key::scratch_page(run, 'b', page), text, super::SCRATCH_TTL_MS)
            })
            .collect()
    }
}

fn place(ordinal: u64) -> (usize, u8) {
    (usize::try_from(ordinal / 8).unwrap_or(usize::MAX / 2), 1 << (ordinal % 8))
}
