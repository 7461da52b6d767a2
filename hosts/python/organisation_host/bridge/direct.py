"""The bridge on the C values of wasmtime."""

from __future__ import annotations

import ctypes
import itertools
import threading
from collections.abc import Callable
from typing import Any

from wasmtime import Engine, Store, WasmtimeError
from wasmtime import _bindings as _c_api
from wasmtime import _ffi as ffi
from wasmtime import component as wasm

from ..values import direct as codec
from ..values.case import Case
from ..values.resource import border
from ..values.schema import Enumerated, Function, Listed, Optional, Record, Result, Scalar, Tupled, Variant
from .choice import Import
from .codecs import Codecs
from .stop import Stop

usable = codec.usable

_codecs = Codecs(codec.lowerer, codec.lifter)

#: What the callbacks below find by number, until the linker that holds it is dropped.
_imports: dict[int, Callable[[int, int], None]] = {}
_numbers = itertools.count(1)
#: The watch over the guest that runs in this thread.
_running = threading.local()


class DirectBridge:
    """Several times faster, in as many threads as there are."""

    name = "direct"

    def define(self, instance: wasm.LinkerInstance, name: str, function: Function, serve: Import) -> None:
        """As in `Bridge`."""
        lifters = [(codec.lifter(kind), index * 32) for index, (_, kind) in enumerate(function.parameters)]
        length = len(lifters) * 32
        lower = None if function.result is None else codec.lowerer(function.result)

        def called(arguments: int, answer: int) -> None:
            memory = ctypes.string_at(arguments, length) if length else b""
            value = serve(*[lift(memory, at) for lift, at in lifters])
            if lower is not None:
                ctypes.memmove(answer, lower(value), 32)

        number = next(_numbers)
        _imports[number] = called
        text = name.encode()
        error = ffi.wasmtime_component_linker_instance_add_func(
            instance.ptr(), ctypes.create_string_buffer(text), len(text), _on_import, number, _on_drop
        )
        if error:
            raise WasmtimeError._from_ptr(error)

    def call(self, store: Store, export: wasm.Func, function: Function, arguments: tuple[Any, ...]) -> Any:
        """As in `Bridge`."""
        lowerers, lifter = _codecs.of(function)
        packed = b"".join([lower(value) for lower, value in zip(lowerers, arguments, strict=True)])
        values = (ffi.wasmtime_component_val_t * len(arguments))()
        ctypes.memmove(values, packed, len(packed))
        answer = ffi.wasmtime_component_val_t()
        try:
            error = ffi.wasmtime_component_func_call(
                ctypes.byref(export._func),
                store._context(),
                values,
                len(arguments),
                None if lifter is None else ctypes.byref(answer),
                0 if lifter is None else 1,
            )
        finally:
            for index in range(len(arguments)):
                ffi.wasmtime_component_val_delete(ctypes.byref(values[index]))
        if error:
            raise WasmtimeError._from_ptr(error)
        if lifter is None:
            return None
        try:
            return lifter(ctypes.string_at(ctypes.addressof(answer), 32), 0)
        finally:
            ffi.wasmtime_component_val_delete(ctypes.byref(answer))

    def watch(self, store: Store, may_go_on: Callable[[], bool], ticks: Callable[[], int]) -> None:
        """As in `Bridge`: asked at every tick."""
        _running.may_go_on = may_go_on
        store.set_epoch_deadline(1)
        ffi.wasmtime_store_epoch_deadline_callback(store.ptr(), _on_tick, None, _on_drop)

    def back_in_guest(self, store: Store, ticks: Callable[[], int]) -> None:
        """Nothing to do: time is asked for at every tick."""


def _error(message: str) -> int:
    pointer = ffi.wasmtime_error_new(ctypes.create_string_buffer(message.encode()))
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


def _called(number: int, context: int, _type: int, arguments: int, _count: int, answer: int, _answers: int) -> int:
    # Nothing may leave this function but its answer: ctypes would print it and go on.
    border.store = ctypes.cast(context, _context)
    try:
        _imports[number](arguments, answer)
    except BaseException as error:
        return _error(f"an import ended the call: {type(error).__name__}")
    finally:
        border.store = None
    return 0


def _ticked(_context: int, _data: int, delta: int, kind: int) -> int:
    try:
        if not _running.may_go_on():
            return _error("a time limit ended the call")
        ctypes.c_uint64.from_address(delta).value = 1
        ctypes.c_uint8.from_address(kind).value = 0
    except BaseException as error:
        return _error(f"the watch ended the call: {type(error).__name__}")
    return 0


