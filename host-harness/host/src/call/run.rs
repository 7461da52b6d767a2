//! How a call runs: wait for a permit, instantiate, call, and report it, whatever happened.

use std::{any::Any, future::poll_fn, marker::PhantomData, pin::pin, sync::Arc};

use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use wasmtime::{
    CallHook, Store, UpdateDeadline,
    component::{ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower},
};

use super::{
    answer::{CallResult, Called},
    error::{CallError, CallSite},
    limits::{Exceeded, LimitName},
    report::CallOutcome,
    state::{CallState, Capabilities},
    tape::{Recording, Tape},
    trap::Trap,
};
use crate::{
    component::LoadedComponent,
    contract::{JsonError, to_recorded_json, types},
    engine::{GUEST_STACK, HostEngine},
    fair_scheduler::{
        Concurrency, FairScheduler, PermitRequest, Urgency,
        processor::{Panic, TimeSlice},
    },
};

/// What a function of the contract takes.
pub(crate) trait Parameters: ComponentNamedList + Lower + Serialize + Send + Sync {}

impl<P: ComponentNamedList + Lower + Serialize + Send + Sync> Parameters for P {}

/// What a function of the contract answers: whether it is an error, and which.
pub(crate) trait Answer: Send + Sync + 'static {
    /// What it says, if it is an error.
    fn refusal(&self) -> Option<Refusal>;

    /// As JSON, for a recording.
    fn recorded(&self) -> Result<Value, JsonError>;
}

/// How a function is called, once there is an instance.
pub(crate) trait Invocation: Send {
    /// What it answers.
    type Value: Answer;

    /// Calls it.
    fn invoke(
        self,
        store: &mut Store<CallState>,
        instance: Instance,
        export: &ComponentExportIndex,
    ) -> impl Future<Output = wasmtime::Result<Self::Value>> + Send;
}

/// A call with the generated types.
struct Typed<P, T>(P, PhantomData<fn() -> T>);

impl<P: Parameters, T: Answer + Lift> Invocation for Typed<P, T> {
    type Value = T;

    async fn invoke(
        self,
        store: &mut Store<CallState>,
        instance: Instance,
        export: &ComponentExportIndex,
    ) -> wasmtime::Result<T> {
        let function = instance.get_typed_func::<P, (T,)>(&mut *store, export)?;
        let (value,) = function.call_async(store, self.0).await?;
        Ok(value)
    }
}

/// What an error of the contract says to a program.
pub(crate) struct Refusal {
    /// The reason in kebab-case.
    reason: String,
    vendor_code: Option<i64>,
}

impl<T: Serialize + Send + Sync + 'static> Answer for Result<T, types::Error> {
    fn refusal(&self) -> Option<Refusal> {
        let error = self.as_ref().err()?;
        Some(Refusal { reason: reason_name(&error.reason).to_owned(), vendor_code: error.vendor_code })
    }

    fn recorded(&self) -> Result<Value, JsonError> {
        to_recorded_json(self)
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
        Reason::BudgetExhausted => "budget-exhausted",
        Reason::Conflict => "conflict",
        Reason::MassRemovalBlocked(_) => "mass-removal-blocked",
        Reason::CursorExpired => "cursor-expired",
        Reason::Unsupported => "unsupported",
        Reason::UnexpectedAnswer => "unexpected-answer",
        Reason::Other(name) => name,
    }
}

/// What a host gives to every call.
pub(crate) struct CallContext<'a> {
    pub(crate) engine: &'a HostEngine,
    pub(crate) component: &'a LoadedComponent,
    /// Permits for the calls that may run at the same time.
    pub(crate) scheduler: &'a FairScheduler,
    pub(crate) concurrency: Concurrency,
    /// Where calls are written down, if anywhere.
    pub(crate) recording: Option<&'a Recording>,
}

/// Carries a call out on a fresh instance.
///
/// What the call consists of is put in its place on the heap here and now: a future holds its arguments to its end, so each
/// one on the way would hold a copy.
pub(crate) fn run<'a, P: Parameters + 'a, T: Answer + Lift>(
    context: CallContext<'a>,
    mut state: Box<CallState>,
    parameters: P,
) -> impl Future<Output = CallResult<T>> + Send + 'a {
    let begun = Tape::begin(context.recording, state.recorder.site.function, &parameters, &state.limits);
    Box::pin(async move {
        match begun {
            Ok(tape) => state.tape = tape,
            Err(error) => return Err(state.not_recorded(&error)),
        }
        carry_out(context, state, Typed(parameters, PhantomData)).await
    })
}

