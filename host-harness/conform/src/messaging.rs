//! Messages: what a key promises, what becomes of an answer that is lost, and what is judged before anything is sent.

use std::time::Duration;

use super::{
    administration::NOBODY,
    copy::{Copy, is_present, read_all},
    promise::{
        CARD_CODE_ONCE, CARD_UPDATED, FILE_NAME, MESSAGE_INVALID, MESSAGE_KEY, MESSAGE_LIMITS, MESSAGE_LOST,
        MESSAGE_NO_RECIPIENT, MESSAGE_NOBODY, MESSAGE_NOT_REPEATED, MESSAGE_ONCE, MESSAGE_RECALLED, Promise, UPLOADED,
    },
    sync::complete,
    trial::{Trial, shown},
};
use organisation_host::{
    Element, ElementError,
    contract::{
        messaging::{
            Button, ButtonAction, ButtonInteraction, Card, CardBody, CardChange, CardUpdate, Content, Delivery,
            Heading, MediaKind, Message, Recipients, Sent, UploadRequest,
        },
        types::{Body, Error, Reason},
    },
};

const OF_MESSAGES: [&Promise; 13] = [
    &MESSAGE_ONCE,
    &MESSAGE_KEY,
    &MESSAGE_LOST,
    &MESSAGE_NOT_REPEATED,
    &MESSAGE_NO_RECIPIENT,
    &MESSAGE_NOBODY,
    &MESSAGE_INVALID,
    &MESSAGE_LIMITS,
    &MESSAGE_RECALLED,
    &CARD_UPDATED,
    &CARD_CODE_ONCE,
    &UPLOADED,
    &FILE_NAME,
];

/// A key is good for so long, and no vendor drops repetitions any more.
const NEARLY_A_DAY: Duration = Duration::from_secs(23 * 60 * 60);
/// Why requests cannot be counted.
const UNSEEN: &str = "a message was sent, and its text was seen in no request";
/// More than any vendor takes, in a number that is found again.
const TOO_LONG: usize = 1_000_003;

/// Looks at messages to a member of the organisation.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    if !trial.can("messaging.send") {
        trial.findings.skip(&OF_MESSAGES, "the element does not send messages");
        return Ok(());
    }
    let element = trial.element("messaging")?;
    if complete(trial, &element).await.is_none() {
        return Ok(());
    }
    let Some(Copy { members, .. }) = read_all(trial, &element).await else { return Ok(()) };
    let Some(member) = members.values().find(|member| is_present(member)) else {
        trial.findings.skip(&OF_MESSAGES, "the organisation has no present member");
        return Ok(());
    };
    under_a_key(trial, &element, &member.id).await;
    answer_is_lost(trial, &element, &member.id).await;
    recipients(trial, &element, &member.id).await;
    limits(trial, &element, &member.id).await;
    if recalled(trial, &element, &member.id).await.is_none() {
        trial.findings.skip(&[&MESSAGE_RECALLED], "no message that could be taken back was sent");
    }
    if card(trial, &element, &member.id).await.is_none() {
        trial.findings.skip(&[&CARD_UPDATED, &CARD_CODE_ONCE], "no card that can be changed was sent");
    }
    if uploaded(trial, &element, &member.id).await.is_none() {
        trial.findings.skip(&[&UPLOADED, &FILE_NAME], "no file was taken");
    }
    Ok(())
}

fn message(to: &[&str], text: &str, key: Option<&str>) -> Message {
    let members = to.iter().map(|&id| id.to_owned()).collect();
    let (departments, tags, roles) = Default::default();
    Message {
        to: Recipients { everybody: false, members, departments, tags, roles },
        content: Content::Text(text.to_owned()),
        sharing: None,
        translate_ids: false,
        idempotency_key: key.map(str::to_owned),
    }
}