def _dropped(number: int | None) -> None:
    # At the end of the interpreter modules are empty already.
    if number is not None and _imports:
        _imports.pop(number, None)


def _cast(function: Callable[..., Any], own: Any, wanted: Any) -> Any:
    """A callback that is given addresses as numbers."""
    made = own(function)
    _kept.append(made)
    return ctypes.cast(made, wanted)


_kept: list[Any] = []
_void = ctypes.c_void_p
_context = ctypes.POINTER(ffi.wasmtime_context_t)
_on_import = _cast(
    _called,
    ctypes.CFUNCTYPE(ctypes.c_size_t, _void, _void, _void, _void, ctypes.c_size_t, _void, ctypes.c_size_t),
    ffi.wasmtime_component_func_callback_t,
)
_on_tick = _cast(
    _ticked,
    ctypes.CFUNCTYPE(ctypes.c_size_t, _void, _void, _void, _void),
    _c_api._wasmtime_store_epoch_deadline_callback.argtypes[1],
)
_on_drop = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_dropped)


#: A component that gives back what it is given: the import `echo` behind the export `run`.
_PROBE = """
(component
  (type $inner (instance
    (type $record (record (field "a-text" string) (field "number" u64) (field "flag" bool)))
    (export "record" (type $r (eq $record)))
    (type $kind (enum "one" "two"))
    (export "kind" (type $k (eq $kind)))
    (type $choice (variant (case "none") (case "text" string) (case "bytes" (list u8)) (case "record" $r)))
    (export "choice" (type $c (eq $choice)))
    (type $all (tuple (list $c) (option (option string)) (result $r (error string)) $k s64))
    (export "all" (type $a (eq $all)))
    (export "echo" (func (param "value" $a) (result $a)))))
  (import "probe" (instance $probe (type $inner)))
  (alias export $probe "echo" (func $echo))
  (alias export $probe "all" (type $all))
  (core module $libc
    (memory (export "memory") 4)
    (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $top (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.get $top)
      (global.set $top (i32.add (global.get $top) (local.get 3)))))
  (core instance $libc (instantiate $libc))
  (core func $echo (canon lower (func $echo) (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $main
    (import "probe" "echo" (func $echo
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i64 i32)))
    (func (export "run") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i64) (result i32)
      local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5 local.get 6 local.get 7
      local.get 8 local.get 9 local.get 10 local.get 11 local.get 12
      (call $echo (i32.const 512))
      (i32.const 512)))
  (core instance $main (instantiate $main (with "probe" (instance (export "echo" (func $echo))))))
  (func (export "run") (param "value" $all) (result $all)
    (canon lift (core func $main "run") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))
"""


def works(engine: Engine) -> bool:
    """Whether values of every kind come back as they were sent, through a component that wasmtime runs."""
    record = Record(
        ("a-text", "number", "flag"), ("a_text", "number", "flag"), (Scalar("string"), Scalar("u64"), Scalar("bool"))
    )
    choice = Variant((("none", None), ("text", Scalar("string")), ("bytes", Listed(Scalar("u8"))), ("record", record)))
    twice = Optional(Optional(Scalar("string")))
    everything = Tupled(
        (Listed(choice), twice, Result(record, Scalar("string")), Enumerated(("one", "two")), Scalar("s64"))
    )
    function = Function((("value", everything),), everything)
    one = {"a_text": "äöü 企业", "number": 2**64 - 1, "flag": True}
    sent = (
        [Case("none"), Case("text", "x" * 5_000), Case("bytes", bytes(range(256))), Case("record", one)],
        "inner",
        Case("ok", one),
        "two",
        -(2**63),
    )
    try:
        bridge, linker, seen = DirectBridge(), wasm.Linker(engine), []

        def echo(value: Any) -> Any:
            seen.append(value)
            return value

        with linker.root() as root, root.add_instance("probe") as instance:
            bridge.define(instance, "echo", function, echo)
        component = wasm.Component(engine, _PROBE)
        values: list[tuple[Any, ...]] = [sent, ([], None, Case("err", ""), "one", 0)]
        for value in values:
            store = Store(engine)
            bridge.watch(store, lambda: True, lambda: 1)
            export = linker.instantiate(store, component).get_func(store, "run")
            if export is None or bridge.call(store, export, function, (value,)) != value or seen.pop() != value:
                return False
    except (WasmtimeError, Stop, ValueError, TypeError, AttributeError):
        return False
    return True
