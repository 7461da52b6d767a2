//! What `check-connection` answers.

use organisation_host::{
    Element,
    contract::element::{Aspect, Verdict},
};

use super::{
    promise::{ASPECTS, CHECK_ERROR, PROBLEM_CODE},
    trial::{Trial, is_kebab},
};

/// Looks at a check, whether the vendor answers or not.
pub(super) async fn examine(trial: &Trial, element: &Element, what: &str) {
    if !trial.can("element.check-connection") {
        trial.findings.skip(&[&ASPECTS, &CHECK_ERROR], "the element cannot check-connection");
        return;
    }
    let Some(verdicts) = trial.demand(&CHECK_ERROR, element.check_connection()).await else { return };
    trial.expect(&CHECK_ERROR, true, String::new);
    let places: Vec<_> = verdicts.iter().map(|verdict| place(&verdict.aspect)).collect();
    let fixed = places.iter().take_while(|place| **place < OTHER).count();
    let is_kept =
        fixed == OTHER && places.is_sorted() && places.iter().take(fixed).eq((0..OTHER).collect::<Vec<_>>().iter());
    trial.expect(&ASPECTS, is_kept, || {
        let found: Vec<_> = verdicts.iter().map(|verdict| &verdict.aspect).collect();
        format!("{what}: found {found:?}")
    });
    for Verdict { code, .. } in &verdicts {
        trial.expect(&PROBLEM_CODE, is_kebab(code), || format!("{what}: found the code {code:?}"));
    }
}

/// The place of what is no aspect of the contract.
const OTHER: usize = 7;

fn place(aspect: &Aspect) -> usize {
    match aspect {
        Aspect::Credentials => 0,
        Aspect::TrustedIp => 1,
        Aspect::AppEnabled => 2,
        Aspect::VisibleRange => 3,
        Aspect::TrustedDomain => 4,
        Aspect::SensitiveFields => 5,
        Aspect::Callback => 6,
        Aspect::Other(_) => OTHER,
    }
}
