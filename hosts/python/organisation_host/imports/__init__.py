"""What the host lends a component, interface by interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wasmtime import component as wasm

from .. import wasi
from ..bridge import Bridge, Stop
from ..current import current
from . import audit, budget, http, log, settings, storage

if TYPE_CHECKING:
    from ..call import Call
    from ..world import Import

#: What each interface of the contract does, by name. Every function is given the call and the arguments.
FUNCTIONS: dict[str, dict[str, Callable[..., Any]]] = {
    "settings": settings.FUNCTIONS,
    "call": budget.FUNCTIONS,
    "http": http.FUNCTIONS,
    "storage": storage.FUNCTIONS,
    "log": log.FUNCTIONS,
    "audit": audit.FUNCTIONS,
    "types": {},
}


def lend(root: wasm.LinkerInstance, bridge: Bridge, imports: Mapping[str, Import]) -> None:
    """Defines every import of a component that fits the world."""
    for name, wanted in imports.items():
        base = name.split("@")[0]
        functions = wasi.FUNCTIONS[base] if base in wasi.FUNCTIONS else FUNCTIONS[base.split("/")[-1]]
        with root.add_instance(name) as instance:
            for resource in wanted.resources:
                kind = wasm.ResourceType.host(wasi.RESOURCES[resource])
                instance.add_resource(resource, kind, lambda store, number: None)
            for function, types in wanted.functions.items():
                bridge.define(instance, function, types, _served(bridge, functions[function]))


def _served(bridge: Bridge, function: Callable[..., Any]) -> Callable[..., Any]:
    def serve(*arguments: Any) -> Any:
        call: Call = current()
        try:
            call.budget.count_host_call()
            answer = function(call, *arguments)
        except Stop as stop:
            call.stopped = call.stopped or stop
            raise
        except Exception as error:
            # A mistake of this host ends the call, and says so; it must not look like the component's.
            call.stopped = call.stopped or Stop(f"the host failed: {type(error).__name__}: {error}")
            raise
        call.back_in_guest()
        return answer

    return serve
