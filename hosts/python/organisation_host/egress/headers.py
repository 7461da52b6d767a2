"""Which methods and headers a component may send.

The host frames every request, keeps the connection and decompresses the answer. A component that could set these headers could
smuggle a second request into a kept connection or reach another site behind the same server. They are refused and not dropped, since
the component would otherwise rely on something that never happened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .failure import HttpFailure

MOST = 64
MOST_BYTES = 16 * 1024
LONGEST_METHOD = 32

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OWN = frozenset(
    (
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "accept-encoding",
        "http2-settings",
    )
)


def demand_method(method: str) -> None:
    """Raises HttpFailure for what is no method, or one that makes a tunnel or echoes headers."""
    if len(method) > LONGEST_METHOD or not _TOKEN.fullmatch(method):
        raise HttpFailure.invalid(f"the method is no HTTP token of at most {LONGEST_METHOD} bytes")
    if method in ("CONNECT", "TRACE"):
        raise HttpFailure.invalid(f"the method {method} is not available to components")


def demand_headers(headers: Sequence[tuple[str, str]]) -> None:
    """Raises HttpFailure, which names the header and never its value."""
    if len(headers) > MOST:
        raise HttpFailure.invalid(f"the request has {len(headers)} headers, at most {MOST} are possible")
    if sum(len(name) + len(value) for name, value in headers) > MOST_BYTES:
        raise HttpFailure.invalid(f"the headers have more than {MOST_BYTES} bytes")
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise HttpFailure.invalid(f"the header name {name[:80]!r} is no HTTP token")
        if name.lower() in _OWN or name.lower().startswith("proxy-"):
            raise HttpFailure.invalid(f"the header {name} belongs to the host; remove it from the request")
        if not _VALUE.fullmatch(value):
            raise HttpFailure.invalid(
                f"the value of header {name} contains a line break, a control character or text outside ASCII"
            )
