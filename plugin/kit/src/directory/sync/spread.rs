//! What rules about roles make of the copy that was written: tags may name others by now, and departments may stand elsewhere.
//! Where nothing changed nothing is written.

use super::{
    backoff,
    context::{RunContext, StepError, Stepped},
    phase::Phase,
};
use crate::{
    contract::types::Reason,
    directory::{rules, spreading, tag_members},
    vendor::{Client, TagMembers},
};

/// Asks about the next tag; after the last one, goes on with a portion of the members, where rules have to be brought to them.
pub(super) fn step<C: Client>(context: &mut RunContext<'_, C>, tag: usize) -> Stepped {
    let rules = rules::read(context.platform)?;
    if let Some(name) = rules::tags(&rules).into_iter().nth(tag) {
        ask(context, name)?;
        context.run.phase = Phase::Spread(tag + 1);
        return context.checkpoint_when_due();
    }
    // What is written has checks of its own; the lease need only not run out.
    context.before_request()?;
    if spreading::portion(context.platform, context.common)? {
        tag_members::forget_unnamed(context.platform)?;
        context.leave_phase();
    }
    Ok(())
}

/// Writes down whom a tag names, where that is somebody else than before. What cannot be asked about stays as it is known: a tag
/// is no reason to stop a sync that is written.
fn ask<C: Client>(context: &mut RunContext<'_, C>, tag: &str) -> Stepped {
    context.before_request()?;
    let named = match context.client.tag_members(tag) {
        Ok(named) => named,
        Err(failure) if failure.reason == Reason::NotFound => {
            context.note(text! {
            "角色规则所用的标签 {tag} 已不存在或不可见：不再据此授予角色",
            "tag {tag} of a rule about roles does not exist or is not visible: it gives no role any more" });
            TagMembers::default()
        }
        Err(failure)
            if matches!(failure.reason, Reason::RateLimited | Reason::Unavailable)
                && !backoff::is_spent(&failure, &context.run) =>
        {
            return Err(StepError::Vendor(failure));
        }
        Err(failure) => {
            context.warn("a tag of a rule about roles could not be asked about", &failure.message);
            context.note(text! {
            "角色规则所用的标签 {tag} 无法读取：沿用上次的成员",
            "tag {tag} of a rule about roles cannot be read: its members are those of the last time" });
            return Ok(());
        }
    };
    let differences = tag_members::differences(context.platform, context.common.ids, tag, &named)?;
    Ok(tag_members::write(context.platform, context.common, &differences)?)
}
