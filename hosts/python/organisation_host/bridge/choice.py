"""Which bridge a host uses."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any, Protocol

from wasmtime import Engine, Store
from wasmtime import component as wasm

from ..values.schema import Function

#: Versions of wasmtime-py whose C values the direct bridge knows.
KNOWN_MAJORS = ("50",)

#: An import: gets lifted arguments, answers a value to lower. Raises `Stop` to end the call.
Import = Callable[..., Any]


class Bridge(Protocol):
    """Carries values and the clock over the border."""

    name: str

    def define(self, instance: wasm.LinkerInstance, name: str, function: Function, serve: Import) -> None:
        """Lends an import."""

    def call(self, store: Store, export: wasm.Func, function: Function, arguments: tuple[Any, ...]) -> Any:
        """Calls an export with completed arguments; a trap is wasmtime's error."""

    def watch(self, store: Store, may_go_on: Callable[[], bool], ticks: Callable[[], int]) -> None:
        """Ends the guest when `may_go_on` says no at a tick of the epoch, or after so many ticks where nothing can be asked."""

    def back_in_guest(self, store: Store, ticks: Callable[[], int]) -> None:
        """An import is about to return."""


def chosen(engine: Engine, want: str | None = None) -> Bridge:
    """The direct bridge where wasmtime-py has the layouts that it knows and it passes its own test; else the stock one.

    `want` names one of the two instead.
    """
    if want != "stock" and metadata.version("wasmtime").split(".")[0] in KNOWN_MAJORS:
        # Not before the version is known: the module takes parts of wasmtime-py that another one need not have.
        from . import direct

        if direct.usable() and direct.works(engine):
            return direct.DirectBridge()
    if want == "direct":
        raise RuntimeError("the direct bridge does not know this version of wasmtime-py")
    from . import stock

    return stock.StockBridge()
