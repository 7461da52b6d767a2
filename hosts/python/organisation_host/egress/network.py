"""Connections: to the address that was looked at, and no longer than the request has."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import httpcore

from .address import FOR_WRITTEN_NAME, Address, class_of
from .exchange import Exchange, current
from .failure import HttpFailure

#: Names that a process resolves at a time: a resolver that hangs must not take threads without end.
RESOLVERS = 16
#: Addresses of a name that are tried.
TRIED = 4

_resolvers = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="organisation-resolver")


class CheckedBackend(httpcore.NetworkBackend):
    """Resolves a name, refuses addresses that it must not lead to, and connects to one of the others."""

    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """To the first address of the name that answers and may be reached. Raises HttpFailure."""
        exchange = current.exchange
        if exchange is None:
            raise HttpFailure.denied(None, "a connection without a request")
        failed: HttpFailure | None = None
        for address in _addresses(host, port, exchange):
            try:
                options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
                left = exchange.left() or 0.001
                return _Stream(self._sockets.connect_tcp(str(address), port, left, socket_options=options))
            except httpcore.ConnectTimeout:
                failed = HttpFailure.before(
                    "timeout", f"{exchange.checked.url.destination} did not accept a connection"
                )
            except httpcore.ConnectError as error:
                failed = HttpFailure.before("connect", f"{exchange.checked.url.destination}: {error}")
        assert failed is not None, "a name without addresses was refused"
        raise failed

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """Never."""
        raise HttpFailure.denied(None, "a socket that is no address")


class _Stream(httpcore.NetworkStream):
    """A connection on which nothing takes longer than the request of this thread has left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            return _Stream(self._stream.start_tls(ssl_context, server_hostname, _within(timeout)))
        except httpcore.ConnectError as error:
            raise HttpFailure.before("tls", f"{server_hostname}: {error}") from error

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _within(timeout: float | None) -> float | None:
    exchange = current.exchange
    if exchange is None:
        return timeout
    left = exchange.left() or 0.001
    return left if timeout is None else min(timeout, left)


def _addresses(host: str, port: int, exchange: Exchange) -> list[Address]:
    """Where a host may lead. Raises HttpFailure where it leads nowhere or only where it must not."""
    destination = exchange.checked.url.destination
    written = exchange.checked.written
    proxy = exchange.checked.proxy
    if proxy is not None:
        # The operator wrote that very proxy.
        destination, written = proxy.destination, True
    if destination.address is not None:
        return [destination.address]
    found = _resolved(host, port, exchange)
    allowed = [address for address in found if _may_lead(address, written)][:TRIED]
    if allowed:
        return allowed
    kinds = ", ".join(sorted({class_of(address) for address in found}))
    option = None if written else destination.option
    raise HttpFailure.denied(option, f"{destination} leads to addresses that are {kinds}")


def _may_lead(address: Address, written: bool) -> bool:
    kind = class_of(address)
    return kind == "public" or (written and kind in FOR_WRITTEN_NAME)


def _resolved(host: str, port: int, exchange: Exchange) -> list[Address]:
    pending: Future[Any] = _resolvers.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        answers = pending.result(exchange.left())
    except FutureTimeout:
        pending.cancel()
        raise HttpFailure.before("timeout", f"{host} did not resolve in time") from None
    except (OSError, UnicodeError) as error:
        raise HttpFailure.before("dns", f"{host} does not resolve: {error}") from None
    # A zone (`fe80::1%eth0`) is of no use for what may be reached.
    return list(dict.fromkeys(ipaddress.ip_address(answer[4][0].split("%")[0]) for answer in answers))
