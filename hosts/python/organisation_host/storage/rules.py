"""What is looked at before the database is: every call that a caller could know to be refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..values.case import Case
from .failure import StorageFailure
from .quota import Quota

#: Keys of a `get-many`, entries of a page, operations of an `apply`, keys of a portion of a `delete-range`.
PAGE_ITEMS = 1_000
#: Bytes of keys and values likewise; a single entry may be larger.
PAGE_BYTES = 1 << 20


def size(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def demand_keys(keys: Sequence[str], quota: Quota) -> None:
    """Of a `get-many`."""
    _demand_count(len(keys))
    for index, key in enumerate(keys):
        demand_key(key, quota, f"key {index}")


def demand_scan(prefix: str, after_key: str | None, limit: int, quota: Quota) -> int:
    """Of a `scan`; answers the size of the page."""
    _demand_text(prefix, "key", quota.key_bytes, "prefix")
    _demand_text(after_key or "", "key", quota.key_bytes, "after-key")
    if limit == 0:
        raise StorageFailure.invalid(f"scan limit is 0, expected 1 to {PAGE_ITEMS}")
    return min(limit, PAGE_ITEMS)


def demand_ops(ops: Sequence[Case], quota: Quota) -> list[int]:
    """Of an `apply`; answers the bytes of each."""
    _demand_count(len(ops))
    sizes = []
    for index, (tag, op) in enumerate(ops):
        place = f"operation {index}"
        count = demand_key(op if tag == "delete" else op["key"], quota, place)
        if tag == "put":
            count += _demand_text(op["value"], "value", quota.value_bytes, place)
            if op["ttl_ms"] == 0:
                raise StorageFailure.invalid(f"{place}: time to live is 0 ms, expected at least 1 (delete the key)")
        sizes.append(count)
    _demand_bytes(sum(sizes))
    return sizes


def demand_range(prefix: str, checks: Sequence[dict[str, Any]], quota: Quota) -> None:
    """Of a `delete-range`."""
    _demand_text(prefix, "key", quota.key_bytes, "prefix")
    _demand_count(len(checks))
    keys = [demand_key(check["key"], quota, f"check {index}") for index, check in enumerate(checks)]
    _demand_bytes(size(prefix) + sum(keys))


def demand_key(key: str, quota: Quota, place: str) -> int:
    """Of one key; answers its bytes."""
    if not key:
        raise StorageFailure.invalid(f"{place}: the key is empty")
    return _demand_text(key, "key", quota.key_bytes, place)


def _demand_text(text: str, name: str, limit: int, place: str) -> int:
    count = size(text)
    if count > limit:
        raise StorageFailure.quota(name, limit, count)
    if "\0" in text:
        raise StorageFailure.invalid(f"{place}: the {name} contains U+0000, expected text without it")
    return count


def _demand_count(count: int) -> None:
    if count > PAGE_ITEMS:
        raise StorageFailure.quota("call-items", PAGE_ITEMS, count)


def _demand_bytes(count: int) -> None:
    if count > PAGE_BYTES:
        raise StorageFailure.quota("call-bytes", PAGE_BYTES, count)


class Page:
    """How much an answer may still take. The first item always fits, so that every call gets on."""

    def __init__(self, items: int = PAGE_ITEMS) -> None:
        self._items = items
        self._bytes = PAGE_BYTES
        self._empty = True

    def admit(self, count: int) -> bool:
        """Takes an item of so many bytes in, or refuses it."""
        if not self._empty and (count > self._bytes or self._items == 0):
            return False
        self._empty = False
        self._items -= 1
        self._bytes = max(0, self._bytes - count)
        return True
