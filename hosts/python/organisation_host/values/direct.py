"""The codec on the C values of wasmtime, for the versions of wasmtime-py whose layouts it knows.

A value is 32 bytes: its kind, and at byte 8 a number, a text (length, address), a list (length, address) or an address. A whole
list or record is read with one copy of its memory and taken apart by `struct`, instead of through one Python object for each field
of each C structure. What is written is packed the same way, in memory that wasmtime allocated and frees.

`bridge.chosen` takes it for versions of wasmtime-py that were looked at, where `usable` finds the layouts that it declares, and
where values of every kind came back as they were sent.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi

from .case import Case
from .length import LONGEST_LIST, TooLong
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

#: Takes the value apart that begins at this place of these bytes.
Lifter: TypeAlias = Callable[[bytes, int], Any]
#: Packs a value into the 32 bytes of a C value.
Lowerer: TypeAlias = Callable[[Any], bytes]

T = TypeVar("T")

_VALUE = 32
_ENTRY = 48

_string_at = ctypes.string_at
_pair = struct.Struct("<QQ").unpack_from
_triple = struct.Struct("<QQQ").unpack_from
_address = struct.Struct("<Q").unpack_from


def usable() -> bool:
    """Whether this wasmtime-py has the layouts that this module knows."""
    value: Any = ffi.wasmtime_component_val_t
    entry: Any = ffi.wasmtime_component_valrecord_entry_t
    variant: Any = ffi.wasmtime_component_valvariant_t
    result: Any = ffi.wasmtime_component_valresult_t
    of = ffi.wasmtime_component_valunion_t
    return (
        ctypes.sizeof(ctypes.c_void_p) == 8
        and (ctypes.sizeof(value), value.of.offset) == (_VALUE, 8)
        and (ctypes.sizeof(entry), entry.name.offset, entry.val.offset) == (_ENTRY, 0, 16)
        and ctypes.sizeof(of) == 24
        and variant.val.offset == 16
        and result.val.offset == 8
        and struct.pack("=H", 1) == b"\x01\x00"
    )


def lifter(schema: Schema) -> Lifter:
    """Reads values of this type."""
    match schema:
        case Scalar("string"):
            return _lift_text
        case Scalar(name):
            return _lift_scalar(name)
        case Listed(item):
            return _lift_bytes if is_bytes(schema) else _lift_list(lifter(item))
        case Record(_, keys, types):
            return _lift_record(keys, [lifter(kind) for kind in types])
        case Tupled(items):
            return _lift_tuple([lifter(kind) for kind in items])
        case Optional(item):
            return _lift_option(lifter(item))
        case Variant(cases):
            return _lift_variant({name.encode(): (name, _if_any(lifter, kind)) for name, kind in cases})
        case Result(ok, err):
            return _lift_result(_if_any(lifter, ok), _if_any(lifter, err))
        case Enumerated(names):
            return _lift_enum({name.encode(): name for name in names})
        case Handle():
            return _lift_resource


def lowerer(schema: Schema) -> Lowerer:
    """Writes values of this type."""
    match schema:
        case Scalar("string"):
            return _lower_text
        case Scalar(name):
            return _lower_scalar(name)
        case Listed(item):
            return _lower_bytes if is_bytes(schema) else _lower_list(lowerer(item))
        case Record(names, keys, types):
            return _lower_record([name.encode() for name in names], keys, [lowerer(kind) for kind in types])
        case Tupled(items):
            return _lower_tuple([lowerer(kind) for kind in items])
        case Optional(item):
            return _lower_option(lowerer(item))
        case Variant(cases):
            return _lower_variant({name: (name.encode(), _if_any(lowerer, kind)) for name, kind in cases})
        case Result(ok, err):
            return _lower_result(_if_any(lowerer, ok), _if_any(lowerer, err))
        case Enumerated(names):
            return _lower_enum({name: name.encode() for name in names})
        case Handle():
            return _lower_resource


def _if_any(make: Callable[[Schema], T], schema: Schema | None) -> T | None:
    return None if schema is None else make(schema)


# Reading.


def _lift_text(memory: bytes, at: int) -> str:
    size, data = _pair(memory, at + 8)
    return _string_at(data, size).decode() if size else ""


_FORMATS = {
    "bool": "<?",
    "u8": "<B",
    "u16": "<H",
    "u32": "<I",
    "u64": "<Q",
    "s8": "<b",
    "s16": "<h",
    "s32": "<i",
    "s64": "<q",
    "char": "<I",
}


def _lift_scalar(name: str) -> Lifter:
    unpack = struct.Struct(_FORMATS[name]).unpack_from
    if name == "char":
        return lambda memory, at: chr(unpack(memory, at + 8)[0])
    return lambda memory, at: unpack(memory, at + 8)[0]


def _lift_bytes(memory: bytes, at: int) -> bytes:
    size, data = _pair(memory, at + 8)
    return _string_at(data, size * _VALUE)[8::_VALUE] if size else b""


def _lift_list(item: Lifter) -> Lifter:
    def lift(memory: bytes, at: int) -> list[Any]:
        size, data = _pair(memory, at + 8)
        if size > LONGEST_LIST:
            raise TooLong
        items = _string_at(data, size * _VALUE) if size else b""
        return [item(items, begin) for begin in range(0, size * _VALUE, _VALUE)]

    return lift


def _lift_record(keys: tuple[str, ...], items: list[Lifter]) -> Lifter:
    fields = [(key, item, index * _ENTRY + 16) for index, (key, item) in enumerate(zip(keys, items, strict=True))]
    length = len(fields) * _ENTRY

    def lift(memory: bytes, at: int) -> dict[str, Any]:
        (data,) = _address(memory, at + 16)
        entries = _string_at(data, length)
        return {key: item(entries, begin) for key, item, begin in fields}

    return lift


def _lift_tuple(items: list[Lifter]) -> Lifter:
    def lift(memory: bytes, at: int) -> tuple[Any, ...]:
        size, data = _pair(memory, at + 8)
        values = _string_at(data, size * _VALUE)
        return tuple(item(values, index * _VALUE) for index, item in enumerate(items))

    return lift


def _lift_option(item: Lifter) -> Lifter:
    def lift(memory: bytes, at: int) -> Any:
        (data,) = _address(memory, at + 8)
        return item(_string_at(data, _VALUE), 0) if data else None

    return lift


def _lift_variant(cases: dict[bytes, tuple[str, Lifter | None]]) -> Lifter:
    def lift(memory: bytes, at: int) -> Case:
        size, data, value = _triple(memory, at + 8)
        tag, item = cases[_string_at(data, size)]
        return Case(tag, None if item is None else item(_string_at(value, _VALUE), 0))

    return lift


def _lift_result(ok: Lifter | None, err: Lifter | None) -> Lifter:
    def lift(memory: bytes, at: int) -> Case:
        (value,) = _address(memory, at + 16)
        tag, item = ("ok", ok) if memory[at + 8] else ("err", err)
        return Case(tag, None if item is None else item(_string_at(value, _VALUE), 0))

    return lift


def _lift_enum(names: dict[bytes, str]) -> Lifter:
    def lift(memory: bytes, at: int) -> str:
        size, data = _pair(memory, at + 8)
        return names[_string_at(data, size)]

    return lift


def _lift_resource(memory: bytes, at: int) -> Resource:
    (handle,) = _address(memory, at + 8)
    host = ctypes.POINTER(ffi.wasmtime_component_resource_host_t)()
    pointer = ctypes.cast(handle, ctypes.POINTER(ffi.wasmtime_component_resource_any_t))
    error = ffi.wasmtime_component_resource_any_to_host(border.store, pointer, ctypes.byref(host))
    if error:
        raise WasmtimeError._from_ptr(error)
    try:
        return Resource(ffi.wasmtime_component_resource_host_rep(host), ffi.wasmtime_component_resource_host_type(host))
    finally:
        ffi.wasmtime_component_resource_host_delete(host)


# Writing. The functions of the C API are called without giving up the interpreter's lock, since they only allocate.

_new_text = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)(("wasm_byte_vec_new", ffi.dll))
_new_value = ctypes.PYFUNCTYPE(ctypes.c_size_t, ctypes.c_char_p)(("wasmtime_component_val_new", ffi.dll))


def _allocator(name: str) -> Callable[[int], tuple[bytes, int]]:
    """Makes room for so many values: the 16 bytes that stand for it, and its address."""
    new = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)((name, ffi.dll))

    def allocate(size: int) -> tuple[bytes, int]:
        memory = ctypes.create_string_buffer(16)
        new(memory, size)
        return memory.raw, _address(memory.raw, 8)[0]

    return allocate


_new_list = _allocator("wasmtime_component_vallist_new_uninit")
_new_record = _allocator("wasmtime_component_valrecord_new_uninit")
_new_tuple = _allocator("wasmtime_component_valtuple_new_uninit")


def _kind(name: str) -> bytes:
    return bytes([getattr(ffi, f"WASMTIME_COMPONENT_{name}").value, 0, 0, 0, 0, 0, 0, 0])


_TEXT, _LIST, _RECORD, _TUPLE = _kind("STRING"), _kind("LIST"), _kind("RECORD"), _kind("TUPLE")
_OPTION, _VARIANT, _RESULT, _ENUM = _kind("OPTION"), _kind("VARIANT"), _kind("RESULT"), _kind("ENUM")
_HANDLE = _kind("RESOURCE")
_KINDS = {name: _kind(name.upper()) for name in _FORMATS}
_REST = bytes(8)


def _text(text: bytes) -> bytes:
    memory = ctypes.create_string_buffer(16)
    _new_text(memory, len(text), text)
    return memory.raw


def _boxed(value: bytes) -> bytes:
    """The address of a value that was moved to memory of its own."""
    return int(_new_value(value)).to_bytes(8, "little")


def _lower_text(value: Any) -> bytes:
    return _TEXT + _text(value.encode()) + _REST


def _lower_scalar(name: str) -> Lowerer:
    pack, kind = struct.Struct(_FORMATS[name] + f"{24 - struct.calcsize(_FORMATS[name])}x").pack, _KINDS[name]
    if name == "char":
        return lambda value: kind + pack(ord(value))
    return lambda value: kind + pack(value)


def _lower_bytes(value: Any) -> bytes:
    data, address = _new_list(len(value))
    items = bytearray(len(value) * _VALUE)
    items[0::_VALUE] = _KINDS["u8"][:1] * len(value)
    items[8::_VALUE] = value
    ctypes.memmove(address, bytes(items), len(items))
    return _LIST + data + _REST


def _lower_list(item: Lowerer) -> Lowerer:
    def lower(value: Any) -> bytes:
        items = b"".join([item(each) for each in value])
        data, address = _new_list(len(value))
        ctypes.memmove(address, items, len(items))
        return _LIST + data + _REST

    return lower


def _lower_record(names: list[bytes], keys: tuple[str, ...], items: list[Lowerer]) -> Lowerer:
    fields = list(zip(names, keys, items, strict=True))

    def lower(value: Any) -> bytes:
        entries = b"".join([part for name, key, item in fields for part in (_text(name), item(value[key]))])
        data, address = _new_record(len(fields))
        ctypes.memmove(address, entries, len(entries))
        return _RECORD + data + _REST

    return lower


def _lower_tuple(items: list[Lowerer]) -> Lowerer:
    def lower(value: Any) -> bytes:
        values = b"".join([item(each) for item, each in zip(items, value, strict=True)])
        data, address = _new_tuple(len(items))
        ctypes.memmove(address, values, len(values))
        return _TUPLE + data + _REST

    return lower


def _lower_option(item: Lowerer) -> Lowerer:
    # Made anew each time: what is boxed is moved out of its bytes, which are no value any more after that.
    return lambda value: _OPTION + bytes(24) if value is None else _OPTION + _boxed(item(value)) + bytes(16)


def _lower_variant(cases: dict[str, tuple[bytes, Lowerer | None]]) -> Lowerer:
    def lower(value: Any) -> bytes:
        name, item = cases[value[0]]
        payload = _REST if item is None else _boxed(item(value[1]))
        return _VARIANT + _text(name) + payload

    return lower


def _lower_result(ok: Lowerer | None, err: Lowerer | None) -> Lowerer:
    def lower(value: Any) -> bytes:
        item = ok if value[0] == "ok" else err
        payload = _REST if item is None else _boxed(item(value[1]))
        return _RESULT + (b"\x01" if value[0] == "ok" else b"\x00") + bytes(7) + payload + _REST

    return lower


def _lower_enum(names: dict[str, bytes]) -> Lowerer:
    return lambda value: _ENUM + _text(names[value]) + _REST


def _lower_resource(value: Any) -> bytes:
    host = ffi.wasmtime_component_resource_host_new(True, value.number, value.kind)
    handle = ctypes.POINTER(ffi.wasmtime_component_resource_any_t)()
    error = ffi.wasmtime_component_resource_host_to_any(border.store, host, ctypes.byref(handle))
    ffi.wasmtime_component_resource_host_delete(host)
    if error:
        raise WasmtimeError._from_ptr(error)
    address = ctypes.cast(handle, ctypes.c_void_p).value or 0
    return _HANDLE + address.to_bytes(8, "little") + bytes(16)
