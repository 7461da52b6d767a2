"""A request without an answer."""

from __future__ import annotations

from typing import Any

from ..values.case import Case


class HttpFailure(Exception):
    """As `wit/http.wit` names it. The message is for engineers and never holds the query of a URL."""

    def __init__(self, case: Case, message: str, may_have_reached_server: bool) -> None:
        super().__init__(message)
        self.case = case
        self.message = message
        self.may_have_reached_server = may_have_reached_server

    @classmethod
    def before(cls, case: Case | str, message: str) -> HttpFailure:
        """The request certainly did not reach the server."""
        return cls(Case(case) if isinstance(case, str) else case, message, False)

    @classmethod
    def after(cls, case: Case | str, message: str) -> HttpFailure:
        """The request may have reached the server."""
        return cls(Case(case) if isinstance(case, str) else case, message, True)

    @classmethod
    def invalid(cls, message: str) -> HttpFailure:
        """No host could send the request."""
        return cls.before(Case("other", "invalid-request"), message)

    @classmethod
    def denied(cls, option: str | None, message: str) -> HttpFailure:
        """The policy refuses it; `option` would admit it."""
        return cls.before(Case("denied", option), message)

    def record(self) -> dict[str, Any]:
        """As the contract's `http-error`."""
        return {
            "failure": self.case,
            "message": self.message,
            "may_have_reached_server": self.may_have_reached_server,
        }
