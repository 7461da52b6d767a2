"""Where a request goes: scheme, host and port, in one normal form, since two spellings of one place must compare equal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from .address import Address

PORTS = {"https": 443, "http": 80}

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


class UrlError(ValueError):
    """Why a text cannot be used. Quotes nothing of it, since it may hold a secret."""


@dataclass(frozen=True, slots=True)
class Destination:
    """`host` is a name in lower case without a final dot, or an address."""

    scheme: str
    host: str | Address
    port: int

    @property
    def address(self) -> Address | None:
        """The address, where the host is written as one."""
        return None if isinstance(self.host, str) else self.host

    @property
    def is_loopback(self) -> bool:
        """A loopback address, `localhost`, or a name below it (RFC 6761)."""
        if isinstance(self.host, str):
            return self.host == "localhost" or self.host.endswith(".localhost")
        return self.host.is_loopback

    @property
    def host_text(self) -> str:
        """As it stands in a URL."""
        return f"[{self.host}]" if isinstance(self.host, IPv6Address) else str(self.host)

    @property
    def option(self) -> str:
        """The option by which an operator admits exactly this destination."""
        scheme = "http://" if self.scheme == "http" and not self.is_loopback else ""
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"--allow-host {scheme}{self.host_text}{port}"

    def __str__(self) -> str:
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host_text}{port}"


def host_of(text: str) -> str | Address:
    """Reads a host, whatever spelling of an address it is. Raises UrlError."""
    if not text.isascii() or "%" in text:
        raise UrlError("its host is not written in plain ASCII: write an international name in punycode (xn--…)")
    if text.startswith("["):
        try:
            return IPv6Address(text[1:-1] if text.endswith("]") else "")
        except AddressValueError:
            raise UrlError("its host is no IPv6 address") from None
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _numeric(labels)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UrlError("its host is missing or no valid name")
    return name


def port_of(text: str) -> int:
    """Reads a port. Raises UrlError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise UrlError("its port is not between 1 and 65535")
    return int(text)


def _numeric(labels: list[str]) -> IPv4Address:
    """An IPv4 address as browsers and resolvers read it: one to four numbers, decimal, octal or hexadecimal."""
    problem = UrlError("its host is neither a name nor an IPv4 address")
    if len(labels) > 4 or not all(_NUMBER.fullmatch(label) for label in labels):
        raise problem
    try:
        numbers = [_number(label) for label in labels]
    except ValueError:
        raise problem from None
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(labels)):
        raise problem
    return IPv4Address(sum(number << (24 - 8 * index) for index, number in enumerate(first)) + last)


def _number(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if len(text) > 1 and text[0] == "0" else int(text)
