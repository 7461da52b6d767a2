"""Values encrypted at rest, and fingerprints of secrets.

AES-256-GCM-SIV, which forgives a nonce that is drawn twice, so that nonces can be drawn at random for ever. Tenant, element and
key are authenticated with the value: a row that somebody copies elsewhere does not open there. What sealing does not hide: keys,
lengths, versions, times.

The form is this host's own (`p1:`): a file of the Rust host is not read by this one, nor the other way round.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
import uuid
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from ..errors import ConfigurationError, StorageUnavailable
from .failure import StorageFailure

_FORM = "p1:"
_NONCE = 12
_KEY = 32


class SealingKey:
    """32 random bytes, the same in every process that opens the store. `repr` shows nothing of it."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY:
            raise ConfigurationError(f"a sealing key has {_KEY} random bytes, found {len(key)}")
        self._cipher = AESGCMSIV(_mac(key, "organisation-host python values 1"))
        self._fingerprints = _mac(key, "organisation-host fingerprint-key 1")

    @classmethod
    def from_base64(cls, text: str) -> SealingKey:
        """Reads the key as a configuration holds it. Raises ConfigurationError."""
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except ValueError:
            raise ConfigurationError(f"a sealing key is {_KEY} random bytes in base64: 44 characters") from None

    @classmethod
    def beside(cls, path: Path) -> SealingKey:
        """The key in a file that only this user can read, made where there is none."""
        try:
            if not path.exists():
                _make(path)
            if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigurationError(f"{path} is readable by others: chmod 600 {path}")
            return cls.from_base64(path.read_text(encoding="ascii"))
        except OSError as error:
            raise StorageUnavailable(f"the sealing key {path} cannot be read or made: {error.strerror}") from error

    def __repr__(self) -> str:
        return "SealingKey(…)"

    def seal(self, place: tuple[str, ...], value: str) -> str:
        """Text that opens only with this key, at this place."""
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, value.encode(), _joined(place))
        return _FORM + base64.b64encode(nonce + sealed).decode()

    def open(self, place: tuple[str, ...], text: str) -> str:
        """What `seal` was given. Raises StorageFailure."""
        if not text.startswith(_FORM):
            raise StorageFailure.other("a sealed value cannot be read: its form is unknown to this program")
        try:
            sealed = base64.b64decode(text[len(_FORM) :], validate=True)
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _joined(place)).decode()
        except (ValueError, InvalidTag):
            message = "a sealed value cannot be read: it was sealed with another key, or altered"
            raise StorageFailure.other(message) from None

    def fingerprint(self, *parts: str) -> str:
        """Tells two secrets apart and tells nothing of either; the same wherever the key is."""
        return hmac.new(self._fingerprints, _joined(parts), hashlib.sha256).hexdigest()[:32]


def _make(path: Path) -> None:
    """Of two that begin at once, one makes the file; whole, so that the other never reads half of it."""
    scratch = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(os.urandom(_KEY)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(scratch, path)
    finally:
        scratch.unlink()


def _joined(parts: tuple[str, ...]) -> bytes:
    """Each part after its length, so that `ab`, `c` and `a`, `bc` differ."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in encoded)


def _mac(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, _joined((purpose,)), hashlib.sha256).digest()
