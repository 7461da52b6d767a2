//! The cards of those who have to decide a request, from the first one to their last update.
//!
//! [`notify`] and the follow-up of an event do the same: the request is read, whoever decides now is told, and the cards of those
//! who do not any more are closed. One call at a time works on a request. What is about to be sent is written down before, so that
//! a lost answer leads to the very same request, which WeCom drops (as in `messaging`). An update that is repeated is refused,
//! since its code is good once: then it is done.

mod card;
mod process;
mod record;
#[cfg(test)]
mod tests;

use organisation_kit::{
    capability::{PartOutcome, Sending},
    contract::{
        approvals::Approval,
        log::Level,
        messaging::{CardChange, CardUpdate},
        storage::Version,
        types::Reason,
    },
    failure,
    failure::Failure,
    fingerprint,
    idempotency::{self, Claim},
    invalid_argument,
    platform::Platform,
    store,
};

use self::record::{Card, CardState, LIFE_MS, MOST, ToDo};
use crate::{
    api::{client::WeComClient, codes::CARD_IS_CLOSED},
    config::Config,
    login_url, messaging,
    web::page,
};

/// The follow-up of an event about a request with cards.
pub(crate) const UPDATE_TO_DO: &str = "update-to-do";

/// Bytes of a number at most, and of a link.
const NUMBER: usize = 128;
const LINK: usize = 2_048;
/// With less time left, nothing further is sent: its answer would be lost.
const RESERVE_MS: u64 = 10_000;

/// Whether somebody was told of the request, so that an event about it leaves a follow-up.
///
/// # Errors
/// The store fails.
pub(crate) fn is_stored(platform: &dyn Platform, config: &Config, number: &str) -> Result<bool, Failure> {
    Ok(store::get_text(platform, &record::key(&config.common, number))?.is_some())
}

/// See `approvals.notify` of the contract.
///
/// # Errors
/// The link leads elsewhere, there is no such request, or WeCom refuses.
pub(crate) fn notify(client: &WeComClient<'_>, number: &str, link: Option<&str>) -> Result<Vec<String>, Failure> {
    if number.is_empty() || number.len() > NUMBER {
        return Err(invalid_argument! { "number":
        "审批编号须为 1 至 {NUMBER} 字节", "the number of a request has 1 to {NUMBER} bytes" });
    }
    let config = client.config();
    let link = link.map(|link| judge(config, link)).transpose()?;
    with_claim(client, number, |run| {
        let before = run.stored()?;
        let link = match (link, &before) {
            (Some(link), _) => link.to_owned(),
            (None, Some((to_do, _))) => to_do.link.clone(),
            (None, None) => home(config)?,
        };
        run.update_cards(&super::detail(client, number)?, &link, before)
    })
}

/// Does the follow-up: nothing where nobody was told.
///
/// # Errors
/// WeCom or the store refuses; `unavailable` where another call is at it.
pub(crate) fn update(client: &WeComClient<'_>, number: &str) -> Result<(), Failure> {
    if number.is_empty() || number.len() > NUMBER || !is_stored(client.calls.platform(), client.config(), number)? {
        return Ok(());
    }
    let done = with_claim(client, number, |run| {
        let Some((to_do, version)) = run.stored()? else { return Ok(()) };
        match super::detail(client, number) {
            // Nothing can be said of a request that is gone.
            Err(failure) if failure.reason == Reason::NotFound => run.forget(version),
            approval => run.update_cards(&approval?, &to_do.link.clone(), Some((to_do, version))).map(|_| ()),
        }
    });
    match done {
        // Whoever is at it is done soon, and this may come again: what a host does with `unavailable`.
        Err(failure) if failure.reason == Reason::Conflict => Err(failure.with_reason(Reason::Unavailable)),
        done => done,
    }
}

/// Holds the request while `work` lasts.
fn with_claim<T>(
    client: &WeComClient<'_>,
    number: &str,
    work: impl FnOnce(&ToDoRun<'_, '_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (platform, config) = (client.calls.platform(), client.config());
    match idempotency::claim(platform, &config.common, UPDATE_TO_DO, number, &[])? {
        // Nobody ends it, so that it never is.
        Claim::Done(_) => Err(Failure::damaged(UPDATE_TO_DO)),
        Claim::Held(held) => {
            let outcome = work(&ToDoRun { client, number, key: record::key(&config.common, number) });
            held.release();
            outcome
        }
    }
}

/// The link as it is sent: on a host of the app, so that nobody is led elsewhere in the app's name.
fn judge<'l>(config: &Config, link: &'l str) -> Result<&'l str, Failure> {
    let is_plain = link.len() <= LINK && link.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain {
        return Err(invalid_argument! { "link":
        "链接须为不超过 {LINK} 字节的完整网址", "a link is a whole address of at most {LINK} bytes" });
    }
    match page::judge(&config.common, link) {
        Ok(_) => Ok(link),
        Err(mut failure) => {
            if let Reason::InvalidArgument(problem) = &mut failure.reason {
                problem.path = "link".to_owned();
                failure.hint = None;
            }
            Err(failure)
        }
    }
}

