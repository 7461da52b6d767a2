//! Whoever calls an element: in an instance for each call, as the contract says, or in one for all.

use std::collections::BTreeMap;

use wasmtime::{Result, bail};

use crate::{
    browser,
    element::{directory, login, types},
    platform::{Instance, Platform},
};

/// How long an instance lives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Call,
    Trial,
}

/// A caller of one element.
pub(crate) struct Caller {
    platform: Platform,
    life: Life,
    instance: Option<Instance>,
    asked: BTreeMap<String, u64>,
}

impl Caller {
    /// A caller who has not called yet.
    pub(crate) fn new(platform: &Platform, life: Life) -> Self {
        Self { platform: platform.clone(), life, instance: None, asked: BTreeMap::new() }
    }

    /// The instance for the next call.
    async fn instance(&mut self) -> Result<&mut Instance> {
        if self.life == Life::Call {
            self.end().await?;
        }
        let instance = match self.instance.take() {
            Some(instance) => instance,
            None => self.platform.instance().await?,
        };
        Ok(self.instance.insert(instance))
    }

    /// What was asked of the platform since this was asked last. A new instance makes the next call.
    pub(crate) async fn asked(&mut self) -> Result<BTreeMap<String, u64>> {
        if self.life == Life::Call {
            self.end().await?;
            return Ok(std::mem::take(&mut self.asked));
        }
        let Some(instance) = &mut self.instance else { return Ok(BTreeMap::new()) };
        let all = instance.tally().await?;
        let since =
            all.iter().map(|(name, count)| (name.clone(), count - self.asked.get(name).copied().unwrap_or_default()));
        let since = since.collect();
        self.asked = all;
        Ok(since)
    }

    /// The address at which a sign-in begins.
    pub(crate) async fn address(&mut self) -> Result<Result<String, types::Error>> {
        let request = login::AuthorizationRequest {
            entry: login::Entry::Browser,
            redirect_uri: None,
            return_to: Some("/home".to_owned()),
            language: None,
            browser_binding: None,
        };
        let Instance { store, exports } = self.instance().await?;
        let authorization = exports.lowcode_organisation_login().call_authorization_url(store, &request).await?;
        Ok(authorization.map(|authorization| authorization.url))
    }

    /// Signs a member in at such an address.
    pub(crate) async fn sign_in(
        &mut self,
        address: &str,
        member: &str,
    ) -> Result<Result<login::Outcome, types::Error>> {
        let back = browser::signed_in(address, member)?;
        let request = login::ExchangeRequest {
            code: back.code,
            state: Some(back.state),
            entry: None,
            browser_binding: None,
            language: Some("en".to_owned()),
        };
        let Instance { store, exports } = self.instance().await?;
        let exchange = exports.lowcode_organisation_login().call_exchange_code(store, &request).await?;
        Ok(exchange.map(|exchange| exchange.outcome))
    }

    /// Carries a sync to its end. Answers its report, and how many calls it took.
    pub(crate) async fn sync(&mut self) -> Result<Result<(directory::Report, u32), types::Error>> {
        let Instance { store, exports } = self.instance().await?;
        let begun = exports.lowcode_organisation_directory();
        let run = match begun.call_begin(store, &directory::Strategy::Automatic).await? {
            Ok(begun) => begun.progress.run,
            Err(error) => return Ok(Err(error)),
        };
        for calls in 2..100 {
            let Instance { store, exports } = self.instance().await?;
            let directory = exports.lowcode_organisation_directory();
            match directory.call_advance(store, &run, directory::Goal::Complete).await? {
                Ok(directory::SyncStep::More(_)) => {}
                Ok(directory::SyncStep::Complete(report)) => return Ok(Ok((report, calls))),
                Ok(step) => bail!("the sync stops: {step:?}"),
                Err(error) => return Ok(Err(error)),
            }
        }
        bail!("the sync has no end")
    }

    /// How many members and departments the copy has.
    pub(crate) async fn copied(&mut self) -> Result<(u64, u64)> {
        let Instance { store, exports } = self.instance().await?;
        match exports.lowcode_organisation_directory().call_overview(store).await? {
            Ok(summary) => Ok((summary.members.active, summary.departments)),
            Err(error) => bail!("there is no overview: {error:?}"),
        }
    }

    async fn end(&mut self) -> Result<()> {
        if let Some(mut instance) = self.instance.take() {
            for (name, count) in instance.tally().await? {
                *self.asked.entry(name).or_default() += count;
            }
        }
        Ok(())
    }
}