async fn under_a_key(trial: &Trial, element: &Element, id: &str) -> Option<()> {
    let (text, other) = ("conform message 2Zr8Qk", "conform message 9Lw4Xe");
    trial.platform.watch(text);
    trial.platform.watch(other);
    let (first, again) = (message(&[id], text, Some("conform-1")), message(&[id], text, Some("conform-2")));
    let (one, same) = tokio::join!(trial.ask(element.send_message(&first)), trial.ask(element.send_message(&first)));
    let sent = trial.demand(&MESSAGE_ONCE, element.send_message(&first)).await?;
    let repeated = trial.demand(&MESSAGE_ONCE, element.send_message(&first)).await?;
    let sendings = trial.platform.sendings(text);
    if sendings == 0 {
        trial.findings.skip(&[&MESSAGE_ONCE, &MESSAGE_KEY], UNSEEN);
        return None;
    }
    let is_under_way = |answer: &Option<Result<_, Error>>| {
        matches!(answer, Some(Ok(_))) || matches!(answer, Some(Err(error)) if error.reason == Reason::Conflict)
    };
    trial.expect(&MESSAGE_ONCE, is_under_way(&one) && is_under_way(&same), || {
        format!("at the same time: one answer is {one:?}, the other {same:?}")
    });
    trial.expect(&MESSAGE_ONCE, sendings == 1 && repeated == sent, || {
        format!("four times under one key: {sendings} requests carried it, at first {sent:?}, then {repeated:?}")
    });
    trial.demand(&MESSAGE_ONCE, element.send_message(&again)).await?;
    let sendings = trial.platform.sendings(text);
    trial.expect(&MESSAGE_ONCE, sendings == 2, || format!("under another key it was sent {} times", sendings - 1));

    let refusal = ["invalid-argument"];
    let long = "k".repeat(129);
    for (key, what) in
        [("conform-1", "the key of another message"), ("", "an empty key"), (&long, "a key of 129 bytes")]
    {
        let message = message(&[id], other, Some(key));
        trial.refused(&MESSAGE_KEY, what, &refusal, element.send_message(&message)).await;
    }
    let sendings = trial.platform.sendings(other);
    trial.expect(&MESSAGE_KEY, sendings == 0, || format!("{sendings} messages were sent under keys that are none"));
    Some(())
}

/// The vendor takes a message, and nobody hears of it.
async fn answer_is_lost(trial: &Trial, element: &Element, id: &str) {
    let text = "conform message 6Bv1Ty";
    trial.platform.watch(text);
    let message = message(&[id], text, Some("conform-lost"));
    trial.platform.lose_answers_to(Some(text));
    let lost = trial.ask(element.send_message(&message)).await;
    trial.platform.lose_answers_to(None);
    let sendings = trial.platform.sendings(text);
    if sendings == 0 && matches!(lost, Some(Ok(_))) {
        trial.findings.skip(&[&MESSAGE_NOT_REPEATED, &MESSAGE_LOST], UNSEEN);
        return;
    }
    trial.expect(&MESSAGE_NOT_REPEATED, sendings == 1, || format!("without an answer it was sent {sendings} times"));
    let says_unknown = |answer: &Option<Result<Sent, _>>| match answer {
        Some(Ok(sent)) => sent.delivery == Delivery::Unknown,
        Some(Err(_)) => true,
        None => false,
    };
    trial.expect(&MESSAGE_LOST, says_unknown(&lost), || format!("without an answer of the vendor: {lost:?}"));
    trial.let_pass(NEARLY_A_DAY);
    let again = trial.ask(element.send_message(&message)).await;
    let sendings = trial.platform.sendings(text);
    trial.expect(&MESSAGE_LOST, sendings == 1 && says_unknown(&again), || {
        format!("23 hours later, under the same key: sent {sendings} times, the answer is {again:?}")
    });
}

async fn recipients(trial: &Trial, element: &Element, id: &str) {
    let before = trial.platform.counts().requests;
    let nobody = message(&[], "conform", None);
    trial.refused(&MESSAGE_NO_RECIPIENT, "no recipient", &["invalid-argument"], element.send_message(&nobody)).await;
    let requests = trial.platform.counts().requests - before;
    trial.expect(&MESSAGE_NO_RECIPIENT, requests == 0, || format!("a message to nobody sent {requests} requests"));

    match trial.ask(element.send_message(&message(&[NOBODY], "conform", None))).await {
        Some(Ok(sent)) => trial.findings.broken(&MESSAGE_NOBODY, format!("to a member of nobody: {sent:?}")),
        Some(Err(error)) => {
            let says_whom =
                [Some(&error.message), error.hint.as_ref()].into_iter().flatten().any(|text| text.contains(NOBODY));
            trial.expect(&MESSAGE_NOBODY, error.reason == Reason::NotFound && says_whom, || shown(&error));
        }
        None => {}
    }
    let some = message(&[id, NOBODY], "conform", None);
    if let Some(sent) = trial.demand(&MESSAGE_INVALID, element.send_message(&some)).await {
        let named: Vec<_> = sent.invalid.iter().map(|invalid| &*invalid.id).collect();
        trial.expect(&MESSAGE_INVALID, named == [NOBODY], || format!("to {id} and {NOBODY}: invalid are {named:?}"));
    }
}

