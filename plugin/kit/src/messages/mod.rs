//! Messages, as far as they are the same for every vendor: roles become members, many recipients become parts, and a key
//! sends a message to nobody twice.
//!
//! What was sent is written down part by part ([`progress`]) under the caller's idempotency key, before and after each part. A
//! repetition goes on where the one before ended: what the vendor took is not sent again, and a part whose answer was lost
//! is sent again only as long as the vendor itself drops what it took already. Without a key nothing is written and nothing
//! is repeated.

use crate::{
    capability::{Messaging, PartOutcome, Sending},
    contract::{
        log,
        messaging::{CardUpdate, Delivery, InvalidRecipient, Message, Sent},
    },
    failure::Failure,
    fingerprint,
    idempotency::{self, Claim, Held},
    platform::Platform,
    store,
};
use progress::Progress;

mod progress;
mod recipients;

/// With less time left, no further part is sent: its answer would be lost.
const PART_MS: u64 = 10_000;
/// Bytes of what is written down of a message at most: a value of the storage holds 256 KiB, and quotes are written twice.
const PROGRESS_BYTES: usize = 160 << 10;

/// See `messaging.send`.
///
/// # Errors
/// The message is refused, here or by the vendor, before any of it was taken; nobody can get it; a part was refused and the
/// message has a key, under which the rest can be sent.
pub fn send<V: Messaging>(
    platform: &dyn Platform,
    config: &V::Config,
    client: &V::Client<'_>,
    message: Message,
) -> Result<Sent, Failure> {
    let run = |message, progress, held| MessageRun::<V> { platform, config, client, message, progress, held };
    let Some(key) = message.idempotency_key.clone() else {
        let (message, progress) = begin::<V>(platform, config, message)?;
        return run(message, progress, None).send_parts();
    };
    let request = fingerprint::of(&["message", &store::to_json(&message)]);
    match idempotency::claim(platform, V::common(config), "send", &key, &[&request])? {
        Claim::Done(answer) => idempotency::read_answer("send", &answer),
        Claim::Held(held) => match resume_or_begin::<V>(platform, config, &held, message) {
            Ok((message, progress)) => run(message, progress, Some(held)).send_parts(),
            Err(failure) => {
                held.release();
                Err(failure)
            }
        },
    }
}

/// See `messaging.update-card`.
///
/// # Errors
/// The update is refused, here or by the vendor.
pub fn update_card<V: Messaging>(
    platform: &dyn Platform,
    config: &V::Config,
    client: &V::Client<'_>,
    mut update: CardUpdate,
) -> Result<Vec<InvalidRecipient>, Failure> {
    let common = V::common(config);
    let nobody = recipients::expand(platform, common, &mut update.to)?;
    let mut invalid = V::update_card(client, &update)?;
    invalid.extend(recipients::nobody_has(&nobody));
    Ok(invalid)
}

type Begun = (Message, Progress);

/// A message that nobody began before, with members in place of roles.
fn begin<V: Messaging>(platform: &dyn Platform, config: &V::Config, mut message: Message) -> Result<Begun, Failure> {
    let asked_for_roles = !message.to.roles.is_empty();
    let nobody = recipients::expand(platform, V::common(config), &mut message.to)?;
    let members = asked_for_roles.then(|| message.to.members.clone());
    let parts = V::parts(config, &message)?.len();
    let progress = Progress::new(fingerprint::mark(platform), members, nobody, parts);
    if message.idempotency_key.is_some() && store::to_json(&progress).len() + progress.most_growth() > PROGRESS_BYTES {
        return Err(invalid_argument! { "to":
        "收件人过多，无法以一个 idempotency-key 发送：请分成多条消息",
        "these are too many recipients for one idempotency key: send several messages" });
    }
    Ok((message, progress))
}

fn resume_or_begin<V: Messaging>(
    platform: &dyn Platform,
    config: &V::Config,
    held: &Held<'_>,
    mut message: Message,
) -> Result<Begun, Failure> {
    let Some(unfinished) = &held.unfinished else { return begin::<V>(platform, config, message) };
    // Progress is written before anything is sent.
    let Some(progress) = &unfinished.progress else { return begin::<V>(platform, config, message) };
    let progress: Progress = idempotency::read_answer("send", progress)?;
    if let Some(members) = &progress.members {
        message.to.members.clone_from(members);
        message.to.roles.clear();
    }
    // Another version of this component cuts messages otherwise: what was sent to whom is not known any more.
    match V::parts(config, &message)?.len() == progress.len() {
        true => Ok((message, progress)),
        false => Err(idempotency::unknown(unfinished.since_ms)),
    }
}

