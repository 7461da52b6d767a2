//! Actions about callbacks: addresses, events, and how they are delivered.

use serde_json::{Value, json};

use super::action::{Action, action, done, ok};
use super::fields::{ActionError, Fields};
use crate::callback::{Event, Order, Receiver};
use crate::control::Control;
use crate::corp::Callback;

/// Its answer comes only when the address was asked, so that it is no row of [`ACTIONS`].
pub(super) const SAVE: (&str, &str) =
    ("save-callback", "receiver (an app, or contacts) url token aes_key (the address is checked)");

pub(super) static ACTIONS: &[Action] = &[
    action("set-callback", "receiver url token aes_key (without the check)", |control, fields| {
        done(control.set_callback(receiver(fields)?, Some(callback(fields)?)))
    }),
    action("remove-callback", "receiver", |control, fields| done(control.set_callback(receiver(fields)?, None))),
    action("emit", "receiver event from [event_key]", |control, fields| {
        let event = Event::new(fields.text("event")?, fields.text("from")?);
        let event = event.with("EventKey", fields.given("event_key").unwrap_or_default());
        Ok(json!({"ok": true, "delivery": control.emit(receiver(fields)?, &event)?}))
    }),
    action("hold-callbacks", "", |control, _| {
        control.hold_callbacks();
        ok()
    }),
    action("release-callbacks", "[reversed]", |control, fields| {
        control.release_callbacks(if fields.flag("reversed")? { Order::Reversed } else { Order::AsSent });
        ok()
    }),
    action(
        "change-callbacks",
        "[json] [cdata] [fresh_signatures] [duplicates] [full_contact_events] [three_on_create] [card_event_replies]",
        change,
    ),
];

/// Saves settings after the check.
pub(super) async fn save(control: &Control, fields: &Fields) -> Result<Value, ActionError> {
    done(control.save_callback(receiver(fields)?, callback(fields)?).await)
}

fn receiver(fields: &Fields) -> Result<Receiver, ActionError> {
    match fields.text("receiver")? {
        "contacts" => Ok(Receiver::Contacts),
        text => text.parse().map(Receiver::App).map_err(|_| fields.invalid("receiver", "an app's id, or contacts")),
    }
}

fn callback(fields: &Fields) -> Result<Callback, ActionError> {
    Ok(Callback::new(fields.text("url")?, fields.text("token")?, fields.text("aes_key")?))
}

fn change(control: &Control, fields: &Fields) -> Result<Value, ActionError> {
    let duplicates = match fields.given("duplicates") {
        None | Some("") => None,
        Some(text) => Some(text.parse().map_err(|_| fields.invalid("duplicates", "a whole number"))?),
    };
    let flags = [
        fields.given_flag("json")?,
        fields.given_flag("cdata")?,
        fields.given_flag("fresh_signatures")?,
        fields.given_flag("full_contact_events")?,
        fields.given_flag("three_on_create")?,
        fields.given_flag("card_event_replies")?,
    ];
    control.configure(|behaviour| {
        let callbacks = &mut behaviour.callbacks;
        callbacks.duplicates = duplicates.unwrap_or(callbacks.duplicates);
        let targets = [
            &mut callbacks.json,
            &mut callbacks.cdata,
            &mut callbacks.fresh_signatures,
            &mut callbacks.full_contact_events,
            &mut callbacks.three_on_create,
            &mut callbacks.card_event_replies,
        ];
        for (target, flag) in targets.into_iter().zip(flags) {
            *target = flag.unwrap_or(*target);
        }
    });
    ok()
}
