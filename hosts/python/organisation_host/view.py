"""Answers as JSON, in the shapes that `org-harness --format json` prints."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from .errors import CallStopped, HostError, OrganisationError
from .values.case import Case
from .visible import visible

#: Lists and objects within each other that are read of a text of the vendor's.
DEEPEST = 100


def document(answer: Any) -> str:
    """The one JSON document that a command prints."""
    return visible(json.dumps(plain(answer), ensure_ascii=False, indent=2))


def parsed(text: str) -> Any:
    """JSON text of a component or a vendor. Raises HostError for what is none, and for what another reader could not take."""
    try:
        value = json.loads(text, parse_constant=_number, parse_float=_number)
        _demand_depth(value, DEEPEST)
    except (ValueError, RecursionError):
        raise HostError("the component answers a text that is no JSON, or nested too deep") from None
    return value


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number of JSON")
    return value


def _demand_depth(value: Any, left: int) -> None:
    if isinstance(value, (dict, list)):
        if left == 0:
            raise ValueError("nested too deep")
        for each in value.values() if isinstance(value, dict) else value:
            _demand_depth(each, left - 1)


def plain(value: Any) -> Any:
    """Cases without a value as their name, others as an object of one key; keys and lists as they are."""
    match value:
        case Case(tag, None):
            return tag
        case Case(tag, content):
            return {tag: plain(content)}
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
    return value


def instant(milliseconds: int) -> str:
    """RFC 3339 in UTC. Raises HostError for what lies beyond the year 9999."""
    try:
        text = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        raise HostError(f"the component answers the instant {milliseconds} ms, which no calendar has") from None
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def validation(answer: dict[str, Any]) -> dict[str, Any]:
    """Of `validate`."""
    return {"valid": answer["valid"], "problems": plain(answer["problems"])}


def verdicts(answer: list[dict[str, Any]]) -> dict[str, Any]:
    """Of `check`."""
    aspects = []
    for verdict in answer:
        aspect = plain(verdict)
        aspect["aspect"] = verdict["aspect"].value or verdict["aspect"].tag
        aspect["facts"] = {fact["name"]: fact["value"] for fact in verdict["facts"]}
        aspects.append(aspect)
    return {"ok": all(verdict["status"] != "failed" for verdict in answer), "aspects": aspects}


def authorization(answer: dict[str, Any]) -> dict[str, Any]:
    """Of `login-url`."""
    return {**answer, "expires_at": instant(answer["expires_at"])}


def exchange(answer: dict[str, Any]) -> dict[str, Any]:
    """Of `exchange`."""
    outcome = answer["outcome"]
    return {
        "outcome": outcome.tag,
        outcome.tag.replace("-", "_"): outcome.value,
        "state_verified": answer["state_verified"],
        "return_to": answer["return_to"],
        "warnings": answer["warnings"],
    }


def report(answer: dict[str, Any]) -> dict[str, Any]:
    """A `directory.report`."""
    return {
        "run": answer["run"],
        "state": answer["outcome"],
        "strategy": answer["strategy"].value or answer["strategy"].tag,
        "started_at": instant(answer["started_at"]),
        "finished_at": instant(answer["finished_at"]),
        "departments": answer["departments"],
        "members": answer["members"],
        "totals": {"departments": answer["departments_total"], "members": answer["members_total"]},
        "vendor_calls": answer["vendor_calls"],
        "notes": answer["notes"],
    }


def overview(answer: dict[str, Any]) -> dict[str, Any]:
    """Of `overview`."""
    last = answer["last_run"]
    return {**plain(answer), "last_run": None if last is None else report(last)}


def member(answer: dict[str, Any]) -> dict[str, Any]:
    """A `directory.member`, its external profile read."""
    profile = answer["external_profile"]
    return {**answer, "external_profile": None if profile is None else parsed(profile)}


def change(answer: dict[str, Any]) -> dict[str, Any]:
    """An entry of the feed."""
    tag, record = answer["record"]
    return {
        **{key: answer[key] for key in ("seq", "kind", "id")},
        "at": instant(answer["at"]),
        "record": member(record) if tag == "member" else record,
    }


def decision(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the trail. What was before and after is JSON; what is none is shown as the text that it is."""
    shown = {**entry, "at": instant(entry["at"])}
    for name in ("before", "after"):
        with suppress(HostError):
            shown[name] = entry[name] and parsed(entry[name])
    return shown


def error(problem: BaseException) -> dict[str, Any]:
    """The object behind the key `error`."""
    match problem:
        case OrganisationError():
            shown: dict[str, Any] = {
                "reason": problem.reason,
                "message": problem.message,
                "hint": problem.hint,
                "vendor_code": problem.vendor_code,
            }
            if problem.run is not None:
                shown["run"] = problem.run
            if problem.reason == "mass-removal-blocked":
                shown["removal"] = problem.detail
            if problem.retry_after_ms is not None:
                shown["retry_after_ms"] = problem.retry_after_ms
            if problem.reason == "invalid-config":
                shown["problems"] = problem.detail
            return shown
        case CallStopped():
            return {
                "reason": problem.limit or "trap",
                "message": str(problem),
                "hint": problem.words or None,
                "vendor_code": None,
            }
        case KeyboardInterrupt():
            message = "interrupted; a sync goes on at the next call where it was"
            return {"reason": "interrupted", "message": message, "hint": None, "vendor_code": None}
    return {"reason": "usage", "message": str(problem), "hint": None, "vendor_code": None}
