//! Requests for approval: what is judged before one is made, and what a key promises where the vendor's answer is lost.

use super::{
    promise::{
        APPROVAL_ABSENT, APPROVAL_JUDGED, APPROVAL_LOST, APPROVAL_ONCE, NOTIFIED, NOTIFIED_ONCE, Promise,
        SEARCH_CURSOR, TEMPLATE_ABSENT,
    },
    trial::Trial,
};
use organisation_host::{
    Element, ElementError,
    contract::{
        approvals::{ApprovalRequest, Field, FieldValue, LocalisedText, PlainValue, SearchFilter},
        login::{AuthorizationRequest, Entry},
        types::Reason,
    },
};
use url::Url;

const OF_APPROVALS: [&Promise; 8] = [
    &TEMPLATE_ABSENT,
    &APPROVAL_ABSENT,
    &SEARCH_CURSOR,
    &APPROVAL_JUDGED,
    &APPROVAL_ONCE,
    &APPROVAL_LOST,
    &NOTIFIED,
    &NOTIFIED_ONCE,
];
const NEEDS_A_SAMPLE: [&Promise; 4] = [&APPROVAL_JUDGED, &APPROVAL_ONCE, &APPROVAL_LOST, &NOTIFIED_ONCE];
/// Why requests cannot be counted.
const UNSEEN: &str = "a request was made, and its summary was seen in none that went out";
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Looks at approvals, and at making some where a sample was given.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    if !trial.offers("approvals") {
        trial.findings.skip(&OF_APPROVALS, "the element has no approvals");
        return Ok(());
    }
    let element = trial.element("approvals")?;
    let (absent, refusal) = (["not-found"], ["invalid-argument"]);
    let template = element.describe_template("conform-no-such-template");
    trial.refused(&TEMPLATE_ABSENT, "a template of nobody", &absent, template).await;
    trial.refused(&APPROVAL_ABSENT, "a request of nobody", &absent, element.approval("190001010001")).await;
    if trial.can("approvals.notify") {
        let notify = element.notify_of_approval("190001010001", None);
        trial.refused(&NOTIFIED, "a request of nobody", &absent, notify).await;
    } else {
        trial.findings.skip(&[&NOTIFIED, &NOTIFIED_ONCE], "the element does not have the function");
    }
    let filter = SearchFilter { template: None, applicant: None, departments: Vec::new(), status: None, kind: None };
    let (end, nonsense) = (trial.now_ms(), Some("conform-nonsense"));
    let search = element.search_approvals(end - DAY_MS, end, &filter, nonsense, 10);
    trial.refused(&SEARCH_CURSOR, "a cursor of nobody", &refusal, search).await;
    match &trial.subject.samples.approval {
        Some(sample) => {
            judged(trial, &element, sample).await;
            if let Some(number) = under_a_key(trial, &element, sample).await {
                notified(trial, &element, &number).await;
            }
            answer_is_lost(trial, &element, sample).await;
        }
        None => trial.findings.skip(&NEEDS_A_SAMPLE, "no sample of a request for approval was given"),
    }
    Ok(())
}

/// The sample with a summary that is found in whatever is sent.
fn request(sample: &ApprovalRequest, mark: &str, key: &str) -> ApprovalRequest {
    let line = vec![LocalisedText { language: "en".to_owned(), text: mark.to_owned() }];
    ApprovalRequest { summary: vec![line], idempotency_key: Some(key.to_owned()), ..sample.clone() }
}

async fn judged(trial: &Trial, element: &Element, sample: &ApprovalRequest) {
    let mark = "conform 1 3Vd7";
    trial.platform.watch(mark);
    let sound = request(sample, mark, "conform-judged");
    let line = sound.summary.first().cloned().unwrap_or_default();
    let mut stranger = sound.fields.clone();
    // One more, since those of the sample may all be required.
    let value = FieldValue::Plain(PlainValue::Text("conform".to_owned()));
    stranger.push(Field { id: "Conform-404".to_owned(), kind: None, titles: Vec::new(), value });
    let long = request(sample, &format!("{mark}{}", "x".repeat(21)), "conform-judged");
    for (what, path, unsound) in [
        ("four lines of summary", "summary", ApprovalRequest { summary: vec![line; 4], ..sound.clone() }),
        ("a line that is too long", "summary", long),
        ("no summary", "summary", ApprovalRequest { summary: Vec::new(), ..sound.clone() }),
        ("a field that the template has not", "Conform-404", ApprovalRequest { fields: stranger, ..sound.clone() }),
        ("a key of 129 bytes", "key", ApprovalRequest { idempotency_key: Some("k".repeat(129)), ..sound.clone() }),
    ] {
        let Some(answer) = trial.ask(element.submit_approval(&unsound)).await else { return };
        let is_named = matches!(&answer, Err(error)
            if matches!(&error.reason, Reason::InvalidArgument(problem) if problem.path.contains(path)));
        let sendings = trial.platform.sendings(mark);
        trial.expect(&APPROVAL_JUDGED, is_named && sendings == 0, || {
            format!("{what}: {answer:?}, and {sendings} requests were made")
        });
    }
}

