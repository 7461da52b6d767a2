//! How a call runs: wait for a place, instantiate, call, and account for it, whatever happened.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;
use wasmtime::{
    Store, UpdateDeadline,
    component::{ComponentNamedList, Lift, Lower},
};

use super::{
    error::{CallError, CallSite},
    limits::{Exceeded, LimitName},
    report::{CallReport, HttpTraffic, Outcome, microseconds},
    state::{CallState, Caller, Reach, budget},
    trap::Trap,
};
use crate::{
    component::LoadedComponent,
    contract::types,
    egress::Budget,
    engine::{GUEST_STACK, HostEngine},
    observe::Observer,
    queue::{Asked, FairQueue, Share, Urgency},
};

/// The answer of a component and the report of the call.
#[derive(Debug, Clone)]
pub struct Called<T> {
    /// What the component answered; for most functions a `Result` whose error is one of the contract.
    pub value: T,
    /// What the call did.
    pub report: CallReport,
}

/// A call without an answer, with its report.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
pub struct FailedCall {
    /// Why there is no answer.
    #[source]
    pub error: CallError,
    /// What the call did until then.
    pub report: CallReport,
}

/// What every typed method of an [`Element`](crate::Element) answers. The failure is boxed: a report is large.
pub type CallResult<T> = Result<Called<T>, Box<FailedCall>>;

/// What a function of the contract takes.
pub(crate) trait Parameters: ComponentNamedList + Lower + Send + Sync {}

impl<P: ComponentNamedList + Lower + Send + Sync> Parameters for P {}

/// What a function of the contract answers: whether it is an error, and which.
pub(crate) trait Answer: Lift + Send + Sync + 'static {
    /// What it says, if it is an error.
    fn refusal(&self) -> Option<Refusal>;
}

/// What an error of the contract says to a program.
pub(crate) struct Refusal {
    /// The reason in kebab-case.
    reason: String,
    vendor_code: Option<i64>,
}

impl<T: Lift + Send + Sync + 'static> Answer for Result<T, types::Error> {
    fn refusal(&self) -> Option<Refusal> {
        let error = self.as_ref().err()?;
        Some(Refusal { reason: reason_name(&error.reason).to_owned(), vendor_code: error.vendor_code })
    }
}

/// The reason of a contract error in kebab-case, as it stands in the contract.
pub fn reason_name(reason: &types::Reason) -> &str {
    use types::Reason;
    match reason {
        Reason::InvalidConfig(_) => "invalid-config",
        Reason::CredentialsRefused => "credentials-refused",
        Reason::NotPermitted => "not-permitted",
        Reason::LoginRejected => "login-rejected",
        Reason::NotFound => "not-found",
        Reason::InvalidArgument(_) => "invalid-argument",
        Reason::RateLimited => "rate-limited",
        Reason::Unavailable => "unavailable",
        Reason::Conflict => "conflict",
        Reason::MassRemovalBlocked(_) => "mass-removal-blocked",
        Reason::CursorExpired => "cursor-expired",
        Reason::Unsupported => "unsupported",
        Reason::UnexpectedAnswer => "unexpected-answer",
        Reason::Other(name) => name,
    }
}

/// What a host gives to every call.
pub(crate) struct Stage<'a> {
    pub(crate) engine: &'a HostEngine,
    pub(crate) component: &'a LoadedComponent,
    /// Places for the calls that may run at the same time.
    pub(crate) queue: &'a FairQueue,
    /// The tenant's part of them.
    pub(crate) share: Share,
    /// Who hears how the call ended.
    pub(crate) observers: &'a [Arc<dyn Observer>],
}

