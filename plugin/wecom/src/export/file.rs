//! One file of an export: fetched range by range, checked, decrypted.

use std::ops::Range;

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

use super::download::Piece;
use crate::{
    cipher::{self, BLOCK, EncodingKey},
    scope::WeComRun,
    wire::export::File,
};
use organisation_kit::{directory::sync::StepError, failure::Failure, locale::Text};

/// Bytes of one range. Several are fetched side by side.
const RANGE: u64 = 1 << 20;
/// The smallest range, for slow networks.
const SMALLEST_RANGE: u64 = 64 << 10;
/// Bytes of a file at most: it lies in the guest's memory as a whole. Some 20 times what a file of 10,000
/// members usually has.
const FILE_BYTES: u64 = 48 << 20;
/// Memory that a call takes beside the file that it reads: code and stack, rows, what is about to be written, and gaps.
const ROOM: u64 = 8 << 20;
/// CPU time that a MiB of a file takes at most, until its rows are compared.
const CPU_MS_PER_MIB: u64 = 50;

/// What came of fetching a file.
#[derive(Debug)]
pub(super) enum Fetched {
    Text(String),
    /// It cannot be used.
    Damaged(Damage),
    /// A range did not arrive.
    Missed(Failure),
    /// The call's limits ended it.
    CutOff,
    /// No call has the memory for it.
    TooLarge,
}

/// Why a file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// Its MD5 is not the one that WeCom named.
    Checksum,
    /// It does not decrypt to a padded text.
    Cipher,
    /// The text is not the document that it should be.
    Document(serde_json::error::Category),
}

impl Damage {
    pub(super) fn text(self) -> Text {
        match self {
            Self::Checksum => ("其 MD5 与公布的不符", "its MD5 is not the one announced").into(),
            Self::Cipher => ("无法解密", "it does not decrypt").into(),
            Self::Document(category) => {
                (format!("内容无法识别（{category:?}）"), format!("it is not the document it should be ({category:?})"))
                    .into()
            }
        }
    }
}

/// Whether these can be files at all.
pub(super) fn are_sound(files: &[File]) -> bool {
    let is_sound = |file: &File| !file.url.is_empty() && (BLOCK as u64..=FILE_BYTES).contains(&file.size);
    !files.is_empty() && files.iter().all(is_sound)
}

/// Fetches a file and reads it. `range` is what the network bore so far, in bytes.
pub(super) fn fetch(
    run: &mut WeComRun<'_, '_>,
    file: &File,
    key: &EncodingKey,
    range: &mut u64,
) -> Result<Fetched, StepError> {
    if *range == 0 {
        *range = RANGE;
    }
    let left = run.platform().remaining();
    // What is free again of the memory that the call has by now is used again.
    if !fits(file.size, left.memory.saturating_add(run.platform().memory_bytes())) {
        return Ok(Fetched::TooLarge);
    }
    if left.cpu_ms < file.size.saturating_mul(CPU_MS_PER_MIB) >> 20 {
        return Ok(Fetched::CutOff);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(file.size).unwrap_or_default());
    while (bytes.len() as u64) < file.size {
        let largest = (*range).min(run.platform().remaining().largest_response).max(1);
        let missing = file.size - bytes.len() as u64;
        if !run.allows(missing.div_ceil(largest), missing) {
            return Ok(Fetched::CutOff);
        }
        // The first answer tells whether the server knows ranges at all, so it comes alone.
        let most = if bytes.is_empty() { 1 } else { run.parallelism() };
        let ranges = ranges(bytes.len() as u64, file.size, largest, most);
        run.before_request()?;
        for answer in run.client().download(&file.url, file.size, &ranges) {
            match answer {
                Ok(Piece::Range(piece)) => bytes.extend_from_slice(&piece),
                Ok(Piece::Whole(whole)) => {
                    bytes = whole;
                    break;
                }
                Err(error) => return Ok(Fetched::Missed(error)),
            }
        }
    }
    Ok(match read(bytes, key, &file.md5) {
        Ok(text) => Fetched::Text(text),
        Err(damage) => Fetched::Damaged(damage),
    })
}

/// Whether a file of this size can be read in this much memory. Too little would not fail but break the call off.
fn fits(size: u64, memory: u64) -> bool {
    // The file, and as much again: its ranges until they are joined, later the text that is decoded.
    memory >= size.saturating_mul(2).saturating_add(ROOM)
}

