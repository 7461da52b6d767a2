//! Faults: what is armed, and what may be, with its meaning.

use maud::{Markup, html};

use super::super::bench::EFFECTS;
use super::super::scene::{Scene, field};
use crate::faults::{Fault, When};

pub(super) fn page(scene: &Scene) -> Markup {
    let armed = scene.control.faults();
    html! {
        h2 { (scene.say("已设置的故障", "Armed faults")) }
        @if armed.is_empty() { p.hint { (scene.say("没有", "none")) } }
        ul.plain {
            @for one in &armed {
                li.row {
                    code { (described(&one.fault)) }
                    span.hint { (scene.say("已发生", "struck")) " " (one.struck) " " (scene.say("次", "times")) }
                    (scene.button("remove-fault", &[("fault", &one.id.0.to_string())], "quiet",
                        &format!("{} {}", scene.say("移除", "Remove"), one.id.0)))
                }
            }
        }
        @if !armed.is_empty() { (scene.button("clear-faults", &[], "quiet", scene.say("全部清除", "Clear all"))) }
        h2 { (scene.say("设置故障", "Arm a fault")) }
        (scene.form("inject-fault", &html! {
            div.field {
                label {
                    (scene.say("效果", "Effect"))
                    select name="effect" {
                        @for effect in EFFECTS {
                            option value=(effect.name) {
                                (effect.name) @if !effect.value.is_empty() { "=" (effect.value) } " — " (scene.say(effect.zh, effect.en))
                            }
                        }
                    }
                }
            }
            (field(scene.say("值", "Value"), "value", "", scene.say("效果名后有 = 时需要", "needed where the name of the effect has a =")))
            div.field {
                label { (scene.say("接口（留空为全部）", "API (empty: any)")) input name="api" list="apis" autocomplete="off"; }
                datalist #apis { @for route in crate::routes() { option value=(route.path) {} } }
            }
            (field(scene.say("仅前几次调用（留空为一直）", "Only the first calls (empty: always)"), "calls", "", ""))
            button { (scene.say("设置", "Arm")) }
        }))
    }
}

fn described(fault: &Fault) -> String {
    let when = match fault.when {
        When::Always => String::new(),
        When::Nth(n) => format!(" #{n}"),
        When::First(n) => format!(" ≤{n}"),
        When::After(n) => format!(" >{n}"),
        When::Chance { probability, .. } => format!(" p={probability}"),
    };
    format!("{}{when} → {:?}", fault.api.as_deref().unwrap_or("*"), fault.effect)
}
