//! Template cards: what each type must hold (fact sheet section 5.3). Lengths in bytes are limits; those in characters
//! are recommendations and not checked.

use std::collections::HashSet;

use serde_json::Value;

use super::content::Against;
use super::text::{at_most, list, required, text};
use crate::api::answer::Refusal;
use crate::message::MediaKind;

/// What a card is checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Send,
    /// A new card in place of an older one: without a task id, and the submit button may be missing.
    Update,
}

/// Whether this card can report a press, and therefore has a response code.
pub(super) fn calls_back(card: &Value) -> bool {
    is_interactive(card) || card["action_menu"].is_object()
}

/// Whether it is one of the three types whose buttons report a press.
pub(super) fn is_interactive(card: &Value) -> bool {
    matches!(card["card_type"].as_str(), Some("button_interaction" | "vote_interaction" | "multiple_interaction"))
}

/// Checks a whole card, but for whether its task id is taken.
pub(super) fn check(card: &Value, purpose: Purpose, against: &Against<'_>) -> Result<(), Refusal> {
    match card["card_type"].as_str() {
        Some("text_notice") => {
            if text(&card["main_title"], "title").or(text(card, "sub_title_text")).is_none() {
                return Err(42033.into());
            }
            card_action(card, true)?;
        }
        Some("news_notice") => {
            required(&card["main_title"], "title", 42033)?;
            if !card["card_image"].is_object() && !card["image_text_area"].is_object() {
                return Err(42044.into());
            }
            if card["card_image"].is_object() {
                required(&card["card_image"], "url", 42044)?;
            }
            if card["image_text_area"].is_object() {
                required(&card["image_text_area"], "image_url", 42044)?;
                target(&card["image_text_area"])?;
            }
            for item in list(card, "vertical_content_list", 0..=4, 42036)? {
                required(item, "title", 42033)?;
            }
            card_action(card, true)?;
        }
        Some("button_interaction") => {
            required(&card["main_title"], "title", 42033)?;
            buttons(card)?;
            if card["button_selection"].is_object() {
                question(&card["button_selection"], 10, false)?;
            }
            card_action(card, false)?;
        }
        Some("vote_interaction") => {
            required(&card["main_title"], "title", 42033)?;
            question(&card["checkbox"], 20, true)?;
            submit_button(card, purpose)?;
        }
        Some("multiple_interaction") => {
            required(&card["main_title"], "title", 42033)?;
            for select in list(card, "select_list", 1..=3, 42047)? {
                question(select, 10, false)?;
            }
            submit_button(card, purpose)?;
        }
        _ => return Err(42031.into()),
    }
    lists(card, against)?;
    menu(card)?;
    task_id(card, purpose)
}

fn task_id(card: &Value, purpose: Purpose) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'@');
    match text(card, "task_id") {
        Some(id) if id.len() <= 128 && id.bytes().all(allowed) => Ok(()),
        None if purpose == Purpose::Update || !calls_back(card) => Ok(()),
        _ => Err(42014.into()),
    }
}

/// Where the whole card leads: to an address or a mini program, and for some types nowhere.
fn card_action(card: &Value, needed: bool) -> Result<(), Refusal> {
    let action = &card["card_action"];
    match action["type"].as_i64() {
        Some(1 | 2) => target(action),
        Some(0) | None if !needed => Ok(()),
        _ => Err(42045.into()),
    }
}

/// Type 1 needs an address, type 2 a mini program.
fn target(item: &Value) -> Result<(), Refusal> {
    match item["type"].as_i64() {
        Some(1) => required(item, "url", 42028).map(drop),
        Some(2) => required(item, "appid", 42030).map(drop),
        _ => Ok(()),
    }
}

/// The lists that several types share.
fn lists(card: &Value, against: &Against<'_>) -> Result<(), Refusal> {
    for item in list(card, "horizontal_content_list", 0..=6, 42035)? {
        required(item, "keyname", 42027)?;
        match item["type"].as_i64() {
            Some(1) => drop(required(item, "url", 42028)?),
            Some(2) => {
                required(item, "media_id", 42029)?;
                against.media_id(item, "media_id", MediaKind::File).map_err(|_| 42029)?;
            }
            Some(3) => drop(required(item, "userid", 42050)?),
            _ => {}
        }
    }
    for item in list(card, "jump_list", 0..=3, 42042)? {
        required(item, "title", 42033)?;
        target(item)?;
    }
    target(&card["quote_area"])
}

fn menu(card: &Value) -> Result<(), Refusal> {
    if !card["action_menu"].is_object() {
        return Ok(());
    }
    let mut keys = HashSet::new();
    let actions = list(&card["action_menu"], "action_list", 0..=3, 40058)?;
    if actions.is_empty() {
        return Err(Refusal::form("action_menu.action_list is empty"));
    }
    for action in actions {
        required(action, "text", 42038)?;
        if !keys.insert(key_of(action, 42039)?) {
            return Err(42051.into());
        }
    }
    Ok(())
}

fn buttons(card: &Value) -> Result<(), Refusal> {
    let buttons = list(card, "button_list", 0..=6, 40058)?;
    if buttons.is_empty() {
        return Err(42038.into());
    }
    for button in buttons {
        required(button, "text", 42038)?;
        if button["type"] == 1 {
            required(button, "url", 42028)?;
        } else {
            key_of(button, 42039)?;
        }
    }
    Ok(())
}

/// A key that is there and not too long.
fn key_of(item: &Value, code: i64) -> Result<&str, Refusal> {
    let key = required(item, "key", code)?;
    if key.len() > 1024 { Err(code.into()) } else { Ok(key) }
}

/// A question with its options.
fn question(asked: &Value, most: usize, vote: bool) -> Result<(), Refusal> {
    required(asked, "question_key", 42043)?;
    at_most(asked, "", "question_key", 1024).map_err(|_| 42043)?;
    let mut ids = HashSet::new();
    for option in list(asked, "option_list", 1..=most, 42037)? {
        let id = required(option, "id", 42040)?;
        if id.len() > 128 || !ids.insert(id) {
            return Err(42040.into());
        }
        required(option, "text", 42041)?;
        if vote && option["is_checked"].is_null() {
            return Err(Refusal::form("checkbox.option_list.is_checked is missing"));
        }
    }
    Ok(())
}

fn submit_button(card: &Value, purpose: Purpose) -> Result<(), Refusal> {
    let button = &card["submit_button"];
    if button.is_null() && purpose == Purpose::Update {
        return Ok(());
    }
    key_of(button, 42046)?;
    required(button, "text", 42049).map(drop)
}
