//! Messages to members.

use super::super::{Answered, Element};
use crate::call::CallResult;
use crate::contract::messaging::{CardUpdate, InvalidRecipient, Media, Message, Sent, UploadRequest};

impl Element {
    /// Sends a message.
    pub async fn send_message(&self, message: &Message) -> CallResult<Answered<Sent>> {
        self.call("messaging.send", (message,)).await
    }

    /// Takes a message back.
    pub async fn recall_message(&self, message_id: &str) -> CallResult<Answered<()>> {
        self.call("messaging.recall", (message_id,)).await
    }

    /// Changes a card that was sent.
    pub async fn update_card(&self, update: &CardUpdate) -> CallResult<Answered<Vec<InvalidRecipient>>> {
        self.call("messaging.update-card", (update,)).await
    }

    /// Hands the vendor a file to be sent.
    pub async fn upload(&self, request: &UploadRequest) -> CallResult<Answered<Media>> {
        self.call("messaging.upload", (request,)).await
    }
}