/// The same of any kind of call.
pub(crate) async fn carry_out<I: Invocation>(
    context: CallContext<'_>,
    mut state: Box<CallState>,
    invocation: I,
) -> CallResult<I::Value> {
    let (site, deadline) = (state.recorder.site.clone(), state.recorder.deadline());
    let request = PermitRequest {
        urgency: Urgency::of(site.function),
        concurrency: context.concurrency,
        permits: context.component.permits,
    };
    state.recorder.queued();
    let permit = timeout_at(deadline, context.scheduler.acquire(&site.tenant, request)).await;
    state.recorder.admitted();
    let Ok(_permit) = permit else {
        let error = state.recorder.out_of_time();
        return Err(state.fail(error));
    };

    let slot = context.engine.processor().join(&site.tenant, request.urgency, context.concurrency);
    let meter = Arc::clone(&state.cpu);
    // Declared before the store, and so dropped after it: what a call has of memory is others' when it is gone.
    let memory = context.engine.memory().share(&site.tenant, state.limits.memory_bytes);
    state.resources.draw_on(Arc::clone(&memory));
    let mut store = store(context.engine, state, slot.time_slice());
    let mut had_instance = false;
    let outcome = {
        let mut calling = pin!(async {
            let started = Instant::now();
            let export = context.component.function(site.function)?;
            let plays = store.data().tape.plays();
            let instance = context.component.instance_for(&site, plays).instantiate_async(&mut store).await?;
            had_instance = true;
            store.data_mut().recorder.instantiated(started.elapsed());
            invocation.invoke(&mut store, instance, export).await
        });
        timeout_at(deadline, poll_fn(|context| slot.poll(context, &meter, calling.as_mut()))).await
    };
    drop(slot);
    let state = store.data_mut();
    let error = match outcome {
        Ok(Ok(Ok(value))) => {
            if let Err(error) = state.tape.answered(&value) {
                return Err(state.not_recorded(&error));
            }
            let refused = |Refusal { reason, vendor_code }| CallOutcome::Refused { reason, vendor_code };
            let outcome = value.refusal().map_or(CallOutcome::Answered, refused);
            return Ok(Called { value, report: state.close(outcome) });
        }
        Ok(Ok(Err(error))) => explain(site, state, &error, had_instance),
        Ok(Err(panic)) => panicked(site, panic),
        Err(_) => state.recorder.out_of_time(),
    };
    Err(state.fail(error))
}

/// A store with all its meters. It holds the state itself; what held it until now goes here.
fn store(engine: &HostEngine, state: Box<CallState>, time_slice: Arc<TimeSlice>) -> Store<CallState> {
    let size = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    let (hostcall_bytes, handles) = (size(state.limits.hostcall_bytes), size(state.limits.handles.into()));
    let mut store = Store::new(engine.wasmtime(), *state);
    store.set_hostcall_fuel(hostcall_bytes);
    store.set_max_component_handles(handles);
    store.limiter(|state| &mut state.resources);
    store.call_hook(move |mut store, hook| {
        let state = store.data_mut();
        state.guest_cpu.passed(hook);
        match hook {
            // What a call of WASI was too much is known when it is over.
            CallHook::ReturningFromHost => {
                // An import may have taken less than the limit; the next one, and the answer, may have all of it.
                state.hostcall_bytes = state.limits.hostcall_bytes;
                if let Capabilities::Everything { http, .. } = &state.capabilities {
                    http.deliver();
                }
                state.exceeded.map_or(Ok(()), |_| state.demand())?;
                store.set_hostcall_fuel(hostcall_bytes);
                Ok(())
            }
            _ => Ok(()),
        }
    });
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |mut store| {
        let state = store.data_mut();
        state.demand()?;
        if !time_slice.is_over(state.cpu.in_this_poll()) {
            return Ok(UpdateDeadline::Continue(1));
        }
        // Not the engine's own yield: that comes back before the runtime has looked at its timers and sockets.
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    });
    store
}

/// What a trap or a failed instantiation means. What the meters saw comes first: a guest that was refused memory says
/// no more than "unreachable".
fn explain(site: CallSite, state: &CallState, error: &wasmtime::Error, had_instance: bool) -> CallError {
    if let Some(exceeded) = state.exceeded.or(state.resources.refused()).or_else(|| limit_of_the_engine(state, error)) {
        return CallError::Limit { site, exceeded };
    }
    // Also while it is instantiated a component runs code of its own.
    if (had_instance || error.is::<wasmtime::Trap>())
        && let Some(trap) = Trap::of(error, &state.output)
    {
        return CallError::Trap { site, trap };
    }
    CallError::Host { site, reason: error.root_cause().to_string() }
}

/// A panic of the host, in an import or in the engine. It is the call's alone: nothing of it is used again, and what all calls
/// share is left whole by whoever panics.
fn panicked(site: CallSite, panic: Panic) -> CallError {
    CallError::Host { site, reason: format!("the host panicked: {}", words_of(&*panic)) }
}

/// What a panic says.
pub fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
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
        (LimitName::HostcallBytes, state.hostcall_bytes)
    } else if cause.contains("store handle limit exceeded") {
        (LimitName::Handles, state.limits.handles.into())
    } else {
        return None;
    };
    Some(Exceeded { limit, allowed, asked: allowed.saturating_add(1) })
}
