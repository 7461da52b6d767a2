"""The component of a process, and its elements.

One engine and one compiled component a process, made at the first call behind a lock; an element for each configuration. State lies
in the app's data folder, and belongs to environment, app, organisation and agent: so the organisation and the login of one app share
their copy and their tokens, and an upgrade of the app keeps them.
"""

import json
import os
import threading
from pathlib import Path

from .organisation_host import Component, ConfigurationError, Element, Engine, Operator, SealingKey, Store
from .organisation_host.folder import fill, read_object

TYPE = "corps.WecomElement"
COMPONENT = "element.wasm"

_lock = threading.Lock()
_process = {}
_elements = {}


def element_of(node):
    """The element of an instance."""
    document = configuration(node)
    text = json.dumps(document, sort_keys=True)
    key = (os.getpid(), node.envId, node.appId, node.fullName)
    with _lock:
        known = _elements.get(key)
        if known is not None and known[0] == text:
            return known[1]
        document = {name: value for name, value in document.items() if name != "isActive"}
        made = Element(
            _component(node),
            document,
            _store(node),
            tenant=f"{node.envId}/{node.appId}",
            name=f"wecom/{organisation_of(document)}",
            operator=Operator(_variable(node, "WECOM_ALLOW_HOSTS").split(), whatever_is_needed=True),
        )
        _elements[key] = (text, made)
        return made


def forget(full_name):
    """Reads the configuration of an instance anew at the next call."""
    with _lock:
        for key in [key for key in _elements if key[3] == full_name]:
            del _elements[key]


def configuration(node):
    """The document of an instance, with variables of the app filled in."""
    entry = str(node.define.get("frontBundleEntry") or "").removeprefix("./")
    for name in (entry, f"{node.name}.json", "config.json", "Config.json"):
        text = file_of(node, name) if name.endswith(".json") else None
        if text is not None:
            return fill(read_object(text, f"{node.fullName}/{name}"), dict(node.app.envVars))
    raise ConfigurationError(f"{node.fullName} has no configuration file {node.name}.json")


def organisation_of(document):
    """Organisation and agent, wherever they stand."""
    nested = document.get("authConfig")
    places = [document, nested if isinstance(nested, dict) else {}]
    return "/".join(str(next((place[key] for place in places if place.get(key)), "")) for key in ("corpId", "agentId"))


def file_of(node, name, binary=False):
    """A file of a folder; None where there is none, whether the platform raises then or answers nothing."""
    try:
        return node.getFile(name, True) if binary else node.getFile(name)
    except Exception:
        # Which exception a missing file raises is not documented.
        return None


def self_check(node):
    """What an engineer wants to know first."""
    component = _component(node)
    folder = _data_folder(node)
    return {
        "component": component.digest,
        "bridge": component.engine.bridge.name,
        "storage": str(folder),
        "writable": os.access(folder, os.W_OK),
    }


def _component(node):
    found = _process.get((os.getpid(), "component"))
    if found is None:
        code = _code(node)
        digest = _variable(node, "WECOM_COMPONENT_DIGEST") or None
        engine = Engine(_data_folder(node) / "organisation-code")
        _process[os.getpid(), "component"] = found = Component(engine, code, digest)
    return found


def _code(node):
    """The component file. Which of these ways survives packing is not documented, so all are tried."""
    try:
        of_type = node.app.getElement(TYPE)
    except Exception:
        of_type = None
    for owner in (of_type, node):
        code = owner is not None and file_of(owner, COMPONENT, binary=True)
        if code:
            return code
    beside = Path(__file__).with_name(COMPONENT)
    if beside.is_file():
        return beside.read_bytes()
    raise ConfigurationError(f"{COMPONENT} was not found in {TYPE}, in {node.fullName}, nor at {beside}")


def _store(node):
    path = Path(_variable(node, "ORGANISATION_STORAGE") or _data_folder(node) / "organisation.db")
    found = _process.get((os.getpid(), path))
    if found is None:
        key = _variable(node, "ORGANISATION_SEALING_KEY")
        found = Store(path, SealingKey.from_base64(key) if key else None)
        _process[os.getpid(), path] = found
    return found


def _data_folder(node):
    env = node.app.env
    folder = Path(env.rootPath) / str(env.getAppPath(node.appId)).lstrip("/") / "appData"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _variable(node, name):
    return str(node.app.envVars.get(name) or os.environ.get(name) or "")
