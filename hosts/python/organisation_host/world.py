"""Whether a component fits the contract: what it may import, and of which types."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from . import wasi
from .errors import ComponentRefused
from .values.schema import Function, described

PACKAGE = "lowcode:organisation"
#: The version of the contract that this host serves; it runs components of `0.1.x`.
VERSION = (0, 1, 0)

#: Interfaces that every component exports.
BASE = ("element", "login", "directory")

_NAME = re.compile(r"([a-z0-9:-]+/[a-z0-9-]+)@(\d+)\.(\d+)\.(\d+)")


def interface_of(name: str) -> str:
    """The interface's own name: `lowcode:organisation/http@0.1.0` is `http`."""
    return name.split("@")[0].split("/")[-1]


@cache
def frozen_imports() -> Mapping[str, Mapping[str, Any]]:
    """The types of all imports of the contract, by interface and function. `freeze.py` writes them from a component."""
    text = resources.files(__package__).joinpath("imports.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]


class Import(NamedTuple):
    """What a component imports of one interface."""

    functions: Mapping[str, Function]
    #: Names of resource types.
    resources: tuple[str, ...]


def demand_imports(imports: Mapping[str, Import]) -> None:
    """Refuses a component that imports what the contract does not lend, or under other types.

    Raises ComponentRefused, which says what was expected.
    """
    for name, wanted in imports.items():
        match = _NAME.fullmatch(name)
        if match is None:
            raise ComponentRefused(f"it imports {name}, which is no interface of the contract")
        base, version = match[1], tuple(int(part) for part in match.group(2, 3, 4))
        if base in wasi.FUNCTIONS:
            if version[:2] != (0, 2):
                raise ComponentRefused(f"it imports {name}, and this host has WASI 0.2")
            for function in wanted.functions:
                if function not in wasi.FUNCTIONS[base]:
                    raise ComponentRefused(f"it imports {name}#{function}, which this host does not know")
        elif base.startswith(f"{PACKAGE}/"):
            _demand_functions(name, base.removeprefix(f"{PACKAGE}/"), version, wanted.functions)
        else:
            raise ComponentRefused(f"it imports {name}, which no host of the contract lends")


def _demand_functions(name: str, interface: str, version: tuple[int, ...], functions: Mapping[str, Function]) -> None:
    if version[:2] != VERSION[:2]:
        raise ComponentRefused(f"it imports {name}, and this host serves {PACKAGE}@{'.'.join(map(str, VERSION))}")
    known = frozen_imports().get(interface)
    if known is None:
        raise ComponentRefused(f"it imports {name}, which this host does not know")
    for function, found in functions.items():
        if function not in known:
            raise ComponentRefused(f"it imports {name}#{function}, which this host does not know")
        expected = known[function]
        if as_json(found) != expected:
            found_text, expected_text = json.dumps(as_json(found)), json.dumps(expected)
            raise ComponentRefused(f"it imports {name}#{function} as {found_text}, expected {expected_text}")


def demand_exports(names: Mapping[str, Any]) -> None:
    """Refuses a component without the base interfaces."""
    wanted = {f"{PACKAGE}/{interface}@{VERSION[0]}.{VERSION[1]}." for interface in BASE}
    for prefix in sorted(wanted):
        if not any(name.startswith(prefix) for name in names):
            raise ComponentRefused(f"it does not export {prefix}x, found: {', '.join(sorted(names)) or 'nothing'}")


def as_json(function: Function) -> Any:
    """A function's types as JSON."""
    return [[[name, described(kind)] for name, kind in function.parameters], described(function.result)]
