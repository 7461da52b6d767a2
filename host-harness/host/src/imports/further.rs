//! What an embedder lends beside the contract: interfaces of its own, to components that ask for them.

use wasmtime::component::{Component, Linker, ResourceType, types::ComponentItem};

use crate::call::CallState;

/// Defines the functions of an interface.
type Lend = Box<dyn FnOnce(&mut Linker<CallState>) -> wasmtime::Result<()> + Send>;

/// An interface of the embedder.
pub(crate) struct FurtherImport {
    /// With its version, such as `acme:crm/contacts@1.0.0`.
    pub(crate) interface: String,
    pub(crate) lend: Lend,
}

/// A pure function called something that reaches outside.
#[derive(Debug, thiserror::Error)]
#[error("it called {0} in a function that is pure")]
pub(crate) struct NotPure(String);

/// Stands in for what an embedder lends while a pure function runs: the call ends where it is called.
pub(crate) fn refuse(
    linker: &mut Linker<CallState>,
    component: &Component,
    is_further: impl Fn(&str) -> bool,
) -> wasmtime::Result<()> {
    let engine = component.engine();
    for (interface, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        if !is_further(interface) {
            continue;
        }
        let mut linked = linker.instance(interface)?;
        for (name, item) in instance.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => {
                    let function = format!("{interface}.{name}");
                    linked.func_new(name, move |_, _, _, _| Err(wasmtime::Error::new(NotPure(function.clone()))))?;
                }
                ComponentItem::Resource(_) => linked.resource(name, ResourceType::host::<()>(), |_, _| Ok(()))?,
                _ => {}
            }
        }
    }
    Ok(())
}
