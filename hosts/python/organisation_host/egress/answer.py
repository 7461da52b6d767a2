"""Reads an answer: headers as they are, the body decompressed and counted while it comes in."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..values.case import Case
from .failure import HttpFailure

#: What the decompressor hands over at a time, so that a few bytes that unfold to gigabytes stop at the limit.
_PIECE = 256 * 1024
#: What it is given at a time: it copies what is left whenever it stops, and in an answer of empty members it stops every twenty bytes.
_BITE = 1024


class Body:
    """Collects a body of at most `limit` bytes. `count` is told of each piece before it is kept, and may raise."""

    def __init__(self, limit: int, gzip: bool, count: Callable[[int], None], shown: str) -> None:
        self._limit = limit
        self._count = count
        self._shown = shown
        self._gzip = zlib.decompressobj(31) if gzip else None
        self._pieces: list[bytes] = []
        self._kept = 0
        self._sent = 0
        self._counted = 0

    def add(self, data: bytes) -> None:
        """Takes what came over the wire. Raises HttpFailure."""
        self._sent += len(data)
        if self._gzip is None:
            self._keep(data)
            return
        # Empty members cost bytes and unfold to none: what is sent counts as well.
        self._measure(self._sent)
        for begin in range(0, len(data), _BITE):
            self._unfold(data[begin : begin + _BITE])

    def finish(self) -> bytes:
        """The whole body. Raises HttpFailure where it broke off."""
        if self._gzip is not None and self._sent and not self._gzip.eof:
            raise HttpFailure.after(Case("other", "broken-answer"), f"{self._shown}: the compressed answer broke off")
        return b"".join(self._pieces)

    def _unfold(self, data: bytes) -> None:
        assert self._gzip is not None
        while data:
            if self._gzip.eof:
                self._gzip = zlib.decompressobj(31)
            try:
                piece = self._gzip.decompress(data, _PIECE)
            except zlib.error as error:
                raise HttpFailure.after(Case("other", "broken-answer"), f"{self._shown}: {error}") from None
            self._keep(piece)
            data = self._gzip.unused_data if self._gzip.eof else self._gzip.unconsumed_tail

    def _keep(self, data: bytes) -> None:
        self._kept += len(data)
        self._measure(self._kept)
        self._pieces.append(data)

    def _measure(self, total: int) -> None:
        if total > self._limit:
            raise too_large(self._limit, self._shown)
        if total > self._counted:
            self._count(total - self._counted)
            self._counted = total


def too_large(limit: int, shown: str) -> HttpFailure:
    """An answer that is larger than what is delivered."""
    message = f"the answer of {shown} is larger than the {limit} bytes allowed; ask for less or in pages"
    return HttpFailure.after(Case("too-large", limit), message)


def is_gzip(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether gzip is its one encoding."""
    encodings = [value.strip().lower() for name, value in headers if name.lower() == b"content-encoding"]
    return encodings in ([b"gzip"], [b"x-gzip"])


def headers_of(headers: Iterable[tuple[bytes, bytes]], decompressed: bool) -> list[tuple[str, str]]:
    """Names in lower case; without what was true of the compressed body alone."""
    dropped = (b"content-encoding", b"content-length") if decompressed else ()
    return [(name.decode("latin-1").lower(), _text(value)) for name, value in headers if name.lower() not in dropped]


def record(status: int, headers: Sequence[tuple[str, str]], body: bytes, wants_text: bool) -> dict[str, Any]:
    """As the contract's `response`. Bytes go as base64: a list of bytes costs this host a thousand times more."""
    content: Case | None = None
    if wants_text:
        try:
            content = Case("text", body.decode())
        except UnicodeDecodeError:
            content = None
    return {
        "status": status,
        "headers": [{"name": name, "value": value} for name, value in headers],
        "body": content or Case("base64", base64.b64encode(body).decode()),
    }


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
