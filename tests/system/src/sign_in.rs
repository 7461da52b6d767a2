//! Going through the sign-in pages as a person would.

use organisation_host::{
    Answered,
    contract::login::{Authorization, AuthorizationRequest, Entry, Exchange, ExchangeRequest},
};
use wecom_simulator::{Browser, Choice, SignInError};

use crate::{stage::Stage, test_vendor::TestVendor};

/// A request for a URL, with nothing but its entry.
pub fn entering(entry: Entry) -> AuthorizationRequest {
    AuthorizationRequest { entry, redirect_uri: None, return_to: None, language: None, browser_binding: None }
}

/// The browser that a person comes with through an entry.
pub fn browser(entry: &Entry) -> Browser {
    if *entry == Entry::Browser { Browser::desktop() } else { Browser::client() }
}

/// What the vendor's redirect brought to the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The login code.
    pub code: String,
    /// The state.
    pub state: String,
}

impl Arrival {
    /// From the address that the browser was sent to.
    ///
    /// # Panics
    /// When it carries no code and state.
    pub fn read(address: &str) -> Self {
        let (_, query) = address.split_once('?').expect("the redirect has a query");
        let query = query.split('#').next().unwrap_or_default();
        let value = |name: &str| {
            let pair = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
            pair.map(|(_, value)| value.into_owned()).unwrap_or_else(|| panic!("the redirect carries no {name}"))
        };
        Self { code: value("code"), state: value("state") }
    }

    /// The exchange, without a browser binding.
    pub fn request(&self) -> ExchangeRequest {
        ExchangeRequest::new(&*self.code, &*self.state)
    }
}

/// Opens a sign-in address, makes the choice, and reads what came back.
///
/// # Errors
/// The page refuses.
pub async fn arrive(browser: &Browser, url: &str, choice: &Choice) -> Result<Arrival, SignInError> {
    browser.sign_in(url, choice).await.map(|address| Arrival::read(&address))
}

impl<V: TestVendor> Stage<V> {
    /// A URL for this request.
    ///
    /// # Panics
    /// When the element refuses it.
    pub async fn authorization(&self, request: &AuthorizationRequest) -> Authorization {
        self.heard(self.element.authorization_url(request)).await.expect("the request is sound")
    }

    /// A person goes through the page that a browser is sent to by this request.
    ///
    /// # Panics
    /// When the element or the page refuses.
    pub async fn arrive_from(&self, request: &AuthorizationRequest, id: &str) -> Arrival {
        V::sign_in(&self.authorization(request).await.url, id).await
    }

    /// Turns what came back into an identity.
    pub async fn exchange(&self, arrival: &Arrival) -> Answered<Exchange> {
        self.heard(self.element.exchange_code(&arrival.request())).await
    }
}

impl Stage {
    /// Goes through WeCom's pages with this request and choice.
    ///
    /// # Panics
    /// When the element or a page refuses.
    pub async fn arrive_by(&self, request: &AuthorizationRequest, choice: &Choice) -> Arrival {
        let url = self.authorization(request).await.url;
        arrive(&browser(&request.entry), &url, choice).await.expect("the page lets this person through")
    }

    /// A member goes through the pages of an entry.
    ///
    /// # Panics
    /// As [`Stage::arrive_by`].
    pub async fn arrive(&self, entry: Entry, member: &str) -> Arrival {
        self.arrive_by(&entering(entry), &Choice::Member(member.to_owned())).await
    }
}
