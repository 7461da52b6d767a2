"""Runs of a component that keeps no promise: they end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

import pytest

from organisation_host import CallStopped, Case, Element, OrganisationError, synchronise
from organisation_host.sync import LONGEST_WAIT, MOST_IDLE

PROGRESS = {"run": "r1", "phase": "fetch", "done": 1, "total": 2}


class Scripted:
    """An element whose `advance` answers the same step again and again, as often as it is asked."""

    def __init__(self, step: Case) -> None:
        self.step = step
        self.calls = 0

    def call(self, function: str, *_: Any) -> Any:
        if function == "directory.begin":
            return {"progress": PROGRESS, "joined": False}
        self.calls += 1
        return self.step


def run(step: Case, **options: Any) -> tuple[int, list[float]]:
    element, slept = Scripted(step), cast("list[float]", [])

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 50:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        synchronise(cast("Element", element), sleep=sleep, now_ms=lambda: 1_000, **options)
    return element.calls, slept


def waiting(not_before: int) -> Case:
    return Case("wait", {"progress": PROGRESS, "not_before": not_before, "reason": "rate", "vendor_code": 45009})


def test_a_run_that_gets_no_further_ends() -> None:
    with pytest.raises(CallStopped, match=f"{MOST_IDLE + 1} times"):
        run(Case("more", PROGRESS))


@pytest.mark.parametrize("not_before", [2**64 - 1, 1_000 + int(LONGEST_WAIT * 1_000) + 1])
def test_nobody_waits_for_more_than_a_day(not_before: int) -> None:
    with pytest.raises(CallStopped, match="longer than a day"):
        run(waiting(not_before))


@pytest.mark.parametrize(("not_before", "seconds"), [(0, 0.1), (1_000, 0.1), (3_000, 2.0)])
def test_a_wait_without_a_time_keeps_no_processor_busy(not_before: int, seconds: float) -> None:
    assert run(waiting(not_before))[1] == [seconds] * 50


def test_a_wait_that_is_longer_than_the_caller_has_is_told() -> None:
    with pytest.raises(OrganisationError) as error:
        run(waiting(61_000), longest_wait=30)
    assert (error.value.reason, error.value.retry_after_ms, error.value.run) == ("waiting", 60_000, "r1")
