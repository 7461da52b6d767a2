//! Plays a call: the component runs as always, and its imports are answered from elsewhere. Nothing of a host is lent to it, no
//! network, no store, no settings.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use serde_json::Value;
use wasmtime::{
    Store,
    component::{ComponentExportIndex, Instance, Val},
};

use super::{
    CallResult, CallSite, Called, Limits,
    output::GuestOutput,
    recorder::CallRecorder,
    run::{Answer, CallContext, Invocation, Refusal, carry_out},
    state::{CallState, Capabilities},
    tape::{ImportSource, Tape},
};
use crate::{
    component::LoadedComponent,
    contract::{
        JsonError, expected_functions,
        json::dynamic::{from_val, to_val},
    },
    fair_scheduler::Concurrency,
    host::Host,
    settings::Document,
};

/// The functions of the contract, such as `login.exchange-code`.
static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let names = expected_functions()
        .filter_map(|(interface, function)| Some(format!("{}.{function}", interface.split(['/', '@']).nth(1)?)));
    names.collect()
});

/// A call of a function whose types are known at run time alone.
struct Dynamic<'a>(&'a [Value]);

impl Invocation for Dynamic<'_> {
    type Value = PlayedAnswer;

    async fn invoke(
        self,
        store: &mut Store<CallState>,
        instance: Instance,
        export: &ComponentExportIndex,
    ) -> wasmtime::Result<PlayedAnswer> {
        let missing = || wasmtime::Error::msg("the function is gone");
        let function = instance.get_func(&mut *store, export).ok_or_else(missing)?;
        let of = function.ty(&*store);
        if of.params().len() != self.0.len() {
            let (takes, given) = (of.params().len(), self.0.len());
            return Err(wasmtime::Error::msg(format!("the function takes {takes} arguments, {given} are recorded")));
        }
        let arguments = of.params().zip(self.0).map(|((name, of), value)| to_val(value, &of, name));
        let arguments = arguments.collect::<Result<Vec<Val>, JsonError>>().map_err(wasmtime::Error::new)?;
        let mut results = vec![Val::Bool(false); of.results().len()];
        function.call_async(store, &arguments, &mut results).await?;
        let answer = results.first().map_or(Ok(Value::Null), from_val).map_err(wasmtime::Error::new)?;
        Ok(PlayedAnswer(answer))
    }
}

struct PlayedAnswer(Value);

impl Answer for PlayedAnswer {
    fn refusal(&self) -> Option<Refusal> {
        None
    }

    fn recorded(&self) -> Result<Value, JsonError> {
        Ok(self.0.clone())
    }
}

impl Host {
    /// Makes one call of a component whose imports are answered by `imports`. What it answers is JSON in the form of
    /// [`crate::contract::to_json`]; the result of a function is an object of `ok` or `err`.
    ///
    /// # Errors
    /// The call gave no answer: it broke off, a limit ended it, `imports` did, or there is no such function.
    pub async fn play(
        &self,
        component: &Arc<LoadedComponent>,
        function: &str,
        arguments: &[Value],
        limits: &Limits,
        imports: Box<dyn ImportSource>,
    ) -> CallResult<Value> {
        let site = CallSite {
            tenant: CallSite::NO_ELEMENT.to_owned(),
            element: CallSite::NO_ELEMENT.to_owned(),
            component: component.digest(),
            function: NAMES.get(function).map_or("(unknown)", String::as_str),
        };
        let recorder = CallRecorder::open(self.call_name(), site, limits, None, self.observers(), self.meters())?;
        let nothing = |_: &_| Capabilities::Nothing;
        let output = GuestOutput::of(Document::none());
        let mut state = CallState::new(recorder, Document::none(), nothing, output, |output| self.wasi(output));
        state.tape = Tape::Playing(imports);
        let context = CallContext {
            engine: self.engine(),
            component,
            scheduler: self.scheduler(),
            concurrency: Concurrency::default(),
            recording: None,
        };
        let played = Box::pin(carry_out(context, state, Dynamic(arguments))).await?;
        Ok(Called { value: played.value.0, report: played.report })
    }
}
