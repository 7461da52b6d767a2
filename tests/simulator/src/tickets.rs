//! Tickets of the JS-SDK (fact sheet section 8.1): one of the corp, one of each app, the same while they are valid.

use std::collections::HashMap;
use std::time::Duration;

use sha1::{Digest as _, Sha1};

use crate::clock::{UnixMillis, millis};
use crate::secret::{Secret, random_text};

/// Lifetime of a JS-SDK ticket.
pub const JS_TICKET_LIFETIME: Duration = Duration::from_secs(7200);

/// A page that uses the JS-SDK.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'p> {
    pub(crate) nonce: &'p str,
    /// Unix seconds.
    pub(crate) timestamp: u64,
    /// The whole address; a fragment does not count.
    pub(crate) url: &'p str,
}

impl Page<'_> {
    fn signature(&self, ticket: &str) -> String {
        let Self { nonce, timestamp, url } = self;
        let url = url.split('#').next().unwrap_or_default();
        let text = format!("jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}");
        Sha1::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whose a ticket is: an app's, or the corp's.
pub(crate) type Owner = Option<u64>;

/// The tickets in use.
#[derive(Debug, Default)]
pub(crate) struct Tickets(HashMap<Owner, (Secret, UnixMillis)>);

impl Tickets {
    /// The signature of a page with the owner's ticket (fact sheet section 8.2); `None` without a valid ticket.
    pub(crate) fn sign(&self, owner: Owner, page: &Page<'_>, now: UnixMillis) -> Option<String> {
        let (ticket, _) = self.0.get(&owner).filter(|(_, expires)| *expires > now)?;
        Some(page.signature(ticket.reveal()))
    }

    /// The owner's ticket, and the milliseconds it has left.
    pub(crate) fn get(&mut self, owner: Owner, now: UnixMillis, random: &mut fastrand::Rng) -> (Secret, u64) {
        let fresh =
            |random: &mut fastrand::Rng| (Secret::new(random_text(random, 86)), now + millis(JS_TICKET_LIFETIME));
        let (ticket, expires) = self.0.entry(owner).or_insert_with(|| fresh(random));
        if *expires <= now {
            (*ticket, *expires) = fresh(random);
        }
        (ticket.clone(), *expires - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of fact sheet section 8.2: the vendor's, ours, and ours with a fragment.
    #[test]
    fn pages_are_signed_as_documented() {
        let own = "https://app.example.com/h5/index.html?a=1&b=%E4%BD%A0";
        let with_fragment = format!("{own}#top");
        for (ticket, nonce, timestamp, url, expected) in [
            (
                "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg",
                "Wm3WZYTPz0wzccnW",
                1_414_587_457,
                "http://mp.weixin.qq.com?params=value",
                "0f9de62fce790f9a083d5c99e95740ceb90c27ed",
            ),
            ("TICKETsim-0001_abc", "Nonce2026", 1_760_000_200, own, "b0be2c540bb67cc82e93a53f42da759fe03ac875"),
            (
                "TICKETsim-0001_abc",
                "Nonce2026",
                1_760_000_200,
                with_fragment.as_str(),
                "b0be2c540bb67cc82e93a53f42da759fe03ac875",
            ),
        ] {
            assert_eq!(Page { nonce, timestamp, url }.signature(ticket), expected, "{url}");
        }
    }
}
