"""Errors of the component as codes of the platform: one number for each reason, message and next step in the text."""

from contextlib import contextmanager

from .organisation_host import CallStopped, HostError, OrganisationError
from .platform import Code, log

#: The block of this element. The numbers stay; new reasons get new ones.
CODES = {
    "other": 9610000,
    "invalid-config": 9610001,
    "credentials-refused": 9610002,
    "not-permitted": 9610003,
    "login-rejected": 9610004,
    "not-found": 9610005,
    "invalid-argument": 9610006,
    "rate-limited": 9610007,
    "unavailable": 9610008,
    "budget-exhausted": 9610009,
    "conflict": 9610010,
    "mass-removal-blocked": 9610011,
    "cursor-expired": 9610012,
    "unsupported": 9610013,
    "unexpected-answer": 9610014,
    "waiting": 9610015,
    "call-stopped": 9610016,
    "host": 9610017,
    "not-decided": 9610018,
}


def refusal(reason, message):
    """The exception to raise."""
    return Code(code=CODES.get(reason, CODES["other"]), reason="{message}").formatReason(message=message)


@contextmanager
def as_codes():
    """Raises errors of the component as codes. Their texts hold no secret, and an unexpected exception's text reaches users."""
    try:
        yield
    except OrganisationError as error:
        vendor = "" if error.vendor_code is None else f"（企业微信 {error.vendor_code}）"
        run = "" if error.run is None else f" [run {error.run}]"
        hint = "" if not error.hint else f" {error.hint}"
        details = ""
        if error.reason == "invalid-config":
            details = " " + "; ".join(f"{problem['path']}: {problem['message']}" for problem in error.detail)
        raise refusal(error.reason, f"{error.message}{vendor}{hint}{details}{run}") from None
    except CallStopped as error:
        # The words are the component's: quoted, so that none looks like a line of the platform's log.
        log.error("%s; %r", error, error.words)
        raise refusal(
            "call-stopped", f"调用被限制终止 / a limit or trap ended the call: {error.limit or 'trap'}"
        ) from None
    except HostError as error:
        raise refusal("host", str(error)) from None
