"""Looks at a value before it is written, so that a mistake of a caller names the place and costs nothing."""

from __future__ import annotations

from typing import Any

from .case import Case
from .schema import (
    Enumerated,
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


def complete(schema: Schema, value: Any, place: str) -> Any:
    """The value with absent options filled in. A case without a value may be written as its tag alone.

    Raises TypeError or ValueError, which name the place.
    """
    match schema:
        case Scalar(name):
            return _scalar(name, value, place)
        case Listed(item):
            if is_bytes(schema):
                return bytes(_of_class(value, (bytes, bytearray), place))
            _of_class(value, (list, tuple), place)
            return [complete(item, each, f"{place}.{index}") for index, each in enumerate(value)]
        case Record(_, keys, types):
            _of_class(value, (dict,), place)
            unknown = sorted(set(value) - set(keys))
            if unknown:
                raise ValueError(f"{place} has no field {unknown[0]!r}; there are {', '.join(keys)}")
            return {key: _field(kind, value, key, place) for key, kind in zip(keys, types, strict=True)}
        case Tupled(items):
            _of_class(value, (list, tuple), place)
            if len(value) != len(items):
                raise ValueError(f"{place} has {len(value)} values, expected {len(items)}")
            return tuple(complete(kind, each, place) for kind, each in zip(items, value, strict=True))
        case Optional(item):
            return None if value is None else complete(item, value, place)
        case Variant(cases):
            return _case(dict(cases), value, place)
        case Result(ok, err):
            return _case({"ok": ok, "err": err}, value, place)
        case Enumerated(names):
            if value not in names:
                raise ValueError(f"{place} is {value!r}, expected one of {', '.join(names)}")
            return value
    raise TypeError(f"{place} is a resource")


def _field(kind: Schema, value: dict[str, Any], key: str, place: str) -> Any:
    if key in value:
        return complete(kind, value[key], f"{place}.{key}")
    if isinstance(kind, Optional):
        return None
    raise ValueError(f"{place} lacks {key!r}")


def _case(cases: dict[str, Schema | None], value: Any, place: str) -> Case:
    tag, payload = (value, None) if isinstance(value, str) else _of_class(value, (tuple,), place)
    if tag not in cases:
        raise ValueError(f"{place} is {tag!r}, expected one of {', '.join(cases)}")
    kind = cases[tag]
    if kind is None:
        if payload is not None:
            raise ValueError(f"{place}: {tag} carries no value")
        return Case(tag)
    return Case(tag, complete(kind, payload, f"{place}.{tag}"))


_RANGES = {f"{sign}{bits}": (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) for sign in "s" for bits in (8, 16, 32, 64)}
_RANGES |= {f"u{bits}": (0, (1 << bits) - 1) for bits in (8, 16, 32, 64)}


def _scalar(name: str, value: Any, place: str) -> Any:
    if name == "bool":
        return _of_class(value, (bool,), place)
    if name in _RANGES:
        low, high = _RANGES[name]
        if isinstance(value, bool) or not low <= _of_class(value, (int,), place) <= high:
            raise ValueError(f"{place} is {value!r}, expected {low} to {high}")
        return value
    _of_class(value, (str,), place)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{place} is no text that UTF-8 can hold") from None
    return value


def _of_class(value: Any, classes: tuple[type, ...], place: str) -> Any:
    if not isinstance(value, classes):
        raise TypeError(f"{place} is of class {type(value).__name__}, expected {classes[0].__name__}")
    return value
