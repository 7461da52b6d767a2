//! What a person is asked whose sign-in did not begin in this browser: whether to go on as this member. Some clients of the vendor
//! open the way back in a session without the cookie, and there it is the person; or a stranger has passed on a link of his own, and
//! there the person reads a name that is not theirs.
//!
//! The code is spent by then, so the page carries who it was, sealed for this browser: a form that another site sends comes
//! without the cookie, and one that was made for another browser does not fit it.

use organisation_host::storage::FingerprintKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::binding::Binding;
use crate::view::login::ExchangeView;

/// How long a person may think about it, in milliseconds.
const LONGEST_MS: i64 = 600_000;
const WHO: &str = "who";
const SEAL: &str = "seal";

/// A question to a person. Its fields are to be posted, by the browser that was asked.
#[derive(Debug, Serialize)]
pub struct Confirmation {
    pub name: String,
    who: String,
    seal: String,
}

/// Who is signed in when the person has said yes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Confirmed {
    until_ms: i64,
    pub name: String,
    pub return_to: Option<String>,
    pub exchange: Value,
}

impl Confirmation {
    /// Asks the person in this browser whether to go on so.
    ///
    /// # Errors
    /// A defect of the host: what it shows is always JSON.
    pub fn of(
        exchange: &ExchangeView,
        binding: &Binding,
        tenant: &str,
        key: &FingerprintKey,
    ) -> Result<Self, serde_json::Error> {
        let until_ms = jiff::Timestamp::now().as_millisecond().saturating_add(LONGEST_MS);
        let (name, return_to) = (exchange.person().unwrap_or_default(), exchange.return_to.clone());
        let exchange = serde_json::to_value(exchange)?;
        let who = serde_json::to_string(&Confirmed { until_ms, name: name.clone(), return_to, exchange })?;
        let seal = binding.proof(["confirm", tenant, &who], key);
        Ok(Self { name, who, seal })
    }

    /// What the form holds.
    pub fn fields(&self) -> Vec<(&'static str, &str)> {
        vec![(WHO, &self.who), (SEAL, &self.seal)]
    }
}

impl Confirmed {
    /// Reads a form, which must be one that this browser was shown for this tenant, and not long ago.
    pub fn read(form: &[u8], binding: &Binding, tenant: &str, key: &FingerprintKey) -> Option<Self> {
        let field = |wanted: &str| url::form_urlencoded::parse(form).find(|(name, _)| name == wanted);
        let ((_, who), (_, seal)) = (field(WHO)?, field(SEAL)?);
        if binding.proof(["confirm", tenant, &who], key) != *seal {
            return None;
        }
        let confirmed: Self = serde_json::from_str(&who).ok()?;
        (jiff::Timestamp::now().as_millisecond() < confirmed.until_ms).then_some(confirmed)
    }
}

#[cfg(test)]
mod tests {
    use organisation_host::contract::login::{Exchange, Outcome, OutsiderIdentity};
    use url::form_urlencoded::Serializer;

    use super::*;

    #[test]
    fn a_form_is_good_in_the_browser_that_was_asked_and_for_a_while() {
        let key = FingerprintKey::new(None).unwrap();
        let (mine, other) = (Binding::new().unwrap(), Binding::new().unwrap());
        let outcome = Outcome::Outsider(OutsiderIdentity { open_id: None, external_id: None });
        let exchange =
            Exchange { outcome, return_to: Some("/a".to_owned()), state_verified: true, warnings: Vec::new() };
        let asked = Confirmation::of(&ExchangeView::from(exchange), &mine, "acme", &key).unwrap();
        let form = |fields: &[(&str, &str)]| Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes();
        let good = form(&asked.fields());
        let read = |form: &[u8], binding, tenant| Confirmed::read(form, binding, tenant, &key);
        assert_eq!(read(&good, &mine, "acme").unwrap().return_to.as_deref(), Some("/a"));
        assert!(read(&good, &other, "acme").is_none() && read(&good, &mine, "globex").is_none());
        let seal_of = |who: &str| mine.proof(["confirm", "acme", who], &key);
        let forged = asked.who.replace("/a", "/b");
        assert!(read(&form(&[(WHO, &forged), (SEAL, &asked.seal)]), &mine, "acme").is_none());
        let late = asked.who.replace("\"until_ms\":", "\"until_ms\":1,\"was\":");
        assert!(read(&form(&[(WHO, &late), (SEAL, &seal_of(&late))]), &mine, "acme").is_none());
        for incomplete in [&b""[..], b"who=a", b"seal=a", &form(&[(WHO, "x"), (SEAL, &seal_of("x"))])] {
            assert!(read(incomplete, &mine, "acme").is_none());
        }
    }
}
