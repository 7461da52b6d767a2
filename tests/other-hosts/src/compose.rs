//! Puts the adapter under an element.

use wac_graph::{CompositionGraph, EncodeOptions, PackageId, types::Package};
use wasmtime::{Result, error::Context as _, format_err};

const ADAPTER: &[u8] = include_bytes!(env!("ADAPTER"));
const CONTRACT: &str = "lowcode:organisation/";
const TALLY: &str = "lowcode:trial/tally@0.1.0";

/// One component: the element's exports, with its imports of the contract from the adapter. All else is asked of the platform.
pub(crate) fn composed(element: &[u8]) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let adapter = registered(&mut graph, "trial:adapter", ADAPTER)?;
    let element = registered(&mut graph, "trial:element", element)?;
    let lent: Vec<String> = graph.types()[graph[adapter].ty()].exports.keys().cloned().collect();
    let world = &graph.types()[graph[element].ty()];
    let asked: Vec<String> = world.imports.keys().filter(|name| name.starts_with(CONTRACT)).cloned().collect();
    let exported: Vec<String> = world.exports.keys().cloned().collect();

    let (below, above) = (graph.instantiate(adapter), graph.instantiate(element));
    for name in asked.iter().filter(|name| lent.contains(name)) {
        let export = graph.alias_instance_export(below, name).context("the adapter lends it")?;
        graph.set_instantiation_argument(above, name, export).context("the element takes it")?;
    }
    for (instance, name) in exported.iter().map(|name| (above, name.as_str())).chain([(below, TALLY)]) {
        let export = graph.alias_instance_export(instance, name).context("it is exported")?;
        graph.export(export, name).context("it is exported again")?;
    }
    graph.encode(EncodeOptions::default()).context("it is one component")
}

fn registered(graph: &mut CompositionGraph, name: &str, bytes: &[u8]) -> Result<PackageId> {
    let package =
        Package::from_bytes(name, None, bytes, graph.types_mut()).map_err(|error| format_err!("{error:#}"))?;
    graph.register_package(package).context("it is registered")
}
