"""`audit`: the trail of what administrators decided."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..limits import TRANSFER
from ..storage.failure import StorageFailure
from ..storage.rules import size
from ..values.case import Case

if TYPE_CHECKING:
    from ..call import Call

log = logging.getLogger("organisation_host.storage")

MOST_ENTRIES = 500
LARGEST_ENTRY = 64 * 1024
MOST_BYTES = 512 * 1024


def append(call: Call, entries: list[dict[str, Any]]) -> Case:
    """All or none."""
    sizes = [sum(size(value) for value in entry.values() if value is not None) for entry in entries]
    call.budget.transfer(sum(sizes), TRANSFER)
    if call.capabilities is None:
        return Case("err", Case("other", "this function is pure and has no trail"))
    if len(entries) > MOST_ENTRIES:
        return _invalid(f"{len(entries)} entries, at most {MOST_ENTRIES} are possible")
    if any(count > LARGEST_ENTRY for count in sizes):
        return _invalid(f"an entry has more than {LARGEST_ENTRY} bytes")
    if sum(sizes) > MOST_BYTES:
        return _invalid(f"the entries have {sum(sizes)} bytes, at most {MOST_BYTES} are possible")
    try:
        call.capabilities.store.append_trail(call.capabilities.scope, entries)
    except StorageFailure as failure:
        log.warning("%s: the trail: %s", call.function, failure)
        return Case("err", Case("unavailable"))
    return Case("ok")


def _invalid(message: str) -> Case:
    return Case("err", Case("invalid", message))


FUNCTIONS: dict[str, Callable[..., Any]] = {"append": append}
