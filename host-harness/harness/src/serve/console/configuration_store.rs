//! Stores what was typed, where the tenant is declared in the database and the operator lets its administrators replace the
//! configuration. What nobody typed stays as it is written, and a secret goes on to no other host than before.

use std::collections::BTreeSet;

use axum::response::Response;
use maud::html;
use organisation_fleet::tenants::{StoreError, StoredConfiguration};
use organisation_host::{
    contract::{
        element::{ConfigField, Description, Validation},
        types::{Problem, Severity},
    },
    settings::Object,
};

use super::{
    asked::{Asked, SHOWN},
    configuration::{again, now},
    configuration_form::{kept_of, shown_of},
    failure::Failure,
    typed::{Judged, Typed, concerns, problem, put, remove, value},
};

/// Who keeps the configuration of a tenant.
pub enum Keeper {
    /// The database: it may be replaced here.
    Storage(StoredConfiguration),
    /// The database, but with a variable that is not granted: nobody knows where its secrets go now.
    NotGranted,
    /// The operator alone.
    Operator,
    /// The database, in a declaration that this host cannot read: only the operator can mend it.
    Unreadable,
}

impl Keeper {
    /// What may be replaced here.
    pub fn stored(&self) -> Option<&StoredConfiguration> {
        match self {
            Self::Storage(stored) => Some(stored),
            Self::NotGranted | Self::Operator | Self::Unreadable => None,
        }
    }

    /// Why nothing can be stored here; nothing where it can.
    pub fn refusal(&self) -> Option<[&'static str; 2]> {
        match self {
            Self::Storage(_) => None,
            Self::NotGranted => Some([
                "已保存的配置用到未授予的变量，不能在此保存：请联系运营者。",
                "What is stored uses a variable that is not granted, so nothing can be saved here: ask the operator.",
            ]),
            Self::Operator => Some([
                "此应用的配置由运营者保管，不能在此保存。",
                "The configuration of this app is kept by the operator: it cannot be saved here.",
            ]),
            Self::Unreadable => Some([
                "已保存的声明无法读取，不能在此保存：请联系运营者。下面是本主机正在使用的配置。",
                "The stored declaration cannot be read, so nothing can be saved here: ask the operator. Below is the configuration that this host uses.",
            ]),
        }
    }