/// Half a range, for a network that did not bear it.
pub(super) fn smaller(range: u64) -> u64 {
    (range / 2).max(SMALLEST_RANGE)
}

/// The next ranges of a file.
fn ranges(offset: u64, size: u64, bytes: u64, most: usize) -> Vec<Range<u64>> {
    let bytes = bytes.max(1);
    let starts = std::iter::successors(Some(offset), |start| start.checked_add(bytes));
    starts
        .take_while(|start| *start < size)
        .take(most)
        .map(|start| start..size.min(start.saturating_add(bytes)))
        .collect()
}

/// Checks and decrypts a whole file.
fn read(mut bytes: Vec<u8>, key: &EncodingKey, md5: &str) -> Result<String, Damage> {
    let found: String = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if !found.eq_ignore_ascii_case(md5.trim()) {
        return Err(Damage::Checksum);
    }
    // The documentation does not say which of the two it is: chance makes no file of ciphertext look like text.
    if bytes.iter().all(|&byte| is_base64(byte)) {
        bytes.retain(|byte| !byte.is_ascii_whitespace());
        bytes = STANDARD.decode(&bytes).map_err(|_| Damage::Cipher)?;
    }
    let length = cipher::decrypt(key, &mut bytes).ok_or(Damage::Cipher)?;
    bytes.truncate(length);
    String::from_utf8(bytes).map_err(|_| Damage::Cipher)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const MD5: &str = "ba70ee1d226f0231a01040b62dce96c9";
    /// Made with an independent implementation of the cipher.
    const FILE: &str = "zc0cIoqf9jcloBJz5Dg0dNwMtDaSRQnfyJf7+y5eKZVTIlfYpH2oExyGE68z010uhCGxy9kFZrnOCPKENm+ip4t9ubH7q2hu2DGmpTI39Wx8ClU2BpbSdDz7eEjWO1Ui";

    #[test]
    fn a_file_is_read_as_bytes_or_as_text_and_no_damage_passes() {
        let key = EncodingKey::parse(KEY).unwrap();
        let bytes = STANDARD.decode(FILE).unwrap();
        let text_md5: String = Md5::digest(FILE.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect();
        for (name, file, md5) in [("bytes", bytes.clone(), MD5), ("text", FILE.as_bytes().to_vec(), &text_md5)] {
            let text = read(file, &key, md5).unwrap();
            let document: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(document["userlist"][0]["name"], "张三", "{name}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(read(damaged, &key, MD5), Err(Damage::Checksum), "byte {at}");
        }
        // Where the checksum was made of the damage, the cipher notices.
        for length in 0..bytes.len() {
            let cut = bytes[..length].to_vec();
            let md5: String = Md5::digest(&cut).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(read(cut, &key, &md5), Err(Damage::Cipher), "cut to {length}");
        }
        let other = EncodingKey::parse(&KEY.replace('A', "B")).unwrap();
        assert_eq!(read(bytes, &other, MD5), Err(Damage::Cipher));
    }

    #[test]
    fn a_file_is_read_where_a_call_has_the_memory() {
        for (size, memory, expected) in [
            (48, 128, true),
            (48, 104, true),
            (48, 103, false),
            (2, 12, true),
            (2, 11, false),
            (0, 8, true),
            (0, 7, false),
        ] {
            assert_eq!(fits(size << 20, memory << 20), expected, "{size} MiB in {memory} MiB");
        }
        assert!(!fits(u64::MAX, 128 << 20));
    }

    #[test]
    fn ranges_cover_what_is_left() {
        for (offset, size, bytes, most, expected) in [
            (0, 10, 4, 5, vec![(0, 4), (4, 8), (8, 10)]),
            (4, 10, 4, 1, vec![(4, 8)]),
            (0, 10, 0, 2, vec![(0, 1), (1, 2)]),
            (10, 10, 4, 5, vec![]),
            (u64::MAX - 1, u64::MAX, 4, 5, vec![(u64::MAX - 1, u64::MAX)]),
        ] {
            let found: Vec<_> =
                ranges(offset, size, bytes, most).iter().map(|range| (range.start, range.end)).collect();
            assert_eq!(found, expected, "{offset} {size} {bytes} {most}");
        }
    }
}
