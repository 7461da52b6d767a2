//! Messages to members.

use super::super::Element;
use crate::call::{Answered, Call};
use crate::contract::messaging::{CardUpdate, InvalidRecipient, Media, Message, Sent, UploadRequest};

impl Element {
    /// Sends a message.
    pub fn send_message<'a>(&'a self, message: &'a Message) -> Call<'a, Answered<Sent>> {
        self.call("messaging.send", (message,))
    }

    /// Takes a message back.
    pub fn recall_message<'a>(&'a self, message_id: &'a str) -> Call<'a, Answered<()>> {
        self.call("messaging.recall", (message_id,))
    }

    /// Changes a card that was sent.
    pub fn update_card<'a>(&'a self, update: &'a CardUpdate) -> Call<'a, Answered<Vec<InvalidRecipient>>> {
        self.call("messaging.update-card", (update,))
    }

    /// Hands the vendor a file to be sent.
    pub fn upload<'a>(&'a self, request: &'a UploadRequest) -> Call<'a, Answered<Media>> {
        self.call("messaging.upload", (request,))
    }
}
