"""The request that a thread has under way: what the connection may do, and how far it came."""

from __future__ import annotations

import threading
import time
from typing import Any

from .policy import Checked


class Exchange:
    """One request on its way."""

    def __init__(self, checked: Checked, seconds: float) -> None:
        self.checked = checked
        self.deadline = time.monotonic() + seconds
        #: Whether a byte of the request itself may have left.
        self.sent = False
        #: Whether the proxy is connected and has let the request through, where there is one.
        self.through_proxy = checked.proxy is None

    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.deadline - time.monotonic())

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """What httpcore tells of its steps."""
        if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self.sent = self.through_proxy = True


class _Current(threading.local):
    exchange: Exchange | None = None


#: httpcore makes connections in the thread that asks for an answer, and so does everything that it does for it.
current = _Current()
