//! The state of a sign-in: 128 random bits in letters and digits, good for one exchange within ten minutes.
//!
//! Stored under its fingerprint, so that who reads the store cannot finish somebody's sign-in, together with what the
//! sign-in was started for.

use serde::{Deserialize, Serialize};

use crate::{
    contract::{
        login::Entry,
        storage::{Op, Version},
        types::Reason,
    },
    failure::Failure,
    platform::Platform,
    store,
    text::Text,
    vendor::fingerprint,
};

/// How long a person may take between the URL and the exchange.
pub(super) const LIFE_MS: u64 = 600_000;

/// Letters and digits: WeCom accepts nothing else (84025; doc 91022).
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits of base 62 that hold 128 bits.
const LENGTH: usize = 22;

/// The door through which a person comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Door {
    /// A desktop browser.
    Browser,
    /// The workspace, silently.
    Workspace,
    /// The workspace, with a consent page.
    WorkspaceConsent,
}

impl Door {
    /// The door for an entry of the contract.
    pub(super) fn of(entry: &Entry) -> Result<Self, Failure> {
        match entry {
            Entry::Browser => Ok(Self::Browser),
            Entry::Workspace => Ok(Self::Workspace),
            Entry::WorkspaceConsent => Ok(Self::WorkspaceConsent),
            Entry::Other(name) => Err(Failure::new(
                Reason::Unsupported,
                format!("there is no entry {name:?}; expected browser, workspace or workspace-consent"),
            )
            .with_hint(Text::new(
                "不支持该登录入口，请使用 browser、workspace 或 workspace-consent",
                "this entry is not supported: use browser, workspace or workspace-consent",
            ))),
        }
    }
}

/// What a state stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Issued {
    pub(super) door: Door,
    /// Where the vendor was asked to send the browser.
    pub(super) redirect_uri: String,
    /// Handed back after the exchange.
    pub(super) return_to: Option<String>,
    /// Fingerprint of the browser binding, see [`binding`].
    pub(super) binding: Option<String>,
    pub(super) expires_at_ms: u64,
}

impl Issued {
    /// A sign-in that begins now.
    pub(super) fn new<P: Platform>(platform: &P, door: Door, redirect_uri: String) -> Self {
        let expires_at_ms = platform.now_ms() + LIFE_MS;
        Self { door, redirect_uri, return_to: None, binding: None, expires_at_ms }
    }

    /// Whether this browser may finish the sign-in. Only the `browser` entry asks: clients of the workspace open the
    /// second page in a new session.
    pub(super) fn admits(&self, given: Option<&str>) -> bool {
        match (&self.binding, self.door) {
            (Some(wanted), Door::Browser) => given.is_some_and(|given| fingerprint::is_same(&binding(given), wanted)),
            _ => true,
        }
    }

    /// Writes it with the life that it has left; nothing when none is left.
    pub(super) fn put(&self, state: &str, now_ms: u64) -> Option<Op> {
        let left = self.expires_at_ms.checked_sub(now_ms).filter(|left| *left > 0)?;
        Some(store::put_for(key(state), self, left))
    }
}

/// Where a state is stored.
pub(super) fn key(state: &str) -> String {
    format!("login-state/{}", fingerprint::of(&["state", state]))
}

/// What is kept of a browser binding: enough to recognise it, too little to use it.
pub(super) fn binding(given: &str) -> String {
    fingerprint::of(&["binding", given])
}

/// Makes a state and stores it.
pub(super) fn issue<P: Platform>(platform: &P, issued: &Issued) -> Result<String, Failure> {
    let mut random = [0; 16];
    platform.random(&mut random);
    let state = spell(u128::from_be_bytes(random));
    let ops = [store::check(key(&state), None), store::put_for(key(&state), issued, LIFE_MS)];
    match store::apply(platform, &ops)? {
        Ok(_) => Ok(state),
        // Never with sound randomness.
        Err(_) => Err(Failure::new(Reason::Conflict, "this state exists already; ask for another one")),
    }
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
    use crate::fake::{FakePlatform, START_MS};

    fn issued(fake: &FakePlatform) -> Issued {
        Issued::new(fake, Door::Browser, "https://app.example.com/".into())
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
        let first = issue(&fake, &issued(&fake)).unwrap();
        let second = issue(&fake, &issued(&fake)).unwrap();
        assert_ne!(first, second);
        let key = key(&first);
        assert!(!key.contains(&first) && fake.keys("login-state/").contains(&key));
        assert_eq!(fake.ttl_ms(&key), Some(600_000));
        let stored = store::get::<_, Issued>(&fake, &key).unwrap().unwrap().value;
        assert_eq!(stored, Issued { expires_at_ms: START_MS + 600_000, ..issued(&fake) });
    }

    #[test]
    fn a_binding_counts_for_the_browser_entry_alone() {
        let fake = FakePlatform::new();
        let with = |door, kept: Option<&str>| Issued { door, binding: kept.map(binding), ..issued(&fake) };
        for (issued, given, expected) in [
            (with(Door::Browser, None), None, true),
            (with(Door::Browser, None), Some("cookie"), true),
            (with(Door::Browser, Some("cookie")), Some("cookie"), true),
            (with(Door::Browser, Some("cookie")), Some("Cookie"), false),
            (with(Door::Browser, Some("cookie")), Some(""), false),
            (with(Door::Browser, Some("cookie")), None, false),
            (with(Door::Workspace, Some("cookie")), None, true),
            (with(Door::WorkspaceConsent, Some("cookie")), Some("other"), true),
        ] {
            assert_eq!(issued.admits(given), expected, "{issued:?} {given:?}");
        }
        let stored = serde_json::to_string(&with(Door::Browser, Some("cookie"))).unwrap();
        assert!(!stored.contains("cookie"), "{stored}");
    }

    #[test]
    fn what_is_written_again_keeps_its_end() {
        let fake = FakePlatform::new();
        let issued = issued(&fake);
        for (now, expected) in [(0, Some(600_000)), (599_999, Some(1)), (600_000, None), (700_000, None)] {
            let op = issued.put("state", START_MS + now);
            let ttl = op.map(|op| match op {
                Op::Put(put) => put.ttl_ms.unwrap(),
                _ => unreachable!(),
            });
            assert_eq!(ttl, expected, "{now}");
        }
    }
}
