"""The bridge on the public API of wasmtime-py.

wasmtime-py 50 lowers a variant by way of a set that all threads share, so two threads must not be in its conversions at once. The
bridge therefore lets one thread at a time be in a guest or a conversion; imports, where calls wait, run side by side.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from wasmtime import Store, StoreContext
from wasmtime import component as wasm

from ..values import stock as codec
from ..values.resource import border
from ..values.schema import Function
from .choice import Import
from .codecs import Codecs
from .lookups import remember
from .stop import Stop

_conversions = threading.RLock()
_codecs = Codecs(codec.lowerer, codec.lifter)


class StockBridge:
    """Slower, and in one thread at a time, but of public parts alone."""

    name = "stock"

    def __init__(self) -> None:
        remember()

    def define(self, instance: wasm.LinkerInstance, name: str, function: Function, serve: Import) -> None:
        """As in `Bridge`."""
        lifters = [codec.lifter(kind) for _, kind in function.parameters]
        lower = None if function.result is None else codec.lowerer(function.result)

        def called(store: StoreContext, *arguments: Any) -> Any:
            border.store = store
            lifted = [lift(value) for lift, value in zip(lifters, arguments, strict=True)]
            _conversions.release()
            try:
                answer = serve(*lifted)
            finally:
                _conversions.acquire()
            return None if lower is None else lower(answer)

        instance.add_func(name, called)

    def call(self, store: Store, export: wasm.Func, function: Function, arguments: tuple[Any, ...]) -> Any:
        """As in `Bridge`."""
        lowerers, lift = _codecs.of(function)
        lowered = [lower(value) for lower, value in zip(lowerers, arguments, strict=True)]
        with _conversions:
            try:
                answer = export(store, *lowered)
            except Stop as stop:
                # It came through wasmtime-py's global variable and may be another thread's. The caller knows its own.
                raise RuntimeError("an import ended the call") from stop
        return None if lift is None else lift(answer)

    def watch(self, store: Store, may_go_on: Callable[[], bool], ticks: Callable[[], int]) -> None:
        """As in `Bridge`, by a deadline alone."""
        # Nothing of the public API is asked at a tick: the deadline is set anew whenever an import returns.
        store.set_epoch_deadline(ticks())

    def back_in_guest(self, store: Store, ticks: Callable[[], int]) -> None:
        """Sets the deadline anew."""
        store.set_epoch_deadline(ticks())
