//! Between host and simulator: answers that a test scripts, and an ear for the tokens, tickets and addresses of files
//! that WeCom hands out, so that a test can look for them where they must not be.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use host_harness::egress::{Body, Checked, Hook, HttpError, Next, Response};
use serde_json::Value;

use crate::fuse::Fuse;

/// Keys of answers whose values nobody may see.
const CONFIDENTIAL: [&str; 2] = ["access_token", "user_ticket"];

/// A hook that every request of a stage goes through.
#[derive(Debug, Default)]
pub struct Switchboard {
    script: Mutex<BTreeMap<String, Response>>,
    overheard: Mutex<BTreeSet<String>>,
    shown: Mutex<Vec<String>>,
    presented: Mutex<Vec<String>>,
    fuse: Arc<Fuse>,
}

impl Switchboard {
    /// A switchboard whose requests count on this fuse.
    pub fn new(fuse: Arc<Fuse>) -> Self {
        Self { fuse, ..Self::default() }
    }

    /// Answers an API (`user/get`) with this JSON from now on, whatever is asked.
    pub fn answer(&self, api: &str, json: impl Into<String>) {
        self.respond(api, 200, json);
    }

    /// Answers an API with this status and body from now on.
    pub fn respond(&self, api: &str, status: u16, body: impl Into<String>) {
        let response = Response { status, headers: Vec::new(), body: Body::Text(body.into()) };
        lock(&self.script).insert(api.to_owned(), response);
    }

    /// Lets an API through to the simulator again.
    pub fn pass_on(&self, api: &str) {
        lock(&self.script).remove(api);
    }

    /// Every token, ticket and address of a file that WeCom has handed out so far.
    pub fn overheard(&self) -> BTreeSet<String> {
        lock(&self.overheard).clone()
    }

    /// How every request and every answer or failure shows itself, in the order of answers.
    pub fn shown(&self) -> Vec<String> {
        lock(&self.shown).clone()
    }

    /// What was written where the app's secret belongs, by each request for a token: a hook sees requests as the
    /// component wrote them.
    pub fn secrets_presented(&self) -> Vec<String> {
        lock(&self.presented).clone()
    }

    fn listen(&self, response: &Response) {
        let Body::Text(text) = &response.body else { return };
        let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return };
        let secrets = CONFIDENTIAL.iter().filter_map(|key| fields.get(*key)?.as_str()).map(str::to_owned);
        lock(&self.overheard).extend(secrets);
        let files = fields.get("data_list").and_then(Value::as_array).into_iter().flatten();
        lock(&self.overheard).extend(files.filter_map(|file| file.get("url")?.as_str()).map(str::to_owned));
    }
}

#[async_trait]
impl Hook for Switchboard {
    async fn around(&self, request: &Checked, next: Next<'_>) -> Result<Response, HttpError> {
        let api = request.url().path().trim_start_matches("/cgi-bin/");
        let secret = request.url().query_pairs().find(|(key, _)| key == "corpsecret");
        lock(&self.presented).extend(secret.map(|(_, value)| value.into_owned()));
        let scripted = lock(&self.script).get(api).cloned();
        let answer = async {
            match scripted {
                Some(response) => Ok(response),
                None => next.run().await,
            }
        };
        let answered = self.fuse.pass(answer).await;
        lock(&self.shown).push(format!("{request:?} {answered:?}"));
        if let Ok(response) = &answered {
            self.listen(response);
        }
        answered
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panicked beside it has failed already.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
