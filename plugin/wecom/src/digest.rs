//! SHA-1 as WeCom signs with it: of texts one after the other, in lower-case hexadecimal. It proves only that both sides know
//! the same secret, for which SHA-1 still does.

use std::fmt::Write;

use sha1::{Digest, Sha1};

/// The digest of all parts, one after the other.
pub(crate) fn sha1_hex(parts: &[&str]) -> String {
    let mut hash = Sha1::new();
    parts.iter().for_each(|part| hash.update(part.as_bytes()));
    let mut hex = String::with_capacity(40);
    for byte in hash.finalize() {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
