//! What members received, and what they press.

use std::collections::BTreeMap;

use super::Control;
use crate::callback::{CardAt, DeliveryId, Event, EventValue, Receiver};
use crate::message::{MessageCounts, Press, PressError, Received};

/// What a press led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardPress {
    /// The code with which the app may change the card once.
    pub response_code: String,
    /// The event on its way; `None` when the app has no callback address any more.
    pub delivery: Option<DeliveryId>,
}

impl Control {
    /// What a member received of all apps, oldest first; empty for an unknown member.
    ///
    /// ```
    /// # async fn example(control: &wecom_simulator::Control) {
    /// let inbox = control.inbox("lisi");
    /// assert_eq!(inbox[0].kind, "text");
    /// assert_eq!(inbox[0].content["content"], "你好");
    /// # }
    /// ```
    pub fn inbox(&self, member: &str) -> Vec<Received> {
        self.0.lock().messages.inbox(member)
    }

    /// Every inbox that is not empty, by member id in lower case.
    pub fn inboxes(&self) -> BTreeMap<String, Vec<Received>> {
        let world = self.0.lock();
        world.messages.inboxes().map(|(member, received)| (member.to_owned(), received.to_vec())).collect()
    }

    /// Totals over all messages: also what was dropped in silence.
    pub fn message_counts(&self) -> MessageCounts {
        self.0.lock().messages.counts
    }

    /// A member presses a button, submits a choice, or chooses an entry of the menu of a card: the app is sent
    /// `template_card_event` or `template_card_menu_event`.
    ///
    /// ```
    /// # async fn example(control: &wecom_simulator::Control) -> Result<(), Box<dyn std::error::Error>> {
    /// use wecom_simulator::Press;
    ///
    /// let card = control.inbox("lisi").pop().ok_or("no card")?;
    /// let pressed = control.press("lisi", &card.id, &Press::key("approve"))?;
    /// let delivery = control.delivered(pressed.delivery.ok_or("no address")?).await;
    /// assert_eq!(delivery.status(), Some(200));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The member has no such card, or the card shows no such key, question or option.
    pub fn press(&self, member: &str, message: &str, press: &Press) -> Result<CardPress, PressError> {
        let mut world = self.0.lock();
        let (now, world) = (world.now(), &mut *world);
        let pressed = world.messages.press(member, message, press, (now, &mut world.random))?;
        let name = if pressed.menu { "template_card_menu_event" } else { "template_card_event" };
        let shown = world.corp().member(member).map_or(member, |member| &member.id).to_owned();
        let mut event = Event::new(name, &shown)
            .with("EventKey", press.key.as_str())
            .with("TaskId", pressed.task_id)
            .with("CardType", pressed.card_type)
            .with("ResponseCode", pressed.response_code.as_str());
        if !pressed.menu {
            let items = press.selections.iter().map(|(question, options)| {
                let options = options.iter().map(|option| ("OptionId", option.as_str().into())).collect::<Vec<_>>();
                let item: EventValue =
                    vec![("QuestionKey", question.as_str().into()), ("OptionIds", options.into())].into();
                ("SelectedItem", item)
            });
            event = event.with("SelectedItems", items.collect::<Vec<_>>());
        }
        let card = CardAt { member: member.to_owned(), message: message.to_owned() };
        let delivery = world.emit_about(Receiver::App(pressed.app), &event, Some(card)).ok();
        Ok(CardPress { response_code: pressed.response_code, delivery })
    }
}
