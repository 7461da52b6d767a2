"""`call`: what is left of a call's limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..call import Call


def remaining(call: Call) -> dict[str, int]:
    """The figures."""
    return call.budget.remaining()


FUNCTIONS: dict[str, Callable[..., Any]] = {"remaining": remaining}
