//! A template card in a member's hands: what may be pressed on it, and what a press says.

use serde::Serialize;
use serde_json::Value;

/// What became of a card since it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CardState {
    /// How often its app changed it.
    pub updates: u32,
    /// The text that replaced its buttons; nothing can be pressed any more, but for the menu.
    pub replaced: Option<String>,
    /// Keys this member pressed, in order.
    pub presses: Vec<String>,
}

/// What a member presses on a card.
///
/// ```
/// use wecom_simulator::Press;
///
/// let button = Press::key("approve");
/// let vote = Press::key("submit").choosing("lunch", &["noodles", "rice"]);
/// assert_eq!(vote.selections[0].1, ["noodles", "rice"]);
/// # assert!(button.selections.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Press {
    /// Key of the button, of the submit button, or of an entry of the menu.
    pub key: String,
    /// Ids of the chosen options, by question.
    pub selections: Vec<(String, Vec<String>)>,
}

impl Press {
    /// A press without a selection.
    pub fn key(key: &str) -> Self {
        Self { key: key.to_owned(), selections: Vec::new() }
    }

    /// Adds the options chosen for a question.
    #[must_use]
    pub fn choosing(mut self, question: &str, options: &[&str]) -> Self {
        self.selections.push((question.to_owned(), options.iter().map(|id| (*id).to_owned()).collect()));
        self
    }
}

/// Why nothing can be pressed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PressError {
    /// The member did not receive this message.
    #[error("{member:?} has no message {message:?}")]
    NotReceived {
        /// The member.
        member: String,
        /// The message.
        message: String,
    },
    /// The message is no card, or is recalled.
    #[error("message {0:?} is no card, or is recalled")]
    NoCard(String),
    /// The card has no such key, or its buttons were replaced.
    #[error("the card shows nothing to press with the key {0:?}")]
    NoKey(String),
    /// The card has no such question or option, or allows one option only.
    #[error("the card does not take these options for the question {0:?}")]
    NoOption(String),
}

/// Why a response code does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeError {
    /// Unknown, used or expired.
    Worthless,
    /// It belongs to the card of another app.
    ForeignApp,
}

/// A press, as the event reports it.
#[derive(Clone, Debug)]
pub(crate) struct Pressed {
    pub(crate) app: u64,
    /// Whether it was the menu.
    pub(crate) menu: bool,
    pub(crate) card_type: String,
    pub(crate) task_id: String,
    pub(crate) response_code: String,
}

/// Where a key stands on a card: `Some(true)` in the menu, `Some(false)` on a button.
pub(super) fn place(card: &Value, state: &CardState, key: &str) -> Option<bool> {
    let has = |list: &Value| list.as_array().is_some_and(|list| list.iter().any(|one| one["key"] == key));
    if has(&card["action_menu"]["action_list"]) {
        return Some(true);
    }
    // A button that opens an address reports nothing.
    let buttons = card["button_list"].as_array().into_iter().flatten();
    let mut callbacks = buttons.filter(|button| button["type"] != 1 && button["type"] != "1");
    let button = callbacks.any(|button| button["key"] == key) || card["submit_button"]["key"] == key;
    (button && state.replaced.is_none()).then_some(false)
}

/// Checks that the card asks these questions and offers these options.
pub(super) fn check_selections(card: &Value, selections: &[(String, Vec<String>)]) -> Result<(), PressError> {
    let lists = card["select_list"].as_array().into_iter().flatten();
    let questions: Vec<&Value> = [&card["checkbox"], &card["button_selection"]].into_iter().chain(lists).collect();
    for (question, options) in selections {
        let wrong = || PressError::NoOption(question.clone());
        let asked = questions.iter().find(|one| one["question_key"] == **question).ok_or_else(wrong)?;
        let several = asked["mode"] == 1;
        let offered = |id: &String| {
            asked["option_list"].as_array().is_some_and(|offered| offered.iter().any(|option| option["id"] == **id))
        };
        if (options.len() > 1 && !several) || !options.iter().all(offered) || asked["disable"] == true {
            return Err(wrong());
        }
    }
    Ok(())
}
