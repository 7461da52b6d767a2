"""How long a list may be that a component hands over."""

from __future__ import annotations

#: Longest list that is read, so that a component cannot make the host build millions of objects.
LONGEST_LIST = 100_000


class TooLong(Exception):
    """A list is longer than any that is read."""
