"""Carries a run of the sync through: calls again at once, waits as long as it is asked to, stops where a person has to act."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .element import Element
from .errors import CallStopped, OrganisationError
from .values.case import Case

#: Seconds that no wait is shorter than, so that a component which names no time keeps no processor busy, and none is longer than, as
#: the contract promises.
SHORTEST_WAIT, LONGEST_WAIT = 0.1, 86_400.0
#: So many steps that get no further are believed: a sweep over a large copy shows none of its own.
MOST_IDLE = 10_000


def synchronise(
    element: Element,
    strategy: str = "automatic",
    until: str = "complete",
    longest_wait: float | None = None,
    approve: str | None = None,
    progress: Callable[[dict[str, Any]], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> dict[str, Any]:
    """Begins or joins a run and answers its report (`directory.report`): of a plan with `until="plan"`.

    `approve` names a blocked run whose removals somebody has seen and agrees to. `longest_wait` bounds each wait, in seconds;
    absent, it waits as long as the vendor asks. `progress` is given each `directory.progress`.

    Raises OrganisationError: of the run's own reason where it is paused, `mass-removal-blocked` where it is blocked, `waiting` (with
    `retry_after_ms`) where it would have to wait longer. Its `run` names the run. Repeating the call goes on where it stopped.
    CallStopped where the component breaks a promise: it gets no further, or asks to wait for more than a day.
    """
    if approve is not None:
        _approve(element, approve)
    run = _begin(element, strategy, progress)
    begun_anew = False
    last, idle = None, 0
    while True:
        try:
            step: Case = element.call("directory.advance", run, until)
        except OrganisationError as error:
            if error.reason == "not-found" and not begun_anew:
                # Somebody gave it up meanwhile.
                run, begun_anew = _begin(element, strategy, progress), True
                continue
            error.run = run
            raise
        tag, value = step
        if tag in ("complete", "planned"):
            return value  # type: ignore[no-any-return]
        if tag in ("paused", "blocked"):
            raise OrganisationError.of(value["error"], run)
        if progress is not None:
            progress(value if tag == "more" else value["progress"])
        if tag == "more":
            last, idle = value, idle + 1 if value == last else 0
            if idle > MOST_IDLE:
                raise CallStopped(
                    "directory.advance", f"it answered {idle} times that there is more, and got no further"
                )
        if tag == "wait":
            seconds = max(SHORTEST_WAIT, (value["not_before"] - now_ms()) / 1000)
            if seconds > LONGEST_WAIT:
                raise CallStopped("directory.advance", f"it asks to wait for {seconds:.0f} s, longer than a day")
            if longest_wait is not None and seconds > longest_wait:
                message = f"the run waits for {seconds:.0f} s more: {value['reason']}"
                raise OrganisationError(
                    "waiting", message, vendor_code=value["vendor_code"], retry_after_ms=int(seconds * 1000), run=run
                )
            sleep(seconds)


def _begin(element: Element, strategy: str, progress: Callable[[dict[str, Any]], None] | None) -> str:
    known = strategy in ("automatic", "walk", "export")
    begun = element.call("directory.begin", Case(strategy) if known else Case("other", strategy))
    if progress is not None:
        progress(begun["progress"])
    return str(begun["progress"]["run"])


def _approve(element: Element, run: str) -> None:
    blocked = element.call("directory.overview")["blocked"]
    if blocked is None:
        raise OrganisationError("conflict", f"the run {run} is not blocked: there is nothing to approve", run=run)
    element.call("directory.approve", run, blocked)
