//! The two things a host holds: [`Egress`], one for the process, and [`Outbound`], one for each call.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::timeout;

use super::{
    answer::Measure,
    budget::Budget,
    destination::Destination,
    error::{EgressError, HttpError, HttpFailure},
    exchange::{ExchangeLog, OpenExchange, Traffic},
    hook::{Hook, Network, Next},
    options::EgressOptions,
    permits::{Permit, Permits, UsedUp},
    policy::{self, Checked, Policy, Sizes},
    request::Request,
    response::Response,
    secrets::{Outgoing, Secrets},
    transport::{Progress, Transport},
};

/// What all calls of a process share. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    transport: Arc<Transport>,
    answer_bytes: Arc<Permits>,
}

impl Egress {
    /// Reads the root certificates, which takes some milliseconds; opens no connection.
    ///
    /// # Errors
    /// See [`EgressError`].
    pub fn new(options: &EgressOptions) -> Result<Self, EgressError> {
        let transport = Transport::new(options, options.roots.client_config()?);
        let answer_bytes = Arc::new(Permits::new(options.limits.answer_bytes));
        Ok(Self { transport: Arc::new(transport), answer_bytes })
    }

    /// The HTTP of one call.
    pub fn for_call(&self, policy: Arc<Policy>, budget: Arc<Budget>) -> Outbound {
        let (egress, log, held) = (self.clone(), ExchangeLog::default(), Mutex::default());
        Outbound { egress, policy, budget, hooks: Vec::new(), secrets: None, log, held }
    }

    /// The number of connections opened so far, to see how well they are kept.
    pub fn connections_opened(&self) -> u64 {
        self.transport.opened()
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("connections_opened", &self.connections_opened()).finish_non_exhaustive()
    }
}

/// The HTTP of one call of one tenant.
pub struct Outbound {
    egress: Egress,
    policy: Arc<Policy>,
    pub(super) budget: Arc<Budget>,
    hooks: Vec<Arc<dyn Hook>>,
    secrets: Option<Arc<dyn Secrets>>,
    pub(super) log: ExchangeLog,
    /// For the bytes of answers that the component has not got yet.
    held: Mutex<HeldAnswers>,
}

/// Bytes of answers that lie in the host.
#[derive(Debug, Default)]
struct HeldAnswers {
    bytes: u64,
    permit: Option<Permit>,
}

impl Outbound {
    /// Adds a hook behind those added before: the first one added sees a request first and its answer last.
    #[must_use]
    pub fn with_hook(mut self, hook: Arc<dyn Hook>) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Sets what fills secrets in.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Arc<dyn Secrets>) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// The budget of the call.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The component has taken over what was answered before: the import that handed it over is done, or it asks for something
    /// new.
    pub fn deliver(&self) {
        let delivered = std::mem::take(&mut *self.held());
        drop(delivered);
    }

    /// Takes permits for bytes of an answer, all or none.
    pub(super) fn hold(&self, bytes: u64) -> Result<(), HttpError> {
        if bytes == 0 {
            return Ok(());
        }
        let count = u32::try_from(bytes).unwrap_or(u32::MAX);
        let permits = &self.egress.answer_bytes;
        let (tenant, at_once) = (self.policy.tenant(), self.budget.limits().bytes_at_once);
        let mut held = self.held();
        if held.bytes.saturating_add(bytes) > at_once {
            return Err(at_once_used_up(&format!("the {at_once} bytes that this call has room for")));
        }
        let permit = permits.try_acquire(tenant, count).map_err(|used_up| {
            let limits = permits.limits();
            at_once_used_up(&match used_up {
                UsedUp::Tenant => format!("the {} bytes that all calls of a tenant may get at a time", limits.tenant),
                UsedUp::Host => format!("the {} bytes that all calls of this host may get at a time", limits.host),
            })
        })?;
        held.bytes += bytes;
        match &mut held.permit {
            Some(before) => before.merge(permit),
            none => *none = Some(permit),
        }
        Ok(())
    }

    /// Gives permits back for bytes of an answer that the component does not get.
    fn release(&self, bytes: u64) {
        let mut held = self.held();
        held.bytes = held.bytes.saturating_sub(bytes);
        if let Some(permit) = &mut held.permit {
            permit.give_back(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
    }

    fn held(&self) -> MutexGuard<'_, HeldAnswers> {
        // A sum and permits for it; a panic in between errs on the strict side.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request may have parts of these sizes, so that one that may not need not be copied to be refused. It counts as
    /// a request then, and takes part in the report.
    ///
    /// # Errors
    /// As for a request with such parts.
    pub fn admits_sizes(&self, sizes: Sizes) -> Result<(), HttpError> {
        let (left, body) = (self.budget.remaining().bytes_out, sizes.body as u64);
        let unsendable = policy::demand_sizes(sizes).err();
        match unsendable.or_else(|| (body > left).then(|| self.budget.too_much_out(body))) {
            Some(refusal) => Err(self.turn_away(&Request::new("", ""), refusal)),
            None => Ok(()),
        }
    }

    /// Whether there is a place left in the budget for a request, and it may go where its URL says, so that its body need not be
    /// copied otherwise. It counts as a request then, and takes part in the report.
    ///
    /// # Errors
    /// As for a request with this URL.
    pub fn admits_head(&self, request: &Request) -> Result<(), HttpError> {
        let refusal = match self.budget.remaining().requests {
            0 => Err(self.budget.no_request_left()),
            _ => self.policy.admits(&request.url),
        };
        refusal.map_err(|refusal| self.turn_away(request, refusal))
    }

    /// The failure of a request that nobody needs to look at any further, as far as it is known. It counts as a request, and
    /// takes part in the report.
    pub fn turn_away(&self, request: &Request, refusal: HttpError) -> HttpError {
        let failure = self.budget.take_request().err().unwrap_or(refusal);
        self.log.begin(self.policy.tenant(), request).end(&Err(failure.clone()));
        failure
    }

    /// What became of the requests so far.
    pub fn traffic(&self) -> Traffic {
        self.log.traffic()
    }

    /// Sends one request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// See [`HttpFailure`].
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.deliver();
        self.send_charged(self.budget.take_request(), request).await
    }

    /// Sends a request whose place in the budget was taken, or not, in the order of a batch.
    pub(super) async fn send_charged(
        &self,
        charged: Result<(), HttpError>,
        request: Request,
    ) -> Result<Response, HttpError> {
        let exchange = self.log.begin(self.policy.tenant(), &request);
        let result = match charged {
            Ok(()) => self.admit_and_send(request, &exchange).await,
            Err(error) => Err(error),
        };
        if result.is_err() {
            self.release(exchange.bytes_in());
        }
        exchange.end(&result);
        result
    }

    async fn admit_and_send(&self, request: Request, exchange: &OpenExchange<'_>) -> Result<Response, HttpError> {
        let checked = self.policy.check(request)?;
        let _place = self.budget.place().await?;
        self.budget.take_out(checked.bytes())?;
        exchange.add_out(checked.bytes());

        let limits = self.budget.limits();
        let limit = checked.max_bytes().map_or(limits.largest_response, |wanted| wanted.min(limits.largest_response));
        let line = Line {
            outbound: self,
            measure: Measure { limit, outbound: self, exchange },
            progress: Progress::default(),
        };
        let time = self.budget.remaining().wall.min(Duration::from_millis(checked.timeout_ms().into()));
        let next = Next { request: &checked, hooks: &self.hooks, network: &line };
        let response = timeout(time, next.run()).await.map_err(|_| line.timed_out(time, &checked))??;
        line.check_what_hooks_made(&response)?;
        Ok(response)
    }
}

