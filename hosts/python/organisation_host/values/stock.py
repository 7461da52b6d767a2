"""The codec on wasmtime-py's public API.

wasmtime-py tags a variant only where the Python classes of its cases overlap, so that a new case may turn a bare value into a
tagged one. `tagged` and `classes` repeat that rule, as of 50.0.1; a test compares both codecs on every type of the contract.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

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

#: Makes this host's value of wasmtime-py's, or the other way round.
Converter: TypeAlias = Callable[[Any], Any]

_SCALARS: dict[str, type] = {"bool": bool, "string": str, "char": str}


def lifter(schema: Schema) -> Converter:
    """From wasmtime-py's value. What can be known of a type is found out here, once, and not for each value."""
    match schema:
        case Listed(item):
            return _same if is_bytes(schema) else _each(lifter(item))
        case Record(names, keys, types):
            return _lift_record(names, keys, [lifter(kind) for kind in types])
        case Tupled(items):
            return _lift_tuple([lifter(kind) for kind in items])
        case Optional(item):
            return _lift_option(lifter(item), tagged(_cases(schema)))
        case Variant() | Result():
            return _lift_variant(_cases(schema))
        case Handle():
            return _lift_resource
        case Enumerated() | Scalar():
            return _same


def lowerer(schema: Schema) -> Converter:
    """To wasmtime-py's value."""
    match schema:
        case Listed(item):
            return _same if is_bytes(schema) else _each(lowerer(item))
        case Record(names, keys, types):
            return _lower_record(list(zip(names, keys, map(lowerer, types), strict=True)))
        case Tupled(items):
            return _lift_tuple([lowerer(kind) for kind in items])
        case Optional(item):
            return _lower_option(lowerer(item), tagged(_cases(schema)))
        case Variant() | Result():
            return _lower_variant(_cases(schema))
        case Handle():
            return lambda value: wasm.ResourceHost.own(value.number, value.kind)
        case Enumerated() | Scalar():
            return _same


def _same(value: Any) -> Any:
    return value


def _each(item: Converter) -> Converter:
    return list if item is _same else lambda value: [item(each) for each in value]


def _lift_record(names: tuple[str, ...], keys: tuple[str, ...], items: list[Converter]) -> Converter:
    fields = list(zip(names, keys, items, strict=True))
    return lambda value: {key: item(getattr(value, name)) for name, key, item in fields}


def _lift_tuple(items: list[Converter]) -> Converter:
    return lambda value: tuple([item(each) for item, each in zip(items, value, strict=True)])


def _lift_option(item: Converter, is_tagged: bool) -> Converter:
    if is_tagged:
        return lambda value: None if value.tag == "none" else item(value.payload)
    return lambda value: None if value is None else item(value)


def _lift_variant(cases: tuple[tuple[str, Schema | None], ...]) -> Converter:
    items = {tag: _same if kind is None else lifter(kind) for tag, kind in cases}
    if tagged(cases):
        return lambda value: Case(value.tag, items[value.tag](value.payload))
    # Whichever case has values of its class. What is then left is a case whose own values may be None.
    found = [(classes(kind) - {object}, tag, items[tag]) for tag, kind in cases if kind is not None]
    by_class = {each: (tag, item) for kinds, tag, item in found for each in kinds}
    none = next((tag for tag, kind in cases if kind is None), None)
    other = next(((tag, items[tag]) for tag, kind in cases if kind is not None and object in classes(kind)), None)

    def lift(value: Any) -> Case:
        if value is None and none is not None:
            return Case(none)
        tag, item = by_class.get(type(value)) or (value is None and other) or _unknown(value)
        return Case(tag, item(value))

    return lift


def _unknown(value: Any) -> Any:
    raise TypeError(f"no case for a value of class {type(value).__name__}")


def _lift_resource(value: Any) -> Resource:
    host = value.to_host(border.store)
    return Resource(host.rep, host.type)


def _lower_record(fields: list[tuple[str, str, Converter]]) -> Converter:
    def lower(value: Any) -> Any:
        record = wasm.Record()
        for name, key, item in fields:
            setattr(record, name, item(value[key]))
        return record

    return lower


def _lower_option(item: Converter, is_tagged: bool) -> Converter:
    if is_tagged:
        return lambda value: wasm.Variant("none") if value is None else wasm.Variant("some", item(value))
    return lambda value: None if value is None else item(value)


def _lower_variant(cases: tuple[tuple[str, Schema | None], ...]) -> Converter:
    items = {tag: None if kind is None else lowerer(kind) for tag, kind in cases}
    is_tagged = tagged(cases)

    def lower(value: Any) -> Any:
        tag = value[0]
        if tag not in items:
            raise ValueError(f"there is no case {tag!r}")
        item = items[tag]
        payload = None if item is None else item(value[1])
        return wasm.Variant(tag, payload) if is_tagged else payload

    return lower


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
