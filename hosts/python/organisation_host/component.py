"""A component that fits the contract, ready to be called."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from wasmtime import component as wasm

from .engine import Engine
from .errors import ComponentRefused, UnsupportedFunction
from .imports import lend
from .values.schema import Function, function_of
from .world import Import, demand_exports, demand_imports, interface_of

#: The largest file that is compiled, as in the Rust host.
MAX_BYTES = 32 * 1024 * 1024


class Component:
    """A component file, compared with the world, compiled and linked. Serves any number of elements and threads.

    `digest` (`sha256:HEX`) refuses every other file. Raises ComponentRefused before anything of it runs.
    """

    def __init__(self, engine: Engine, code: bytes, digest: str | None = None) -> None:
        if len(code) > MAX_BYTES:
            raise ComponentRefused(f"the file has more than {MAX_BYTES} bytes")
        if not code.startswith(b"\0asm"):
            raise ComponentRefused("this is no component: it does not begin as a WebAssembly file does")
        self.engine = engine
        self.size = len(code)
        self.digest = f"sha256:{hashlib.sha256(code).hexdigest()}"
        if digest is not None and digest != self.digest:
            raise ComponentRefused(f"the file is {self.digest}, expected {digest}")
        self.wasm = engine.compiled(code)
        kind = self.wasm.type
        self.imports = {
            name: Import(
                {key: function_of(value) for key, value in items.items() if isinstance(value, wasm.FuncType)},
                tuple(key for key, value in items.items() if isinstance(value, wasm.ResourceType)),
            )
            for name, items in _items(engine, kind.imports(engine.wasm)).items()
        }
        self.exports = {
            name: {key: value for key, value in items.items() if isinstance(value, wasm.FuncType)}
            for name, items in _items(engine, kind.exports(engine.wasm)).items()
        }
        demand_imports(self.imports)
        demand_exports(self.exports)
        self._types: dict[str, Function] = {}

    @classmethod
    def from_file(cls, engine: Engine, path: Path, digest: str | None = None) -> Component:
        """Reads the file and takes it in."""
        try:
            with path.open("rb") as file:
                code = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ComponentRefused(f"{path} cannot be read: {error.strerror}") from error
        return cls(engine, code, digest)

    @cached_property
    def linker(self) -> wasm.Linker:
        """Everything that the component imports, lent by this host."""
        linker = wasm.Linker(self.engine.wasm)
        with linker.root() as root:
            lend(root, self.engine.bridge, self.imports)
        return linker

    def export(self, function: str) -> tuple[str, Function]:
        """The name of the interface, with its version, that exports `interface.function`, and the function's types.

        Raises UnsupportedFunction where it exports none.
        """
        interface, _, name = function.partition(".")
        for full, functions in self.exports.items():
            if interface_of(full) == interface and name in functions:
                known = self._types.get(function)
                if known is None:
                    # Reading the types of one function takes as long as a call, so each is read when it is needed first.
                    self._types[function] = known = function_of(functions[name])
                return full, known
        raise UnsupportedFunction(f"the component does not export {function}")

    def offers(self, function: str) -> bool:
        """Whether it exports `interface.function`."""
        interface, _, name = function.partition(".")
        return any(interface_of(full) == interface and name in functions for full, functions in self.exports.items())


def _items(engine: Engine, externs: Mapping[str, Any]) -> dict[str, dict[str, wasm.ComponentItem]]:
    """What each interface holds."""
    found = {}
    for name, extern in externs.items():
        kind = extern.ty
        if not isinstance(kind, wasm.ComponentInstanceType):
            raise ComponentRefused(f"{name} is no interface: components of the contract import and export nothing else")
        found[name] = {key: value.ty for key, value in kind.exports(engine.wasm).items()}
    return found
