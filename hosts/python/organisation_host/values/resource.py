"""Resources of WASI: a number of the host's behind a handle of the component's."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple


class Resource(NamedTuple):
    """`number` means something to whoever made it; `kind` is the number of its type."""

    number: int
    kind: int


class _Border(threading.local):
    """The store whose import runs in this thread: handles are looked up in it."""

    store: Any = None


border = _Border()
