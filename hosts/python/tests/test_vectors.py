"""Plays the vectors of `tests/conformance` in this host."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from vectors import Names, Vendor, given, shown, written, written_out

from organisation_host import CallStopped, Component, Element, Engine, Limits, Operator, Store
from organisation_host.values.schema import Result

VECTORS = ROOT / "tests/conformance"
#: The build puts all components into one folder.
PROBE = Path(os.environ.get("ORGANISATION_PROBE", ROOT / "target/components/probe_element_component.wasm"))
MOST_CALLS = 100

_components: dict[str, Component] = {}


class Refused(Exception):
    """The contract's error, as it came."""


class Clock:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@pytest.mark.parametrize("name", sorted(str(path.relative_to(VECTORS)) for path in VECTORS.glob("*/*.json")))
def test_a_vector(
    name: str,
    tmp_path: Path,
    one_engine: Engine,
    component_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    vendor = Vendor()
    request.addfinalizer(vendor.close)
    text = (VECTORS / name).read_text(encoding="utf-8")
    vector = json.loads(text.replace('"${port}"', str(vendor.port)).replace("${port}", str(vendor.port)))
    files = {"wecom": component_file, "probe": PROBE}
    file = files.get(vector["component"], ROOT / f"tests/frozen/{vector['component']}.wasm")
    if vector["component"] not in _components:
        _components[vector["component"]] = Component.from_file(one_engine, file)
    if vector["component"] == "wecom":
        demand_current(_components["wecom"], {step["call"] for step in vector["steps"] if "call" in step})
    monkeypatch.setattr("organisation_host.element._error", lambda function, record: Refused(record))
    authority = f"127.0.0.1:{vendor.port}"
    names, clock = Names(vendor=f"http://{authority}", authority=authority), Clock(vector["start"])
    vendor.told(vector.get("vendor"))
    store = Store(tmp_path / "v.db", clock=clock)
    element = Element(
        _components[vector["component"]], names.filled(vector["document"]), store, tenant="acme", name="organisation",
        operator=Operator(names.filled(vector["allow"])), limits=Limits(**vector.get("limits", {})), clock_ms=clock,
    )  # fmt: skip
    try:
        for index, step in enumerate(vector["steps"]):
            vendor.told(step.get("vendor"))
            if "advance_ms" in step:
                clock.now += step["advance_ms"]
                continue
            place = f"step {index} ({step.get('call') or step.get('import')})"
            answer = answered(element, step, names.filled(written_out(step["with"])))
            for bound, pointer in step.get("bind", {}).items():
                names.known[bound] = part(answer, pointer)
            expected = step["answer"]
            assert names.difference(expected, answer) is None, place
            left = vendor.seen()
            for wanted in step.get("requests", []):
                # As a set: which of a batch comes first is not said.
                found = next((each for each in left if names.difference(wanted, each) is None), None)
                assert found is not None, f"{place}: the vendor was not asked {wanted}, but {left}"
                left.remove(found)
            assert left == [], f"{place}: the vendor was asked more"
            if "stored" in step:
                entries = stored(tmp_path / "v.db", step["stored"]["prefix"])
                assert names.difference(step["stored"]["entries"], entries) is None, f"{place}: stored"
    finally:
        element.close()
        store.close()


def demand_current(component: Component, functions: set[str]) -> None:
    """Vectors of another contract than the component's say nothing of this host."""
    exports = json.loads((VECTORS / "contract.json").read_text(encoding="utf-8"))["exports"]
    for function in functions:
        types = component.export(function)[1]
        own = {"params": [[name, written(kind)] for name, kind in types.parameters], "result": written(types.result)}
        if exports[function] != own:
            pytest.skip(f"contract.json has another {function} than the component: renew the vectors")


def answered(element: Element, step: dict[str, Any], arguments: dict[str, Any]) -> Any:
    for _ in range(MOST_CALLS):
        if "call" in step:
            answer = called(element, step["call"], arguments)
        else:
            answer = asked(element, step["import"], arguments)
        if "again" not in step or not isinstance(answer.get("ok"), dict) or step["again"] not in answer["ok"]:
            return answer
    return answer


def called(element: Element, function: str, arguments: dict[str, Any]) -> Any:
    if isinstance(arguments.get("config"), dict):
        arguments = {**arguments, "config": json.dumps(arguments["config"])}
    types = element.component.export(function)[1]
    values = [given(kind, arguments.get(name.replace("-", "_"))) for name, kind in types.parameters]
    try:
        answer = element.call(function, *values)
    except Refused as refused:
        assert isinstance(types.result, Result)
        return {"error": shown(types.result.err, refused.args[0])}
    except CallStopped as stopped:
        return {"ended": stopped.limit or "trap"}
    return {"ok": shown(types.result.ok, answer)} if isinstance(types.result, Result) else shown(types.result, answer)


def asked(element: Element, function: str, arguments: Any) -> Any:
    """Has the probe ask a function of the host."""
    payload = {"json": json.dumps(arguments, ensure_ascii=False)}
    outcome = called(
        element, "vendor.call", {"request": {"method": "POST", "path": f"/{function}", "payload": payload}}
    )
    if "ended" in outcome:
        return outcome
    answer = json.loads(outcome["ok"]["body"]["text"])
    return json.loads(answer) if function == "settings.get" else answer


def part(value: Any, pointer: str) -> Any:
    for key in pointer.split("/")[1:]:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def stored(file: Path, prefix: str) -> list[dict[str, Any]]:
    connection = sqlite3.connect(file)
    query = "SELECT key, value FROM entries WHERE substr(key, 1, length(:prefix)) = :prefix AND sealed = 0 ORDER BY key"
    rows = connection.execute(query, {"prefix": prefix}).fetchall()
    connection.close()
    return [{"key": key, "value": value} for key, value in rows]