/// Calls a function of a fresh instance.
///
/// `reach` gets the call's budget and answers what the call may touch. What the call consists of is put in its place on
/// the heap here and now: a future holds its arguments to its end, so each one on the way would hold a copy.
pub(crate) fn run<'a, P: Parameters + 'a, T: Answer>(
    stage: Stage<'a>,
    function: &'static str,
    caller: Caller,
    reach: impl FnOnce(&Arc<Budget>) -> Reach,
    parameters: P,
) -> impl Future<Output = CallResult<T>> + Send {
    // Names as OpenTelemetry has them where it has one; all others are this host's own.
    let span = tracing::info_span!(
        "call",
        otel.kind = "internal",
        code.function.name = function,
        lowcode.tenant = caller.tenant,
        lowcode.element = caller.element,
        lowcode.call = caller.call,
        lowcode.component.digest = %stage.component.digest(),
        lowcode.outcome = tracing::field::Empty,
        error.type = tracing::field::Empty,
    );
    let observers = stage.observers;
    let begun = Instant::now();
    let budget = Arc::new(budget(&caller.limits, begun + caller.limits.wall()));
    let state = Box::new(CallState::new(caller, reach(&budget), budget));
    let running = Box::pin(run_in_span(stage, function, begun, state, parameters).instrument(span.clone()));
    async move {
        let called = running.await;
        let report = called.as_ref().map_or_else(|failed| &failed.report, |called| &called.report);
        let (outcome, error) = report.outcome.names();
        span.record("lowcode.outcome", outcome);
        if let Some(error) = error {
            span.record("error.type", error);
        }
        for observer in observers {
            observer.called(report);
        }
        called
    }
}

async fn run_in_span<P: Parameters, T: Answer>(
    stage: Stage<'_>,
    function: &'static str,
    begun: Instant,
    state: Box<CallState>,
    parameters: P,
) -> CallResult<T> {
    let deadline = begun + state.limits.wall();
    let site = CallSite {
        tenant: state.tenant.clone(),
        element: state.element.clone(),
        component: stage.component.digest(),
        function,
    };
    let mut clock = Clock { begun, begun_at: SystemTime::now(), queued: Duration::ZERO, instantiate: None };

    let asked = Asked { urgency: Urgency::of(function), share: stage.share, places: stage.component.places };
    let place = timeout_at(deadline, stage.queue.place(&site.tenant, asked)).await;
    clock.queued = begun.elapsed();
    let _place = match place {
        Ok(place) => place,
        Err(_) => {
            let error = CallError::Limit { site, exceeded: out_of_time(&state) };
            let report = report(error.site(), &clock, &state, Outcome::of(&error));
            return Err(Box::new(FailedCall { error, report }));
        }
    };

    let _running = stage.engine.running();
    let mut store = store(stage.engine, state);
    let outcome = timeout_at(deadline, async {
        let started = Instant::now();
        let export = stage.component.function(function)?;
        let instance = stage.component.pre.instantiate_async(&mut store).await?;
        clock.instantiate = Some(started.elapsed());
        let function = instance.get_typed_func::<P, (T,)>(&mut store, export)?;
        let (value,) = function.call_async(&mut store, parameters).await?;
        Ok(value)
    })
    .await;
    let state = store.data();
    let error = match outcome {
        Ok(Ok(value)) => {
            let refused = |Refusal { reason, vendor_code }| Outcome::Refused { reason, vendor_code };
            let outcome = value.refusal().map_or(Outcome::Answered, refused);
            let report = report(&site, &clock, state, outcome);
            return Ok(Called { value, report });
        }
        Ok(Err(error)) => explain(site, state, &error, clock.instantiate.is_some()),
        Err(_) => CallError::Limit { site, exceeded: out_of_time(state) },
    };
    let at = error.backtrace();
    tracing::warn!(%error, kind = error.kind(), backtrace = ?at, "a call gave no answer");
    let report = report(error.site(), &clock, state, Outcome::of(&error));
    Err(Box::new(FailedCall { error, report }))
}

struct Clock {
    begun: Instant,
    begun_at: SystemTime,
    queued: Duration,
    /// Once there is an instance.
    instantiate: Option<Duration>,
}

