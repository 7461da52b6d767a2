//! What goes wrong on an ordinary day, and what becomes of it.

use std::time::Duration;

use organisation_host::contract::login::ExchangeRequest;
use wecom_simulator::{
    DEMO_AGENT_ID, Effect, Fault, When,
    corp::{App, TrustedAddresses},
};

use super::{
    narrator::Narrator,
    stage::Stage,
    syncing::{expect_complete, expect_truth, synchronise},
};
use crate::{
    command_error::CommandError,
    session,
    simulated::folder::Configuration,
    text,
    view::{aspect::CheckView, error::ErrorView},
};

const BLOCKED: Duration = Duration::from_secs(60);
/// An exchange may be repeated for 30 seconds; this is later.
const LATER: Duration = Duration::from_secs(31);
/// As long as a real one, and wrong.
const WRONG_SECRET: &str = "Demo-app-secret_that-somebody-mistyped-0000";
/// Addresses for documentation (RFC 5737): the one that is trusted, and the one that WeCom sees.
const TRUSTED: &str = "203.0.113.7";
const SEEN: &str = "198.51.100.23";

/// The access token expires in the middle of a sync.
pub async fn expired_token(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("expired-token", "令牌中途过期", "the access token expires in the middle of a sync")?;
    let before = stage.control.count("gettoken").calls;
    let refused_before = refused(stage);
    stage.meddler.expire_tokens_before(3);
    let (view, _) = synchronise(stage, narrator).await?;
    expect_complete(&view, narrator)?;
    let renewed = stage.control.count("gettoken").calls > before && refused(stage) > refused_before;
    narrator.expect("令牌被拒后已更新并继续 a refused token was renewed and the sync went on", renewed)?;
    expect_truth(stage, narrator).await
}

/// How many calls were refused because their token had expired.
fn refused(stage: &Stage) -> usize {
    stage.control.requests().iter().filter(|request| matches!(request.errcode, Some(42001 | 40014))).count()
}

/// WeCom asks for fewer calls.
pub async fn rate_limit(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("rate-limit", "频率限制", "WeCom blocks an API for a minute (the clock of the demo leaps)")?;
    stage.control.inject(Fault::of("user/list", When::Nth(2), Effect::Block(BLOCKED)));
    let (view, waits) = synchronise(stage, narrator).await?;
    stage.control.clear_faults();
    expect_complete(&view, narrator)?;
    let waited = waits.iter().any(|(waiting, time)| waiting.vendor_code == Some(45009) && *time >= BLOCKED / 2);
    narrator.expect("等待后从断点继续 the run waited and went on where it was", waited)?;
    expect_truth(stage, narrator).await
}

/// The administrator has mistyped the secret.
pub async fn wrong_secret(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("wrong-secret", "Secret 填错", "the administrator has mistyped the secret")?;
    let element =
        stage.element_with(&Configuration { secret: WRONG_SECRET.to_owned(), ..stage.configuration.clone() })?;
    let verdicts = session::answer(element.check_connection(), narrator.output()).await?;
    let view = CheckView::from(verdicts);
    tell_check(&view, narrator)?;
    expect_failed(&view, "credentials", "指出 Secret 有误 the secret is named as the cause", narrator)
}

/// The deployment's address is not among the trusted ones.
pub async fn untrusted_ip(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("untrusted-ip", "IP 未受信任", "the address of the platform is not a trusted IP of the app")?;
    let failed = |error: wecom_simulator::CorpError| CommandError::Simulation(error.to_string());
    stage.control.configure(|behaviour| behaviour.switches.seen_address = Some(SEEN.to_owned()));
    stage.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &[TRUSTED])).map_err(failed)?;
    let verdicts = session::answer(stage.element.check_connection(), narrator.output()).await?;
    stage.control.configure(|behaviour| behaviour.switches.seen_address = None);
    let trust_all = |app: &mut App| app.trusted_addresses = TrustedAddresses::Any;
    stage.control.change(|corp| corp.update_app(DEMO_AGENT_ID, trust_all)).map_err(failed)?;

    let view = CheckView::from(verdicts);
    tell_check(&view, narrator)?;
    expect_failed(&view, "trusted-ip", "指出可信 IP 有误 the trusted IP is named as the cause", narrator)?;
    let names = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(SEEN));
    let is_named = view.aspects.iter().any(|aspect| aspect.message.contains(SEEN) || names(&aspect.hint));
    narrator.expect(&format!("指出应添加的 IP the address to add is named: {SEEN}"), is_named)?;
    Ok(())
}

/// Somebody sends a code again that was spent a while ago.
pub async fn replayed_code(
    stage: &Stage,
    spent: &ExchangeRequest,
    narrator: &mut Narrator<'_>,
) -> Result<(), CommandError> {
    narrator.begin("replayed-code", "重放登录码", "somebody sends a spent code again, half a minute later")?;
    stage.control.advance(LATER);
    match session::answer(stage.element.exchange_code(spent), narrator.output()).await {
        Err(failure @ CommandError::Answered(_)) => {
            let view = ErrorView::from(&failure);
            narrator.say(text::failure(&view, narrator.paint()))?;
            narrator.result(&view)?;
            let refused = view.reason == "login-rejected" && view.hint.is_some();
            narrator.expect("拒绝并请本人重新登录 it is refused, and the person is asked to start again", refused)?;
            Ok(())
        }
        Err(failure) => Err(failure),
        Ok(_) => Ok(narrator.expect("拒绝 it is refused", false)?),
    }
}

fn tell_check(view: &CheckView, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.say(text::check::check(view, narrator.paint()))?;
    Ok(narrator.result(view)?)
}

fn expect_failed(view: &CheckView, aspect: &str, what: &str, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    let failed: Vec<_> = view.aspects.iter().filter(|one| one.status == "failed").collect();
    let named = failed.iter().any(|one| one.aspect == aspect && one.hint.is_some());
    Ok(narrator.expect(what, named && !view.ok)?)
}
