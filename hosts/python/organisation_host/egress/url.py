"""Reads the URL of a request, so that nobody after this reads another host out of the same text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .destination import PORTS, Destination, UrlError, host_of, port_of

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_REFUSED = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


@dataclass(frozen=True, slots=True)
class Url:
    """A URL without fragment; `path` begins with a slash, `query` is what follows `?`, None where there is none."""

    destination: Destination
    path: str
    query: str | None

    @property
    def target(self) -> str:
        """What stands in the first line of the request."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def shown(self) -> str:
        """For messages and logs: without the query, which may hold secrets."""
        return f"{self.destination}{self.path}{'' if self.query is None else '?…'}"

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.destination}{self.target}"

    def with_query(self, query: str) -> Url:
        """With another query."""
        return replace(self, query=query)


class SchemeError(UrlError):
    """Neither `http` nor `https`."""


def read(text: str) -> Url:
    """Reads an absolute URL. Raises UrlError."""
    if _REFUSED.search(text):
        raise UrlError("it contains a space, a backslash or a control character")
    match = _URL.fullmatch(text)
    if match is None:
        raise UrlError("it is not absolute")
    scheme, authority, path, query, _ = match.groups()
    scheme = scheme.lower()
    if scheme not in PORTS:
        raise SchemeError("its scheme is neither http nor https")
    if "@" in authority:
        raise UrlError("it contains a user name; send an authorization header instead")
    host, port = _split(authority)
    destination = Destination(scheme, host_of(host), PORTS[scheme] if port is None else port_of(port))
    return Url(destination, _ascii(path) or "/", None if query is None else _ascii(query[1:]))


def _split(authority: str) -> tuple[str, str | None]:
    end = authority.rfind("]") + 1 if "[" in authority else authority.find(":")
    if end == -1:
        return authority, None
    host, rest = authority[:end], authority[end:]
    if not rest:
        return host, None
    if not rest.startswith(":"):
        raise UrlError("something stands between its host and its port")
    # `https://a.example:/` has no port.
    return host, rest[1:] or None


def _ascii(text: str) -> str:
    """Percent-encodes what may not stand in a request's first line."""
    return "".join(c if "!" <= c <= "~" and c not in '"<>' else "".join(f"%{b:02X}" for b in c.encode()) for c in text)
