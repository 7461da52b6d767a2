"""Whether a request may be sent, and where to. No clock, no network.

In this order, and the first refusal is the answer: sizes; the URL is read; the destination is among those that the configuration
needs *and* the operator allows it, plain http only to loopback or where it is written out; an address written as the host is
public, or the operator wrote that very address; the proxy is one that the operator wrote; method, headers and body. Names are
resolved later, by `network`, which refuses the same addresses.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import url as urls
from .address import class_of
from .allow_list import AllowList
from .destination import Destination, UrlError
from .failure import HttpFailure
from .headers import demand_headers, demand_method
from .url import Url

LONGEST_URL = 8 * 1024
LARGEST_BODY = 32 * 1024 * 1024
#: Milliseconds for a request that names none.
TIMEOUT_MS = 10_000


class Operator:
    """What the operator lets an element reach.

    `whatever_is_needed` admits every public https destination that the configuration needs; `written` matters then where one has
    to be named: plain http, addresses that are not public, and proxies. It is for components that one trusts with the
    tenant's secrets, since the component says what is needed. Without it `written` alone is admitted.
    """

    def __init__(self, written: Iterable[str] = (), whatever_is_needed: bool = False) -> None:
        self.written = AllowList(written)
        self.whatever_is_needed = whatever_is_needed


@dataclass(frozen=True, slots=True)
class Proxy:
    """Through which requests go that leave this machine."""

    destination: Destination
    username: str | None
    password: str | None

    def __repr__(self) -> str:
        return f"Proxy({self.destination})"


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that passed. Its `repr` shows no value."""

    method: str
    url: Url
    headers: tuple[tuple[str, str], ...]
    body: bytes
    #: Whether the operator wrote that very host, so that it may have an address that is not public.
    written: bool
    proxy: Proxy | None
    wants_text: bool
    timeout_ms: int
    max_bytes: int | None

    @property
    def bytes(self) -> int:
        """What it counts against the bytes that a call may send."""
        headers = sum(len(name) + len(value) for name, value in self.headers)
        return len(self.method) + len(self.url.text) + headers + len(self.body)

    def __repr__(self) -> str:
        return f"Checked({self.method} {self.url.shown})"


class Policy:
    """What one element may reach."""

    def __init__(self, needed: Iterable[Destination], operator: Operator, proxy: Proxy | None = None) -> None:
        self._needed = frozenset(needed)
        self._operator = operator
        self.proxy = proxy

    def check(self, request: dict[str, Any]) -> Checked:
        """Turns the contract's `request` into one that may be sent. Raises HttpFailure; nothing has reached any server then."""
        if len(request["url"]) > LONGEST_URL:
            raise HttpFailure.invalid(f"the url has {len(request['url'])} bytes, at most {LONGEST_URL} are possible")
        try:
            url = urls.read(request["url"])
        except urls.SchemeError as error:
            raise HttpFailure.denied(None, f"the url is denied: {error}") from None
        except UrlError as error:
            raise HttpFailure.invalid(f"the url is invalid: {error}") from None
        written = self._admit(url.destination)
        proxy = self._proxy_to(url.destination)
        demand_method(request["method"])
        headers = tuple((header["name"], header["value"]) for header in request["headers"])
        demand_headers(headers)
        return Checked(
            request["method"],
            url,
            headers,
            _body(request["body"]),
            written,
            proxy,
            request["expect"] == "text",
            TIMEOUT_MS if request["timeout_ms"] is None else request["timeout_ms"],
            request["max_bytes"],
        )

    def _admit(self, destination: Destination) -> bool:
        """Whether the operator wrote that very host, where it is admitted."""
        if destination in self._needed:
            return self._permitted(destination)
        # Those are not listed: `validate-config` named them and had the secrets before it, so their names could carry one to the
        # component's other functions.
        message = f"{destination} is not among the hosts this configuration needs"
        try:
            self._permitted(destination)
        except HttpFailure as failure:
            raise HttpFailure.before(failure.case, f"{message}; and {failure.message}") from None
        raise HttpFailure.denied(None, message)

    def _permitted(self, destination: Destination) -> bool:
        written = self._operator.written
        if destination.scheme == "http" and not destination.is_loopback and not written.admits(destination):
            raise _denied(destination, "plain http leaves this machine unencrypted and")
        if not self._operator.whatever_is_needed and not written.admits(destination):
            raise _denied(destination, "the destination")
        named = written.names(destination)
        if destination.address is not None and not named:
            kind = class_of(destination.address)
            if kind != "public":
                raise _denied(destination, f"the address is {kind} and")
        return named

    def _proxy_to(self, destination: Destination) -> Proxy | None:
        if self.proxy is None or destination.is_loopback:
            return None
        if not self._operator.written.names(self.proxy.destination):
            raise _denied(self.proxy.destination, "it is the proxy of this configuration, which")
        return self.proxy


def _denied(destination: Destination, what: str) -> HttpFailure:
    return HttpFailure.denied(
        destination.option,
        f"{destination} is denied: {what} is not allowed by the operator; {destination.option} would admit it",
    )


def _body(body: tuple[str, Any] | None) -> bytes:
    if body is None:
        return b""
    tag, content = body
    # Four characters stand for three bytes: what is too large is not decoded first.
    most = LARGEST_BODY * 4 // 3 + 4 if tag == "base64" else LARGEST_BODY
    data: bytes = b""
    if len(content) <= most:
        if tag == "text":
            data = content.encode()
        elif tag == "bytes":
            data = content
        else:
            try:
                data = base64.b64decode(content, validate=True)
            except ValueError:
                raise HttpFailure.invalid("the body is no base64") from None
        if len(data) <= LARGEST_BODY:
            return data
    raise HttpFailure.invalid(f"the body has more than the {LARGEST_BODY} bytes that are possible")
