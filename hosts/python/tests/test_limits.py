"""Components that keep to no rule: each ends with the name of what it passed, and the next call works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from organisation_host import (
    CallStopped,
    Component,
    ComponentRefused,
    Element,
    Engine,
    Limits,
    Store,
    UnsupportedFunction,
)
from organisation_host.call import Call

#: A component with the base interfaces, whose `element.describe` runs `$body` with the imports `log.write` and `random`.
HOSTILE = """
(component
  (type $log (instance
    (type $level (enum "trace" "debug" "info" "warn" "error"))
    (export "level" (type $l (eq $level)))
    (type $field (record (field "name" string) (field "value" string)))
    (export "field" (type $f (eq $field)))
    (export "write" (func (param "level" $l) (param "message" string) (param "fields" (list $f))))))
  (import "lowcode:organisation/log@0.1.0" (instance $log (type $log)))
  (alias export $log "write" (func $write))
  (type $random (instance (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (import "wasi:random/random@0.2.3" (instance $random (type $random)))
  (alias export $random "get-random-bytes" (func $bytes))
  (type $clock (instance
    (alias outer 1 $pollable (type $p))
    (export "pollable" (type (eq $p)))))
  (core module $libc
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 3)))))
  (core instance $libc (instantiate $libc))
  (core func $write (canon lower (func $write)
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $bytes (canon lower (func $bytes)
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $main
    (import "host" "write" (func $write (param i32 i32 i32 i32 i32)))
    (import "host" "bytes" (func $bytes (param i64 i32)))
    (import "libc" "memory" (memory 0))
    (func $deep (param i32) (result i32) (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
    (func (export "describe") (param i32 i32) (result i32)
      BODY
      (i32.const 64)))
  (core instance $main (instantiate $main
    (with "host" (instance (export "write" (func $write)) (export "bytes" (func $bytes))))
    (with "libc" (instance $libc))))
  (func $describe (param "locale" string) (result string)
    (canon lift (core func $main "describe") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (instance $interface (export "describe" (func $describe)))
  (export "lowcode:organisation/element@0.1.0" (instance $interface))
  (export "lowcode:organisation/login@0.1.0" (instance $interface))
  (export "lowcode:organisation/directory@0.1.0" (instance $interface)))
""".replace(
    """  (type $clock (instance
    (alias outer 1 $pollable (type $p))
    (export "pollable" (type (eq $p)))))
""",
    "",
)

LIMITS = Limits(cpu_ms=200, wall_ms=100_000, memory=4 << 20, host_calls=500, log_bytes=100)


def run(engine: Engine, body: str, limits: Limits = LIMITS) -> tuple[Call, Any]:
    from wasmtime import wat2wasm

    component = Component(engine, bytes(wat2wasm(HOSTILE.replace("BODY", body))))
    call = Call(component, "element.describe", None, limits, lambda *_: None, lambda: 0)
    return call, call.run(("en",))


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        ("(loop $l (br $l))", "cpu-ms"),
        (
            "(loop $l (call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (br $l))",
            "host-calls",
        ),
        ("(call $write (i32.const 0) (i32.const 0) (i32.const 60000) (i32.const 0) (i32.const 0))", None),
        ("(call $bytes (i64.const 65537) (i32.const 0))", "hostcall-bytes"),
        ("(call $bytes (i64.const -1) (i32.const 0))", "hostcall-bytes"),
        ("(drop (call $deep (i32.const 0)))", "stack-bytes"),
        ("(unreachable)", "trap"),
        # A growth that is refused answers -1 and ends nothing.
        ("(if (i32.ne (memory.grow (i32.const 100)) (i32.const -1)) (then (unreachable)))", None),
        ("(if (i32.eq (memory.grow (i32.const 20)) (i32.const -1)) (then (unreachable)))", None),
        # Arguments that lie outside the memory, a level that there is none, a list that is as long as it can be.
        ("(call $write (i32.const 0) (i32.const -8) (i32.const 8) (i32.const 0) (i32.const 0))", "trap"),
        ("(call $write (i32.const 99) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))", "trap"),
        ("(call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4000))", None),
    ],
)
def test_a_hostile_component_ends_alone(engine: Engine, body: str, limit: str | None) -> None:
    if limit is None:
        assert run(engine, body)[1] == ""
    else:
        with pytest.raises(CallStopped) as stopped:
            run(engine, body)
        assert (stopped.value.limit or "trap") == limit, stopped.value
    assert run(engine, "(nop)")[1] == ""


def test_a_call_ends_when_its_time_is_up_however_little_it_computed(engine: Engine) -> None:
    with pytest.raises(CallStopped) as stopped:
        run(engine, "(loop $l (br $l))", Limits(cpu_ms=100_000, wall_ms=50, grace_ms=50))
    assert stopped.value.limit == "wall-ms"


@pytest.mark.parametrize("fields", [150_000, 7_000_000])
def test_a_list_without_end_costs_no_memory(one_engine: Engine, fields: int) -> None:
    from wasmtime import wat2wasm

    body = f"""(drop (memory.grow (i32.const 1900)))
      (call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const {fields}))"""
    component = Component(one_engine, bytes(wat2wasm(HOSTILE.replace("BODY", body))))
    with pytest.raises(CallStopped) as stopped:
        Call(component, "element.describe", None, Limits(), lambda *_: None, lambda: 0).run(("en",))
    assert stopped.value.limit == "hostcall-bytes", stopped.value


def test_an_answer_that_is_too_long_ends_the_call(
    code_cache: Path, component_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = Component.from_file(Engine(code_cache, bridge="direct"), component_file)
    monkeypatch.setattr("organisation_host.values.direct.LONGEST_LIST", 1)
    with pytest.raises(CallStopped) as stopped:
        Call(component, "element.describe", None, Limits(), lambda *_: None, lambda: 0).run(("en",))
    assert stopped.value.limit == "hostcall-bytes"


def test_log_lines_are_counted_and_dropped(engine: Engine) -> None:
    line = "(call $write (i32.const 0) (i32.const 0) (i32.const 60) (i32.const 0) (i32.const 0))"
    call, _ = run(engine, line * 3)
    assert (call.log_lines, call.log_lines_dropped) == (1, 2)


def test_a_component_that_describes_itself_in_other_types_is_refused(one_engine: Engine, tmp_path: Path) -> None:
    from wasmtime import wat2wasm

    component = Component(one_engine, bytes(wat2wasm(HOSTILE.replace("BODY", "(nop)"))))
    store = Store(tmp_path / "s.db")
    with pytest.raises((ComponentRefused, UnsupportedFunction)):
        Element(component, {}, store)
    store.close()


@pytest.mark.parametrize(
    ("wanted", "found", "words"),
    [
        ('"wasi:random/random@0.2.3"', '"wasi:filesystem/types@0.2.3"', "no host"),
        ('"wasi:random/random@0.2.3"', '"wasi:sockets/tcp@0.2.3"', "no host"),
        ('"wasi:random/random@0.2.3"', '"wasi:http/outgoing-handler@0.2.3"', "no host"),
        ('"wasi:random/random@0.2.3"', '"wasi:random/random@0.3.0"', "WASI 0.2"),
        ("get-random-bytes", "get-other-bytes", "does not know"),
        ("lowcode:organisation/log@0.1.0", "lowcode:organisation/log@0.2.0", "0.1.0"),
        ("lowcode:organisation/log@0.1.0", "lowcode:organisation/other@0.1.0", "does not know"),
        ('(param "message" string)', '(param "text" string)', "other types|expected"),
        ('(export "lowcode:organisation/login@0.1.0" (instance $interface))', "", "does not export"),
        ('"lowcode:organisation/login@0.1.0"', '"lowcode:organisation/login@1.1.0"', "does not export"),
        ("(component", "(component (", "no component"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_runs(one_engine: Engine, wanted: str, found: str, words: str) -> None:
    from wasmtime import WasmtimeError, wat2wasm

    text = HOSTILE.replace("BODY", "(unreachable)").replace(wanted, found)
    try:
        code = bytes(wat2wasm(text))
    except WasmtimeError:
        code = text.encode()
    with pytest.raises(ComponentRefused, match=words):
        Component(one_engine, code)


def test_another_file_than_the_expected_one_is_refused(one_engine: Engine) -> None:
    with pytest.raises(ComponentRefused, match="expected sha256:00"):
        Component(one_engine, b"\0asm", digest="sha256:00")
