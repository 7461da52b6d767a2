"""The codec on wasmtime-py's public API.

wasmtime-py tags a variant only where the Python classes of its cases overlap, so that a new case may turn a bare value into a
tagged one. `tagged` and `classes` repeat that rule, as of 50.0.1; a test compares both codecs on every type of the contract.
"""

from __future__ import annotations

from typing import Any

from wasmtime import component as wasm

from .case import Case
from .resource import Resource, border
from .schema import (
    Enumerated,
    Handle,
    Listed,
    Optional,
    Record,
    Result,
    Scalar,
    Schema,
    Tupled,
    Variant,
    is_bytes,
)

_SCALARS: dict[str, type] = {"bool": bool, "string": str, "char": str}


def lift(schema: Schema, value: Any) -> Any:
    """From wasmtime-py's value."""
    match schema:
        case Listed(item):
            return value if is_bytes(schema) else [lift(item, each) for each in value]
        case Record(names, keys, types):
            return {key: lift(kind, getattr(value, name)) for name, key, kind in zip(names, keys, types, strict=True)}
        case Tupled(items):
            return tuple(lift(kind, each) for kind, each in zip(items, value, strict=True))
        case Optional(item):
            if tagged(_cases(schema)):
                return None if value.tag == "none" else lift(item, value.payload)
            return None if value is None else lift(item, value)
        case Variant() | Result():
            tag, carried, payload = _case_of(_cases(schema), value)
            return Case(tag, None if carried is None else lift(carried, payload))
        case Handle():
            host = value.to_host(border.store)
            return Resource(host.rep, host.type)
        case Enumerated() | Scalar():
            return value


def lower(schema: Schema, value: Any) -> Any:
    """To wasmtime-py's value."""
    match schema:
        case Listed(item):
            return value if is_bytes(schema) else [lower(item, each) for each in value]
        case Record(names, keys, types):
            record = wasm.Record()
            for name, key, kind in zip(names, keys, types, strict=True):
                setattr(record, name, lower(kind, value[key]))
            return record
        case Tupled(items):
            return tuple(lower(kind, each) for kind, each in zip(items, value, strict=True))
        case Optional(item):
            if value is None:
                return wasm.Variant("none") if tagged(_cases(schema)) else None
            payload = lower(item, value)
            return wasm.Variant("some", payload) if tagged(_cases(schema)) else payload
        case Variant() | Result():
            cases = _cases(schema)
            kinds = dict(cases)
            if value[0] not in kinds:
                raise ValueError(f"there is no case {value[0]!r}")
            carried = kinds[value[0]]
            payload = None if carried is None else lower(carried, value[1])
            return wasm.Variant(value[0], payload) if tagged(cases) else payload
        case Handle():
            return wasm.ResourceHost.own(value.number, value.kind)
        case Enumerated() | Scalar():
            return value


def tagged(cases: tuple[tuple[str, Schema | None], ...]) -> bool:
    """Whether wasmtime-py wraps the cases in its `Variant`."""
    seen: set[type] = set()
    for _, kind in cases:
        own = classes(kind)
        if own & seen:
            return True
        seen |= own
    return False


def classes(schema: Schema | None) -> set[type]:
    """The Python classes that values of a type have in wasmtime-py; `object` stands for no value."""
    match schema:
        case None:
            return {object}
        case Scalar(name):
            return {_SCALARS.get(name, int)}
        case Listed():
            return {bytes if is_bytes(schema) else list}
        case Record():
            return {wasm.Record}
        case Tupled():
            return {tuple}
        case Enumerated():
            return {str}
        case Optional() | Variant() | Result():
            cases = _cases(schema)
            if tagged(cases):
                return {wasm.Variant}
            return set().union(*(classes(kind) for _, kind in cases))
        case Handle():
            return {wasm.ResourceAny, wasm.ResourceHost}


def _cases(schema: Schema) -> tuple[tuple[str, Schema | None], ...]:
    match schema:
        case Variant(cases):
            return cases
        case Optional(item):
            return (("none", None), ("some", item))
        case Result(ok, err):
            return (("ok", ok), ("err", err))
    raise TypeError("no variant")


def _case_of(cases: tuple[tuple[str, Schema | None], ...], value: Any) -> tuple[str, Schema | None, Any]:
    if tagged(cases):
        return value.tag, dict(cases)[value.tag], value.payload
    for tag, kind in cases:
        if value is None if kind is None else isinstance(value, tuple(classes(kind) - {object})):
            return tag, kind, value
    # What is left is a case whose own values may be None.
    for tag, kind in cases:
        if kind is not None and object in classes(kind) and value is None:
            return tag, kind, value
    raise TypeError(f"no case for a value of class {type(value).__name__}")
