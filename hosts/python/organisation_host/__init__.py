"""Runs organisation elements: sandboxed WebAssembly components of the contract `lowcode:organisation` (`wit/`).

    engine = Engine(cache=Path("cache"))
    component = Component.from_file(engine, Path("wecom_organisation.wasm"))
    element = Element(component, document, Store(Path("organisation.db")), operator=Operator(whatever_is_needed=True))
    print(element.authorization_url()["url"])
    print(synchronise(element)["members"])

`README.md` says how, `docs/security.md` what is promised.
"""

from .call import Report
from .component import Component
from .egress import Operator
from .element import Element
from .engine import Engine
from .errors import (
    CallStopped,
    ComponentRefused,
    ConfigurationError,
    HostError,
    OrganisationError,
    StorageUnavailable,
    UnsupportedFunction,
)
from .limits import Limits
from .storage import Quota, SealingKey, Store
from .sync import synchronise
from .values import Case

__all__ = [
    "CallStopped",
    "Case",
    "Component",
    "ComponentRefused",
    "ConfigurationError",
    "Element",
    "Engine",
    "HostError",
    "Limits",
    "Operator",
    "OrganisationError",
    "Quota",
    "Report",
    "SealingKey",
    "StorageUnavailable",
    "Store",
    "UnsupportedFunction",
    "synchronise",
]
