"""The types of the contract, read once from a component, since asking wasmtime for them costs more than a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from wasmtime import component as wasm


@dataclass(frozen=True, slots=True)
class Scalar:
    """`bool`, `string`, `char`, or a number such as `u64`."""

    name: str


@dataclass(frozen=True, slots=True)
class Listed:
    """`list<item>`."""

    item: Schema


@dataclass(frozen=True, slots=True)
class Record:
    """Names in WIT, names in Python, types."""

    names: tuple[str, ...]
    keys: tuple[str, ...]
    types: tuple[Schema, ...]


@dataclass(frozen=True, slots=True)
class Tupled:
    """`tuple<items>`."""

    items: tuple[Schema, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """Names of the cases in WIT, and what each carries."""

    cases: tuple[tuple[str, Schema | None], ...]


@dataclass(frozen=True, slots=True)
class Enumerated:
    """Names in WIT."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Optional:
    """`option<item>`."""

    item: Schema


@dataclass(frozen=True, slots=True)
class Result:
    """`result<ok, err>`; None is `_`."""

    ok: Schema | None
    err: Schema | None


@dataclass(frozen=True, slots=True)
class Handle:
    """A resource of WASI. It has no value of its own."""


Schema: TypeAlias = Scalar | Listed | Record | Tupled | Variant | Enumerated | Optional | Result | Handle


@dataclass(frozen=True, slots=True)
class Function:
    """Parameters by name, and the result."""

    parameters: tuple[tuple[str, Schema], ...]
    result: Schema | None


def function_of(kind: wasm.FuncType) -> Function:
    """The types of a function."""
    result = kind.result
    return Function(
        tuple((name, schema_of(value)) for name, value in kind.params), None if result is None else schema_of(result)
    )


def schema_of(kind: Any) -> Schema:
    """The schema of one of wasmtime-py's types."""
    match kind:
        case wasm.ListType():
            return Listed(schema_of(kind.element))
        case wasm.RecordType():
            fields = kind.fields
            names = tuple(name for name, _ in fields)
            return Record(names, tuple(map(in_python, names)), tuple(schema_of(value) for _, value in fields))
        case wasm.TupleType():
            return Tupled(tuple(schema_of(value) for value in kind.elements))
        case wasm.VariantType():
            return Variant(tuple((name, None if value is None else schema_of(value)) for name, value in kind.cases))
        case wasm.EnumType():
            return Enumerated(tuple(str(kind.name(index)) for index in range(kind.names_count)))
        case wasm.OptionType():
            return Optional(schema_of(kind.payload))
        case wasm.ResultType():
            ok, err = kind.ok, kind.err
            return Result(None if ok is None else schema_of(ok), None if err is None else schema_of(err))
        case wasm.OwnType() | wasm.BorrowType():
            return Handle()
        case wasm.Bool() | wasm.String() | wasm.Char():
            return Scalar(type(kind).__name__.lower())
        case wasm.U8() | wasm.U16() | wasm.U32() | wasm.U64() | wasm.S8() | wasm.S16() | wasm.S32() | wasm.S64():
            return Scalar(type(kind).__name__.lower())
    raise TypeError(f"the contract has no type {type(kind).__name__}")


def in_python(name: str) -> str:
    """`vendor-code` as `vendor_code`."""
    return name.replace("-", "_")


def is_bytes(schema: Schema) -> bool:
    """Whether it is `list<u8>`."""
    return isinstance(schema, Listed) and schema.item == Scalar("u8")


def described(schema: Schema | None) -> Any:
    """As JSON, to compare with what is frozen."""
    match schema:
        case None:
            return None
        case Scalar(name):
            return name
        case Listed(item):
            return ["list", described(item)]
        case Record(names, _, types):
            return ["record", [[name, described(kind)] for name, kind in zip(names, types, strict=True)]]
        case Tupled(items):
            return ["tuple", [described(item) for item in items]]
        case Variant(cases):
            return ["variant", [[name, described(kind)] for name, kind in cases]]
        case Enumerated(names):
            return ["enum", list(names)]
        case Optional(item):
            return ["option", described(item)]
        case Result(ok, err):
            return ["result", described(ok), described(err)]
        case Handle():
            return "handle"
