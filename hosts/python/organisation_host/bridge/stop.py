"""What an import raises to end the call."""

from __future__ import annotations


class Stop(Exception):
    """Ends the call. `limit` is the limit that was passed, None for a mistake of the component's or the host's."""

    def __init__(self, message: str, limit: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.limit = limit
