//! The two vendors: one that takes no time, and the simulator in a process of its own.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use organisation_host::egress::{Body, Checked, Hook, HttpError, Next, Response};
use serde_json::json;
use system_tests::apart::{self, Apart};
use tokio::sync::Notify;
use wecom_simulator::{Generator, Setup, Simulator};

use crate::Outcome;

/// Answers what a sign-in asks for at once, by itself.
#[derive(Debug, Default)]
pub struct Prompt;

#[async_trait]
impl Hook for Prompt {
    async fn around(&self, request: &Checked, _: Next<'_>) -> Result<Response, HttpError> {
        let answer = match request.url().path().trim_start_matches("/cgi-bin/") {
            "gettoken" => json!({"errcode": 0, "errmsg": "ok", "access_token": "prompt-token", "expires_in": 7200}),
            "auth/getuserinfo" => json!({"errcode": 0, "errmsg": "ok", "userid": "lisi"}),
            "user/get" => json!({
                "errcode": 0, "errmsg": "ok", "userid": "lisi", "name": "李四", "department": [2], "order": [0],
                "is_leader_in_dept": [0], "main_department": 2, "status": 1,
            }),
            _ => json!({"errcode": 48002, "errmsg": "api forbidden"}),
        };
        Ok(Response { status: 200, headers: Vec::new(), body: Body::Text(answer.to_string()) })
    }
}

/// Answers nothing until it is let go.
#[derive(Debug, Default)]
pub struct Silent {
    parked: AtomicUsize,
    released: Notify,
}

impl Silent {
    /// Requests that wait.
    pub fn parked(&self) -> usize {
        self.parked.load(Ordering::Relaxed)
    }

    /// Lets all go.
    pub fn release(&self) {
        self.released.notify_waiters();
    }
}

#[async_trait]
impl Hook for Silent {
    async fn around(&self, request: &Checked, next: Next<'_>) -> Result<Response, HttpError> {
        let released = self.released.notified();
        self.parked.fetch_add(1, Ordering::Relaxed);
        released.await;
        Prompt.around(request, next).await
    }
}

/// Starts a simulator with an organisation of this size and this latency.
pub fn start(members: usize, departments: usize, latency: u64) -> Outcome<Apart> {
    Apart::start(&[members.to_string(), departments.to_string(), latency.to_string()])
}

/// In the other process.
pub async fn serve(arguments: &[String]) -> Outcome<()> {
    let [_, members, departments, latency] = arguments else { return Err("members, departments, latency".into()) };
    let corp = Generator::sized(1, members.parse()?, departments.parse()?).generate()?;
    let simulator = Simulator::start(Setup::new(corp)).await?;
    let latency = Duration::from_millis(latency.parse()?);
    simulator.control().configure(|behaviour| behaviour.latency = latency);
    Ok(apart::serve(&simulator).await?)
}