/// The app's home page: WeCom documents no address of a request.
fn home(config: &Config) -> Result<String, Failure> {
    let target = config.common.redirect_uri.as_ref().ok_or_else(|| {
        invalid_argument! { "link":
        "未配置 redirectUri，须给出链接", "without redirectUri in the configuration a link is needed" }
    })?;
    Ok(login_url::homepage(config, target.as_str()))
}

/// Work on one request.
struct ToDoRun<'r, 'c> {
    client: &'r WeComClient<'c>,
    number: &'r str,
    key: String,
}

impl ToDoRun<'_, '_> {
    fn platform(&self) -> &dyn Platform {
        self.client.calls.platform()
    }

    fn stored(&self) -> Result<Option<(ToDo, Version)>, Failure> {
        let stored = store::get(self.platform(), &self.key)?;
        Ok(stored.map(|stored: store::Versioned<ToDo>| (stored.value, stored.version)))
    }

    fn forget(&self, version: Version) -> Result<(), Failure> {
        let ops = [store::check(&self.key, Some(version)), store::delete(&self.key)];
        store::apply(self.platform(), &ops)?.map(|_| ()).map_err(|_| overtaken())
    }

    /// Closes cards, sends cards, and gives who was told and has to decide.
    fn update_cards(
        &self,
        approval: &Approval,
        link: &str,
        before: Option<(ToDo, Version)>,
    ) -> Result<Vec<String>, Failure> {
        let (to_do, version) = before.map_or((None, None), |(to_do, version)| (Some(to_do), Some(version)));
        let mut stored = Stored { now: to_do.clone().unwrap_or_default(), written: to_do, version };
        let now = self.platform().now_ms();
        stored.now.cards.retain(|card| !card.is_over(now));
        // A card whose answer was lost is sent as it was, so it leads where it led.
        if !stored.now.cards.iter().any(|card| card.is_due(now)) {
            link.clone_into(&mut stored.now.link);
        }
        // Both are tried: a card that cannot be updated now does not keep the next from being told. Closed first, since so many
        // cards are kept and no more.
        let closed = self.close(approval, &mut stored);
        let sent = self.send_cards(approval, &mut stored);
        self.write(&mut stored, process::is_open(approval))?;
        closed.and(sent)?;
        let deciders = process::deciders(approval);
        // Of a card whose answer was lost nobody knows.
        let has_card = |(node, member): &(usize, &str)| {
            let place = stored.find(self.client.config(), *node, member);
            place.is_some_and(|place| stored.now.cards[place].state != CardState::Begun)
        };
        Ok(deciders.into_iter().filter(has_card).map(|(_, member)| member.to_owned()).collect())
    }

