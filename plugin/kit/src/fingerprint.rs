//! Names for secret things: what a storage key may say about a credential, a state or a code. And marks, by which a
//! writer recognises its own record when a write ended without an answer.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::platform::Platform;

/// Hexadecimal digits of a fingerprint: 128 bits, enough that nobody meets two alike or finds one by trying.
pub const LENGTH: usize = 32;

/// The start of the SHA-256 of all parts, in hexadecimal. Each part is preceded by its length, so that `ab` + `c` and
/// `a` + `bc` differ. The first part says what the fingerprint is for, so that equal values in two places cannot be
/// linked.
pub fn of(parts: &[&str]) -> String {
    of_bytes(parts.iter().map(|part| part.as_bytes()))
}

/// The same of bytes.
pub fn of_bytes<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut hex = String::with_capacity(LENGTH);
    for byte in &hash.finalize()[..LENGTH / 2] {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Whether two fingerprints are the same. How long this takes does not depend on where they differ.
pub fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// A mark that nobody else has.
pub fn mark(platform: &dyn Platform) -> String {
    let mut random = [0; 8];
    platform.random(&mut random);
    format!("{:016x}", u64::from_be_bytes(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_eq!(of(&["ab", "c"]).len(), LENGTH);
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["ab", "c"]), of(&["ab", "c", ""]));
        assert_ne!(of(&["state", "x"]), of(&["code", "x"]));
    }

    #[test]
    fn the_same_is_the_same() {
        let one = of(&["a"]);
        for (other, same) in [(one.clone(), true), (of(&["b"]), false), (one[1..].to_owned(), false)] {
            assert_eq!(is_same(&one, &other), same, "{other}");
        }
    }

    #[test]
    fn it_is_the_start_of_sha_256() {
        // SHA-256 of eight zero bytes, which is what one empty part hashes to.
        assert_eq!(of(&[""]), "af5570f5a1810b7af78caf4bc70a660f");
    }
}
