//! The configuration from the form: judged as it is typed, and in the end a file for the operator, unless it may be stored here
//! (`configuration_store`). Secrets do not stand in that file: each has a variable there, which the operator sets and grants.

use std::collections::BTreeSet;

use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};
use organisation_host::contract::{
    element::{ConfigField, Description, Validation},
    types::{Problem, Severity},
};
use serde_json::Value;

use super::{
    asked::{Asked, SHOWN},
    configuration_form::{Form, GROUP, group_of, kept_of, made, parts, settings, shown_again, shown_of},
    configuration_store::{Keeper, mark},
    failure::Failure,
    generated,
    typed::{Judged, Typed},
};

/// The form with what is configured now.
pub fn form(asked: &Asked, described: &Description, validation: &Validation, keeper: &Keeper) -> Markup {
    let form = Form {
        described,
        shown: shown_of(described, validation),
        kept: kept_of(described, validation),
        problems: &validation.problems,
        mark: keeper.stored().map(|former| mark(asked, former)),
        removed: BTreeSet::new(),
    };
    html! {
        (saving(asked, keeper))
        (form.render(asked))
    }
}

/// Why nothing can be saved, or until when it can.
fn saving(asked: &Asked, keeper: &Keeper) -> Markup {
    html! {
        @match keeper {
            Keeper::Operator => {}
            Keeper::Storage(_) => (asked.change_until()),
            Keeper::NotGranted | Keeper::Unreadable => {
                @if let Some([chinese, english]) = keeper.refusal() { p.banner.warn { (asked.say(chinese, english)) } }
            }
        }
    }
}

/// Judges what was typed so far.
pub async fn validate(asked: &Asked) -> Result<Response, Failure> {
    let described = asked.element.describe(asked.language.tag()).await?;
    let mut judged = Typed::of(asked, &described).judge(asked, &described, &BTreeSet::new()).await?;
    // Whoever types the first field knows that the others are empty.
    judged.validation.problems.retain(|problem| problem.code != "missing");
    Ok(asked.part(parts(&described, &judged.validation.problems)))
}

/// Makes values for the fields of a group that can be made.
pub async fn generate(asked: &Asked) -> Result<Response, Failure> {
    let described = asked.element.describe(asked.language.tag()).await?;
    let group = asked.text(GROUP);
    let of_group = described.fields.iter().filter(|field| group.is_some() && group_of(&field.key) == group);
    let mut parts = Vec::new();
    for (field, length) in of_group.filter_map(|field| Some((field, generated::length(&field.key)?))) {
        let value = generated::text(length).map_err(|_| Failure::NO_RANDOMNESS)?;
        parts.push(made(field, &value));
    }
    if parts.is_empty() {
        return Err(Failure::Asked(["此处没有可生成的值。", "There is nothing here that could be made."]));
    }
    Ok(asked.part(html! { @for part in parts { (part) } }))
}

/// The file that the configuration becomes; the form again where something is wrong.
pub async fn show(asked: &Asked) -> Result<Response, Failure> {
    let (described, now, _) = now(asked).await?;
    let typed = Typed::of(asked, &described);
    let kept = typed.left_of(kept_of(&described, &now));
    let judged = typed.judge(asked, &described, &kept).await?;
    if !judged.is_sound() {
        return again(asked, &described, &now, &typed, &judged.validation.problems).await;
    }
    let covered = covered(asked, &described, &now, &typed);
    if !covered.is_empty() {
        return again(asked, &described, &now, &typed, &covered).await;
    }
    let content = file(asked, &described, &now, &typed, &judged);
    Ok(asked.page(asked.say("配置文件", "The file"), content))
}

/// What the element says of itself, and of its configuration as it is; and who keeps that one.
///
/// # Errors
/// The element, or the storage.
pub async fn now(asked: &Asked) -> Result<(Description, Validation, Keeper), Failure> {
    let described = asked.element.describe(asked.language.tag()).await?;
    let keeper = Keeper::of(asked).await?;
    // What is stored counts, which this host may not have taken up yet. Where it cannot be filled in, nothing is stored over it.
    let document = keeper.stored().and_then(|former| former.filled(former.object()).ok());
    let validation = match document {
        Some(document) => asked.element.validate_config(document.expose()).await?,
        None => asked.element.validate().await?,
    };
    Ok((described, validation, keeper))
}

/// The form again, with what is wrong.
///
/// # Errors
/// The storage.
pub async fn again(
    asked: &Asked,
    described: &Description,
    now: &Validation,
    typed: &Typed<'_>,
    problems: &[Problem],
) -> Result<Response, Failure> {
    let keeper = Keeper::of(asked).await?;
    let form = Form {
        described,
        shown: shown_again(typed),
        kept: kept_of(described, now),
        problems,
        // What somebody else has stored meanwhile is not what this was made from.
        mark: keeper.stored().map(|_| asked.text(SHOWN).unwrap_or_default().to_owned()),
        removed: typed.removed.iter().map(|key| (*key).to_owned()).collect(),
    };
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        p.banner.bad role="alert" {
            (say("配置有误，请修改后重试；密钥需要重新填写。", "Something is wrong: correct it. Secrets are not shown again, so enter them anew."))
        }
        (saving(asked, &keeper))
        (form.render(asked))
    };
    Ok(asked.page_with(StatusCode::UNPROCESSABLE_ENTITY, say("填写配置", "The configuration"), content))
}