fn out_of_time(state: &CallState) -> Exceeded {
    let allowed = state.limits.wall_ms;
    Exceeded { limit: LimitName::WallMs, allowed, asked: allowed.saturating_add(1) }
}

/// A store with all its meters. It holds the state itself; what held it until now goes here.
fn store(engine: &HostEngine, state: Box<CallState>) -> Store<CallState> {
    let size = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    let (hostcall_bytes, handles) = (size(state.limits.hostcall_bytes), size(state.limits.handles.into()));
    let mut store = Store::new(engine.wasmtime(), *state);
    store.set_hostcall_fuel(hostcall_bytes);
    store.set_max_component_handles(handles);
    store.limiter(|state| &mut state.space);
    store.call_hook(|mut store, hook| {
        store.data_mut().cpu.passed(hook);
        Ok(())
    });
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        let state = store.data_mut();
        let (used, allowed) = (state.cpu.used(), state.limits.cpu());
        if used > allowed {
            // Rounded up, so that what was asked for is always more than what was allowed.
            let asked = u64::try_from(used.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
            return Err(state.end(Exceeded { limit: LimitName::CpuMs, allowed: state.limits.cpu_ms, asked }));
        }
        // Not the engine's own yield: that comes back before the runtime has looked at its timers and sockets.
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    });
    store
}

/// What a trap or a failed instantiation means. What the meters saw comes first: a guest that was refused memory says
/// no more than "unreachable".
fn explain(site: CallSite, state: &CallState, error: &wasmtime::Error, had_instance: bool) -> CallError {
    if let Some(exceeded) = state.exceeded.or(state.space.refused()).or_else(|| limit_of_the_engine(state, error)) {
        return CallError::Limit { site, exceeded };
    }
    // Also while it is instantiated a component runs code of its own.
    if (had_instance || error.is::<wasmtime::Trap>())
        && let Some(trap) = Trap::of(error)
    {
        return CallError::Trap { site, trap };
    }
    CallError::Host { site, reason: error.root_cause().to_string() }
}

/// The limits that the engine itself enforces. It has no error types for most of them and does not say how much was
/// asked for, so the text is looked at; a test violates each.
fn limit_of_the_engine(state: &CallState, error: &wasmtime::Error) -> Option<Exceeded> {
    let cause = error.root_cause().to_string();
    let (limit, allowed) = if matches!(error.downcast_ref(), Some(wasmtime::Trap::StackOverflow)) {
        (LimitName::StackBytes, GUEST_STACK as u64)
    } else if cause.contains("instance count too high") {
        (LimitName::Instances, state.limits.instances.into())
    } else if cause.contains("fuel allocated for hostcalls") {
        (LimitName::HostcallBytes, state.limits.hostcall_bytes)
    } else if cause.contains("store handle limit exceeded") {
        (LimitName::Handles, state.limits.handles.into())
    } else {
        return None;
    };
    Some(Exceeded { limit, allowed, asked: allowed.saturating_add(1) })
}

fn report(site: &CallSite, clock: &Clock, state: &CallState, outcome: Outcome) -> CallReport {
    CallReport {
        call: state.call.clone(),
        begun_at: clock.begun_at,
        function: site.function,
        tenant: site.tenant.clone(),
        element: site.element.clone(),
        component: site.component,
        outcome,
        queued_us: microseconds(clock.queued),
        instantiate_us: microseconds(clock.instantiate.unwrap_or_default()),
        guest_cpu_us: microseconds(state.cpu.used()),
        wall_us: microseconds(clock.begun.elapsed()),
        peak_memory_bytes: state.space.peak_memory(),
        host_calls: state.host_calls().clone(),
        http: match &state.reach {
            Reach::Everything { http, .. } => http.traffic().into(),
            Reach::Nothing => HttpTraffic::default(),
        },
        log: state.journal.clone(),
    }
}
