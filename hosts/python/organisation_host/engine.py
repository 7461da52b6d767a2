"""One engine a process, its clock, and the cache of compiled code."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import threading
from importlib import metadata
from pathlib import Path

from wasmtime import Config, WasmtimeError
from wasmtime import Engine as WasmEngine
from wasmtime import component as wasm

from .bridge import Bridge, chosen
from .errors import ComponentRefused, ConfigurationError

#: Milliseconds between two ticks of the epoch: how exactly time limits are kept.
TICK_MS = 10
#: Bytes of the stack of a guest.
STACK_BYTES = 512 * 1024


class Engine:
    """Compiles components and counts the epoch while calls run. Share one among all components of a process.

    `cache` is a folder for compiled code. Compiled code is trusted: it must belong to this user, and nobody else may write
    there. Without a folder every start compiles anew, which takes seconds. `bridge` names one of the two bridges (see
    `bridge`); absent, the faster one that works.

    An engine does not survive `fork`: a process that forks makes it afterwards, in each child.
    """

    def __init__(self, cache: Path | None = None, bridge: str | None = None) -> None:
        config = Config()
        # The contract needs none of these, and each has had defects.
        config.wasm_gc = False
        config.wasm_exceptions = False
        config.wasm_threads = False
        config.epoch_interruption = True
        config.max_wasm_stack = STACK_BYTES
        self.wasm = WasmEngine(config)
        self.bridge: Bridge = chosen(self.wasm, bridge)
        self._cache = None if cache is None else _own_folder(cache)
        self._pid = os.getpid()
        self._ticker = _Ticker(self.wasm)

    def compiled(self, code: bytes) -> wasm.Component:
        """Compiles a component, or loads what was compiled before."""
        if self._cache is None:
            return self._compile(code)
        name = hashlib.sha256(metadata.version("wasmtime").encode() + b"\0" + code).hexdigest()
        path = self._cache / f"{name}.cwasm"
        if path.is_file():
            try:
                # Not the file itself: it would be mapped, and whoever writes to it later would write into running code.
                return wasm.Component.deserialize(self.wasm, path.read_bytes())
            except WasmtimeError:
                # Of another processor, or damaged.
                path.unlink(missing_ok=True)
        component = self._compile(code)
        with tempfile.NamedTemporaryFile(dir=self._cache, delete=False) as file:
            file.write(component.serialize())
        os.replace(file.name, path)
        return component

    def _compile(self, code: bytes) -> wasm.Component:
        try:
            return wasm.Component(self.wasm, code)
        except WasmtimeError as error:
            raise ComponentRefused(f"this is no component that can be run: {str(error).splitlines()[0]}") from None

    def begin(self) -> None:
        """A call begins."""
        if os.getpid() != self._pid:
            raise ConfigurationError("the process has forked since the engine was made: make it in the child")
        self._ticker.begin()

    def end(self) -> None:
        """A call is over."""
        self._ticker.end()


def _own_folder(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name == "posix":
        status = path.stat()
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise ConfigurationError(
                f"{path} holds compiled code: it must be this user's, and writable for nobody else"
            )
    return path


class _Ticker:
    """Counts the epoch while any call runs; an idle process has no thread that wakes."""

    def __init__(self, engine: WasmEngine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._running = 0
        self._busy = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        with self._lock:
            self._running += 1
            self._busy.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._tick, name="organisation-epoch", daemon=True)
                self._thread.start()

    def end(self) -> None:
        with self._lock:
            self._running -= 1
            if self._running == 0:
                self._busy.clear()

    def _tick(self) -> None:
        pause = threading.Event()
        while True:
            self._busy.wait()
            self._engine.increment_epoch()
            pause.wait(TICK_MS / 1000)