fn at_once_used_up(what: &str) -> HttpError {
    let message = format!("the answer is more than is left of {what}; ask for less at a time, or in another call");
    HttpError::after_sending(HttpFailure::BudgetExhausted, message)
}

/// The last part of the way of one request, behind the hooks.
struct Line<'a> {
    outbound: &'a Outbound,
    measure: Measure<'a>,
    progress: Progress,
}

impl Line<'_> {
    fn timed_out(&self, time: Duration, request: &Checked) -> HttpError {
        let may_have_reached_server = self.progress.may_have_reached_server();
        let missing = if may_have_reached_server { "complete answer from" } else { "connection to" };
        let (url, time) = (self.measure.exchange.url(), time.as_millis());
        let proxy = request.proxy().map(|proxy| format!(" through the proxy {}", proxy.destination()));
        let message = format!("no {missing} {url}{} within {time} ms", proxy.unwrap_or_default());
        HttpError { kind: HttpFailure::Timeout, message, may_have_reached_server }
    }

    /// An answer from the network was counted while it was read; one that a hook made up was not, and one that a hook
    /// changed may have grown.
    fn check_what_hooks_made(&self, response: &Response) -> Result<(), HttpError> {
        let bytes = response.body.as_bytes().len() as u64;
        if bytes > self.measure.limit {
            return Err(self.measure.too_large());
        }
        if self.progress.left_the_hooks() { Ok(()) } else { self.measure.take_in(bytes) }
    }
}

#[async_trait]
impl Network for Line<'_> {
    async fn send(&self, request: &Checked) -> Result<Response, HttpError> {
        let outgoing =
            Outgoing { url: request.url().clone(), headers: request.headers().clone(), body: request.body().clone() };
        let (transport, tenant) = (&self.outbound.egress.transport, self.outbound.policy.tenant());
        let Some(secrets) = &self.outbound.secrets else {
            return transport.send(tenant, request, outgoing, &self.measure, &self.progress).await;
        };
        let filled = secrets.fill(request.destination(), outgoing)?;
        if Destination::of(&filled.url).as_ref() != Ok(request.destination()) {
            let message = "filling secrets in would change where the request goes, so it is not sent";
            return Err(HttpError::before_sending(HttpFailure::Denied { option: None }, message));
        }
        let response = transport.send(tenant, request, filled, &self.measure, &self.progress).await?;
        Ok(secrets.redact(response))
    }
}
