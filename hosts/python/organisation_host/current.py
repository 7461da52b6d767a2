"""The call that runs in a thread. A call runs in one thread from beginning to end, and so do the imports that it calls."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .call import Call


class _Running(threading.local):
    call: Call | None = None


running = _Running()


def current() -> Call:
    """The call of this thread."""
    call = running.call
    assert call is not None, "an import is only called within a call"
    return call
