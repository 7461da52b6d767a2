"""How much an element may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """Bytes are UTF-8 bytes of keys and values; what sealing and the database add does not count."""

    key_bytes: int = 512
    value_bytes: int = 256 * 1024
    items: int = 10_000_000
    total_bytes: int = 8 << 30
