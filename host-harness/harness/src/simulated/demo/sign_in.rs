//! Members sign in through both doors, on the simulator's own pages.

use organisation_host::contract::login::{AuthorizationRequest, Entry, ExchangeRequest};
use url::Url;
use wecom_simulator::{Browser, Choice};

use super::{narrator::Narrator, stage::Stage};
use crate::{command_error::CommandError, session, text, view::login::ExchangeView};

const RETURN_TO: &str = "/home";

/// 王五 scans the QR code in a browser.
pub async fn browser(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("sign-in-browser", "扫码登录", "a member scans the QR code in a browser")?;
    let (view, _) = sign_in(stage, narrator, Entry::Browser, &Browser::desktop(), "wangwu").await?;
    expect_member(&view, "wangwu", narrator)
}

/// 李四 opens the app in the WeCom workspace; answers the code and state that are spent now.
pub async fn workspace(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<ExchangeRequest, CommandError> {
    narrator.begin("sign-in-workspace", "工作台免登", "a member opens the app in the workspace")?;
    let (view, spent) = sign_in(stage, narrator, Entry::Workspace, &Browser::client(), "lisi").await?;
    expect_member(&view, "lisi", narrator)?;
    Ok(spent)
}

async fn sign_in(
    stage: &Stage,
    narrator: &mut Narrator<'_>,
    entry: Entry,
    browser: &Browser,
    member: &str,
) -> Result<(ExchangeView, ExchangeRequest), CommandError> {
    let request = AuthorizationRequest {
        entry,
        redirect_uri: None,
        return_to: Some(RETURN_TO.to_owned()),
        language: None,
        browser_binding: None,
    };
    let page = session::answer(stage.element.authorization_url(&request), narrator.output()).await?;
    narrator.say(format_args!("   打开 open {}", page.url))?;
    let target = browser
        .sign_in(&page.url, &Choice::Member(member.to_owned()))
        .await
        .map_err(|error| CommandError::Simulation(error.to_string()))?;
    let request = spent(&target)?;
    let exchange = session::answer(stage.element.exchange_code(&request), narrator.output()).await?;
    let view = ExchangeView::from(exchange);
    narrator.say(text::login::exchange(&view, narrator.paint()))?;
    narrator.result(&view)?;
    Ok((view, request))
}

/// Code and state from the address to which the page redirects.
fn spent(target: &str) -> Result<ExchangeRequest, CommandError> {
    let no_code = || CommandError::Simulation("the sign-in page redirected without code and state".to_owned());
    let target = Url::parse(target).map_err(|_| no_code())?;
    let value = |key: &str| target.query_pairs().find(|(name, _)| name == key).map(|(_, value)| value.into_owned());
    let (code, state) = value("code").zip(value("state")).ok_or_else(no_code)?;
    Ok(ExchangeRequest::new(code, state))
}

fn expect_member(view: &ExchangeView, id: &str, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    let is_member = view.member.as_ref().is_some_and(|member| member.id == id && member.in_visible_range);
    narrator.expect(&format!("已识别成员 {id} is recognised as a member in range"), is_member)?;
    let home = view.state_verified && view.return_to.as_deref() == Some(RETURN_TO);
    narrator.expect("state 已核对，返回原页面 the state is verified and leads back to the page", home)?;
    Ok(())
}
