//! Interfaces that an embedder lends beside those of the contract.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use organisation_host::{
    BuildError, CallError, CallSite, CallState, Element, Exceeded, Host, HostBuilder, LimitName, Limits, LoadError,
    LoadedComponent, TrapKind, wasmtime::StoreContextMut,
};

use crate::{
    element::options,
    guests::Guest,
    wire::{DESCRIBE, OVERVIEW, repeat},
};

const CONTACTS: &str = "acme:crm/contacts@1.0.0";
const PACKAGE: &str = "package acme:crm@1.0.0 { interface contacts { count: func() -> u32; } }";
const ASK: &str = "call <acme:crm/contacts@1.0.0 count>\n drop";

/// Whose calls asked, and what they are called in logs.
type Asked = Arc<Mutex<Vec<(CallSite, String)>>>;

/// A host that lends the interface, and what it was asked.
fn lending(builder: HostBuilder) -> (HostBuilder, Asked) {
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let builder = builder.import(CONTACTS, move |linker| {
        linker.instance(CONTACTS)?.func_wrap("count", move |mut call: StoreContextMut<'_, CallState>, (): ()| {
            let call = call.data_mut();
            call.count("contacts")?;
            noted.lock().unwrap().push((call.site().clone(), call.call().to_owned()));
            Ok((7_u32,))
        })
    });
    (builder, asked)
}

fn element(host: &Host, component: &Arc<LoadedComponent>, limits: Limits) -> Element {
    host.element(component, options(limits)).unwrap()
}

/// A guest whose `overview` asks so often.
fn asking(times: u32) -> Vec<u8> {
    Guest::default().importing(CONTACTS, PACKAGE).with(OVERVIEW, &repeat(times, ASK)).build()
}

#[tokio::test]
async fn what_is_lent_is_called_with_whose_call_it_is() {
    let (builder, asked) = lending(Host::builder().parallel_calls(2));
    let host = builder.build().unwrap();
    let component = host.load(&asking(2)).unwrap();
    assert!(component.inspection().world.imports.iter().any(|name| name == CONTACTS));
    let called = element(&host, &component, Limits::default()).overview().reported().await.unwrap();
    called.value.unwrap();
    assert_eq!(called.report.host_calls.get("contacts"), Some(&2));
    let site = CallSite {
        tenant: "acme".to_owned(),
        element: "organisation".to_owned(),
        component: component.digest(),
        function: "directory.overview",
    };
    let expected = (site, called.report.call);
    assert_eq!(*asked.lock().unwrap(), [expected.clone(), expected]);
}

#[tokio::test]
async fn a_component_that_asks_for_more_is_loaded_only_where_that_is_lent() {
    // What is kept of a component is the same for all hosts, whatever they lend.
    let directory = tempfile::tempdir().unwrap();
    let builder = |path: &Path| Host::builder().parallel_calls(2).code_cache(path);
    let bytes = asking(1);
    for _ in 0..2 {
        let refused = builder(directory.path()).build().unwrap().load(&bytes).unwrap_err();
        assert!(matches!(refused, LoadError::World(_)), "{refused}");
        let words = "imports acme:crm/contacts@1.0.0, which this host does not provide";
        assert!(refused.to_string().contains(words), "{refused}");
        lending(builder(directory.path())).0.build().unwrap().load(&bytes).unwrap();
    }
    let other = builder(directory.path()).import("acme:crm/orders@1.0.0", |_| Ok(()));
    let refused = other.build().unwrap().load(&bytes).unwrap_err().to_string();
    assert!(refused.contains("and of this host's own acme:crm/orders@1.0.0"), "{refused}");
    // Named, but with nothing in it.
    let empty = builder(directory.path()).import(CONTACTS, |_| Ok(()));
    let refused = empty.build().unwrap().load(&bytes).unwrap_err();
    assert!(matches!(refused, LoadError::Invalid(_)), "{refused}");
}

#[tokio::test]
async fn pure_functions_reach_nothing_of_it() {
    let (builder, asked) = lending(Host::builder().parallel_calls(2));
    let host = builder.build().unwrap();
    let guest = Guest::default().importing(CONTACTS, PACKAGE).with(DESCRIBE, &repeat(1, ASK));
    let component = host.load(&guest.build()).unwrap();
    let failed = element(&host, &component, Limits::default()).describe("en").reported().await.unwrap_err();
    let CallError::Trap { trap, .. } = &failed.error else { panic!("{failed}") };
    assert_eq!(
        (trap.kind, &*trap.reason),
        (TrapKind::Other, "it called acme:crm/contacts@1.0.0.count in a function that is pure")
    );
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn calls_of_it_count_among_those_of_imports() {
    let (builder, asked) = lending(Host::builder().parallel_calls(2));
    let host = builder.build().unwrap();
    let component = host.load(&asking(4)).unwrap();
    let element = element(&host, &component, Limits::default());
    element.with_limits(Limits::default().host_calls(4)).overview().await.unwrap();
    asked.lock().unwrap().clear();
    let failed = element.with_limits(Limits::default().host_calls(3)).overview().reported().await;
    let CallError::Limit { exceeded, .. } = failed.unwrap_err().error else { panic!("another end") };
    assert_eq!(exceeded, Exceeded { limit: LimitName::HostCalls, allowed: 3, asked: 4 });
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[test]
fn what_the_contract_has_cannot_be_lent_otherwise() {
    let log = "lowcode:organisation/log@0.1.0";
    let builder = Host::builder().parallel_calls(2).import(log, move |linker| {
        linker.instance(log)?.func_wrap("write", |_: StoreContextMut<'_, CallState>, (): ()| Ok(()))
    });
    let error = builder.build().unwrap_err();
    assert!(matches!(&error, BuildError::Imports(words) if words.starts_with(log)), "{error}");
}
