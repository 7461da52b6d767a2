//! Promises about description, configuration and check.

use organisation_kit::contract::{
    audit,
    element::{Description, Guest, Setting, Validation, Verdict},
    settings, storage,
    types::{Error, Reason},
};

use crate::{Broken, Sound, another_number, breaks, error, is_marked, problem, send, spoilt};

impl Guest for Broken {
    fn describe(locale: String) -> Description {
        let locale = if is_marked("describe-in-two-languages") { "zh".to_owned() } else { locale };
        let mut description = <Sound as Guest>::describe(locale);
        if is_marked("describe-is-pure") {
            let _ = storage::get_many(&["a-key".to_owned()]);
        }
        if is_marked("describe-is-pure/audit") {
            let _ = audit::append(&[]);
        }
        if is_marked("same-answer") {
            description.title = format!("number {}", another_number());
        }
        if is_marked("capabilities") {
            description.capabilities.push("login.by-telepathy".to_owned());
        }
        description
    }

    fn validate_config(config: String) -> Validation {
        let mut validation = <Sound as Guest>::validate_config(config.clone());
        if is_marked("validate-is-pure") {
            let _ = settings::get();
        }
        if is_marked("valid-means-no-error") {
            validation.valid = true;
        }
        if is_marked("problems-in-order") {
            validation.problems.reverse();
        }
        if is_marked("unreadable-document") && validation.summary.is_empty() {
            validation.summary.push(Setting { key: "corpId".to_owned(), value: "acme".to_owned() });
        }
        if is_marked("secrets-are-named") {
            validation.secrets.clear();
        }
        if is_marked("validation-holds-no-secret") {
            validation.summary.push(Setting { key: "document".to_owned(), value: config });
        }
        if is_marked("destinations-name-secret-fields") {
            validation
                .destinations
                .iter_mut()
                .for_each(|destination| destination.secrets = vec!["apiBaseUrl".to_owned()]);
        }
        if is_marked("routes-name-headers") {
            validation.routes.iter_mut().for_each(|route| route.headers.push("cookie".to_owned()));
        }
        if is_marked("problem-code") {
            validation.problems.push(problem("Some Problem"));
        }
        validation
    }

    fn check_connection() -> Result<Vec<Verdict>, Error> {
        if breaks("keeps-to-itself") {
            send("https://elsewhere.example/".to_owned());
        }
        let mut verdicts = spoilt(<Sound as Guest>::check_connection())?;
        if breaks("aspects-in-order") {
            verdicts.swap(0, 1);
        }
        let has_failed =
            verdicts.iter().any(|verdict| verdict.status == organisation_kit::contract::element::Status::Failed);
        if has_failed && breaks("check-answers-verdicts") { Err(error(Reason::Unavailable)) } else { Ok(verdicts) }
    }
}
