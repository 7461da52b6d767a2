"""`storage`: the keys of this tenant and element."""

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


def get_many(call: Call, keys: list[str]) -> Case:
    """As `storage.get-many`."""
    call.budget.transfer(sum(map(size, keys)), TRANSFER)
    return _answer(call, lambda store, scope: store.get_many(scope, keys), _entries)


def scan(call: Call, prefix: str, after_key: str | None, limit: int) -> Case:
    """As `storage.scan`."""
    return _answer(
        call, lambda store, scope: store.scan(scope, prefix, after_key, limit), lambda page: _entries(page["entries"])
    )


def scan_keys(call: Call, prefix: str, after_key: str | None, limit: int) -> Case:
    """As `storage.scan-keys`."""
    return _answer(
        call,
        lambda store, scope: store.scan_keys(scope, prefix, after_key, limit),
        lambda page: sum(map(size, page["keys"])),
    )


def apply(call: Call, ops: list[Case]) -> Case:
    """As `storage.apply`."""
    call.budget.transfer(sum(map(_op, ops)), TRANSFER)
    return _answer(call, lambda store, scope: store.apply(scope, ops), lambda _: 0)


def delete_range(call: Call, prefix: str, checks: list[dict[str, Any]]) -> Case:
    """As `storage.delete-range`."""
    call.budget.transfer(sum(size(check["key"]) for check in checks), TRANSFER)
    return _answer(call, lambda store, scope: store.delete_range(scope, prefix, checks), lambda _: 0)


def wait(call: Call, key: str, version: int | None, timeout_ms: int) -> Case:
    """As `storage.wait`, for no longer than the call has."""
    seconds = min(timeout_ms / 1000, call.wall_left())
    return _answer(call, lambda store, scope: store.wait(scope, key, version, seconds), lambda _: 0)


def _answer(call: Call, ask: Callable[[Any, Any], Any], measure: Callable[[Any], int]) -> Case:
    if call.capabilities is None:
        return Case("err", Case("other", "this function is pure and has no storage"))
    try:
        answer = ask(call.capabilities.store, call.capabilities.scope)
    except StorageFailure as failure:
        # A component's own mistakes are its own affair; a store that fails is the operator's.
        level = logging.WARNING if failure.case.tag in ("unavailable", "other") else logging.DEBUG
        log.log(level, "%s: %s", call.function, failure)
        return Case("err", failure.case)
    call.budget.transfer(measure(answer), TRANSFER)
    return Case("ok", answer)


def _entries(entries: list[dict[str, Any] | None]) -> int:
    return sum(size(entry["key"]) + size(entry["value"]) for entry in entries if entry is not None)


def _op(op: Case) -> int:
    if op.tag == "delete":
        return size(op.value)
    return size(op.value["key"]) + (size(op.value["value"]) if op.tag == "put" else 0)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "get-many": get_many,
    "scan": scan,
    "scan-keys": scan_keys,
    "apply": apply,
    "delete-range": delete_range,
    "wait": wait,
}
