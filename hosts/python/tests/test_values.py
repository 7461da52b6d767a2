"""Both codecs, and which of them a host takes."""

from __future__ import annotations

import ctypes
import random
import resource
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from test_limits import HOSTILE
from wasmtime import component as wasm
from wasmtime import wat2wasm

import freeze
from organisation_host import Component, Engine
from organisation_host.bridge import choice, direct, lookups
from organisation_host.call import Call
from organisation_host.limits import Limits
from organisation_host.values import Case, stock
from organisation_host.values.complete import complete
from organisation_host.values.schema import (
    Enumerated,
    Function,
    Listed,
    Optional,
    Record,
    Result,
    Scalar,
    Schema,
    Tupled,
    Variant,
    function_of,
    is_bytes,
)
from organisation_host.world import PACKAGE


def example(schema: Schema | None, draw: random.Random) -> Any:
    """A value of a type, drawn at random."""
    match schema:
        case None:
            return None
        case Scalar("bool"):
            return draw.random() < 0.5
        case Scalar("string" | "char"):
            return draw.choice(
                ["a", "企", "\U0001f600"] if schema.name == "char" else ["", "a", "企业 \0 \U0001f600", "x" * 1_000]
            )
        case Scalar(name):
            bits = int(name[1:])
            return draw.getrandbits(bits) - ((1 << (bits - 1)) if name[0] == "s" else 0)
        case Listed(item):
            return (
                draw.randbytes(draw.randrange(4))
                if is_bytes(schema)
                else [example(item, draw) for _ in range(draw.randrange(3))]
            )
        case Record(_, keys, types):
            return {key: example(kind, draw) for key, kind in zip(keys, types, strict=True)}
        case Tupled(items):
            return tuple(example(kind, draw) for kind in items)
        case Variant(cases):
            tag, kind = draw.choice(cases)
            return Case(tag, example(kind, draw))
        case Enumerated(names):
            return draw.choice(names)
        case Optional(item):
            return example(item, draw) if draw.random() < 0.5 else None
        case Result(ok, err):
            tag, kind = draw.choice([("ok", ok), ("err", err)])
            return Case(tag, example(kind, draw))
    raise AssertionError


def values_of(component: Component) -> list[tuple[str, Schema]]:
    """Every type that crosses the border of a component, WASI aside."""
    functions: dict[str, Function] = {}
    for name, wanted in component.imports.items():
        if name.startswith(PACKAGE):
            functions |= {f"{name}#{key}": value for key, value in wanted.functions.items()}
    for name, exports in component.exports.items():
        functions |= {f"{name}#{key}": function_of(value) for key, value in exports.items()}
    return [
        (f"{name} {place}", kind)
        for name, function in functions.items()
        for place, kind in (*function.parameters, ("result", function.result))
        if kind is not None
    ]


def test_the_stock_codec_gives_back_what_it_took(one_component: Component) -> None:
    draw = random.Random(1)
    found = values_of(one_component)
    assert len(found) > 100
    for place, schema in found:
        lift, lower = stock.lifter(schema), stock.lowerer(schema)
        for _ in range(5):
            value = example(schema, draw)
            assert lift(lower(value)) == complete(schema, value, place), place


def test_the_rule_by_which_wasmtime_tags_is_the_one_that_is_repeated(one_component: Component) -> None:
    def compare(kind: Any) -> None:
        from organisation_host.values.schema import schema_of

        cases = kind._cases() if isinstance(kind, (wasm.VariantType, wasm.OptionType, wasm.ResultType)) else []
        if cases:
            assert stock.tagged(stock._cases(schema_of(kind))) == kind._tagged()
        children = [each for _, each in cases if each is not None]
        if isinstance(kind, wasm.RecordType):
            children = [each for _, each in kind.fields]
        elif isinstance(kind, wasm.ListType):
            children = [kind.element]
        for each in children:
            compare(each)

    for exports in one_component.exports.values():
        for function in exports.values():
            for _, kind in function.params:
                compare(kind)
            if function.result is not None:
                compare(function.result)


def test_a_type_is_looked_up_once_for_all_values_of_a_list(one_component: Component) -> None:
    lookups.remember()
    name = next(name for name in one_component.wasm.type.imports(one_component.engine.wasm) if "/storage@" in name)
    storage = one_component.wasm.type.imports(one_component.engine.wasm)[name].ty
    assert isinstance(storage, wasm.ComponentInstanceType)
    apply = storage.exports(one_component.engine.wasm)["apply"].ty
    assert isinstance(apply, wasm.FuncType)
    ops: Any = dict(apply.params)["ops"]
    operation = ops.element
    assert operation is ops.element
    assert operation.cases is operation.cases
    put = dict(operation.cases)["put"]
    assert put.fields is put.fields and [name for name, _ in put.fields][:2] == ["key", "value"]
    result: Any = apply.result
    assert result.ok is result.ok and result.err is result.err
    # Classes of short texts are not made anew.
    assert ctypes.c_uint8 * 300 is lookups._kept[299]
    # Of another object of the same type nothing is known.
    assert dict(apply.params)["ops"].element is not operation


def test_the_direct_bridge_tries_itself(one_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert direct.usable() and direct.works(one_engine.wasm)
    # One that reads wrongly is not taken.
    lift = direct.codec.lifter
    monkeypatch.setattr(
        direct.codec, "lifter", lambda kind: (lambda memory, at: 1) if kind == Scalar("u64") else lift(kind)
    )
    assert not direct.works(one_engine.wasm)
    assert choice.chosen(one_engine.wasm).name == "stock"


@pytest.mark.parametrize("version", ["49.0.2", "51.0.0"])
def test_another_version_of_wasmtime_gets_the_stock_bridge(
    one_engine: Engine, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: version if name == "wasmtime" else real(name))
    assert choice.chosen(one_engine.wasm).name == "stock"
    with pytest.raises(RuntimeError):
        choice.chosen(one_engine.wasm, "direct")


#: Hands over 60,000 bytes of text a call of `log.write`.
CHATTERBOX = """(local $n i32)
  (loop $l
    (call $write (i32.const 0) (i32.const 0) (i32.const 60000) (i32.const 0) (i32.const 0))
    (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 400))))"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_direct_bridge_keeps_no_memory(one_engine: Engine, one_component: Component) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    chatterbox = Component(one_engine, bytes(wat2wasm(HOSTILE.replace("BODY", CHATTERBOX))))

    def calls(count: int) -> None:
        for _ in range(count):
            # What an import is given, and what an export answers: 24 MB and some 30 KB.
            Call(chatterbox, "element.describe", None, Limits(), lambda *_: None, lambda: 0).run(("en",))
            for _ in range(10):
                Call(one_component, "element.describe", None, Limits(), lambda *_: None, lambda: 0).run(("en",))

    calls(10)
    before = resident()
    calls(20)
    assert resident() - before < 5_000_000


def test_what_is_frozen_is_what_the_component_says(one_component: Component, component_file: Path) -> None:
    again = "; run freeze.py and read what changed"
    assert freeze.imports(one_component.engine, component_file.read_bytes()) == freeze.IMPORTS.read_text(), again
    assert freeze.fields(one_component) == freeze.FIELDS.read_text(encoding="utf-8"), again