/// A message on its way.
struct MessageRun<'a, 'c, V: Messaging> {
    platform: &'a dyn Platform,
    config: &'a V::Config,
    client: &'a V::Client<'c>,
    message: Message,
    progress: Progress,
    held: Option<Held<'a>>,
}

impl<V: Messaging> MessageRun<'_, '_, V> {
    fn send_parts(mut self) -> Result<Sent, Failure> {
        let parts = V::parts(self.config, &self.message)?;
        let (mut is_first, mut stopped, mut refused, mut held_back) = (true, None, None, None);
        for (index, to) in parts.iter().enumerate() {
            if !self.progress.is_due(index, self.platform.now_ms(), V::DROPS_REPETITIONS_MS) {
                continue;
            }
            if !is_first && self.platform.remaining().wall_ms < PART_MS {
                stopped = Some(Failure::budget_exhausted("messaging.send"));
                break;
            }
            is_first = false;
            let before = self.progress.begin(index, self.platform.now_ms());
            if let Some(held) = &mut self.held {
                held.progress(store::to_json(&self.progress.kept().0))?;
            }
            let drops_repetitions = self.held.is_some();
            let sending = Sending { mark: &self.progress.mark, index, parts: parts.len(), drops_repetitions };
            match V::send_part(self.client, &self.message, to, sending) {
                Ok(PartOutcome::Taken { part, invalid }) => self.progress.taken(index, part, invalid),
                Ok(PartOutcome::Nobody(failure)) => {
                    self.progress.nobody_got(index, recipients::all_outside(to));
                    refused = Some(failure);
                }
                Ok(PartOutcome::HeldBack { failure, invalid }) => {
                    self.progress.nobody_got(index, invalid);
                    held_back = Some(failure);
                }
                Err(failure) if failure.may_be_done => {
                    let fields = [("error", failure.message.en.as_str())];
                    self.platform.log(log::Level::Warn, "the answer to a message was lost", &fields);
                    break;
                }
                Err(failure) => {
                    self.progress.restore(index, before);
                    stopped = Some(failure);
                    break;
                }
            }
        }
        self.end(stopped, refused, held_back)
    }

    fn end(
        mut self,
        stopped: Option<Failure>,
        refused: Option<Failure>,
        held_back: Option<Failure>,
    ) -> Result<Sent, Failure> {
        let held = self.held.take();
        let (kept, left_out) = self.progress.kept();
        if held.is_some() && left_out > 0 {
            let message = "a repetition of this message will not name everybody who did not get it";
            self.platform.log(log::Level::Info, message, &[("left-out", &left_out.to_string())]);
        }
        let json = store::to_json(&kept);
        let (done, all) = self.progress.count();
        if let Some(mut failure) = stopped {
            let is_untouched = self.progress.is_untouched();
            match held {
                Some(held) if is_untouched => held.release(),
                Some(held) => {
                    held.leave(Some(json));
                    failure
                        .message
                        .zh
                        .push_str(&format!("（已发送 {done}/{all} 批，以相同的 idempotency-key 重试可发送其余）"));
                    failure.message.en.push_str(&format!(
                        " ({done} of {all} parts were sent; the same idempotency key sends the rest)"
                    ));
                }
                None if is_untouched => {}
                None => {
                    let fields = [("error", failure.message.en.as_str())];
                    self.platform.log(log::Level::Warn, "part of a message was refused", &fields);
                    return Ok(self.progress.sent(Delivery::No));
                }
            }
            return Err(failure);
        }
        if self.progress.is_to_nobody() {
            if let Some(held) = held {
                held.release();
            }
            let invalid = self.progress.sent(Delivery::No).invalid;
            return Err(held_back.unwrap_or_else(|| recipients::nobody_gets_it(refused, &invalid)));
        }
        let delivery = if self.progress.has_unknown() { Delivery::Unknown } else { Delivery::Yes };
        let sent = self.progress.sent(delivery);
        match held {
            Some(held) if delivery == Delivery::Unknown => held.leave(Some(json)),
            Some(held) => held.finish(&kept.sent(delivery)),
            None => {}
        }
        Ok(sent)
    }
}
