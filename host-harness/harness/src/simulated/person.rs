//! People who sign in without a screen: a member of the simulated organisation, and whoever a test server of another vendor
//! lets in; and whoever administers the simulated organisation.

use async_trait::async_trait;
use organisation_conform::{Person, VendorAdmin};
use wecom_simulator::{Browser, Choice, Control};

/// A member of the simulated organisation.
pub struct Member(pub &'static str);

#[async_trait]
impl Person for Member {
    async fn sign_in(&self, url: &str) -> Result<String, String> {
        let choice = Choice::Member(self.0.to_owned());
        Browser::desktop().sign_in(url, &choice).await.map_err(|error| error.to_string())
    }
}

/// Whoever administers the simulated organisation.
pub struct Administrator(pub Control);

#[async_trait]
impl VendorAdmin for Administrator {
    async fn remove_member(&self, id: &str) -> Result<(), String> {
        self.0.change(|corp| corp.remove_member(id)).map(drop).map_err(|error| error.to_string())
    }
}

/// Whoever a test server signs in, once these query parameters stand in the URL.
pub struct Visitor(pub String);

#[async_trait]
impl Person for Visitor {
    async fn sign_in(&self, url: &str) -> Result<String, String> {
        let between = if url.contains('?') { '&' } else { '?' };
        let page = Browser::desktop().get(&format!("{url}{between}{}", self.0)).await;
        let page = page.map_err(|error| error.to_string())?;
        let target = page.header("location").map(str::to_owned);
        target.ok_or_else(|| format!("the sign-in page answers {} without sending the browser back", page.status))
    }
}
