"""A case of a variant."""

from __future__ import annotations

from typing import Any, NamedTuple


class Case(NamedTuple):
    """Which case it is, and what it carries: `Case("other", "x")`, `Case("absent")`."""

    tag: str
    value: Any = None
