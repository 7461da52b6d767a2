"""Types of wasmtime-py that look at themselves once.

wasmtime-py asks the C API for the parts of a type again for each value of it: for a list of 500 records, the fields of the record 500
times. A type does not change, so its public properties keep here what they answered, with the object whose they are and for as long
as it lives. A version of wasmtime-py that has no such property is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wasmtime import component as wasm

_PARTS: tuple[tuple[type, str], ...] = (
    (wasm.ListType, "element"),
    (wasm.RecordType, "fields"),
    (wasm.TupleType, "elements"),
    (wasm.VariantType, "cases"),
    (wasm.OptionType, "payload"),
    (wasm.ResultType, "ok"),
    (wasm.ResultType, "err"),
)


class Once(property):
    """Asks once for each object."""

    def __init__(self, ask: Callable[[Any], Any], name: str) -> None:
        super().__init__(lambda kind: kind.__dict__[name] if name in kind.__dict__ else _kept(kind, name, ask))


def _kept(kind: Any, name: str, ask: Callable[[Any], Any]) -> Any:
    answer = kind.__dict__[name] = ask(kind)
    return answer


def remember() -> None:
    """From now on, in this process."""
    for kind, name in _PARTS:
        found = vars(kind).get(name)
        if isinstance(found, property) and not isinstance(found, Once) and found.fget is not None:
            setattr(kind, name, Once(found.fget, name))
