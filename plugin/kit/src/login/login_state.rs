//! The state of a sign-in: 128 random bits in letters and digits, good for one exchange within ten minutes.
//!
//! Stored under its fingerprint, so that who reads the store cannot finish somebody's sign-in, together with what the
//! sign-in was started for.

use serde::{Deserialize, Serialize};

use crate::{
    contract::{
        login::Entry,
        storage::{Op, Version},
    },
    failure::Failure,
    fingerprint,
    platform::Platform,
    store,
};

/// How long a person may take between the URL and the exchange.
pub(super) const LIFE_MS: u64 = 600_000;

/// Letters and digits: some vendors accept nothing else.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits of base 62 that hold 128 bits.
const LENGTH: usize = 22;

/// What a state stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LoginState {
    /// Whose members sign in.
    pub(super) organisation: String,
    pub(super) entry: Entry,
    /// Where the vendor was asked to send the browser.
    pub(super) redirect_uri: String,
    /// Handed back after the exchange.
    pub(super) return_to: Option<String>,
    /// Fingerprint of the browser binding, see [`binding`].
    pub(super) binding: Option<String>,
    pub(super) expires_at_ms: u64,
}

impl LoginState {
    /// Whether this browser may finish the sign-in. The workspace entries do not ask: their clients open the second page
    /// in a new session.
    pub(super) fn admits(&self, given: Option<&str>) -> bool {
        match (&self.binding, &self.entry) {
            (None, _) | (_, Entry::Workspace | Entry::WorkspaceConsent) => true,
            (Some(wanted), _) => given.is_some_and(|given| fingerprint::is_same(&binding(given), wanted)),
        }
    }

    /// Stores it under a state that was never stored before.
    pub(super) fn store(&self, platform: &dyn Platform, state: &str) -> Result<(), Failure> {
        let ops = [store::check(key(state), None), store::put_for(key(state), self, LIFE_MS)];
        // Taken already: never with sound randomness.
        store::apply(platform, &ops)?.map(|_| ()).map_err(|_| {
            failure! { Conflict: "登录状态重复，请重试", "this state exists already; ask for another one" }
        })
    }

    /// Writes it again with the life that it has left; nothing when none is left.
    pub(super) fn put_back(&self, state: &str, now_ms: u64) -> Option<Op> {
        let left = self.expires_at_ms.checked_sub(now_ms).filter(|left| *left > 0)?;
        Some(store::put_for(key(state), self, left))
    }
}

pub(super) fn fresh(platform: &dyn Platform) -> String {
    let mut random = [0; 16];
    platform.random(&mut random);
    spell(u128::from_be_bytes(random))
}

pub(super) fn key(state: &str) -> String {
    format!("login-state/{}", fingerprint::of(&["state", state]))
}

/// What is kept of a browser binding: enough to recognise it, too little to use it.
pub(super) fn binding(given: &str) -> String {
    fingerprint::of(&["binding", given])
}

/// Removes a state that was read at this version, in the same step as whatever uses it.
pub(super) fn consume(state: &str, version: Version) -> [Op; 2] {
    [store::check(key(state), Some(version)), store::delete(key(state))]
}

fn spell(mut number: u128) -> String {
    let mut digits = [0; LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::types::Reason;
    use crate::fake::{FakePlatform, START_MS};

    fn login_state(entry: Entry, kept: Option<&str>) -> LoginState {
        LoginState {
            organisation: "acme".into(),
            entry,
            redirect_uri: "https://app.example.com/".into(),
            return_to: None,
            binding: kept.map(binding),
            expires_at_ms: START_MS + LIFE_MS,
        }
    }

    #[test]
    fn a_state_is_letters_and_digits_of_fixed_length() {
        for (number, expected) in [
            (0, "0000000000000000000000"),
            (61, "000000000000000000000z"),
            (62, "0000000000000000000010"),
            (u128::MAX, "7n42DGM5Tflk9n8mt7Fhc7"),
        ] {
            assert_eq!(spell(number), expected);
        }
    }

    #[test]
    fn it_is_stored_by_fingerprint_for_ten_minutes() {
        let fake = FakePlatform::new();
        let (first, second) = (fresh(&fake), fresh(&fake));
        assert_ne!(first, second);
        let stands_for = login_state(Entry::Browser, None);
        stands_for.store(&fake, &first).unwrap();
        assert_eq!(stands_for.store(&fake, &first).unwrap_err().reason, Reason::Conflict);
        let key = key(&first);
        assert!(!key.contains(&first) && fake.keys("login-state/") == [key.clone()]);
        assert_eq!(fake.ttl_ms(&key), Some(600_000));
        assert_eq!(store::get::<LoginState>(&fake, &key).unwrap().unwrap().value, stands_for);
    }

    #[test]
    fn a_binding_is_asked_for_outside_the_workspace() {
        for (entry, kept, given, expected) in [
            (Entry::Browser, None, None, true),
            (Entry::Browser, None, Some("cookie"), true),
            (Entry::Browser, Some("cookie"), Some("cookie"), true),
            (Entry::Browser, Some("cookie"), Some("Cookie"), false),
            (Entry::Browser, Some("cookie"), Some(""), false),
            (Entry::Browser, Some("cookie"), None, false),
            (Entry::Workspace, Some("cookie"), None, true),
            (Entry::WorkspaceConsent, Some("cookie"), Some("other"), true),
            (Entry::Other("kiosk".into()), Some("cookie"), Some("cookie"), true),
            (Entry::Other("kiosk".into()), Some("cookie"), None, false),
        ] {
            let state = login_state(entry, kept);
            assert_eq!(state.admits(given), expected, "{state:?} {given:?}");
            assert!(!serde_json::to_string(&state).unwrap().contains("cookie"));
        }
    }

    #[test]
    fn what_is_put_back_keeps_its_end() {
        for (now, expected) in [(0, Some(600_000)), (599_999, Some(1)), (600_000, None), (700_000, None)] {
            let ttl = login_state(Entry::Browser, None).put_back("state", START_MS + now).map(|op| match op {
                Op::Put(put) => put.ttl_ms.unwrap(),
                _ => unreachable!(),
            });
            assert_eq!(ttl, expected, "{now}");
        }
    }
}
