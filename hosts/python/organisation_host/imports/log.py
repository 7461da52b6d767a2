"""`log`: lines of the component, capped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..limits import LOG_FIELD, TRANSFER
from ..storage.rules import size

if TYPE_CHECKING:
    from ..call import Call


def write(call: Call, level: str, message: str, fields: list[dict[str, str]]) -> None:
    """Those of `validate-config`, which is given every secret, are dropped."""
    count = size(message) + sum(size(field["name"]) + size(field["value"]) for field in fields)
    call.budget.transfer(count, TRANSFER)
    count += LOG_FIELD * len(fields)
    if call.function == "element.validate-config" or not call.budget.take_log(count):
        call.log_lines_dropped += 1
        return
    call.log_lines += 1
    call.write_log(level, message, [(field["name"], field["value"]) for field in fields])


FUNCTIONS: dict[str, Callable[..., Any]] = {"write": write}
