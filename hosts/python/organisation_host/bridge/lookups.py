"""What wasmtime-py and ctypes make anew for each value, and what is made once here.

wasmtime-py asks the C API for the parts of a type again for each value of it: for a list of 500 records, the fields of the record 500
times. A type does not change, so its public properties keep here what they answered, with the object whose they are and for as long
as it lives; likewise whether the cases of a variant are told apart by a tag, which no public part says. A version of wasmtime-py that
has no such part is left as it is.

It also copies each text through an array of ctypes, whose class is one for each length. ctypes forgets such a class with its last
array, and to make one takes longer than all else that is done with a text; so the classes of short texts are kept.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cached_property
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

#: What of a variant is worked out for each of its values.
_WORKED_OUT = ("_cases", "_tagged")

#: Bytes of the longest text whose class is kept: the entries of the copy are shorter.
LONGEST_KEPT = 1024

_kept: list[type[ctypes.Array[ctypes.c_uint8]]] = []


class _First:
    """A method without arguments: what it answers first it answers always."""

    def __init__(self, ask: Callable[[Any], Any], name: str) -> None:
        self._ask = ask
        self._name = name

    def __get__(self, kind: Any, owner: type) -> Any:
        if kind is None:
            return self
        answer = self._ask(kind)
        # From now on the object has an attribute of that name, which hides the method of its class.
        kind.__dict__[self._name] = lambda: answer
        return kind.__dict__[self._name]


def remember() -> None:
    """From now on, in this process."""
    for kind, name in _PARTS:
        found = vars(kind).get(name)
        if isinstance(found, property) and found.fget is not None:
            once = cached_property(found.fget)
            once.__set_name__(kind, name)
            setattr(kind, name, once)
    for kind in (wasm.VariantType, wasm.OptionType, wasm.ResultType):
        for name in _WORKED_OUT:
            ask = getattr(kind, name, None)
            if callable(ask):
                setattr(kind, name, _First(ask, name))
    if not _kept:
        _kept.extend(ctypes.c_uint8 * length for length in range(1, LONGEST_KEPT + 1))
