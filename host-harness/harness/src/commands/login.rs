//! `login-url`, `homepage-url`, `exchange`: the steps of a sign-in, one by one.

use organisation_address::is_query_encoded_twice;
use organisation_host::contract::login::{AuthorizationRequest, Entry, ExchangeRequest};

use crate::{
    cli::{self, Global, LoginUrl},
    command_error::{CommandError, ExitStatus},
    output::Output,
    session::{self, Session},
    text,
    view::login::{AuthorizationView, ExchangeView, HomepageView},
};

/// Makes the URL to which a browser is sent.
///
/// # Errors
/// The component refuses.
pub async fn login_url(options: &Global, asked: &LoginUrl, output: &mut Output) -> Result<ExitStatus, CommandError> {
    asked.redirect_uri.as_deref().into_iter().for_each(warn_of_query);
    let session = Session::open(options).await?;
    let request = AuthorizationRequest {
        entry: match asked.entry {
            cli::Entry::Browser => Entry::Browser,
            cli::Entry::Workspace => Entry::Workspace,
            cli::Entry::WorkspaceConsent => Entry::WorkspaceConsent,
        },
        redirect_uri: asked.redirect_uri.clone(),
        return_to: asked.return_to.clone(),
        language: asked.lang.map(|language| language.tag().to_owned()),
        browser_binding: asked.browser_binding.clone(),
    };
    let authorization = session::answer(session.element.authorization_url(&request), output).await?;
    let view = AuthorizationView::from(authorization);
    output.answer(&view, |paint| text::login::authorization(&view, paint))?;
    Ok(ExitStatus::Done)
}

/// Makes the URL for the vendor's console.
///
/// # Errors
/// The component refuses.
pub async fn homepage_url(options: &Global, target: &str, output: &mut Output) -> Result<ExitStatus, CommandError> {
    warn_of_query(target);
    let session = Session::open(options).await?;
    let view = HomepageView { url: session::answer(session.element.homepage_url(target), output).await? };
    output.answer(&view, |_| text::clean(&view.url))?;
    Ok(ExitStatus::Done)
}

fn warn_of_query(address: &str) {
    if is_query_encoded_twice(address) {
        tracing::warn!(
            "地址的查询参数经过两次百分号编码，通常只应编码一次 / the query of this address is percent-encoded twice; once is usual"
        );
    }
}

/// Turns code and state into an identity. A missing role is reported and no more: entry is the platform's decision.
///
/// # Errors
/// The component refuses.
pub async fn exchange(
    options: &Global,
    code: &str,
    state: &str,
    browser_binding: Option<&str>,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let session = Session::open(options).await?;
    let request =
        ExchangeRequest { browser_binding: browser_binding.map(str::to_owned), ..ExchangeRequest::new(code, state) };
    let view = ExchangeView::from(session::answer(session.element.exchange_code(&request), output).await?);
    output.answer(&view, |paint| text::login::exchange(&view, paint))?;
    Ok(ExitStatus::Done)
}
