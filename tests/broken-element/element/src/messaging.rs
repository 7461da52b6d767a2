//! Promises about messages.

use organisation_kit::contract::{
    messaging::{CardUpdate, Content, Delivery, Guest, InvalidRecipient, Media, Message, Sent, UploadRequest},
    types::{Error, Reason},
};

use crate::{Broken, Sound, breaks, error, spoilt};

impl Guest for Broken {
    fn send(mut message: Message) -> Result<Sent, Error> {
        if breaks("message-once-under-a-key") {
            message.idempotency_key = None;
        }
        if breaks("message-key-refused")
            && let (Some(key), Content::Text(text)) = (&mut message.idempotency_key, &message.content)
        {
            *key = format!("{}{}", text.len(), text.chars().rev().collect::<String>());
        }
        if breaks("message-has-recipients") && message.to.members.is_empty() {
            message.to.everybody = true;
        }
        if breaks("message-limits")
            && let Content::Text(text) = &mut message.content
        {
            text.truncate(100);
        }
        let mut sent = match spoilt(<Sound as Guest>::send(message.clone())) {
            Err(Error { reason: Reason::NotFound, .. }) if breaks("message-to-nobody") => {
                Err(error(Reason::Unavailable))
            }
            Ok(Sent { delivery: Delivery::Unknown, .. }) | Err(Error { reason: Reason::Unavailable, .. })
                if breaks("message-not-repeated") =>
            {
                <Sound as Guest>::send(Message { idempotency_key: None, ..message })
            }
            Ok(Sent { delivery: Delivery::Unknown, .. }) | Err(Error { reason: Reason::Conflict, .. })
                if breaks("message-stays-unknown") =>
            {
                <Sound as Guest>::send(Message { idempotency_key: None, ..message })
            }
            answer => answer,
        }?;
        if breaks("message-names-invalid") {
            sent.invalid.clear();
        }
        Ok(sent)
    }

    fn recall(message_id: String) -> Result<(), Error> {
        if breaks("message-recalled") {
            return Ok(());
        }
        spoilt(<Sound as Guest>::recall(message_id))
    }

    fn update_card(update: CardUpdate) -> Result<Vec<InvalidRecipient>, Error> {
        if breaks("card-updated") {
            return Ok(Vec::new());
        }
        let answer = spoilt(<Sound as Guest>::update_card(update));
        if breaks("card-code-once") { Ok(answer.unwrap_or_default()) } else { answer }
    }

    fn upload(mut request: UploadRequest) -> Result<Media, Error> {
        if breaks("file-uploaded") {
            return Ok(Media { media_id: Some("none".to_owned()), url: None, expires_at: None });
        }
        if breaks("file-name-without-path") {
            request.file_name = format!("x{}", request.file_name.replace(['/', '\\'], ""));
        }
        spoilt(<Sound as Guest>::upload(request))
    }
}
