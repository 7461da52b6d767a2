//! What a vendor may be able to do beyond sign-in and directory. An element serves the interfaces of what its vendor implements
//! here, see [`export_element`](crate::export_element).
//!
//! Everything is asked for with a [`Client`](crate::vendor::Client) that lives for one call, so that what it says of limits and
//! repetition holds here too.

use crate::{
    contract::{approvals, callbacks, messaging, vendor as api, web},
    directory::follow_up,
    failure::Failure,
    platform::Platform,
    vendor::Vendor,
};

/// Calls of the vendor's API by path.
pub trait VendorCall: Vendor {
    /// See `vendor.call` of the contract.
    ///
    /// # Errors
    /// The request is refused, here or by the vendor.
    fn call(client: &Self::Client<'_>, request: &api::ApiRequest) -> Result<api::ApiResponse, Failure>;
}

/// Messages to members. The kit makes members of roles, sends part by part and keeps what a key promises
/// ([`messages`](crate::messages)).
pub trait Messaging: Vendor {
    /// For how long the vendor drops a request that is the very same as one that it took, where
    /// [`Sending::drops_repetitions`] asks for that: a part whose answer was lost is sent again for so long. Nothing where it
    /// does not.
    const DROPS_REPETITIONS_MS: Option<u64>;

    /// Judges a message and cuts its recipients into parts that the vendor takes at a time, at least one. Pure, and the same
    /// for the same message.
    ///
    /// # Errors
    /// `invalid-argument` for the first limit that the message passes, with field, limit and length found.
    fn parts(config: &Self::Config, message: &messaging::Message) -> Result<Vec<messaging::Recipients>, Failure>;

    /// Sends one part. Nothing is repeated but for a token that was refused.
    ///
    /// # Errors
    /// The vendor refuses; with [`Failure::may_be_done`] where nobody knows.
    fn send_part(
        client: &Self::Client<'_>,
        message: &messaging::Message,
        to: &messaging::Recipients,
        sending: Sending<'_>,
    ) -> Result<PartOutcome, Failure>;

    /// See `messaging.recall`.
    ///
    /// # Errors
    /// The vendor refuses.
    fn recall(client: &Self::Client<'_>, message_id: &str) -> Result<(), Failure>;

    /// See `messaging.update-card`. Roles of the recipients are expanded already.
    ///
    /// # Errors
    /// The update is refused, here or by the vendor.
    fn update_card(
        client: &Self::Client<'_>,
        update: &messaging::CardUpdate,
    ) -> Result<Vec<messaging::InvalidRecipient>, Failure>;

    /// See `messaging.upload`.
    ///
    /// # Errors
    /// The file is refused, here or by the vendor.
    fn upload(client: &Self::Client<'_>, request: &messaging::UploadRequest) -> Result<messaging::Media, Failure>;
}

/// How a part of a message is sent.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// 16 hexadecimal digits of chance, the same in every repetition of a message.
    pub mark: &'a str,
    /// Which part it is, from 0.
    pub index: usize,
    /// How many there are.
    pub parts: usize,
    /// Whether the vendor is to drop it where it took the very same before.
    pub drops_repetitions: bool,
}

/// What became of a part of a message.
#[derive(Debug)]
pub enum PartOutcome {
    /// The vendor took it.
    Taken {
        /// Its ids.
        part: messaging::SentPart,
        /// Who does not get it all the same.
        invalid: Vec<messaging::InvalidRecipient>,
    },
    /// The vendor knows none of its recipients, and says so with this.
    Nobody(Failure),
    /// It was not sent, since none of its recipients would get it for now.
    HeldBack {
        /// Told where the whole message reaches nobody.
        failure: Failure,
        /// All its recipients.
        invalid: Vec<messaging::InvalidRecipient>,
    },
}

/// Requests that members make and others decide.
pub trait Approvals: Vendor {
    /// See `approvals.describe-template`.
    ///
    /// # Errors
    /// There is no such template, or the vendor refuses.
    fn describe_template(client: &Self::Client<'_>, id: &str) -> Result<approvals::Template, Failure>;

    /// See `approvals.submit`.
    ///
    /// # Errors
    /// The request is refused, here or by the vendor.
    fn submit(client: &Self::Client<'_>, request: &approvals::ApprovalRequest) -> Result<String, Failure>;

    /// See `approvals.detail`.
    ///
    /// # Errors
    /// There is no such request, or the vendor refuses.
    fn detail(client: &Self::Client<'_>, number: &str) -> Result<approvals::Approval, Failure>;

    /// See `approvals.search`.
    ///
    /// # Errors
    /// The vendor refuses, or the cursor is none.
    fn search(client: &Self::Client<'_>, search: &ApprovalSearch<'_>) -> Result<approvals::SearchPage, Failure>;

    /// See `approvals.notify`.
    ///
    /// # Errors
    /// The link leads elsewhere, there is no such request, or the vendor refuses.
    fn notify(client: &Self::Client<'_>, number: &str, link: Option<&str>) -> Result<Vec<String>, Failure>;
}

/// What [`Approvals::search`] is asked for.
#[derive(Clone, Copy, Debug)]
pub struct ApprovalSearch<'a> {
    /// First instant, milliseconds since 1970.
    pub begin: u64,
    /// First instant that does not count.
    pub end: u64,
    /// Which of the requests.
    pub filter: &'a approvals::SearchFilter,
    /// Where the page before ended.
    pub cursor: Option<&'a str>,
    /// How many numbers at most.
    pub limit: u32,
}

/// What the vendor sends by itself.
pub trait Callbacks: Vendor {
    /// See `callbacks.handle`. Asks nobody but the storage.
    ///
    /// # Errors
    /// There is no such route, or the store failed.
    fn handle(
        platform: &dyn Platform,
        config: &Self::Config,
        request: &callbacks::IncomingRequest,
    ) -> Result<callbacks::Handled, Failure>;

    /// See `callbacks.follow-up`. The kinds of [`follow_up`] are all that most vendors leave.
    ///
    /// # Errors
    /// The vendor or the store refuses; `unsupported` for a kind that is not known.
    fn follow_up(
        platform: &dyn Platform,
        config: &Self::Config,
        client: &Self::Client<'_>,
        task: &callbacks::FollowUpTask,
    ) -> Result<Vec<callbacks::FollowUpTask>, Failure> {
        follow_up::carry_out(platform, Self::common(config), client, task).map(|()| Vec::new())
    }
}

/// What a page inside the vendor's client needs.
pub trait Web: Vendor {
    /// See `web.js-sdk-signature`.
    ///
    /// # Errors
    /// The address is not one of the app's, or the vendor refuses.
    fn js_sdk_signature(
        client: &Self::Client<'_>,
        request: &web::SignatureRequest,
    ) -> Result<web::PageSignature, Failure>;
}
