//! Fingerprints of secrets: they distinguish two secrets and reveal neither.
//!
//! A component stores what belongs to a secret (a token, a refusal) under the secret's fingerprint. A plain hash would
//! let whoever reads the store try guesses of the secret against it, so the fingerprint is keyed, with a key that all
//! hosts of one store have in common and that never lies in it: it is derived from the sealing key.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{SealingKey, StorageError};

/// Bytes of a fingerprint: enough that no two secrets have the same one.
const FINGERPRINT_BYTES: usize = 16;
/// Separates this use of the sealing key from every other.
const PURPOSE: &str = "organisation-host fingerprint-key 1";

/// The key of fingerprints, the same in every handle of one store. Wiped from memory when the last holder goes.
#[derive(Clone)]
pub struct FingerprintKey(Zeroizing<[u8; 32]>);

impl FingerprintKey {
    /// The key that belongs to this sealing key. Where a store has none, nothing sealed outlives the process either,
    /// and the key is drawn at random.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(sealing_key: Option<&SealingKey>) -> Result<Self, StorageError> {
        let Some(sealing_key) = sealing_key else {
            let mut key = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *key)
                .map_err(|_| StorageError::Other("the system gave no random bytes for a fingerprint key".into()))?;
            return Ok(Self(key));
        };
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&digest(sealing_key.bytes(), &[PURPOSE]));
        Ok(Self(key))
    }

    /// The fingerprint of all parts together, in hexadecimal. `ab`, `c` and `a`, `bc` differ.
    pub fn fingerprint(&self, parts: &[&str]) -> String {
        digest(&self.0, parts).iter().take(FINGERPRINT_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// HMAC-SHA-256 of the parts, each after its length.
fn digest(key: &[u8; 32], parts: &[&str]) -> [u8; 32] {
    // A key shorter than a block is filled up with zeros, in HMAC itself too (RFC 2104).
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(<hidden>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_one_sealing_key_agree_and_nobody_else_does() {
        let key = |byte| FingerprintKey::new(Some(&SealingKey::new([byte; 32]))).unwrap();
        let parts = ["acme", "organisation", "secret", "hunter2"];
        assert_eq!(key(7).fingerprint(&parts), key(7).fingerprint(&parts));
        assert_ne!(key(7).fingerprint(&parts), key(8).fingerprint(&parts));
        let random = || FingerprintKey::new(None).unwrap();
        assert_ne!(random().fingerprint(&parts), random().fingerprint(&parts));
        assert_eq!(format!("{:?}", random()), "FingerprintKey(<hidden>)");
    }

    #[test]
    fn it_is_hmac_sha_256() {
        // Computed with another implementation: the key is the HMAC of the purpose under 32 bytes of 7.
        let key = FingerprintKey::new(Some(&SealingKey::new([7; 32]))).unwrap();
        assert_eq!(key.fingerprint(&["ab", "c"]), "8b2302f09d34accaab13addb6011cb73");
        assert_ne!(key.fingerprint(&["a", "bc"]), key.fingerprint(&["ab", "c"]));
    }
}
