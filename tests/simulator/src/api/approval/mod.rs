//! Approvals (docs 91982, 91853, 91816, 91983), for apps that an administrator listed.

mod apply;
mod detail;
mod list;
mod template;
mod value;

pub(super) use apply::apply;
pub(crate) use apply::template_nodes;
pub(super) use detail::detail;
pub(super) use list::list;
pub(super) use template::template;

use super::answer::Refusal;
use super::call::Call;

/// The approvals app is on, the calling app may use it, and does not call too often.
fn check(call: &mut Call<'_>, api: &str) -> Result<(), Refusal> {
    if !call.app()?.approvals {
        return Err(301055.into());
    }
    let (now, world) = (call.world.now(), &mut *call.world);
    if world.behaviour.approvals.disabled {
        return Err(301056.into());
    }
    match world.behaviour.limits.approvals {
        Some(rate) if !world.rates.admit_one(rate, api, "approvals", now) => Err(45009.into()),
        _ => Ok(()),
    }
}

/// 301025: a parameter does not fit, or the data does not fit the template.
fn unfit(text: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::saying(301025, text)
}