    /// Sends a card to each who decides now and has none.
    fn send_cards(&self, approval: &Approval, stored: &mut Stored) -> Result<(), Failure> {
        let (platform, config) = (self.platform(), self.client.config());
        let deciders = process::deciders(approval);
        if deciders.len() > MOST {
            let fields = [("number", self.number)];
            platform.log(Level::Warn, "a request has more deciders than are told at a time", &fields);
        }
        let mut is_first = true;
        for (node, member) in deciders.into_iter().take(MOST) {
            let now = platform.now_ms();
            let found = stored.find(config, node, member);
            let place = match found {
                Some(place) if !stored.now.cards[place].is_due(now) => continue,
                Some(place) => place,
                None if stored.now.cards.len() >= MOST => continue,
                None => {
                    let mark = fingerprint::mark(platform);
                    let (member, state) = (member.to_owned(), CardState::Begun);
                    stored.now.cards.push(Card { member, node, mark, at_ms: now, state });
                    stored.now.cards.len() - 1
                }
            };
            // The first is sent in any case: a host may give no call as much time.
            if !is_first && platform.remaining().wall_ms < RESERVE_MS {
                stored.forget_new(place);
                return Err(Failure::budget_exhausted("approvals.notify"));
            }
            is_first = false;
            // Before it is sent, so that whoever comes next knows.
            self.write(stored, true)?;
            let mark = stored.now.cards[place].mark.clone();
            let sending = Sending { mark: &mark, index: 0, parts: 1, drops_repetitions: true };
            let with_button = config.callback.is_some();
            let message = card::message(approval, member, &stored.now.link, with_button, config.common.locale);
            match messaging::send_part(self.client, &message, &message.to, sending) {
                Ok(PartOutcome::Taken { part, invalid }) if invalid.is_empty() => {
                    stored.now.cards[place].state = CardState::Told(part.response_code);
                }
                Ok(_) => {
                    stored.now.cards.remove(place);
                    let fields = [("number", self.number)];
                    platform.log(Level::Warn, "whoever has to decide does not get the app's messages", &fields);
                }
                Err(failure) => {
                    // One that was sent before may have been taken then, whatever becomes of its repetition.
                    if !failure.may_be_done && found.is_none() {
                        stored.now.cards.remove(place);
                    }
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    /// Writes on the cards of those who do not have to decide any more what happened, and forgets them.
    fn close(&self, approval: &Approval, stored: &mut Stored) -> Result<(), Failure> {
        let (platform, config) = (self.platform(), self.client.config());
        let deciders = process::deciders(approval);
        let ids = config.common.ids;
        let is_open =
            |card: &Card| deciders.iter().any(|(node, member)| *node == card.node && ids.is_same(member, &card.member));
        let (open, ended): (Vec<Card>, Vec<Card>) = stored.now.cards.drain(..).partition(is_open);
        stored.now.cards = open;
        let (mut outcome, mut is_first, mut refused) = (Ok(()), true, None);
        for card in ended {
            let CardState::Told(Some(code)) = &card.state else { continue };
            if outcome.is_err() || !is_first && platform.remaining().wall_ms < RESERVE_MS {
                outcome = outcome.and_then(|()| Err(Failure::budget_exhausted("callbacks.follow-up")));
                stored.now.cards.push(card);
                continue;
            }
            is_first = false;
            let words = process::words(approval, ids, card.node, &card.member).show(config.common.locale);
            let update = CardUpdate {
                to: card::to(&card.member),
                response_code: code.clone(),
                translate_ids: false,
                change: CardChange::Done(words),
            };
            match messaging::update::update(self.client, &update) {
                Ok(_) => {}
                Err(failure) if CARD_IS_CLOSED.include(&failure) => {
                    let fields = [("number", self.number), ("error", failure.message.en.as_str())];
                    platform.log(Level::Info, "a card cannot be updated any more", &fields);
                }
                Err(failure) => {
                    refused = Some(card);
                    outcome = Err(failure);
                }
            }
        }
        // The last next time, so that it does not keep the others waiting.
        stored.now.cards.extend(refused);
        outcome
    }

    /// Writes what changed. What nobody needs any more goes: the request is over, and so are its cards.
    fn write(&self, stored: &mut Stored, is_open: bool) -> Result<(), Failure> {
        let keeps = is_open || !stored.now.cards.is_empty();
        if stored.written.as_ref() == keeps.then_some(&stored.now) {
            return Ok(());
        }
        let op = if keeps { store::put_sealed(&self.key, &stored.now, LIFE_MS) } else { store::delete(&self.key) };
        let ops = [store::check(&self.key, stored.version), op];
        let versions = store::apply(self.platform(), &ops)?.map_err(|_| overtaken())?;
        stored.version = versions.last().copied().filter(|_| keeps);
        stored.written = keeps.then(|| stored.now.clone());
        Ok(())
    }
}

/// The cards as they are, and as they were written last.
struct Stored {
    now: ToDo,
    written: Option<ToDo>,
    version: Option<Version>,
}

impl Stored {
    fn find(&self, config: &Config, node: usize, member: &str) -> Option<usize> {
        let is_it = |card: &Card| card.node == node && config.common.ids.is_same(&card.member, member);
        self.now.cards.iter().position(is_it)
    }

    /// Drops a card that was never sent.
    fn forget_new(&mut self, place: usize) {
        let is_written = |card: &Card| self.written.as_ref().is_some_and(|written| written.cards.contains(card));
        if self.now.cards.get(place).is_some_and(|card| !is_written(card)) {
            self.now.cards.remove(place);
        }
    }
}

fn overtaken() -> Failure {
    failure! { Conflict:
    "另一个调用正在处理此审批的待办", "another call is at the to-do of this request";
    "请稍后重试", "try again shortly" }
    .with_retry_after_ms(1_000)
}