/// What is configured, was not typed, and cannot be written into a file, since its value is not known here.
fn covered(asked: &Asked, described: &Description, now: &Validation, typed: &Typed<'_>) -> Vec<Problem> {
    let kept = typed.left_of(kept_of(described, now));
    let is_covered = |field: &&ConfigField| {
        let is_known = settings(described, now).any(|(key, value)| key == field.key && value.is_empty());
        !field.secret && !is_known && kept.contains(&field.key) && typed.get(&field.key).is_none()
    };
    let problem = |field: &ConfigField| Problem {
        path: field.key.clone(),
        code: "covered".to_owned(),
        severity: Severity::Error,
        message: asked
            .say(
                "此项已配置，但其值不在此显示：请重新填写，才能写入文件。",
                "This is configured, but its value is not shown here: enter it anew, so that the file has it.",
            )
            .to_owned(),
        hint: None,
    };
    described.fields.iter().filter(is_covered).map(problem).collect()
}

fn file(asked: &Asked, described: &Description, now: &Validation, typed: &Typed<'_>, judged: &Judged<'_>) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let kept = typed.left_of(kept_of(described, now));
    let is_kept = |field: &ConfigField| field.secret && typed.get(&field.key).is_none() && kept.contains(&field.key);
    let secrets: Vec<(&ConfigField, String)> = described
        .fields
        .iter()
        .filter(|field| field.secret && (typed.get(&field.key).is_some() || is_kept(field)))
        .map(|field| (field, variable(&asked.tenant.name, &field.key)))
        .collect();
    let mut object = typed.object(&judged.lists, |_, _| String::new());
    for (field, name) in &secrets {
        super::typed::put(&mut object, &field.key, Value::String(format!("{{{{{name}}}}}")));
    }
    // A list without items is not the same as none.
    for (key, _) in settings(described, now)
        .filter(|(key, value)| value.is_empty() && kept.contains(*key) && typed.get(key).is_none())
    {
        super::typed::put(&mut object, key, Value::Array(Vec::new()));
    }
    let text = format!("{:#}", Value::Object(std::mem::take(&mut *object)));
    let variables: Vec<&str> = secrets.iter().map(|(_, name)| name.as_str()).collect();
    let grants = serde_json::json!({ "grants": { "variables": variables } }).to_string();
    html! {
        p.banner.good role="status" { (say("配置没有问题。尚未写入：请按以下步骤交给运营者。", "The configuration is sound. Nothing was written: hand it to the operator.")) }
        @for problem in judged.validation.problems.iter().filter(|problem| problem.severity != Severity::Error) {
            p.warn { code { (problem.path) } " " (problem.message) }
        }
        ol.steps {
            li {
                h2 { (say("写入配置", "Write it")) }
                p {
                    (say("写入元素文件夹中与文件夹同名的 JSON 文件；租户以声明配置时，写入 element.configuration。",
                         "Into the JSON file named like the element's folder; where the tenant's declaration holds the configuration, into element.configuration."))
                }
                pre tabindex="0" { (text) }
            }
            @if !secrets.is_empty() {
                li {
                    h2 { (say("设置密钥", "Set the secrets")) }
                    p { (say("密钥不写入文件：在主机的环境变量中设置。", "Secrets do not stand in the file: set them in the environment of the host.")) }
                    ul {
                        @for (field, name) in &secrets {
                            li {
                                code { (name) } " = " (field.label)
                                @if is_kept(field) { " " span.tag { (say("保持不变", "as it is")) } }
                            }
                        }
                    }
                    p { (say("并在租户的声明中授予：", "And grant them in the tenant's declaration:")) }
                    pre tabindex="0" { (grants) }
                }
            }
            li {
                h2 { (say("检查", "Check it")) }
                p {
                    (say("几秒后生效。需要访问：", "It counts after some seconds. It has to reach: "))
                    @for destination in &judged.validation.destinations {
                        code { (destination.scheme) "://" (destination.host) ":" (destination.port) } " "
                    }
                }
                p { a href=(asked.address("check")) { (say("连接检查", "Connection check")) } }
            }
        }
        p { a href=(asked.address("setup")) { (say("返回设置向导", "Back to the set-up")) } }
    }
}

/// The environment variable of a secret.
fn variable(tenant: &str, key: &str) -> String {
    let upper = |text: &str| -> String {
        let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
        letters.collect::<String>().trim_matches('_').to_owned()
    };
    let tenant = Some(upper(tenant)).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()));
    format!("{}_{}", tenant.as_deref().unwrap_or("TENANT"), upper(key))
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn a_secret_has_a_variable_that_an_environment_takes() {
        for (tenant, key, expected) in [
            ("acme", "secret", "ACME_SECRET"),
            ("acme-2", "callback.encodingAESKey", "ACME_2_CALLBACK_ENCODINGAESKEY"),
            ("企业", "secret", "TENANT_SECRET"),
            ("2nd", "secret", "TENANT_SECRET"),
        ] {
            assert_eq!(variable(tenant, key), expected);
        }
    }
}