async fn limits(trial: &Trial, element: &Element, id: &str) {
    let before = trial.platform.counts().requests;
    let answer = trial.ask(element.send_message(&message(&[id], &"x".repeat(TOO_LONG), None))).await;
    let requests = trial.platform.counts().requests - before;
    let Some(answer) = answer else { return };
    let is_kept = match &answer {
        Err(error) => match &error.reason {
            Reason::InvalidArgument(problem) => {
                let said: String = format!("{} {}", error.message, problem.message);
                let digits: String = said.chars().filter(|character| !", _'".contains(*character)).collect();
                !problem.path.is_empty() && digits.contains(&TOO_LONG.to_string())
            }
            _ => false,
        },
        Ok(_) => false,
    };
    trial.expect(&MESSAGE_LIMITS, is_kept && requests == 0, || {
        format!("a text of {TOO_LONG} characters: {requests} requests and {answer:?}")
    });
}

/// A message is taken back: the vendor hears of it.
async fn recalled(trial: &Trial, element: &Element, id: &str) -> Option<()> {
    if !trial.can("messaging.recall") {
        return None;
    }
    let sent = trial.ask(element.send_message(&message(&[id], "conform message 5Pd2Gn", None))).await?.ok()?;
    let message_id = sent.parts.into_iter().find_map(|part| part.message_id)?;
    trial.platform.watch(&message_id);
    let answer = trial.ask(element.recall_message(&message_id)).await?;
    let sendings = trial.platform.sendings(&message_id);
    trial.expect(&MESSAGE_RECALLED, sendings > 0, || {
        format!("the message {message_id} was to be taken back, nobody was asked, the answer is {answer:?}")
    });
    Some(())
}

/// A card is changed by its code, once.
async fn card(trial: &Trial, element: &Element, id: &str) -> Option<()> {
    if !trial.can("messaging.update-card") {
        return None;
    }
    let action = ButtonAction::Key("conform".to_owned());
    let buttons = vec![Button { text: "conform".to_owned(), style: None, action }];
    let body = ButtonInteraction { selector: None, sub_title: None, rows: Vec::new(), buttons, link: None };
    let card = Card {
        task_id: None,
        source: None,
        menu: None,
        quote: None,
        heading: Some(Heading { title: Some("conform".to_owned()), description: None }),
        replace_text: None,
        body: CardBody::ButtonInteraction(body),
    };
    let message = Message { content: Content::Card(card), ..message(&[id], "", None) };
    let sent = trial.ask(element.send_message(&message)).await?.ok()?;
    let response_code = sent.parts.into_iter().find_map(|part| part.response_code)?;
    trial.platform.watch(&response_code);
    let change = CardChange::Done("conform".to_owned());
    let update = CardUpdate { to: message.to, response_code, change, translate_ids: false };
    let first = trial.ask(element.update_card(&update)).await?;
    let sendings = trial.platform.sendings(&update.response_code);
    trial.expect(&CARD_UPDATED, first.is_ok() && sendings > 0, || {
        format!("{sendings} requests carried the code of the card, the answer is {first:?}")
    });
    let again = trial.ask(element.update_card(&update)).await?;
    trial.expect(&CARD_CODE_ONCE, again.is_err(), || format!("under a code that was used: {again:?}"));
    Some(())
}

/// A file is handed over, and a message with it is sent.
async fn uploaded(trial: &Trial, element: &Element, id: &str) -> Option<()> {
    if !trial.can("messaging.upload") {
        return None;
    }
    let content = "conform file 8Sj3Wb";
    trial.platform.watch(content);
    let file_name = |name: &str| UploadRequest {
        kind: MediaKind::File,
        file_name: name.to_owned(),
        content: Body::Text(content.to_owned()),
    };
    for name in ["../conform.txt", "a\\conform.txt", ""] {
        let what = format!("a file named {name:?}");
        trial.refused(&FILE_NAME, &what, &["invalid-argument"], element.upload(&file_name(name))).await;
    }
    let sendings = trial.platform.sendings(content);
    trial.expect(&FILE_NAME, sendings == 0, || format!("{sendings} files were handed over whose name is a path"));
    let media = trial.ask(element.upload(&file_name("conform.txt"))).await?;
    let sendings = trial.platform.sendings(content);
    let media_id = media.as_ref().ok().and_then(|media| media.media_id.clone());
    trial.expect(&UPLOADED, media_id.is_some() && sendings > 0, || {
        format!("{sendings} requests carried the file, the answer is {media:?}")
    });
    let message = Message { content: Content::File(media_id?), ..message(&[id], "", None) };
    let sent = trial.ask(element.send_message(&message)).await?;
    let is_sent = sent.as_ref().is_ok_and(|sent| sent.delivery == Delivery::Yes);
    trial.expect(&UPLOADED, is_sent, || format!("a message with the file: {sent:?}"));
    Some(())
}
