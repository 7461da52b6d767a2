"""`python -m organisation_host`: the same answers as the Rust program, and an exit status that scripts can use."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Simulator

from organisation_host.__main__ import main
from organisation_host.errors import ConfigurationError
from organisation_host.folder import ElementFolder


@pytest.fixture
def run(
    simulator: Simulator, component_file: Path, code_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Any:
    def command(*words: str, element: Path | None = None) -> tuple[int, Any]:
        status = main(
            [
                *("--element", str(element or simulator.folder), "--component", str(component_file)),
                *("--storage", str(tmp_path / "c.db"), "--code-cache", str(code_cache), "--allow-host", simulator.host),
                *words,
            ]
        )
        return status, json.loads(capsys.readouterr().out)

    return command


def test_answers_are_those_of_the_rust_program(run: Any, program: Path, simulator: Simulator, tmp_path: Path) -> None:
    def rust(*words: str) -> Any:
        command = [program, "--element", simulator.folder, "--allow-host", simulator.host, "--format", "json"]
        done = subprocess.run(
            [*command, "--storage", f"sqlite:{tmp_path / 'r.db'}", *words], capture_output=True, check=True
        )
        return json.loads(done.stdout)

    assert run("sync")[1]["members"] == rust("sync")["members"]
    for words in (["members"], ["departments"], ["member", "lisi"], ["describe", "--locale", "zh"]):
        assert run(*words) == (0, rust(*words)), words
    for role in ("staff", "admin"):
        assert run("roles", "lisi", "--set", role, "--actor", "me")[0] == 0
        rust("roles", "set", "lisi", role, "--actor", "me")
    decided = [run("audit")[1], rust("audit")]
    assert [len(each) for each in decided] == [2, 2]
    for ours, theirs in zip(*decided, strict=True):
        assert {k: ours[k] for k in ours if k not in ("id", "at")} == {
            k: theirs[k] for k in theirs if k not in ("cursor", "at")
        }
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{8,12}Z", each["at"]) for each in (ours, theirs))
    ours, theirs = run("check")[1]["aspects"], rust("check")["aspects"]
    for key in ("aspect", "status", "code", "message", "hint", "vendor_code", "console_url"):
        assert [each[key] for each in ours] == [each[key] for each in theirs], key
    assert run("validate")[1].items() <= rust("validate").items()
    assert [change["record"] for change in run("changes")[1]["changes"]] == [
        change["record"] for change in rust("changes")["changes"]
    ]


def test_the_exit_status_says_what_happened(run: Any, tmp_path: Path, simulator: Simulator) -> None:
    assert run("member", "nobody")[0] == 1
    assert run("member", "nobody")[1]["error"]["reason"] == "not-found"
    broken = tmp_path / "Broken"
    broken.mkdir()
    (broken / "e.json").write_text('{"type": "corps.WecomElement", "title": "x"}')
    (broken / "Broken.json").write_text(json.dumps({**simulator.document, "agentId": "x"}))
    assert run("validate", element=broken)[0] == 2
    assert run("login-url", element=broken)[1]["error"]["reason"] == "invalid-config"
    assert run("validate", element=tmp_path / "none") == (
        2,
        {
            "error": {
                "reason": "usage",
                "message": f"{tmp_path / 'none'} is no folder",
                "hint": None,
                "vendor_code": None,
            }
        },
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["function", "directory.find-member", "lisi"], "argument 1 is no JSON"),
        (["function", "directory.find-member", "[" * 100_000], "argument 1 is no JSON"),
        (["function", "directory.find-member"], "takes 1 arguments"),
        (["function", "directory.nothing"], "does not export"),
        (["call", "GET", "/x", "--query", "a"], "not NAME=VALUE"),
        (["--allow-host", "a/b", "check"], "write host, host:port"),
        (["--component", __file__, "check"], "no component"),
        (["--component", "/nowhere", "check"], "cannot be read"),
        (["--env", "NO_SUCH_VARIABLE", "check"], "not set"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(run: Any, words: list[str], message: str) -> None:
    status, answer = run(*words)
    assert (status, answer["error"]["reason"]) == (2, "usage")
    assert message in answer["error"]["message"]


def test_a_sign_in_by_hand(run: Any, simulator: Simulator) -> None:
    url = run("login-url", "--entry", "workspace", "--return-to", "/x")[1]["url"]
    code, state = simulator.sign_in(url, "lisi")
    status, exchange = run("exchange", "--code", code, "--state", state)
    assert (status, exchange["outcome"], exchange["member"]["id"], exchange["return_to"]) == (0, "member", "lisi", "/x")


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ('{"a": "{{X}}"}', {"X": '"},{'}, {"a": '"},{'}),
        ('{"a": "{{X}}"}', {"X": "{{Y}}", "Y": "no"}, {"a": "{{Y}}"}),
        ('{"a": ["x{{X}}"], "b": 1}', {"X": "1"}, {"a": ["x1"], "b": 1}),
        ('{"a": "{{X}}"}', {}, "not granted"),
        ('{"a": "{{ X }}"}', {"X": "1"}, "without a variable"),
        ('{"a": 1, "a": 2}', {}, "stands twice"),
        ("[]", {}, "no JSON object"),
        ("{", {}, "line 1"),
        ("[" * 100_000, {}, "nested|JSON|line"),
    ],
)
def test_folders_are_read_with_suspicion(tmp_path: Path, text: str, variables: dict[str, str], expected: Any) -> None:
    folder = tmp_path / "E"
    folder.mkdir()
    (folder / "e.json").write_text('{"type": "t", "title": "x"}')
    (folder / "E.json").write_text(text)
    if isinstance(expected, dict):
        assert ElementFolder.load(folder, variables).document == expected
    else:
        with pytest.raises(ConfigurationError, match=expected):
            ElementFolder.load(folder, variables)
    os.remove(folder / "E.json")
    with pytest.raises(ConfigurationError, match="missing"):
        ElementFolder.load(folder, variables)


def test_ctrl_c_ends_a_sync_that_goes_on_at_the_next_call(
    run: Any, component_file: Path, code_cache: Path, simulator: Simulator, tmp_path: Path
) -> None:
    # The vendor is slow, so that the sync is under way for long enough.
    simulator.act("latency", milliseconds=5_000)
    options = ["--element", simulator.folder, "--component", component_file, "--allow-host", simulator.host]
    command = [sys.executable, "-m", "organisation_host", *options, "--code-cache", code_cache, "--storage"]
    process = subprocess.Popen(
        [*command, tmp_path / "c.db", "sync"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What a shell starts in the background ignores the signal, and hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not (tmp_path / "c.db").exists():
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, json.loads(out)["error"]["reason"], err) == (130, "interrupted", b"")
    simulator.act("latency", milliseconds=0)
    assert run("sync")[0] == 0
