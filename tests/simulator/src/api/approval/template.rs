//! `oa/gettemplatedetail` (doc 91982).

use serde_json::{Value, json};

use super::{check, unfit};
use crate::api::answer::{Answer, Refusal};
use crate::api::call::Call;

/// The form of a template.
pub(crate) fn template(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    check(call, "oa/gettemplatedetail")?;
    let id = call.text("template_id").ok_or_else(|| unfit("missing template_id"))?;
    let template = call.world.approvals.template(id).ok_or_else(|| unfit("invalid template_id"))?;
    let names: Vec<Value> = template.names.iter().map(|(text, lang)| json!({"text": text, "lang": lang})).collect();
    Ok(Answer::ok(vec![
        ("template_names", Value::from(names)),
        ("template_content", json!({"controls": template.controls})),
    ]))
}
