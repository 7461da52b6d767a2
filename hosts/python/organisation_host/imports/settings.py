"""`settings`: the document with placeholders."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..call import Call


def get(call: Call) -> str:
    """Empty where nothing is lent."""
    return "" if call.capabilities is None else call.capabilities.settings


FUNCTIONS: dict[str, Callable[..., Any]] = {"get": get}
