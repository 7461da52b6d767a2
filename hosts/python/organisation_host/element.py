"""An element: a component with the configuration of one tenant, and the calls that can be made of it."""

from __future__ import annotations

import json
import logging
import ssl
import time
import uuid
from collections.abc import Callable
from threading import Lock
from typing import Any

from .call import Call, Capabilities, Report
from .component import Component
from .egress import Client, Destination, Operator, Policy
from .egress.destination import PORTS, UrlError, host_of
from .egress.policy import Proxy
from .errors import CallStopped, ComponentRefused, ConfigurationError, OrganisationError
from .limits import Limits
from .routes import Routes
from .secrets import SCHEME, Injector, Secret, extract
from .storage import Scope, Store
from .values.case import Case
from .values.schema import Result
from .visible import field

log = logging.getLogger("organisation_host.component")
reports = logging.getLogger("organisation_host.report")

#: Destinations of one configuration; a component that names more cannot be called.
DESTINATIONS = 64

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}


class Element:
    """Signs the members of one organisation in and keeps a copy of its directory. Safe for many threads.

    `document` is the configuration, variables filled in; `tenant` and `name` say whose keys of the store it has. `operator` says
    what may be reached: without it, nothing. `observe` is given a `Report` of every call.

    A call parks its thread, up to the wall limit: call it from a pool of threads, never from an event loop.
    """

    def __init__(
        self,
        component: Component,
        document: dict[str, Any],
        store: Store,
        tenant: str = "default",
        name: str = "element",
        operator: Operator | None = None,
        limits: Limits | None = None,
        observe: Callable[[Report], None] | None = None,
        verify: ssl.SSLContext | None = None,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.component = component
        self.tenant = tenant
        self.name = name
        self._store = store
        self._scope = Scope(tenant, name)
        self._operator = operator or Operator()
        self._limits = limits or Limits()
        self._observe = observe
        self._verify = verify
        self._clock_ms = clock_ms
        self._lock = Lock()
        self._ready: _Configured | None = None
        self._configure(document)

    # The configuration.

    def configure(self, document: dict[str, Any]) -> None:
        """Takes another document: destinations, places of secrets and placeholders follow from it. Calls under way end with what
        they began with."""
        with self._lock:
            self._configure(document)

    @property
    def description(self) -> dict[str, Any]:
        """What `element.describe` answered in English."""
        return self._configured.description

    @property
    def validation(self) -> dict[str, Any]:
        """What `element.validate-config` answered of the document."""
        return self._configured.validation

    def describe(self, locale: str = "en") -> dict[str, Any]:
        """What the element is and which configuration it takes, in another language."""
        return self._pure("element.describe", None, locale)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Closes the connections of the element. Its store is shared, and stays open."""
        self._configured.client.close()

    # Calls.

    def call(self, function: str, *arguments: Any, limits: Limits | None = None) -> Any:
        """Calls an export such as `directory.find-member`, and answers what it answers; see `values` for the shapes.

        Options of records may be left out, and a case that carries nothing may be written as its name. Raises
        OrganisationError for the contract's error, CallStopped where a limit or a trap ended the call, UnsupportedFunction
        where the component has no such function, TypeError or ValueError for arguments that do not fit.
        """
        configured = self._configured
        capabilities = Capabilities(configured.settings, configured.client, self._store, self._scope)
        if function == "element.validate-config":
            # It is given secrets, so it gets nothing to send them with.
            return self._pure(function, configured.document, *arguments)
        if function == "callbacks.handle" and arguments:
            arguments = (configured.routes.presented(arguments[0]), *arguments[1:])
        return self._run(function, capabilities, configured.document, arguments, limits or self._limits)

    def authorization_url(self, entry: str = "browser", **fields: Any) -> dict[str, Any]:
        """The URL to which a browser is sent: `url`, `state`, `expires_at`. Fields as in `login.authorization-request`."""
        return self.call("login.authorization-url", {"entry": _entry(entry), **fields})  # type: ignore[no-any-return]

    def login_config(self, entry: str = "browser", **fields: Any) -> dict[str, Any]:
        """What a page needs for the vendor's own login widget."""
        return self.call("login.login-config", {"entry": _entry(entry), **fields})  # type: ignore[no-any-return]

    def exchange_code(self, code: str, state: str | None, **fields: Any) -> dict[str, Any]:
        """Who came back: `outcome` is `Case("member" | "linked-member" | "outsider", …)`."""
        return self.call("login.exchange-code", {"code": code, "state": state, **fields})  # type: ignore[no-any-return]

    def check_connection(self) -> list[dict[str, Any]]:
        """Whether the vendor accepts the configuration: a verdict for each aspect."""
        return self.call("element.check-connection")  # type: ignore[no-any-return]

    def members(self, **filters: Any) -> list[dict[str, Any]]:
        """All members that meet a `directory.member-filter`, all pages."""
        filters = {"below": False, **filters}
        return self._pages("directory.members", filters, "members")

    def departments(self, **filters: Any) -> list[dict[str, Any]]:
        """All departments that meet a `directory.department-filter`, all pages."""
        return self._pages("directory.departments", filters, "departments")

    def trail(self, after: int = 0, limit: int = 200) -> list[dict[str, Any]]:
        """What administrators decided, oldest first: the host keeps it, and no component can read it."""
        return self._store.trail(self._scope, after, limit)

    def _pages(self, function: str, filters: dict[str, Any], key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor, seen = None, set()
        while True:
            page = self.call(function, filters, cursor, 200)
            found += page[key]
            cursor = page["cursor"]
            if cursor is None:
                return found
            if cursor in seen:
                raise CallStopped(function, "it answers a cursor twice")
            seen.add(cursor)

    def _pure(self, function: str, document: Any, *arguments: Any) -> Any:
        return self._run(function, None, document, arguments, self._limits)

    def _run(
        self,
        function: str,
        capabilities: Capabilities | None,
        document: Any,
        arguments: tuple[Any, ...],
        limits: Limits,
    ) -> Any:
        call_id = uuid.uuid4().hex[:12]

        def write_log(level: str, message: str, fields: list[tuple[str, str]]) -> None:
            # Texts of a component are quoted, so that none can look like a line of the host's.
            shown = " ".join(field(name, value) for name, value in [("message", message), *fields])
            log.log(_LEVELS[level], "tenant=%s element=%s call=%s %s", self.tenant, self.name, call_id, shown)

        call = Call(self.component, function, capabilities, limits, write_log, self._clock_ms, document)
        outcome, detail = "refused", None
        try:
            answer = call.run(arguments)
            outcome = "ok"
            if not _is_result(self.component, function):
                return answer
            # Of an export, `result` has the contract's error.
            if answer.tag == "err":
                raise _error(function, answer.value)
            return answer.value
        except OrganisationError as error:
            outcome, detail = "error", error.reason
            raise
        except CallStopped as stopped:
            outcome, detail = "stopped", stopped.limit or "trap"
            raise
        finally:
            spent = call.budget.spent()
            lines, dropped = call.log_lines, call.log_lines_dropped
            self._report(Report(self.tenant, self.name, function, outcome, detail, spent, lines, dropped))

    def _report(self, report: Report) -> None:
        reports.debug("%s", report)
        if self._observe is not None:
            self._observe(report)

    @property
    def _configured(self) -> _Configured:
        assert self._ready is not None
        return self._ready

    def _configure(self, document: dict[str, Any]) -> None:
        try:
            self._ready = self._judged(document)
        except (KeyError, TypeError, AttributeError) as error:
            raise ComponentRefused(f"its description or validation is none of the contract's: {error!r}") from error

    def _judged(self, document: dict[str, Any]) -> _Configured:
        text = json.dumps(document, ensure_ascii=False)
        description = self._pure("element.describe", document, "en")
        validation = self._pure("element.validate-config", document, text)
        if len(validation["destinations"]) > DESTINATIONS:
            raise ConfigurationError(
                f"the component names {len(validation['destinations'])} destinations, at most {DESTINATIONS}"
            )
        needed = [(_destination(named), frozenset(named["secrets"])) for named in validation["destinations"]]

        def placeholder(key: str, value: str) -> str:
            fingerprint = self._store.key.fingerprint("organisation-secret", self.tenant, self.name, key, value)
            return f"{SCHEME}{key}?v={fingerprint}"

        shown, extracted = extract(document, description["fields"], validation["secrets"], placeholder)
        secrets: dict[str, Secret] = {}
        for key, value in extracted:
            tied = frozenset(destination for destination, keys in needed if key in keys)
            mark = placeholder(key, value)
            secrets.setdefault(mark, Secret(key, mark, value, tied))
        injector = Injector(list(secrets.values()))
        proxy = _proxy(validation["proxy"], injector)
        policy = Policy([destination for destination, _ in needed], self._operator, proxy)
        client = Client(policy, injector, self._verify)
        routes = Routes(validation["routes"])
        return _Configured(document, json.dumps(shown, ensure_ascii=False), description, validation, client, routes)


class _Configured:
    """What follows from a document. Clients of former documents close when the last call that uses them is over."""

    def __init__(
        self,
        document: dict[str, Any],
        settings: str,
        description: dict[str, Any],
        validation: dict[str, Any],
        client: Client,
        routes: Routes,
    ) -> None:
        self.document = document
        self.settings = settings
        self.description = description
        self.validation = validation
        self.client = client
        self.routes = routes


def _destination(named: dict[str, Any]) -> Destination:
    scheme = named["scheme"].lower()
    try:
        if scheme not in PORTS or named["port"] == 0:
            raise UrlError("its scheme or port is none")
        return Destination(scheme, host_of(named["host"]), named["port"])
    except UrlError as error:
        raise ConfigurationError(f"the component names a destination that is none: {error}") from None


def _proxy(named: dict[str, Any] | None, injector: Injector) -> Proxy | None:
    if named is None:
        return None
    password = None if named["password"] is None else injector.value(named["password"])
    return Proxy(_destination(named), named["username"], password)


def _entry(entry: str) -> Case:
    return Case(entry) if entry in ("browser", "workspace", "workspace-consent") else Case("other", entry)


def _error(function: str, record: Any) -> Exception:
    try:
        return OrganisationError.of(record)
    except (KeyError, TypeError, ValueError):
        return CallStopped(function, "it answers an error that is none of the contract's")


def _is_result(component: Component, function: str) -> bool:
    return isinstance(component.export(function)[1].result, Result)
