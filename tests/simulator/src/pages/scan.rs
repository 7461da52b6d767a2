//! Sign-ins that a browser shows and a phone answers: the browser waits until somebody has scanned its code and decided.

use std::collections::VecDeque;

use serde::Serialize;

use super::request::{Refusal, SignIn};
use crate::clock::UnixMillis;
use crate::secret::random_text;

/// So many sign-ins wait at a time; of more, the oldest are forgotten.
const MOST: usize = 20;

/// For how long a code can be scanned, in simulated milliseconds: the platform's own page shows a new one by then.
const LIFETIME: UnixMillis = 5 * 60 * 1000;

/// A sign-in that waits for a phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Names it.
    pub ticket: String,
    /// The app that is signed in to.
    pub app: Option<u64>,
    /// Where the browser goes afterwards: host and port.
    pub host: String,
    /// Simulated time of its page, Unix milliseconds.
    pub at: UnixMillis,
    /// Who has scanned it.
    pub scanned_by: Option<String>,
}

/// Why a phone cannot answer a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScanError {
    #[error("no browser waits with the code {0:?}; it may have been answered, or it is older than 5 minutes")]
    Unknown(String),
    #[error("{0:?} has to scan the code first")]
    NotScanned(String),
    #[error("the platform refuses this sign-in with {0}: {1}")]
    Refused(i64, &'static str),
}

/// What became of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Waiting,
    Scanned,
    /// The browser goes here.
    Decided(String),
    Refused(Refusal),
    /// Too old, or never there.
    Gone,
}

#[derive(Debug)]
struct Scan {
    waiting: Waiting,
    sign_in: SignIn,
    decided: Option<Result<String, Refusal>>,
}

/// The sign-ins that wait.
#[derive(Debug, Default)]
pub(crate) struct Scans {
    scans: VecDeque<Scan>,
}

impl Scans {
    /// A page for this sign-in is shown; answers the name of its code.
    pub(crate) fn show(&mut self, sign_in: &SignIn, now: UnixMillis, random: &mut fastrand::Rng) -> String {
        self.scans.retain(|scan| now < scan.waiting.at + LIFETIME);
        if self.scans.len() == MOST {
            self.scans.pop_front();
        }
        let ticket = random_text(random, 16);
        let waiting =
            Waiting { ticket: ticket.clone(), app: sign_in.app, host: sign_in.host.clone(), at: now, scanned_by: None };
        self.scans.push_back(Scan { waiting, sign_in: sign_in.clone(), decided: None });
        ticket
    }

    /// What nobody has decided on yet, the latest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = Waiting> {
        self.scans.iter().rev().filter(|scan| scan.decided.is_none()).map(|scan| scan.waiting.clone())
    }

    /// A member scans a code.
    pub(crate) fn scan(&mut self, ticket: &str, member: &str, now: UnixMillis) -> Result<(), ScanError> {
        self.open(ticket, now)?.waiting.scanned_by = Some(member.to_owned());
        Ok(())
    }

    /// The sign-in that a member has scanned and now decides on.
    pub(crate) fn scanned(&mut self, ticket: &str, member: &str, now: UnixMillis) -> Result<SignIn, ScanError> {
        let scan = self.open(ticket, now)?;
        if scan.waiting.scanned_by.as_deref() != Some(member) {
            return Err(ScanError::NotScanned(member.to_owned()));
        }
        Ok(scan.sign_in.clone())
    }

    /// Keeps what the browser is told next.
    pub(crate) fn decide(&mut self, ticket: &str, decided: Result<String, Refusal>) {
        if let Some(scan) = self.scans.iter_mut().find(|scan| scan.waiting.ticket == ticket) {
            scan.decided = Some(decided);
        }
    }

    /// What the browser is told.
    pub(crate) fn progress(&self, ticket: &str, now: UnixMillis) -> Progress {
        let scan = self.scans.iter().find(|scan| scan.waiting.ticket == ticket);
        match scan {
            None => Progress::Gone,
            Some(Scan { decided: Some(Ok(target)), .. }) => Progress::Decided(target.clone()),
            Some(Scan { decided: Some(Err(refusal)), .. }) => Progress::Refused(refusal.clone()),
            Some(scan) if now >= scan.waiting.at + LIFETIME => Progress::Gone,
            Some(scan) if scan.waiting.scanned_by.is_some() => Progress::Scanned,
            Some(_) => Progress::Waiting,
        }
    }

    fn open(&mut self, ticket: &str, now: UnixMillis) -> Result<&mut Scan, ScanError> {
        let found = self.scans.iter_mut().find(|scan| scan.waiting.ticket == ticket);
        let open = found.filter(|scan| scan.decided.is_none() && now < scan.waiting.at + LIFETIME);
        open.ok_or_else(|| ScanError::Unknown(ticket.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::Entry;
    use super::*;

    fn sign_in() -> SignIn {
        SignIn {
            entry: Entry::Browser,
            app: Some(1),
            redirect: "https://a/cb".to_owned(),
            host: "a".to_owned(),
            state: None,
            private: false,
        }
    }

    #[test]
    fn a_code_is_scanned_then_decided_on_once_and_in_time() {
        let (mut scans, mut random) = (Scans::default(), fastrand::Rng::with_seed(1));
        let ticket = scans.show(&sign_in(), 0, &mut random);
        assert_eq!(scans.progress(&ticket, 0), Progress::Waiting);
        assert_eq!(scans.scanned(&ticket, "lisi", 1), Err(ScanError::NotScanned("lisi".to_owned())));
        scans.scan(&ticket, "lisi", 1).unwrap();
        assert_eq!(scans.progress(&ticket, 1), Progress::Scanned);
        assert_eq!(scans.scanned(&ticket, "wangwu", 1), Err(ScanError::NotScanned("wangwu".to_owned())));
        assert_eq!(scans.scanned(&ticket, "lisi", 1), Ok(sign_in()));
        scans.decide(&ticket, Ok("https://a/cb?code=C".to_owned()));
        assert_eq!(scans.progress(&ticket, LIFETIME), Progress::Decided("https://a/cb?code=C".to_owned()));
        assert_eq!(scans.scan(&ticket, "lisi", 2), Err(ScanError::Unknown(ticket.clone())), "decided");
        assert_eq!(scans.waiting().count(), 0);

        let late = scans.show(&sign_in(), 0, &mut random);
        assert_eq!(scans.progress(&late, LIFETIME), Progress::Gone);
        assert_eq!(scans.scan(&late, "lisi", LIFETIME), Err(ScanError::Unknown(late)));
        for _ in 0..=MOST {
            scans.show(&sign_in(), 10, &mut random);
        }
        assert_eq!(scans.waiting().count(), MOST);
    }
}
