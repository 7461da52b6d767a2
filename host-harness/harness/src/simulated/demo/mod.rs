//! `demo`: the whole story on this machine, without a network. Each step says what it does, does it with the real
//! component, and compares the outcome with what was promised.

mod configuration;
mod narrator;
mod sign_in;
mod stage;
mod syncing;
mod trouble;
mod work;

use std::path::Path;

use crate::{
    cli::Global,
    command_error::{CommandError, ExitStatus},
    interrupt::interrupted,
    output::Output,
};
use narrator::Narrator;
use stage::Stage;
pub use stage::place;

/// Runs the demonstration. Ctrl-C ends it and leaves nothing behind.
///
/// # Errors
/// A step has no outcome at all.
pub async fn demo(options: &Global, keep: Option<&Path>, output: &mut Output) -> Result<ExitStatus, CommandError> {
    tokio::select! {
        biased;
        () = interrupted() => Err(CommandError::Interrupted),
        ended = run(options, keep, output) => ended,
    }
}

async fn run(options: &Global, keep: Option<&Path>, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let mut narrator = Narrator::new(output);
    let stage = Stage::set(options, keep).await?;
    let place = keep.map_or("临时文件夹 a temporary folder".to_owned(), |keep| keep.display().to_string());
    narrator.say(format_args!(
        "模拟的企业微信 a simulated WeCom: {}\n元素与 SQLite 数据库 element and SQLite database: {place}",
        stage.configuration.api_base_url
    ))?;
    configuration::validate(&stage, &mut narrator).await?;
    configuration::check(&stage, &mut narrator).await?;
    sign_in::browser(&stage, &mut narrator).await?;
    let spent = sign_in::workspace(&stage, &mut narrator).await?;
    syncing::first(&stage, &mut narrator).await?;
    syncing::departments(&stage, &mut narrator).await?;
    syncing::reorganise(&stage, &mut narrator).await?;
    syncing::second(&stage, &mut narrator).await?;
    syncing::feed(&stage, &mut narrator).await?;
    work::roles(&stage, &mut narrator).await?;
    work::message(&stage, &mut narrator).await?;
    work::approval(&stage, &mut narrator).await?;
    trouble::expired_token(&stage, &mut narrator).await?;
    trouble::rate_limit(&stage, &mut narrator).await?;
    trouble::wrong_secret(&stage, &mut narrator).await?;
    trouble::untrusted_ip(&stage, &mut narrator).await?;
    trouble::replayed_code(&stage, &spent, &mut narrator).await?;
    stage.close().await;
    let ok = narrator.end(keep.map(|keep| keep.display().to_string()))?;
    Ok(if ok { ExitStatus::Done } else { ExitStatus::Negative })
}
