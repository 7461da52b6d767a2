"""WASI as this host lends it: empty, counted, and never waiting longer than the call."""

from __future__ import annotations

import time
from typing import Any

import pytest
from wasmtime import wat2wasm

from organisation_host import CallStopped, Component, Engine, Limits
from organisation_host.call import Call

#: Waits by the clock for so many nanoseconds, writes to standard error, and breaks off where it is told to.
COMPONENT = """
(component
  (type $poll (instance
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))
    (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool)))))
  (import "wasi:io/poll@0.2.3" (instance $poll (type $poll)))
  (alias export $poll "pollable" (type $pollable))
  (alias export $poll "[method]pollable.block" (func $block))
  (alias export $poll "[method]pollable.ready" (func $ready))
  (type $clock (instance
    (alias outer 1 $pollable (type $q))
    (export "pollable" (type $p (eq $q)))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock (type $clock)))
  (alias export $clock "subscribe-duration" (func $subscribe))
  (alias export $clock "now" (func $now))
  (type $streams (instance
    (export "output-stream" (type $o (sub resource)))
    (type $failure (variant (case "closed")))
    (export "stream-error" (type $e (eq $failure)))
    (export "[method]output-stream.write"
      (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $e)))))))
  (import "wasi:io/streams@0.2.3" (instance $streams (type $streams)))
  (alias export $streams "output-stream" (type $output))
  (alias export $streams "[method]output-stream.write" (func $write))
  (type $stderr (instance
    (alias outer 1 $output (type $q))
    (export "output-stream" (type $o (eq $q)))
    (export "get-stderr" (func (result (own $o))))))
  (import "wasi:cli/stderr@0.2.3" (instance $stderr (type $stderr)))
  (alias export $stderr "get-stderr" (func $get))
  (core module $libc
    (memory (export "memory") 1)
    (data (i32.const 200) "panicked at its-secret-value here")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
  (core instance $libc (instantiate $libc))
  (core func $subscribe (canon lower (func $subscribe)))
  (core func $block (canon lower (func $block)))
  (core func $ready (canon lower (func $ready)))
  (core func $now (canon lower (func $now)))
  (core func $get (canon lower (func $get)))
  (core func $write (canon lower (func $write) (memory (core memory $libc "memory"))))
  (core func $drop (canon resource.drop $pollable))
  (core module $main
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "block" (func $block (param i32)))
    (import "host" "ready" (func $ready (param i32) (result i32)))
    (import "host" "now" (func $now (result i64)))
    (import "host" "get" (func $get (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "drop" (func $drop (param i32)))
    (import "libc" "memory" (memory 0))
    (func (export "wait") (param i32 i32) (result i32)
      (local $pollable i32) (local $begin i64)
      (local.set $begin (call $now))
      (local.set $pollable (call $subscribe (i64.const NANOSECONDS)))
      (call $block (local.get $pollable))
      (if (i32.eqz (call $ready (local.get $pollable))) (then (unreachable)))
      (if (i64.lt_u (i64.sub (call $now) (local.get $begin)) (i64.const NANOSECONDS)) (then (unreachable)))
      (call $drop (local.get $pollable))
      (i32.const 64))
    (func (export "panic") (param i32 i32) (result i32)
      (call $write (call $get) (i32.const 200) (i32.const 33) (i32.const 100))
      (unreachable)))
  (core instance $main (instantiate $main
    (with "host" (instance
      (export "subscribe" (func $subscribe)) (export "block" (func $block)) (export "ready" (func $ready))
      (export "now" (func $now)) (export "get" (func $get)) (export "write" (func $write)) (export "drop" (func $drop))))
    (with "libc" (instance $libc))))
  (func $wait (param "locale" string) (result string)
    (canon lift (core func $main "wait") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (func $panic (param "locale" string) (result string)
    (canon lift (core func $main "panic") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (instance $interface (export "wait" (func $wait)) (export "panic" (func $panic)))
  (export "lowcode:organisation/element@0.1.0" (instance $interface))
  (export "lowcode:organisation/login@0.1.0" (instance $interface))
  (export "lowcode:organisation/directory@0.1.0" (instance $interface)))
"""


def run(engine: Engine, function: str, limits: Limits, nanoseconds: int = 0, document: Any = None) -> Call:
    component = Component(engine, bytes(wat2wasm(COMPONENT.replace("NANOSECONDS", str(nanoseconds)))))
    call = Call(component, f"element.{function}", None, limits, lambda *_: None, lambda: 0, document)
    call.run(("",))
    return call


def test_a_component_waits_by_the_clock(engine: Engine) -> None:
    call = run(engine, "wait", Limits(), 20_000_000)
    # Each call of WASI counts: now, subscribe, block, ready, now.
    assert call.budget.spent()["host_calls"] == 5


def test_nobody_waits_longer_than_the_call(engine: Engine) -> None:
    begin = time.monotonic()
    with pytest.raises(CallStopped) as stopped:
        run(engine, "wait", Limits(wall_ms=100), 3_600_000_000_000)
    assert stopped.value.limit == "wall-ms"
    assert time.monotonic() - begin < 600


def test_the_words_of_a_panic_are_kept_without_what_is_configured(engine: Engine) -> None:
    with pytest.raises(CallStopped) as stopped:
        run(engine, "panic", Limits(), document={"secret": "its-secret-value"})
    assert stopped.value.words == "panicked at [configured] here"
    assert stopped.value.limit is None