/// Answers the number of the request that was made.
async fn under_a_key(trial: &Trial, element: &Element, sample: &ApprovalRequest) -> Option<String> {
    let mark = "conform 2 8Ys5";
    trial.platform.watch(mark);
    let one = request(sample, mark, "conform-1");
    let number = trial.demand(&APPROVAL_ONCE, element.submit_approval(&one)).await?;
    let again = trial.demand(&APPROVAL_ONCE, element.submit_approval(&one)).await?;
    let sendings = trial.platform.sendings(mark);
    if sendings == 0 {
        trial.findings.skip(&[&APPROVAL_ONCE], UNSEEN);
        return None;
    }
    trial.expect(&APPROVAL_ONCE, again == number && sendings == 1, || {
        format!("at first {number:?}, then {again:?}, and {sendings} requests were made")
    });
    let other = trial.demand(&APPROVAL_ONCE, element.submit_approval(&request(sample, mark, "conform-2"))).await?;
    let sendings = trial.platform.sendings(mark);
    trial.expect(&APPROVAL_ONCE, other != number && sendings == 2, || {
        format!("under another key {other:?} after {number:?}, and {sendings} requests were made")
    });
    Some(number)
}

/// Whoever has to decide is told, and once.
async fn notified(trial: &Trial, element: &Element, number: &str) -> Option<()> {
    if !trial.can("approvals.notify") {
        return None;
    }
    let login = trial.ask(element.login_config(&AuthorizationRequest::new(Entry::Browser))).await?;
    let page = login.ok().and_then(|login| Url::parse(&login.redirect_uri).ok()?.join("/conform-approval-4Hq7").ok());
    let Some(page) = page else {
        trial.findings.skip(&[&NOTIFIED_ONCE], "login-config names no host of the app");
        return None;
    };
    trial.platform.watch(page.as_str());
    let told = trial.demand(&NOTIFIED, element.notify_of_approval(number, Some(page.as_str()))).await?;
    let sendings = trial.platform.sendings(page.as_str());
    if told.is_empty() {
        trial.findings.skip(&[&NOTIFIED_ONCE], "nobody who gets messages of the app has to decide the sample");
        return None;
    }
    trial.expect(&NOTIFIED, sendings > 0, || format!("{told:?} are said to know, and nothing was sent"));
    let again = trial.demand(&NOTIFIED_ONCE, element.notify_of_approval(number, Some(page.as_str()))).await?;
    let repeated = trial.platform.sendings(page.as_str()) - sendings;
    trial.expect(&NOTIFIED_ONCE, repeated == 0 && again == told, || {
        format!("at first {told:?}, asked again {again:?}, and {repeated} more messages were sent")
    });
    Some(())
}

/// The vendor makes a request, and nobody hears of it.
async fn answer_is_lost(trial: &Trial, element: &Element, sample: &ApprovalRequest) -> Option<()> {
    let mark = "conform 3 1Gx6";
    trial.platform.watch(mark);
    let request = request(sample, mark, "conform-lost");
    trial.platform.lose_answers_to(Some(mark));
    let lost = trial.ask(element.submit_approval(&request)).await;
    trial.platform.lose_answers_to(None);
    if trial.platform.sendings(mark) == 0 && matches!(lost, Some(Ok(_))) {
        trial.findings.skip(&[&APPROVAL_LOST], UNSEEN);
        return None;
    }
    trial.expect(&APPROVAL_LOST, matches!(lost, Some(Err(_))), || format!("without an answer of the vendor: {lost:?}"));
    let again = trial.ask(element.submit_approval(&request)).await?;
    let sendings = trial.platform.sendings(mark);
    let is_sound = again.as_ref().map_or_else(|error| error.reason == Reason::Conflict, |_| true);
    trial.expect(&APPROVAL_LOST, is_sound && sendings == 1, || {
        format!("repeated after a lost answer: {again:?}, and {sendings} requests were made")
    });
    Some(())
}
