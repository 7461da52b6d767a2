"""Sends what the policy let through."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import certifi
import httpcore

from ..values.case import Case
from . import answer
from .destination import PORTS
from .exchange import Exchange, current
from .failure import HttpFailure
from .network import CheckedBackend
from .policy import Checked, Policy, Proxy

if TYPE_CHECKING:
    from ..budget import Budget

USER_AGENT = "organisation-host-python/0.1"
#: Connections of one element, and seconds for which an idle one is kept.
CONNECTIONS = 32
KEPT_SECONDS = 30.0


class Secrets(Protocol):
    """Puts secrets in on the way out and takes them out on the way back."""

    def fill(self, checked: Checked) -> Checked:
        """With secrets in place of placeholders. Raises HttpFailure."""

    def redact(self, headers: list[tuple[str, str]], body: bytes) -> tuple[list[tuple[str, str]], bytes]:
        """Without secrets."""


class Client:
    """The connections of one element: no other element uses them. Safe for many threads.

    `verify` is the TLS configuration; absent, that of the system, and certifi's authorities where it has none.
    """

    def __init__(self, policy: Policy, secrets: Secrets, verify: ssl.SSLContext | None = None) -> None:
        self._policy = policy
        self._secrets = secrets
        self._tls = verify or _tls()
        self._pools: dict[Proxy | None, httpcore.ConnectionPool] = {}
        self._lock = Lock()

    def close(self) -> None:
        """Closes the connections; requests under way fail."""
        with self._lock:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()

    def __del__(self) -> None:
        # Of a document that was replaced: the last call that used it is over.
        self.close()

    def send_all(self, requests: Sequence[dict[str, Any]], budget: Budget) -> list[Case]:
        """As `http.send-all`: a result for each request, in order."""
        taken = budget.take_requests(len(requests))
        batch = _Batch(budget)
        if taken <= 1 or budget.limits.parallelism <= 1:
            answers = [self._answer(request, batch) for request in requests[:taken]]
        else:
            with ThreadPoolExecutor(min(taken, budget.limits.parallelism)) as threads:
                answers = list(threads.map(lambda request: self._answer(request, batch), requests[:taken]))
        message = f"the call's {budget.limits.requests} requests are used up"
        missing = HttpFailure.before("budget-exhausted", message).record()
        return answers + [Case("err", missing)] * (len(requests) - taken)

    def _answer(self, request: dict[str, Any], batch: _Batch) -> Case:
        try:
            return Case("ok", self._exchange(self._policy.check(request), batch))
        except HttpFailure as failure:
            return Case("err", failure.record())

    def _exchange(self, checked: Checked, batch: _Batch) -> dict[str, Any]:
        budget = batch.budget
        budget.take_out(checked.bytes)
        # Behind every check: from here on the request holds secrets.
        filled = self._secrets.fill(checked)
        seconds = min(checked.timeout_ms / 1000, budget.wall_left())
        if seconds <= 0:
            raise HttpFailure.before("timeout", f"no time is left for {checked.url.shown}")
        exchange = current.exchange = Exchange(checked, seconds)
        try:
            return self._sent(filled, exchange, batch)
        except HttpFailure as failure:
            if not exchange.through_proxy and failure.case.tag in ("connect", "timeout", "tls", "dns"):
                raise HttpFailure.before(Case("proxy"), f"{checked.proxy}: {failure.message}") from failure
            if exchange.sent and not failure.may_have_reached_server:
                raise HttpFailure.after(failure.case, failure.message) from failure
            raise
        except httpcore.ProxyError as error:
            status = str(error).split(" ")[0]
            code = int(status) if status.isdigit() and int(status) < 65536 else None
            raise HttpFailure.before(Case("proxy", code), f"{checked.proxy} refused: {code}") from error
        except httpcore.LocalProtocolError as error:
            raise HttpFailure.invalid(f"the request to {checked.url.shown} cannot be sent") from error
        except httpcore.TimeoutException as error:
            message = f"no whole answer of {checked.url.shown} in {seconds:.3f} s"
            raise HttpFailure(Case("timeout"), message, exchange.sent) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            kind = Case("other", "broken-answer") if exchange.sent else Case("connect")
            if "too long" in str(error):
                raise answer.too_large(LARGEST_HEAD, checked.url.shown) from error
            raise HttpFailure(kind, f"{checked.url.shown}: {type(error).__name__}", exchange.sent) from error
        finally:
            current.exchange = None

    def _sent(self, filled: Checked, exchange: Exchange, batch: _Batch) -> dict[str, Any]:
        limits = batch.budget.limits
        limit = limits.largest_response if filled.max_bytes is None else min(filled.max_bytes, limits.largest_response)
        left = exchange.left()
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), left)
        request = httpcore.Request(
            filled.method.encode(),
            _target(filled),
            headers=_headers(filled),
            content=filled.body,
            extensions={"timeout": timeouts, "trace": exchange.trace},
        )
        shown = filled.url.shown
        response = self._pool(filled.proxy).handle_request(request)
        try:
            if filled.proxy is not None and response.status == 407 and filled.url.destination.scheme == "http":
                raise HttpFailure.before(Case("proxy", 407), f"{filled.proxy} asks for other credentials")
            if response.status < 200:
                raise HttpFailure.after(
                    Case("other", "broken-answer"), f"{shown} wants another protocol ({response.status})"
                )
            announced = next((int(v) for n, v in response.headers if n.lower() == b"content-length"), 0)
            if announced > limit and filled.method != "HEAD":
                raise answer.too_large(limit, shown)
            gzip = answer.is_gzip(response.headers)
            body = answer.Body(limit, gzip, batch.take_in, shown)
            for piece in response.iter_stream():
                if exchange.left() <= 0:
                    raise HttpFailure.after("timeout", f"no whole answer of {shown} in time")
                body.add(piece)
            content = body.finish()
        finally:
            response.close()
        headers, content = self._secrets.redact(answer.headers_of(response.headers, gzip), content)
        return answer.record(response.status, headers, content, filled.wants_text)

    def _pool(self, proxy: Proxy | None) -> httpcore.ConnectionPool:
        with self._lock:
            pool = self._pools.get(proxy)
            if pool is None:
                options: dict[str, Any] = {
                    "ssl_context": self._tls,
                    "max_connections": CONNECTIONS,
                    "keepalive_expiry": KEPT_SECONDS,
                    "network_backend": CheckedBackend(),
                }
                if proxy is None:
                    pool = httpcore.ConnectionPool(**options)
                else:
                    destination = proxy.destination
                    url = httpcore.URL(
                        scheme=destination.scheme.encode(),
                        host=str(destination.host).encode(),
                        port=destination.port,
                        target=b"/",
                    )
                    auth = (
                        None if proxy.username is None else (proxy.username.encode(), (proxy.password or "").encode())
                    )
                    secure: dict[str, Any] = {"proxy_ssl_context": self._tls} if destination.scheme == "https" else {}
                    pool = httpcore.HTTPProxy(proxy_url=url, proxy_auth=auth, **secure, **options)
                self._pools[proxy] = pool
        return pool


#: What the reader of answers takes as status line and headers.
LARGEST_HEAD = 100 * 1024


class _Batch:
    """The answers of one call of `http`, which the component gets all at once: no more than it has memory for."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._lock = Lock()
        self._left = budget.limits.memory

    def take_in(self, count: int) -> None:
        """Counts bytes received. Raises HttpFailure."""
        self.budget.take_in(count)
        with self._lock:
            self._left -= count
            if self._left >= 0:
                return
        raise HttpFailure.after(
            "budget-exhausted", "the answers of this batch are more than the component has memory for"
        )


def _target(filled: Checked) -> httpcore.URL:
    destination = filled.url.destination
    return httpcore.URL(
        scheme=destination.scheme.encode(),
        host=str(destination.host).encode(),
        port=None if destination.port == PORTS[destination.scheme] else destination.port,
        target=filled.url.target.encode(),
    )


def _headers(filled: Checked) -> list[tuple[bytes, bytes]]:
    own = [(b"host", str(filled.url.destination).split("://")[1].encode()), (b"accept-encoding", b"gzip")]
    if not any(name.lower() == "user-agent" for name, _ in filled.headers):
        own.append((b"user-agent", USER_AGENT.encode()))
    if filled.body or filled.method in ("POST", "PUT", "PATCH"):
        own.append((b"content-length", str(len(filled.body)).encode()))
    return own + [(name.encode(), value.encode()) for name, value in filled.headers]


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    return context
