"""What an operator writes to admit destinations.

| Entry | Admits |
|---|---|
| `api.example.com` | `https` on port 443 |
| `api.example.com:8443` | `https` on port 8443 |
| `*.example.com` | every name below `example.com`, at any depth, but not `example.com` itself |
| `http://intranet.example:8080` | plain `http` on port 8080, because it is written out |
| `127.0.0.1:9000`, `[::1]:9000`, `localhost:9000` | `https` and `http`: plain http to loopback leaves no machine |

An empty list admits nothing, and no entry admits everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import ConfigurationError
from .address import Address
from .destination import PORTS, Destination, UrlError, host_of, port_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `below` is `.example.com` of `*.example.com`; then there is no host."""

    scheme: str | None
    host: str | Address | None
    below: str | None
    port: int | None

    def admits(self, destination: Destination) -> bool:
        """Whether it admits a destination."""
        if self.scheme is None:
            scheme = destination.scheme == "https" or destination.is_loopback
        else:
            scheme = self.scheme == destination.scheme
        port = PORTS[destination.scheme] if self.port is None else self.port
        return scheme and port == destination.port and self._matches(destination.host)

    def names(self, destination: Destination) -> bool:
        """Whether it admits it by naming that very host."""
        return self.below is None and self.admits(destination)

    def _matches(self, host: str | Address) -> bool:
        if self.below is None:
            return host == self.host
        return isinstance(host, str) and host.endswith(self.below) and len(host) > len(self.below)


class AllowList:
    """Entries that together admit destinations. Raises ConfigurationError for one that cannot be read."""

    def __init__(self, entries: Iterable[str | Destination] = ()) -> None:
        self._entries = [_exactly(entry) if isinstance(entry, Destination) else _read(entry) for entry in entries]

    def admits(self, destination: Destination) -> bool:
        """Whether any entry admits it."""
        return any(entry.admits(destination) for entry in self._entries)

    def names(self, destination: Destination) -> bool:
        """Whether any entry names that very host."""
        return any(entry.names(destination) for entry in self._entries)


def _exactly(destination: Destination) -> Entry:
    return Entry(destination.scheme, destination.host, None, destination.port)


def _read(text: str) -> Entry:
    try:
        return _parse(text)
    except UrlError as error:
        raise ConfigurationError(
            f"allow-list entry {text!r} is not usable: {error}; write host, host:port, *.domain or http://host:port"
        ) from None


def _parse(text: str) -> Entry:
    if any(c.isspace() or not c.isprintable() for c in text):
        raise UrlError("it contains white space")
    scheme, separator, authority = text.partition("://")
    if not separator:
        scheme, authority = "", text
    elif scheme.lower() not in PORTS:
        raise UrlError("its scheme is neither http nor https")
    if "@" in authority:
        raise UrlError("it contains a user name")
    if any(c in authority for c in "/\\?#%"):
        raise UrlError("it contains more than scheme, host and port")
    host, port = _split(authority)
    below = None
    if host.startswith("*."):
        domain = host_of(host[2:])
        if not isinstance(domain, str):
            raise UrlError("an address has no names below it")
        below = f".{domain}"
    elif "*" in host:
        raise UrlError("a star may only stand as the first label, before a domain")
    return Entry(scheme.lower() or None, None if below else host_of(host), below, port)


def _split(authority: str) -> tuple[str, int | None]:
    end = authority.rfind("]") + 1 or (authority.find(":") if ":" in authority else len(authority))
    host, rest = authority[:end], authority[end:]
    if not rest:
        return host, None
    if not rest.startswith(":"):
        raise UrlError("something stands between the host and its port")
    if ":" in rest[1:]:
        raise UrlError("an IPv6 address must stand in brackets")
    return host, port_of(rest[1:])
