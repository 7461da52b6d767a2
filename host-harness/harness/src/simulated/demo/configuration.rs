//! The administrator's first minutes: is the configuration sound, and does WeCom accept it?

use super::{narrator::Narrator, stage::Stage};
use crate::{
    command_error::CommandError,
    session, text,
    view::{aspect::CheckView, problem::ValidationView},
};

/// Judges the element's configuration.
pub async fn validate(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("validate", "检查配置", "judge the configuration, without any call")?;
    let validation = session::value(stage.element.validate(), narrator.output()).await?;
    let view = ValidationView::from(validation);
    narrator.say(text::validation::validation(&view, narrator.paint()))?;
    narrator.result(&view)?;
    narrator.expect("配置有效 the configuration is valid", view.valid)?;
    Ok(())
}

/// Asks WeCom.
pub async fn check(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<(), CommandError> {
    narrator.begin("check", "检查连接", "ask WeCom whether the configuration works")?;
    let verdicts = session::answer(stage.element.check_connection(), narrator.output()).await?;
    let view = CheckView::from(verdicts);
    narrator.say(text::check::check(&view, narrator.paint()))?;
    narrator.result(&view)?;
    narrator.expect("企业微信接受该配置 WeCom accepts the configuration", view.ok)?;
    Ok(())
}
