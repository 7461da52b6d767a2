"""The trial behind `docs/other-hosts.md`: `storage` over `wasi:keyvalue`, in two layouts, under the vectors and under the real component."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import ROOT
from keyvalue import Bucket, Died, KeyForEach, OneValue
from test_vectors import VECTORS, Clock, answered, part
from vectors import Names, Vendor, written_out

from organisation_host import CallStopped, Case, Component, Element, Engine, Limits, Operator
from organisation_host.storage.failure import StorageFailure

LAYOUTS = {"key for each": KeyForEach, "one value": OneValue}


class Told:
    """A vector that is played over an adapter."""

    def __init__(self, name: str, component: Component, adapter: Any, vendor: Vendor) -> None:
        text = (VECTORS / name).read_text(encoding="utf-8")
        self.vector = json.loads(text.replace('"${port}"', str(vendor.port)).replace("${port}", str(vendor.port)))
        authority = f"127.0.0.1:{vendor.port}"
        self.names, self.clock = Names(vendor=f"http://{authority}", authority=authority), Clock(self.vector["start"])
        vendor.told(self.vector.get("vendor"))
        self.vendor, self.store = vendor, adapter(self.clock)
        self.element = Element(
            component, self.names.filled(self.vector["document"]), self.store, tenant="acme", name="organisation",
            operator=Operator(self.names.filled(self.vector["allow"])), limits=Limits(**self.vector.get("limits", {})),
            clock_ms=self.clock,
        )  # fmt: skip

    def differences(self) -> list[str]:
        found = []
        for index, step in enumerate(self.vector["steps"]):
            self.vendor.told(step.get("vendor"))
            if "advance_ms" in step:
                self.clock.now += step["advance_ms"]
                continue
            answer = answered(self.element, step, self.names.filled(written_out(step["with"])))
            for bound, pointer in step.get("bind", {}).items():
                self.names.known[bound] = part(answer, pointer)
            difference = self.names.difference(step["answer"], answer)
            found += [] if difference is None else [f"{index}: {difference}"]
        return found


@pytest.fixture(scope="module")
def probe(one_engine: Engine) -> Component:
    return Component.from_file(one_engine, ROOT / "target/components/probe_element_component.wasm")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", sorted(f"storage/{path.name}" for path in (VECTORS / "storage").glob("*.json")))
def test_a_vector(name: str, layout: str, probe: Component, request: pytest.FixtureRequest) -> None:
    vendor = Vendor()
    request.addfinalizer(vendor.close)
    told = Told(name, probe, lambda clock: LAYOUTS[layout](Bucket(), clock), vendor)
    # In one thread, while nobody dies, and with a bucket that is kinder than the draft: then every rule can be kept.
    assert told.differences() == []


def put(key: str) -> Case:
    return Case("put", {"key": key, "value": "x", "ttl_ms": None, "sealed": False})


@pytest.mark.parametrize(("layout", "both_wrote"), [("key for each", True), ("one value", False)])
def test_of_two_writers_one_loses(layout: str, both_wrote: bool) -> None:
    bucket = Bucket()
    first, second = (LAYOUTS[layout](bucket, lambda: 0) for _ in range(2))
    ops = [Case("check", {"key": "lease", "expected": Case("absent")}), put("lease"), put("work")]
    outcomes = []

    def meanwhile() -> None:
        bucket.before = lambda: None
        outcomes.append(second.apply(None, ops).tag)

    bucket.before = meanwhile
    try:
        outcomes.append(first.apply(None, ops).tag)
    except StorageFailure as failure:
        outcomes.append(failure.case.tag)
    assert (outcomes == ["applied", "applied"]) == both_wrote, outcomes


@pytest.mark.parametrize(("layout", "holds"), [("key for each", False), ("one value", True)])
def test_the_feed_gives_the_copy_whenever_a_process_dies(
    layout: str, holds: bool, one_component: Component, request: pytest.FixtureRequest
) -> None:
    vendor = Vendor()
    request.addfinalizer(vendor.close)

    def synced(dies_at: int | None) -> tuple[Bucket, bool]:
        bucket, writes = Bucket(), iter(range(1_000_000))

        def before() -> None:
            if next(writes) == dies_at:
                raise Died

        bucket.before = before
        told = Told("wecom/guard.json", one_component, lambda clock: LAYOUTS[layout](bucket, clock), vendor)
        run = told.element.call("directory.begin", Case("walk"))["progress"]["run"]
        try:
            step = told.element.call("directory.advance", run, "complete")
            assert step.tag == "complete"
        except CallStopped:
            assert dies_at is not None
        bucket.before = lambda: None
        changes = told.element.call("directory.changes", None, 500)["changes"]
        told.element.close()
        return bucket, {change["id"] for change in changes if change["kind"] == "member-added"} == {
            member["id"] for member in told.element.members()
        }

    whole, agree = synced(None)
    assert agree
    writes = sum(count for name, count in whole.asked.items() if name not in ("get", "list-keys"))
    agreed = [synced(number)[1] for number in range(writes // 4, writes, max(1, writes // 40))]
    assert all(agreed) == holds, (
        f"{agreed.count(False)} of {len(agreed)} deaths leave a feed that does not give the copy"
    )
