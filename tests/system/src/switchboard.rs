//! Between host and vendor: answers that a test scripts or rewrites, and an ear for the tokens, tickets and addresses of
//! files that the vendor hands out, so that a test can look for them where they must not be.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use organisation_host::egress::{Body, Checked, Hook, HttpError, Next, Response};
use serde_json::{Map, Value};

use crate::fuse::Fuse;

/// Keys of answers whose values nobody may see.
const CONFIDENTIAL: [&str; 3] = ["access_token", "user_ticket", "ticket"];

/// Changes an answer that is a JSON object on its way to the host.
type Rewrite = Box<dyn Fn(&mut Value) + Send>;

/// A hook that every request of a stage goes through.
#[derive(Default)]
pub struct Switchboard {
    script: Mutex<BTreeMap<String, Response>>,
    rewrite: Mutex<Option<Rewrite>>,
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

    /// Changes every object, however deep, of every answer that is JSON, from now on.
    pub fn rewrite(&self, change: impl Fn(&mut Map<String, Value>) + Send + 'static) {
        *lock(&self.rewrite) = Some(Box::new(move |answer| visit(answer, &change)));
    }

    /// Hands answers on as they are again.
    pub fn stop_rewriting(&self) {
        *lock(&self.rewrite) = None;
    }

    /// Every token, ticket and address of a file that the vendor has handed out so far.
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

    fn rewritten(&self, mut response: Response) -> Response {
        if let (Some(rewrite), Body::Text(text)) = (&*lock(&self.rewrite), &response.body)
            && let Ok(mut answer) = serde_json::from_str(text)
        {
            rewrite(&mut answer);
            response.body = Body::Text(answer.to_string());
        }
        response
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

impl fmt::Debug for Switchboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switchboard").field("fuse", &self.fuse).finish_non_exhaustive()
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
                None => next.run().await.map(|response| self.rewritten(response)),
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

fn visit(value: &mut Value, change: &impl Fn(&mut Map<String, Value>)) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| visit(field, change));
            change(fields);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, change)),
        _ => {}
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panicked beside it has failed already.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
