//! Faults on request: which call is struck, and what happens to it. Faults strike at step 8 of the pipeline, after the
//! token and the caller's address were checked (fact sheet section 12.1). Downloads of exported files are struck under the
//! name `download`; of them the connection, the bytes and the delay can be damaged, not what belongs to JSON.

use std::time::Duration;

/// Which of the matching calls are struck. Calls are counted from 1 since the fault was injected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// Every call.
    Always,
    /// The n-th call only.
    Nth(u64),
    /// The first n calls.
    First(u64),
    /// Every call after the first n.
    After(u64),
    /// Each call with this probability, drawn from a generator of this seed.
    Chance {
        /// 0.0 to 1.0.
        probability: f64,
        /// Same seed, same calls.
        seed: u64,
    },
}

/// What happens to a struck call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// HTTP 200 with this errcode; nothing is done.
    Code(i64),
    /// 45009 now and for every further call of the API until the simulated clock has advanced this far.
    Block(Duration),
    /// The answer is late by this much real time.
    Delay(Duration),
    /// The connection closes before an answer.
    Disconnect {
        /// Whether the request takes effect all the same.
        processed: bool,
    },
    /// An HTML error page of the edge, with this HTTP status (502, 503 …); nothing is done.
    EdgePage(u16),
    /// A redirect to this address; nothing is done.
    Redirect(String),
    /// An HTML page with HTTP 200; nothing is done.
    HtmlWithOk,
    /// The right answer, cut in the middle, with a matching length header.
    Truncated,
    /// The right answer with every list replaced by a text and every text by a number.
    WrongTypes,
    /// The right answer without `errcode`.
    MissingErrcode,
    /// Errcode 0 with `ok. Warning: wrong json format. ` and nothing else.
    Warning,
    /// The right answer wrapped in an array.
    RootArray,
    /// The right answer compressed, with `Content-Encoding: gzip`.
    Gzip,
    /// The right answer padded to at least this many bytes.
    Oversized(usize),
    /// The right answer with a byte that is not UTF-8 in a text.
    InvalidUtf8,
    /// The right answer with another byte in the middle.
    Corrupted,
    /// The connection closes after half of the announced bytes. Downloads only.
    CutOff,
}

/// One fault to inject.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// API path without prefix, such as `user/list`; `None` strikes any API.
    pub api: Option<String>,
    /// A query pair the call must carry, such as `("department_id", "7")`.
    pub query: Option<(String, String)>,
    /// Which of the matching calls.
    pub when: When,
    /// What happens.
    pub effect: Effect,
}

impl Fault {
    /// A fault of one API (`user/list`).
    pub fn of(api: &str, when: When, effect: Effect) -> Self {
        Self { api: Some(api.to_owned()), query: None, when, effect }
    }

    /// A fault of any API.
    pub fn any(when: When, effect: Effect) -> Self {
        Self { api: None, query: None, when, effect }
    }

    /// Narrows the fault to calls with this query pair.
    #[must_use]
    pub fn with_query(mut self, key: &str, value: &str) -> Self {
        self.query = Some((key.to_owned(), value.to_owned()));
        self
    }
}

/// Names an injected fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FaultId(pub(crate) u64);

/// A fault that is armed.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmedFault {
    /// Its name.
    pub id: FaultId,
    /// Which calls it strikes, and how.
    pub fault: Fault,
    /// How often it has struck.
    pub struck: u64,
}

#[derive(Debug)]
struct Armed {
    id: FaultId,
    fault: Fault,
    seen: u64,
    struck: u64,
    random: Option<fastrand::Rng>,
}

/// The faults that are armed.
#[derive(Debug, Default)]
pub(crate) struct FaultBook {
    armed: Vec<Armed>,
    issued: u64,
}

impl FaultBook {
    pub(crate) fn inject(&mut self, fault: Fault) -> FaultId {
        self.issued += 1;
        let id = FaultId(self.issued);
        let random = match fault.when {
            When::Chance { seed, .. } => Some(fastrand::Rng::with_seed(seed)),
            _ => None,
        };
        self.armed.push(Armed { id, fault, seen: 0, struck: 0, random });
        id
    }

    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    pub(crate) fn remove(&mut self, id: FaultId) {
        self.armed.retain(|armed| armed.id != id);
    }

    /// What is armed, in the order of injection.
    pub(crate) fn armed(&self) -> impl Iterator<Item = ArmedFault> {
        self.armed.iter().map(|one| ArmedFault { id: one.id, fault: one.fault.clone(), struck: one.struck })
    }

    /// How often a fault has struck.
    pub(crate) fn struck(&self, id: FaultId) -> u64 {
        self.armed.iter().find(|armed| armed.id == id).map_or(0, |armed| armed.struck)
    }

    /// The effects that strike this call, in the order of injection.
    pub(crate) fn strike(&mut self, api: &str, query: &[(String, String)]) -> Vec<Effect> {
        self.armed.iter_mut().filter_map(|armed| armed.strike(api, query)).collect()
    }
}

impl Armed {
    fn strike(&mut self, api: &str, query: &[(String, String)]) -> Option<Effect> {
        let Fault { api: only, query: pair, when, effect } = &self.fault;
        if only.as_deref().is_some_and(|only| only != api) || pair.as_ref().is_some_and(|pair| !query.contains(pair)) {
            return None;
        }
        self.seen += 1;
        let strikes = match *when {
            When::Always => true,
            When::Nth(n) => self.seen == n,
            When::First(n) => self.seen <= n,
            When::After(n) => self.seen > n,
            When::Chance { probability, .. } => self.random.as_mut().is_some_and(|random| random.f64() < probability),
        };
        strikes.then(|| {
            self.struck += 1;
            effect.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(when: When) -> Vec<bool> {
        let mut book = FaultBook::default();
        book.inject(Fault::of("user/list", when, Effect::Gzip));
        assert!(book.strike("user/get", &[]).is_empty(), "another API is spared");
        (0..5).map(|_| !book.strike("user/list", &[]).is_empty()).collect()
    }

    #[test]
    fn the_right_calls_are_struck() {
        for (when, expected) in [
            (When::Always, [true; 5]),
            (When::Nth(2), [false, true, false, false, false]),
            (When::First(2), [true, true, false, false, false]),
            (When::After(3), [false, false, false, true, true]),
            (When::Chance { probability: 0.0, seed: 1 }, [false; 5]),
            (When::Chance { probability: 1.0, seed: 1 }, [true; 5]),
        ] {
            assert_eq!(struck(when), expected, "{when:?}");
        }
        let even = When::Chance { probability: 0.5, seed: 7 };
        assert_eq!(struck(even), struck(even), "the same seed strikes the same calls");
    }

    #[test]
    fn a_query_pair_narrows_a_fault_and_strikes_are_counted() {
        let mut book = FaultBook::default();
        let id = book.inject(Fault::any(When::Always, Effect::Code(-1)).with_query("department_id", "7"));
        for (value, expected) in [("6", 0), ("7", 1), ("7", 2)] {
            book.strike("user/list", &[("department_id".to_owned(), value.to_owned())]);
            assert_eq!(book.struck(id), expected);
        }
        book.remove(id);
        assert!(book.strike("user/list", &[("department_id".to_owned(), "7".to_owned())]).is_empty());
    }
}
