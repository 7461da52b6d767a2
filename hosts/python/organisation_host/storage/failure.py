"""Failures of the store, as `wit/storage.wit` names them."""

from __future__ import annotations

from ..values.case import Case


class StorageFailure(Exception):
    """Answered to the component as `case`; the message is for engineers."""

    def __init__(self, case: Case, message: str) -> None:
        super().__init__(message)
        self.case = case

    @classmethod
    def quota(cls, name: str, limit: int, asked: int) -> StorageFailure:
        """What is too long, too large or too many."""
        return cls(Case("quota", {"name": name, "limit": limit}), f"quota {name}: {asked}, at most {limit}")

    @classmethod
    def invalid(cls, message: str) -> StorageFailure:
        """The caller broke a rule."""
        return cls(Case("invalid", message), message)

    @classmethod
    def unavailable(cls, maybe_applied: bool, message: str) -> StorageFailure:
        """The store does not answer."""
        return cls(Case("unavailable", maybe_applied), message)

    @classmethod
    def other(cls, message: str) -> StorageFailure:
        """Anything else."""
        return cls(Case("other", message), message)
