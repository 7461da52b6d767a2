"""A stand-in of JitAI's loader, written from what its documentation says: folders, `e.json`, `Loader`, `getFile`, a global `app`."""

from __future__ import annotations

import builtins
import importlib
import json
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: What an app has from the platform's framework app, where its `app.json` extends it.
FRAMEWORK = ("corps.Meta", "auths.loginTypes.Meta", "services.NormalType", "tasks.NormalType")


class Code(Exception):
    """As `jit.errcode.Code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason

    def formatReason(self, **values: Any) -> Code:
        return Code(self.code, self.reason.format(**values))


class Typed:
    """A value in one of the platform's data types."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Node:
    """The element that a loader is given: `element.getFile`, `define`, `fullName` …"""

    def __init__(self, app: App, full_name: str, folder: Path) -> None:
        self.app, self.fullName, self.name, self._folder = app, full_name, folder.name, folder
        self.envId, self.appId, self.version = app.envId, app.appId, app.version
        self.define = json.loads((folder / "e.json").read_text(encoding="utf-8"))

    def getFile(self, filename: str, isBinary: bool = False) -> Any:
        path = self._folder / filename
        return path.read_bytes() if isBinary else path.read_text(encoding="utf-8")


class Element:
    """What `app.getElement` answers: forwards to what the loader made, and has the node's own."""

    def __init__(self, node: Node, loaded: Any) -> None:
        self._node, self._loaded = node, loaded

    def __getattr__(self, name: str) -> Any:
        target = self._node if self._loaded is None or name in ("getFile", "define") else self._loaded
        return getattr(target, name)


class Environment:
    def __init__(self, root: Path) -> None:
        self.rootPath = str(root)

    def getAppPath(self, app_id: str) -> str:
        return app_id.replace(".", "/") + "/0_1_0"


class RowField:
    def __init__(self, value: Any) -> None:
        self.value = value


class App:
    """The global `app`."""

    def __init__(self, folder: Path, root: Path, variables: dict[str, str]) -> None:
        self.appId, self.envId, self.version = "example.App", "env1", "0.1.0"
        self.envVars, self.env, self.currentUser = variables, Environment(root), None
        self.events: list[tuple[str, Any]] = []
        self.refused: set[str] = set()
        self._folder = folder
        self._elements: dict[str, Element] = {}
        extended = json.loads((folder / "app.json").read_text(encoding="utf-8"))["extends"]
        self._inherited = FRAMEWORK if extended else ()

    def getElement(self, full_name: str) -> Element:
        if full_name not in self._elements:
            self._elements[full_name] = self._load(full_name)
        return self._elements[full_name]

    def newVariable(self, config: dict[str, Any], value: dict[str, Any]) -> Any:
        assert config["dataType"] == "RowData"
        return types.SimpleNamespace(**{key: RowField(each) for key, each in value.items()})

    def triggerEvent(self, name: str, value: Any) -> None:
        json.dumps(value)
        if value["id"] in self.refused:
            raise RuntimeError("the listener failed")
        self.events.append((name, value))

    def create(self, full_name: str) -> None:
        """What happens when somebody creates the instance."""
        kind = self._node(full_name).define["type"]
        hooks = importlib.import_module(f"{self._first_type(kind)}.lifecycle")
        assert hooks.onCreate(full_name)["status"] == "success"

    def _load(self, full_name: str) -> Element:
        node = self._node(full_name)
        kind = node.define["type"]
        self._demand(kind)
        if kind.endswith(".Meta") or kind == "tasks.NormalType":
            # A Type is no instance, and a task has no loader.
            return Element(node, None)
        if kind == "services.NormalType":
            return Element(node, getattr(importlib.import_module(full_name), node.name)())
        if (self._folder / full_name.replace(".", "/") / "loader.py").exists():
            return Element(node, None)
        return Element(node, importlib.import_module(kind).Loader([node]).load())

    def _demand(self, kind: str) -> None:
        """Every type ends in one of the framework's, which the app must extend."""
        while (self._folder / kind.replace(".", "/") / "e.json").exists():
            kind = self._node(kind).define["type"]
        if kind not in self._inherited:
            raise LookupError(f"there is no element {kind}")

    def _first_type(self, kind: str) -> str:
        """The Type that has hooks, up the inheritance."""
        while not (self._folder / kind.replace(".", "/") / "lifecycle.py").exists():
            kind = self._node(kind).define["type"]
        return kind

    def _node(self, full_name: str) -> Node:
        return Node(self, full_name, self._folder / full_name.replace(".", "/"))


@contextmanager
def running(folder: Path, root: Path, variables: dict[str, str]) -> Iterator[App]:
    """The app, with the platform's modules and its global."""
    before = set(sys.modules)
    service = types.ModuleType("services.NormalType")
    service.NormalService = type("NormalService", (), {})  # type: ignore[attr-defined]
    errcode = types.ModuleType("jit.errcode")
    errcode.Code = Code  # type: ignore[attr-defined]
    logger = types.ModuleType("jit.commons.utils.logger")
    logger.log = __import__("logging").getLogger("jit")  # type: ignore[attr-defined]
    made = {"jit": types.ModuleType("jit"), "jit.errcode": errcode, "jit.commons": types.ModuleType("jit.commons")}
    made |= {"jit.commons.utils": types.ModuleType("jit.commons.utils"), "jit.commons.utils.logger": logger}
    sys.modules.update({**made, "services.NormalType": service})
    sys.path.insert(0, str(folder))
    app = App(folder, root, variables)
    builtins.app = app  # type: ignore[attr-defined]
    try:
        yield app
    finally:
        sys.path.remove(str(folder))
        del builtins.app  # type: ignore[attr-defined]
        for name in set(sys.modules) - before:
            if name.split(".")[0] in ("corps", "auths", "services", "tasks", "jit"):
                del sys.modules[name]
