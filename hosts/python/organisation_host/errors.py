"""What can go wrong, by what the caller does next."""

from __future__ import annotations

from typing import Any


class HostError(Exception):
    """Every error of this package."""


class OrganisationError(HostError):
    """The element answered with the contract's error (`wit/types.wit`): match `reason`, show `message` and `hint`.

    `detail` holds what some reasons carry: the problems of `invalid-config`, the problem of `invalid-argument`, the counts of
    `mass-removal-blocked`. `run` is the run of the sync that it happened to.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        hint: str | None = None,
        vendor_code: int | None = None,
        retry_after_ms: int | None = None,
        request_id: str | None = None,
        detail: Any = None,
        run: str | None = None,
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.hint = hint
        self.vendor_code = vendor_code
        self.retry_after_ms = retry_after_ms
        self.request_id = request_id
        self.detail = detail
        self.run = run

    @classmethod
    def of(cls, record: dict[str, Any], run: str | None = None) -> OrganisationError:
        """From the contract's record `error`."""
        tag, detail = record["reason"]
        # `other` carries the reason itself.
        reason = detail if tag == "other" else tag
        fields = {name: record[name] for name in ("message", "hint", "vendor_code", "retry_after_ms", "request_id")}
        return cls(reason, detail=None if tag == "other" else detail, run=run, **fields)


class CallStopped(HostError):
    """A limit or a trap ended the call: there is no answer, and the next call begins with nothing of this one.

    `limit` names the limit as the other hosts do (`cpu-ms`, `wall-ms`, `memory-bytes`, `stack-bytes`, `host-calls`, `hostcall-bytes`,
    `hostcall-bytes-total`, `batch-requests`), or is None for a trap. `words` is the beginning of what the component wrote to its
    standard error: the words of a panic.
    """

    def __init__(self, function: str, message: str, limit: str | None = None, words: str = "") -> None:
        super().__init__(f"{function}: {message}")
        self.function = function
        self.limit = limit
        self.words = words


class UnsupportedFunction(HostError):
    """The component does not export the function."""


class ComponentRefused(HostError):
    """The file is no component of this contract, or not the one that is expected. Nothing of it has run."""


class ConfigurationError(HostError):
    """An element folder, an option or an argument cannot be used."""


class StorageUnavailable(HostError):
    """The store cannot be opened."""
