"""The part of WASI 0.2 that a standard library cannot do without, and empty: no arguments, no variables, a closed standard input,
no terminal. Standard output and error take everything, and the call keeps the beginning for engineers.

It is written here, and not taken from wasmtime, whose own would let a component wait for years, ask for gigabytes of random bytes,
or call it without being counted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .bridge import Stop
from .values.case import Case
from .values.resource import Resource

if TYPE_CHECKING:
    from .call import Call

#: Resource types by name; the numbers are this host's.
RESOURCES = {
    "error": 1,
    "pollable": 2,
    "input-stream": 3,
    "output-stream": 4,
    "terminal-input": 5,
    "terminal-output": 6,
}
_POLLABLE, _INPUT, _OUTPUT = RESOURCES["pollable"], RESOURCES["input-stream"], RESOURCES["output-stream"]

#: Bytes that one call of `random` gives.
MOST_RANDOM = 64 * 1024
#: Bytes that one write to a stream may have.
MOST_WRITTEN = 64 * 1024

#: A pollable that is ready. Others are ready at the instant that their number is: nanoseconds of the monotonic clock.
_READY = 0


def _wall(call: Call) -> dict[str, int]:
    milliseconds = call.clock_ms()
    return {"seconds": milliseconds // 1000, "nanoseconds": milliseconds % 1000 * 1_000_000}


def _since_start(call: Call) -> int:
    return time.monotonic_ns()


def _ready_at(call: Call, instant: int) -> Resource:
    # A handle has 32 bits, so the call keeps the instant.
    return Resource(call.pollable(instant), _POLLABLE)


def _is_ready(call: Call, pollable: Resource) -> bool:
    return call.instant_of(pollable.number) <= time.monotonic_ns()


def _block(call: Call, pollable: Resource) -> None:
    wait = (call.instant_of(pollable.number) - time.monotonic_ns()) / 1e9
    if wait > 0:
        left = call.wall_left()
        time.sleep(min(wait, left))
        if wait > left:
            raise Stop("it waited longer than the call has", "wall-ms")


def _poll(call: Call, pollables: list[Resource]) -> list[int]:
    if not pollables:
        raise Stop("it polls nothing")
    _block(call, min(pollables, key=lambda pollable: call.instant_of(pollable.number)))
    return [index for index, pollable in enumerate(pollables) if _is_ready(call, pollable)]


def _random(call: Call, size: int) -> bytes:
    if size > MOST_RANDOM:
        raise Stop(f"it asks for {size} random bytes, at most {MOST_RANDOM} come at a time", "hostcall-bytes")
    return os.urandom(size)


def _random_number(call: Call) -> int:
    return int.from_bytes(os.urandom(8), "little")


def _write(call: Call, stream: Resource, contents: bytes) -> Case:
    call.keep_output(contents)
    return Case("ok")


def _exit(call: Call, status: Case) -> None:
    raise Stop("it called exit")


def _done(call: Call, *_: Any) -> Case:
    return Case("ok")


def _closed(call: Call, *_: Any) -> Case:
    return Case("err", Case("closed"))


def _stream(kind: int) -> Callable[[Call], Resource]:
    return lambda call: Resource(0, kind)


_CLOCK: dict[str, Callable[..., Any]] = {
    "resolution": lambda call: {"seconds": 0, "nanoseconds": 1_000_000},
    "now": _wall,
}
_OUTPUT_STREAM: dict[str, Callable[..., Any]] = {
    "check-write": lambda call, stream: Case("ok", MOST_WRITTEN),
    "write": _write,
    "blocking-write-and-flush": _write,
    "write-zeroes": _done,
    "blocking-write-zeroes-and-flush": _done,
    "flush": _done,
    "blocking-flush": _done,
    "splice": _closed,
    "blocking-splice": _closed,
    "subscribe": lambda call, stream: Resource(_READY, _POLLABLE),
}
_INPUT_STREAM: dict[str, Callable[..., Any]] = {
    "read": _closed,
    "blocking-read": _closed,
    "skip": _closed,
    "blocking-skip": _closed,
    "subscribe": lambda call, stream: Resource(_READY, _POLLABLE),
}

#: What each interface does, by name.
FUNCTIONS: dict[str, dict[str, Callable[..., Any]]] = {
    "wasi:clocks/wall-clock": _CLOCK,
    "wasi:clocks/monotonic-clock": {
        "now": _since_start,
        "resolution": lambda call: 1,
        "subscribe-instant": _ready_at,
        "subscribe-duration": lambda call, wait: _ready_at(call, min(time.monotonic_ns() + wait, 2**63)),
    },
    "wasi:random/random": {"get-random-bytes": _random, "get-random-u64": _random_number},
    "wasi:random/insecure": {"get-insecure-random-bytes": _random, "get-insecure-random-u64": _random_number},
    "wasi:random/insecure-seed": {"insecure-seed": lambda call: (_random_number(call), _random_number(call))},
    "wasi:io/error": {"[method]error.to-debug-string": lambda call, error: "closed"},
    "wasi:io/poll": {"[method]pollable.ready": _is_ready, "[method]pollable.block": _block, "poll": _poll},
    "wasi:io/streams": {f"[method]output-stream.{name}": serve for name, serve in _OUTPUT_STREAM.items()}
    | {f"[method]input-stream.{name}": serve for name, serve in _INPUT_STREAM.items()},
    "wasi:cli/environment": {
        "get-environment": lambda call: [],
        "get-arguments": lambda call: [],
        "initial-cwd": lambda call: None,
    },
    "wasi:cli/exit": {"exit": _exit},
    "wasi:cli/stdin": {"get-stdin": _stream(_INPUT)},
    "wasi:cli/stdout": {"get-stdout": _stream(_OUTPUT)},
    "wasi:cli/stderr": {"get-stderr": _stream(_OUTPUT)},
    "wasi:cli/terminal-input": {},
    "wasi:cli/terminal-output": {},
    "wasi:cli/terminal-stdin": {"get-terminal-stdin": lambda call: None},
    "wasi:cli/terminal-stdout": {"get-terminal-stdout": lambda call: None},
    "wasi:cli/terminal-stderr": {"get-terminal-stderr": lambda call: None},
}
