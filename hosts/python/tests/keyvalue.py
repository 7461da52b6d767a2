"""`storage` of the contract over `wasi:keyvalue` (0.2.0-draft2), as an adapter between the two could do it, for a trial of what holds.

`Bucket` has the functions of the draft and no other, and is kinder than the draft: it is strongly consistent, and what is written stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from organisation_host import Case, SealingKey
from organisation_host.storage import rules
from organisation_host.storage.failure import StorageFailure
from organisation_host.storage.quota import Quota


class Died(BaseException):
    """The process ends here."""


class Bucket:
    """`store.bucket`, with `atomics.increment` and `cas`. Before each write `before` is called, which may raise `Died`."""

    PAGE = 100

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.asked: dict[str, int] = {}
        self.written = 0
        self.before: Callable[[], None] = lambda: None

    def get(self, key: str) -> bytes | None:
        self._count("get")
        return self.values.get(key)

    def set(self, key: str, value: bytes) -> None:
        self._write("set", len(value))
        self.values[key] = value

    def delete(self, key: str) -> None:
        self._write("delete", 0)
        self.values.pop(key, None)

    def list_keys(self, cursor: str | None) -> tuple[list[str], str | None]:
        self._count("list-keys")
        begin = int(cursor or 0)
        keys = list(self.values)
        end = begin + self.PAGE
        return keys[begin:end], str(end) if end < len(keys) else None

    def increment(self, key: str) -> int:
        self._write("increment", 8)
        number = int(self.values.get(key, b"0")) + 1
        self.values[key] = str(number).encode()
        return number

    def read_for_swap(self, key: str) -> tuple[bytes | None, bytes | None]:
        """`cas.new-with-read`: the handle, which is what was read, and the value."""
        value = self.get(key)
        return value, value

    def swap(self, key: str, handle: bytes | None, value: bytes) -> bool:
        self._write("swap", len(value))
        if self.values.get(key) != handle:
            return False
        self.values[key] = value
        return True

    def _count(self, name: str) -> None:
        self.asked[name] = self.asked.get(name, 0) + 1

    def _write(self, name: str, size: int) -> None:
        self.before()
        self._count(name)
        self.written += size


class Adapter:
    """What both layouts share. `_all` reads every entry of an element, `_change` carries an `apply` out."""

    def __init__(self, bucket: Bucket, clock: Callable[[], int]) -> None:
        self.bucket, self.clock, self.quota = bucket, clock, Quota()
        self.key = SealingKey(bytes(32))

    def _all(self) -> dict[str, dict[str, Any]]:
        raise NotImplementedError

    def _present(self, keys: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        now = self.clock()
        found = self._all() if keys is None else self._some(keys)
        return {key: entry for key, entry in found.items() if entry["expires"] is None or entry["expires"] > now}

    def _some(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        every = self._all()
        return {key: every[key] for key in keys if key in every}

    def get_many(self, scope: Any, keys: Sequence[str]) -> list[Any]:
        rules.demand_keys(keys, self.quota)
        page, present, answer = rules.Page(), self._present(keys), []
        for key in keys:
            entry = present.get(key)
            if entry is not None and not page.admit(rules.size(key) + rules.size(entry["value"])):
                break
            answer.append(entry and {"key": key, "value": entry["value"], "version": entry["version"]})
        return answer

    def scan(self, scope: Any, prefix: str, after_key: str | None, limit: int) -> dict[str, Any]:
        found, more = self._page(
            prefix, after_key, limit, lambda key, entry: rules.size(key) + rules.size(entry["value"])
        )
        return {"entries": [{"key": k, "value": e["value"], "version": e["version"]} for k, e in found], "more": more}

    def scan_keys(self, scope: Any, prefix: str, after_key: str | None, limit: int) -> dict[str, Any]:
        found, more = self._page(prefix, after_key, limit, lambda key, entry: rules.size(key))
        return {"keys": [key for key, _ in found], "more": more}

    def _page(self, prefix: str, after_key: str | None, limit: int, size: Any) -> tuple[list[Any], bool]:
        page, found = rules.Page(rules.demand_scan(prefix, after_key, limit, self.quota)), []
        # There is neither an order nor a prefix in `list-keys`: whatever is asked for, every key is read and they are sorted here.
        for key, entry in sorted(self._present().items()):
            if key.startswith(prefix) and (after_key is None or key > after_key):
                if not page.admit(size(key, entry)):
                    return found, True
                found.append((key, entry))
        return found, False

    def _lost(self, checks: Sequence[dict[str, Any]], present: dict[str, dict[str, Any]]) -> list[str]:
        lost = {}
        for check in checks:
            tag, version = check["expected"]
            entry = present.get(check["key"])
            if (entry is not None) if tag == "absent" else (entry is None or entry["version"] != version):
                lost[check["key"]] = None
        return list(lost)

    def delete_range(self, scope: Any, prefix: str, checks: Sequence[dict[str, Any]]) -> Case:
        rules.demand_range(prefix, checks, self.quota)
        page, keys, more = rules.Page(), [], False
        for key, entry in sorted(self._all().items()):
            if key.startswith(prefix):
                if not page.admit(rules.size(key) + rules.size(entry["value"])):
                    more = True
                    break
                keys.append(key)
        outcome = self._change([Case("check", check) for check in checks] + [Case("delete", key) for key in keys])
        return outcome if outcome.tag == "conflict" else Case("more" if more else "done")

    def apply(self, scope: Any, ops: Sequence[Case]) -> Case:
        rules.demand_ops(ops, self.quota)
        return self._change(ops)

    def _change(self, ops: Sequence[Case]) -> Case:
        raise NotImplementedError

    def _made(self, op: dict[str, Any], version: int) -> dict[str, Any]:
        ttl = op["ttl_ms"]
        return {"value": op["value"], "version": version, "expires": None if ttl is None else self.clock() + ttl}

    def wait(self, scope: Any, key: str, version: int | None, timeout: float) -> bool:
        rules.demand_key(key, self.quota, "key")
        entry = self._present([key]).get(key)
        return (None if entry is None else entry["version"]) != version

    def append_trail(self, scope: Any, entries: Sequence[Any]) -> None:
        """Nothing of `wasi:keyvalue` only grows: a trail would be one more key."""


class KeyForEach(Adapter):
    """Each entry under a key of its own; an `apply` writes one after the other."""

    COUNTER = "\x01version"

    def _all(self) -> dict[str, dict[str, Any]]:
        keys, cursor = self.bucket.list_keys(None)
        while cursor is not None:
            more, cursor = self.bucket.list_keys(cursor)
            keys += more
        return self._some([key for key in keys if key != self.COUNTER])

    def _some(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        read = ((key, self.bucket.get(key)) for key in keys)
        return {key: json.loads(value) for key, value in read if value is not None}

    def _change(self, ops: Sequence[Case]) -> Case:
        checks = [op for tag, op in ops if tag == "check"]
        lost = self._lost(checks, self._present([check["key"] for check in checks]))
        if lost:
            return Case("conflict", lost)
        versions = []
        for tag, op in ops:
            if tag == "put":
                versions.append(self.bucket.increment(self.COUNTER))
                self.bucket.set(op["key"], json.dumps(self._made(op, versions[-1])).encode())
            elif tag == "delete":
                self.bucket.delete(op)
        return Case("applied", versions)


class OneValue(Adapter):
    """All entries of an element in one value, which every `apply` swaps."""

    KEY = "element"

    def _all(self) -> dict[str, dict[str, Any]]:
        return self._read(self.bucket.get(self.KEY))["entries"]  # type: ignore[no-any-return]

    def _read(self, value: bytes | None) -> dict[str, Any]:
        return json.loads(value) if value is not None else {"entries": {}, "version": 0}  # type: ignore[no-any-return]

    def _change(self, ops: Sequence[Case]) -> Case:
        handle, value = self.bucket.read_for_swap(self.KEY)
        held, now = self._read(value), self.clock()
        entries = held["entries"]
        present = {key: entry for key, entry in entries.items() if entry["expires"] is None or entry["expires"] > now}
        lost = self._lost([op for tag, op in ops if tag == "check"], present)
        if lost:
            return Case("conflict", lost)
        if all(tag == "check" for tag, _ in ops):
            return Case("applied", [])
        versions = []
        for tag, op in ops:
            if tag == "put":
                held["version"] += 1
                versions.append(held["version"])
                entries[op["key"]] = self._made(op, held["version"])
            elif tag == "delete":
                entries.pop(op, None)
        if not self.bucket.swap(self.KEY, handle, json.dumps(held).encode()):
            raise StorageFailure.unavailable(False, "another writer was faster")
        return Case("applied", versions)
