"""Texts of a component and of a vendor, where people read them: no line of a log is forged, and no terminal obeys them."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from test_limits import HOSTILE, LIMITS
from vectors import Vendor
from wasmtime import wat2wasm

from organisation_host import Component, Engine, HostError, view
from organisation_host.__main__ import main
from organisation_host.call import Call
from organisation_host.element import Element
from organisation_host.limits import LOG_FIELD, LOG_LINES, Limits
from organisation_host.visible import field, quoted, visible

UNSEEN = ["\x7f", "\x9b31m", "\x85", "\u2028", "\u202e", "\u2066", "\u200b", "\ufeff", "\ud800"]


@pytest.mark.parametrize("text", [*UNSEEN, "\x1b[2J", "\n", "企业 李四 Ünü 😀 \u3000", '"\\'])
def test_a_quoted_text_means_the_same_and_moves_nothing(text: str) -> None:
    assert json.loads(quoted(text)) == text
    assert not any(each in quoted(text) for each in [*UNSEEN, "\x1b", "\n"])
    assert visible("企业 李四 Ünü 😀 \u3000") == "企业 李四 Ünü 😀 \u3000"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("run-id", 'run-id="v"'),
        ("a\ntenant=other call=1 message", '"a\\ntenant=other call=1 message"="v"'),
        ("\x9b2J", '"\\u009b2J"="v"'),
        ("x" * 65, f'"{"x" * 65}"="v"'),
        ("", '""="v"'),
    ],
)
def test_the_name_of_a_field_forges_no_line(name: str, shown: str) -> None:
    assert field(name, "v") == shown


def test_a_component_writes_its_lines_on_one_line_each(
    element: Element, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The component itself logs what is harmless, so what it hands over is replaced at the border."""

    def hostile(self: Call, arguments: tuple[Any, ...]) -> Any:
        self.write_log("warn", "a\nb\x9b", [("x\ny", "z\u2028")])
        raise RuntimeError

    monkeypatch.setattr(Call, "run", hostile)
    with caplog.at_level(logging.DEBUG, "organisation_host.component"), pytest.raises(RuntimeError):
        element.call("directory.overview")
    (message,) = caplog.messages
    assert message.endswith('message="a\\nb\\u009b" "x\\ny"="z\\u2028"') and len(message.splitlines()) == 1


def test_lines_and_fields_without_text_are_not_kept_without_end(engine: Engine) -> None:
    def lines(body: str, limits: Limits) -> tuple[int, int, int]:
        code = wat2wasm(HOSTILE.replace("BODY", f"(local $n i32) {body}"))
        call = Call(Component(engine, bytes(code)), "element.describe", None, limits, lambda *_: None, lambda: 0)
        call.run(("en",))
        return call.log_lines, call.log_lines_dropped, call.budget.remaining()["log_bytes"]

    loop = """(loop $l (call $write (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 16) (i32.const FIELDS))
      (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const TIMES))))"""
    many = loop.replace("FIELDS", "0").replace("TIMES", str(LOG_LINES + 5))
    assert lines(many, Limits(host_calls=2_000)) == (LOG_LINES, 5, 0)
    # Each line has two fields without a text.
    few = loop.replace("FIELDS", "2").replace("TIMES", "5")
    limit = Limits(**{**{name: getattr(LIMITS, name) for name in LIMITS.__slots__}, "log_bytes": 7 * LOG_FIELD})
    assert lines(few, limit) == (3, 2, LOG_FIELD)


@pytest.mark.parametrize(
    "body",
    [
        '{"errcode":0,"name":"\x9b2J\u202e\u2028"}',
        '{"errcode":0,"name":"\\ud800"}',
        '{"errcode":0,"deep":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"errcode":0,"deep":' + "[" * 400 + "]" * 400 + "}",
        '{"errcode":0,"number":' + "9" * 5_000 + "}",
        '{"errcode":0,"number":NaN}',
        '{"errcode":0,"number":1e999}',
        '{"errcode":0',
        "[" * 5_000,
    ],
    ids=range(9),
)
def test_whatever_the_vendor_answers_the_command_prints_one_document(
    body: str, tmp_path: Path, component_file: Path, code_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor = Vendor()
    folder = tmp_path / "Wecom"
    folder.mkdir()
    document = {
        "corpId": "ww0123456789abcdef",
        "agentId": "1000002",
        "secret": "nJ3vX9kQz81bYw-nJ3vX9kQz81bYw_nJ3vX9kQz81bY",
        "apiBaseUrl": f"http://127.0.0.1:{vendor.port}",
        "redirectUri": "https://app.example.com/callback",
    }
    (folder / "e.json").write_text('{"type": "corps.WecomElement", "title": "x"}')
    (folder / "Wecom.json").write_text(json.dumps(document))
    vendor.told(
        {
            "GET /cgi-bin/gettoken": {
                "json": {"errcode": 0, "errmsg": "ok", "access_token": "token-of-nobody", "expires_in": 7200}
            },
            "GET /cgi-bin/agent/get": {"text": body},
        }
    )
    try:
        status = main(
            [
                *("--element", str(folder), "--component", str(component_file), "--code-cache", str(code_cache)),
                *("--storage", str(tmp_path / "c.db"), "--allow-host", f"127.0.0.1:{vendor.port}"),
                *("call", "GET", "/cgi-bin/agent/get", "--query", "agentid=1000002"),
            ]
        )
    finally:
        vendor.close()
    out = capsys.readouterr().out
    json.loads(out, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))
    assert status in (0, 1), out[:2_000]
    out.encode()
    assert not any(each in out for each in UNSEEN)


@pytest.mark.parametrize("milliseconds", [2**63, 2**64 - 1, 10**15])
def test_an_instant_that_no_calendar_has_is_said_to_be_none(milliseconds: int) -> None:
    with pytest.raises(HostError, match=str(milliseconds)):
        view.instant(milliseconds)
