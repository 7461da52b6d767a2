//! What the element says of itself.

use std::collections::HashSet;

use organisation_host::{
    CallReport, Element,
    contract::{element::Description, expected_functions},
};

use super::{
    promise::{CAPABILITIES, DESCRIBE_LANGUAGE, DESCRIBE_PURE, SAME_ANSWER},
    trial::Trial,
};

/// Looks at `describe`.
pub(super) async fn examine(trial: &Trial, element: &Element) {
    if let Ok(called) = element.describe("en").reported().await {
        trial.expect(&DESCRIBE_PURE, asked_nothing(&called.report), || reached(&called.report));
    }
    let describe = |locale| async move { trial.ask_infallible(element.describe(locale)).await };
    let (Some(english), Some(chinese)) = (describe("en").await, describe("zh-CN").await) else { return };
    trial.expect(&SAME_ANSWER, english == trial.description, || "`describe` answers otherwise each time".to_owned());
    trial.expect(&DESCRIBE_LANGUAGE, chinese_share(&chinese.summary) > 0, || {
        format!("for zh-CN the summary is {:?}", chinese.summary)
    });
    for locale in ["en", "fr", "", "x-nonsense"] {
        let Some(description) = describe(locale).await else { return };
        trial.expect(&DESCRIBE_LANGUAGE, description == english && chinese_share(&description.summary) <= 50, || {
            format!("for {locale:?} the summary is {:?}", description.summary)
        });
    }
    let exported = trial.component.capabilities();
    let is_there = |name: &&String| name.split_once('.').is_some_and(|(interface, _)| exported.contains(interface));
    let missing: Vec<&str> = english.capabilities.iter().filter(|name| !is_there(name)).map(String::as_str).collect();
    trial.expect(&CAPABILITIES, missing.is_empty(), || format!("the component has no {}", missing.join(", ")));
    let unknown = unknown_functions(&english);
    trial.expect(&CAPABILITIES, unknown.is_empty(), || format!("the contract has no {}", unknown.join(", ")));
}

/// Whether a call used none of what a pure function is not lent.
pub(super) fn asked_nothing(report: &CallReport) -> bool {
    ["http", "storage", "settings", "audit"].iter().all(|interface| !report.host_calls.contains_key(interface))
}

/// What it used.
pub(super) fn reached(report: &CallReport) -> String {
    format!("{} called {:?}", report.function, report.host_calls)
}

fn unknown_functions(description: &Description) -> Vec<String> {
    let known: HashSet<String> = expected_functions()
        .filter_map(|(interface, function)| {
            let name = interface.split_once('/')?.1.split('@').next()?;
            Some(format!("{name}.{function}"))
        })
        .collect();
    description.capabilities.iter().filter(|name| !known.contains(*name)).cloned().collect()
}

/// How many of a hundred letters of a text are Chinese: an English one may well name something in Chinese.
fn chinese_share(text: &str) -> usize {
    let letters = text.chars().filter(|character| character.is_alphabetic()).count();
    let chinese = text.chars().filter(|character| ('\u{4e00}'..='\u{9fff}').contains(character)).count();
    chinese * 100 / letters.max(1)
}