    /// Who keeps that of this tenant.
    ///
    /// # Errors
    /// The storage.
    pub async fn of(asked: &Asked) -> Result<Self, Failure> {
        let Some(stored) = asked.service.stored_tenants() else { return Ok(Self::Operator) };
        match stored.configuration(&asked.tenant.name).await {
            Ok(None) => Ok(Self::Operator),
            Ok(Some(found)) if found.filled(found.object()).is_err() => Ok(Self::NotGranted),
            Ok(Some(found)) => Ok(Self::Storage(found)),
            Err(error @ StoreError::Unsound(_)) => {
                tracing::warn!(%error, tenant = %asked.tenant.name, "a stored declaration cannot be read: its configuration is not offered");
                Ok(Self::Unreadable)
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// Stands for a stored configuration as it is now.
pub fn mark(asked: &Asked, stored: &StoredConfiguration) -> String {
    asked.mark(&[&[stored.version().to_string()]])
}

/// Stores it, and serves it.
pub async fn store(asked: &Asked) -> Result<Response, Failure> {
    let (described, now, keeper) = now(asked).await?;
    if let Some(words) = keeper.refusal() {
        return Err(Failure::Forbidden(words));
    }
    let (Some(stored), Keeper::Storage(former)) = (asked.service.stored_tenants(), keeper) else {
        return Err(Failure::Storage);
    };
    if asked.text(SHOWN) != Some(&mark(asked, &former)) {
        return Err(Failure::Changed);
    }
    let typed = Typed::of(asked, &described);
    if typed.values.iter().any(|(_, text)| text.contains("{{")) {
        return Err(Failure::Asked([
            "{{…}} 是变量，只能由运营者书写：请填写值本身。",
            "{{…}} names a variable, which is for the operator to write: enter the value itself.",
        ]));
    }
    let judged = typed.judge(asked, &described, &typed.left_of(kept_of(&described, &now))).await?;
    if !judged.is_sound() {
        return again(asked, &described, &now, &typed, &judged.validation.problems).await;
    }
    let next = merged(former.object(), &described, &now, &typed, &judged);
    // It was filled a moment ago, and no variable has come to it.
    let document = former.filled(&next).map_err(|_| Failure::Storage)?;
    let mut validation = asked.element.validate_config(document.expose()).await?;
    let not_removed = not_removed(asked, &described, &validation, &typed);
    validation.problems.extend(not_removed);
    if validation.problems.iter().any(|problem| problem.severity == Severity::Error) {
        return again(asked, &described, &now, &typed, &validation.problems).await;
    }
    if let Some(field) = astray(&described, &now, &validation, &typed) {
        let words = asked.say(
            "将被发送到新的地址，请重新填写它。未保存任何内容。",
            "This would be sent to another address than before: enter it anew. Nothing was stored.",
        );
        return again(asked, &described, &now, &typed, &[problem(&field.key, "astray", words)]).await;
    }
    asked.audit("console.set-configuration", None, Some(changed(former.object(), &next).join(" "))).await?;
    if !stored.replace_configuration(former, next).await.map_err(failed)? {
        return Err(Failure::Changed);
    }
    let say = |chinese, english| asked.say(chinese, english);
    let trouble = match asked.service.reload().await {
        Ok(mut unusable) => unusable.remove(&*asked.tenant.name),
        Err(_) => {
            Some(say("暂时无法读取租户的声明。", "The declarations of tenants cannot be read just now.").to_owned())
        }
    };
    let content = html! {
        @match trouble {
            None => p.banner.good role="status" {
                (say("配置已保存；其他主机在几秒后采用。", "The configuration was stored; other hosts take it up within some seconds."))
            },
            Some(why) => div.banner.bad role="alert" {
                p { (say("配置已保存，但尚未采用：仍按原先的配置运行。", "The configuration was stored, but not taken up: the former one still counts.")) }
                p.hint { (why) }
            },
        }
        p { a.button href=(asked.address("check")) { (say("连接检查", "Connection check")) } }
        p { a href=(asked.address("setup")) { (say("返回设置向导", "Back to the set-up")) } }
    };
    Ok(asked.page(say("填写配置", "The configuration"), content))
}

fn failed(error: StoreError) -> Failure {
    match error {
        StoreError::Storage(error) => error.into(),
        error => {
            tracing::warn!(%error, "a stored declaration could not be read or replaced");
            Failure::Storage
        }
    }
}

/// What stands there, with what was typed in its place.
fn merged(
    former: &Object,
    described: &Description,
    now: &Validation,
    typed: &Typed<'_>,
    judged: &Judged<'_>,
) -> Object {
    let mut object = former.clone();
    let (shown, kept) = (shown_of(described, now), typed.left_of(kept_of(described, now)));
    for field in &described.fields {
        let key = field.key.as_str();
        match typed.get(key) {
            // What is covered stays where nothing is entered.
            None if kept.contains(key) => {}
            None if typed.removed.contains(key) => take_away(&mut object, now, key),
            // As it was shown: it may be written otherwise, by a variable perhaps, and stays so. What is wrong was not shown.
            text if !field.secret && text == shown.get(key).map(String::as_str) => {
                if text.is_none() && now.problems.iter().any(|problem| concerns(problem, key)) {
                    remove(&mut object, key);
                }
            }
            None if field.secret => {}
            None => remove(&mut object, key),
            Some(text) => {
                take_away(&mut object, now, key);
                put(&mut object, key, value(field, text, &judged.lists));
            }
        }
    }
    object
}

/// Takes a key away, wherever it is written: a secret may stand under a name of its own.
fn take_away(object: &mut Object, now: &Validation, key: &str) {
    for place in now.secrets.iter().filter(|place| place.key == key) {
        remove(object, &place.path);
    }
    remove(object, key);
}

/// What was to be removed and is still there: it is written where this form does not reach.
fn not_removed(asked: &Asked, described: &Description, next: &Validation, typed: &Typed<'_>) -> Vec<Problem> {
    let words = asked.say(
        "此项写在本表单无法更改的位置，未移除：请联系运营者。",
        "This is written in a place that this form cannot change, so it was not removed: ask the operator.",
    );
    let kept = kept_of(described, next);
    typed.removed.iter().filter(|key| kept.contains(**key)).map(|key| problem(key, "not-removed", words)).collect()
}

/// The keys of the outermost objects that differ: names, no values.
fn changed(former: &Object, next: &Object) -> Vec<String> {
    let keys: BTreeSet<&String> = former.keys().chain(next.keys()).collect();
    keys.into_iter().filter(|key| former.get(*key) != next.get(*key)).cloned().collect()
}

/// A secret that nobody typed and that would go where it does not go now: else whoever may change an address could have a secret sent
/// to a server of his own.
fn astray<'a>(
    described: &'a Description,
    now: &Validation,
    next: &Validation,
    typed: &Typed<'_>,
) -> Option<&'a ConfigField> {
    // One that was removed is sent nowhere.
    let mut kept = described.fields.iter().filter(|field| field.secret && typed.get(&field.key).is_none());
    kept.find(|field| !goes_to(next, &field.key).is_subset(&goes_to(now, &field.key)))
}

/// Where a secret is sent, the proxy on the way included.
fn goes_to<'a>(validation: &'a Validation, key: &str) -> BTreeSet<(&'a str, &'a str, u16)> {
    let named = validation.destinations.iter().filter(|to| to.secrets.iter().any(|secret| secret == key));
    let mut places: BTreeSet<_> = named.map(|to| (&*to.scheme, &*to.host, to.port)).collect();
    if let Some(proxy) = &validation.proxy
        && (!places.is_empty() || proxy.password.as_deref() == Some(key))
    {
        places.insert((&proxy.scheme, &proxy.host, proxy.port));
    }
    places
}
