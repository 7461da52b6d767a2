"""The real component against the simulated vendor, over both bridges."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import Simulator

from organisation_host import CallStopped, Case, Element, Limits, Operator, OrganisationError, Report, synchronise


def test_a_configuration_is_judged_without_secrets_in_the_answer(
    make: Callable[..., Element], simulator: Simulator
) -> None:
    element = make({**simulator.document, "agentId": "no number", "secert": "x"})
    assert not element.validation["valid"]
    assert {problem["path"] for problem in element.validation["problems"]} >= {"agentId", "secert"}
    with pytest.raises(OrganisationError) as error:
        element.authorization_url()
    assert error.value.reason == "invalid-config" and error.value.detail and error.value.message
    secret = simulator.document["secret"]
    assert secret not in str(element.validation) + str(element.call("element.describe", "zh"))


def test_the_vendor_accepts_the_configuration(element: Element) -> None:
    verdicts = {verdict["aspect"].tag: verdict["status"] for verdict in element.check_connection()}
    assert verdicts["credentials"] == verdicts["trusted-ip"] == "ok"


def test_a_host_that_the_operator_does_not_admit_is_named(make: Callable[..., Element], simulator: Simulator) -> None:
    element = make(operator=Operator())
    verdict = element.check_connection()[0]
    assert verdict["status"] == "failed" and f"--allow-host {simulator.host}" in str(verdict)
    assert not simulator.look("counts")


def test_a_sync_fills_the_copy_and_the_feed_gives_it(element: Element) -> None:
    first = synchronise(element)
    assert first["outcome"] == "complete"
    assert first["members"]["added"] == len(element.members()) == 22
    page = element.call("directory.changes", None, 200)
    fed = {change["id"]: change["record"].value for change in page["changes"] if change["record"].tag == "member"}
    assert [fed[member["id"]] for member in element.members()] == element.members()
    element.call("directory.acknowledge", page["cursor"])
    second = synchronise(element)
    assert second["members"] | {"unchanged": 0} == dict.fromkeys(second["members"], 0)


@pytest.mark.parametrize("strategy", ["walk", "export"])
def test_strategies_end_with_the_same_copy(element: Element, strategy: str) -> None:
    assert synchronise(element, strategy)["strategy"] == (strategy, None)
    assert len(element.members()) == 22


def test_a_sign_in_says_who_it_was(element: Element, simulator: Simulator) -> None:
    for entry in ("browser", "workspace"):
        url = element.authorization_url(entry, return_to="/home")["url"]
        code, state = simulator.sign_in(url, "lisi")
        exchange = element.exchange_code(code, state)
        assert exchange["outcome"].tag == "member" and exchange["outcome"].value["id"] == "lisi"
        assert (exchange["return_to"], exchange["state_verified"]) == ("/home", True)
    with pytest.raises(OrganisationError) as error:
        element.exchange_code("code", "unknown")
    assert error.value.reason == "login-rejected"


def test_a_code_is_sent_once_however_many_ask(element: Element, simulator: Simulator) -> None:
    code, state = simulator.sign_in(element.authorization_url()["url"], "lisi")
    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(lambda _: element.exchange_code(code, state)["outcome"].value["id"], range(6)))
    assert outcomes == ["lisi"] * 6
    assert simulator.look("counts")["auth/getuserinfo"]["calls"] == 1


def test_decisions_of_administrators_stand_in_the_trail(element: Element) -> None:
    synchronise(element)
    element.call("administration.set-member-roles", "lisi", ["staff"], "tests")
    assert element.call("administration.member-roles-of", "lisi")["roles"] == ["staff"]
    (entry,) = element.trail()
    assert (entry["actor"], entry["subject"], entry["after"]) == (
        "tests",
        "lisi",
        '{"roles":["staff"],"suspended":false}',
    )


def test_a_call_that_runs_out_of_a_limit_is_told(make: Callable[..., Element]) -> None:
    seen: list[Report] = []
    element = make(observe=seen.append)
    with pytest.raises(CallStopped) as stopped:
        element.call("login.authorization-url", {"entry": "browser"}, limits=Limits(host_calls=1))
    assert stopped.value.limit == "host-calls"
    with pytest.raises(CallStopped) as stopped:
        element.call("login.authorization-url", {"entry": "browser"}, limits=Limits(memory=1 << 16))
    assert [(report.outcome, report.detail) for report in seen[2:3]] == [("stopped", "host-calls")]
    with pytest.raises(TypeError):
        element.call("directory.find-member", 1)
    assert seen[-1].outcome == "refused"
    assert element.authorization_url()["url"]
    assert seen[-1].outcome == "ok" and seen[-1].spent["host_calls"] > 0


def test_small_limits_take_more_calls(make: Callable[..., Element]) -> None:
    element = make(limits=Limits(requests=5, wall_ms=5_000, parallelism=1))
    assert synchronise(element)["members_total"] == 22


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("login.authorization-url",), "takes 1"),
        (("login.authorization-url", {"entry": "brwoser"}), "expected one of"),
        (("login.authorization-url", {"entry": "browser", "lang": "en"}), "no field 'lang'"),
        (("login.authorization-url", {}), "lacks 'entry'"),
        (("directory.find-member", 1), "class int"),
        (("directory.find-member", "\ud800"), "UTF-8"),
        (("directory.members", {"below": False}, None, -1), "expected 0 to"),
        (("directory.begin", Case("walk", "x")), "carries no value"),
        (("directory.begin", Case("other", "x\0")), None),
    ],
)
def test_arguments_that_do_not_fit_name_the_place(
    element: Element, arguments: tuple[Any, ...], words: str | None
) -> None:
    if words is None:
        with pytest.raises(OrganisationError):
            element.call(*arguments)
        return
    with pytest.raises((TypeError, ValueError), match=words):
        element.call(*arguments)


def test_the_component_never_has_the_secret(element: Element, simulator: Simulator) -> None:
    secret = simulator.document["secret"]
    assert secret not in element._configured.settings
    assert "secret://secret?v=" in element._configured.settings
    element.check_connection()
    # What is called through the component cannot get it back either.
    with pytest.raises(OrganisationError):
        element.call("vendor.call", {"method": "GET", "path": "/cgi-bin/gettoken", "query": []})
    answer = element.call(
        "vendor.call",
        {"method": "GET", "path": "/cgi-bin/agent/get", "query": [{"name": "agentid", "value": "1000073"}]},
    )
    assert answer["status"] == 200 and secret not in str(answer)


def test_a_document_that_changes_changes_what_may_be_reached(element: Element, simulator: Simulator) -> None:
    element.configure({**simulator.document, "apiBaseUrl": "http://127.0.0.1:1"})
    assert element.check_connection()[0]["status"] == "failed"
    element.configure(simulator.document)
    assert element.check_connection()[0]["status"] == "ok"


def test_elements_of_other_tenants_have_other_copies(make: Callable[..., Element]) -> None:
    one, other = make(tenant="one"), make(tenant="other")
    synchronise(one)
    assert one.members() and not other.members()


def test_threads_do_not_swap_their_failures(element: Element) -> None:
    wrong: list[Any] = []

    def ask(index: int) -> None:
        for _ in range(10):
            try:
                if index % 2:
                    element.call("element.describe", "en", limits=Limits(host_calls=0))
                    element.call("directory.find-member", "nobody", limits=Limits(host_calls=1))
                    wrong.append("no limit")
                else:
                    element.call("directory.overview")
            except CallStopped as stopped:
                if index % 2 == 0:
                    wrong.append(stopped)

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_members_who_leave_and_a_removal_that_needs_an_approval(element: Element, simulator: Simulator) -> None:
    synchronise(element)
    members = [member["id"] for member in element.members()]
    simulator.act("resign-member", id="lisi")
    report = synchronise(element)
    assert report["members"]["resigned"] + report["members"]["left_range"] == 1
    for member in members[:12]:
        if member != "lisi":
            simulator.act("resign-member", id=member)
    with pytest.raises(OrganisationError) as error:
        synchronise(element)
    assert error.value.reason == "mass-removal-blocked" and error.value.run
    assert error.value.detail["members"] >= 10
    assert synchronise(element, approve=error.value.run)["outcome"] == "complete"
