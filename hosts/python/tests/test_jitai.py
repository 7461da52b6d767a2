"""The folders for JitAI, under a stand-in of its loader, against the simulated vendor."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import secrets
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import platform_stand_in as platform
import pytest
from conftest import ROOT, Simulator
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from flask import Flask, request

TOKEN, AES_KEY = "token1", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
CORP = "ww21c67da6767865c2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, component_file: Path) -> Path:
    made = tmp_path_factory.mktemp("app")
    # An app that the platform made, and the folders copied into it; twice, as after an upgrade.
    (made / "app.json").write_text(
        json.dumps({"appId": "example.App", "extends": [{"appId": "a.Framework", "version": "1.0.0"}]})
    )
    for _ in range(2):
        subprocess.run([ROOT / "hosts/python/jitai/pack", component_file, made], check=True)
    return made


@pytest.fixture
def app(folder: Path, simulator: Simulator, tmp_path: Path, code_cache: Path) -> Iterator[platform.App]:
    document = simulator.document
    extra = {key: document[key] for key in ("apiBaseUrl", "loginBaseUrl", "oauthBaseUrl")}
    callback = {"callback": {"token": TOKEN, "encodingAESKey": AES_KEY}}
    for path, more in (("corps", {**extra, **callback}), ("auths/loginTypes", {**extra, **callback})):
        file = folder / path / "MyWecom" / "MyWecom.json"
        sample = json.loads((ROOT / "hosts/python/jitai" / path / "MyWecom/MyWecom.json").read_text())
        file.write_text(json.dumps({**sample, **more}))
    variables = {
        "WECOM_CORP_ID": document["corpId"], "WECOM_AGENT_ID": str(document["agentId"]), "WECOM_SECRET": document["secret"],
        "WECOM_REDIRECT_URI": document["redirectUri"], "WECOM_ALLOW_HOSTS": simulator.host,
    }  # fmt: skip
    # Compiling anew for each test takes longer than all of them.
    data = tmp_path / "example/App/0_1_0/appData"
    data.mkdir(parents=True)
    (data / "organisation-code").symlink_to(code_cache)
    with platform.running(folder, tmp_path, variables) as app:
        yield app


def test_the_folders_hold_one_package_and_no_app(folder: Path, tmp_path: Path, component_file: Path) -> None:
    assert len(list(folder.rglob("organisation_host"))) == 1
    subprocess.run([ROOT / "hosts/python/jitai/pack", component_file, tmp_path / "new"], check=True)
    assert not (tmp_path / "new/app.json").exists()


def test_an_app_without_the_framework_has_no_types(folder: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "app.json").write_text('{"appId": "example.App", "extends": []}')
    for path in ("corps", "auths", "services", "tasks"):
        (bare / path).symlink_to(folder / path)
    with pytest.raises(LookupError, match=r"corps\.Meta"), platform.running(bare, tmp_path, {}) as app:
        app.getElement("corps.MyWecom")


@pytest.fixture
def corp(app: platform.App) -> Any:
    app.create("corps.MyWecom")
    return app.getElement("corps.MyWecom")


@pytest.fixture
def login(app: platform.App) -> Any:
    return app.getElement("auths.loginTypes.MyWecom")


def test_creating_an_instance_syncs(corp: Any) -> None:
    info = corp.getCorpInfo()
    assert (info["title"], info["fullName"], info["corpId"]) == ("我的企业微信", "corps.MyWecom", CORP)
    assert (info["memberCount"], info["sync"]["state"]) == (22, "complete")
    assert corp.corpFullName == corp.fullName == "corps.MyWecom" and corp.authFullName == "auths.loginTypes.MyWecom"
    assert corp.initCorp() is None and corp.syncCorp() is None


def test_the_secret_is_never_handed_out(corp: Any, login: Any, simulator: Simulator) -> None:
    shown = str(
        [
            corp.authConfig,
            corp.corpData,
            login.authConfig,
            login.getLoginConfig(),
            corp.selfCheck(),
            corp.checkConnection(),
        ]
    )
    assert simulator.document["secret"] not in shown and corp.authConfig["corpId"] == CORP


def test_the_organisation_in_every_documented_shape(corp: Any) -> None:
    third = corp.getThirdCorpData()
    assert third["userDict"]["lisi"]["name"] == "李四" and third.userDict is third["userDict"]
    assert third.corpId == CORP and {"deptList", "deptDict", "corpName"} <= set(third)
    assert corp.bulkRegister(third) is None
    local = corp.getLocalCorpData()
    assert set(local) == {
        "corp",
        "userList",
        "deptList",
        "deptMemberList",
        "roleList",
        "roleGroupList",
        "roleMemberSet",
    }
    assert len(local["userList"]) == 22
    paths = {row["deptId"]: row["path"] for row in local["deptList"]}
    assert paths["21"] == "2/21"
    assert corp.getRootDept().deptId.value and corp.getRootDept().corpFullName.value == "corps.MyWecom"
    assert corp.getDept("21")["parentId"] == "2" and corp.getMember("lisi")["department"] == ["21"]
    assert len(corp.getDepts()) == 6 and len(corp.getMembers()) == len(corp.getMembers("active")) == 22
    assert corp.getMembers("offline") == []


@pytest.mark.parametrize(
    ("spellings", "found"),
    [((1, "1", "active", "在职", platform.Typed("active")), 22), ((2, "2", "offline", "离职"), 0)],
)
def test_a_status_is_known_in_every_spelling_and_no_other(corp: Any, spellings: tuple[Any, ...], found: int) -> None:
    for spelt in spellings:
        assert len(corp.getMembers(spelt)) == found, spelt
    with pytest.raises(platform.Code) as refused:
        corp.getMembers("aktiv")
    assert refused.value.code == 9610006


def test_arguments_may_be_data_types_of_the_platform(corp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []
    rows = sys.modules["corps.WecomElement.rows"]
    monkeypatch.setattr(rows, "WRITES", True)
    monkeypatch.setattr(rows, "_write", lambda app, model, values: written.append((model, values)))
    third = platform.Typed(dict(corp.getThirdCorpData()))
    assert corp.bulkRegister(third, platform.Typed([platform.Typed("lisi")])) is None
    (_, departments), (_, members) = written
    assert len(departments) == 6 and [member["memberId"] for member in members] == ["lisi"]
    assert set(members[0]) == {
        "memberId", "name", "nick", "phone", "email", "photo", "gender", "status", "corpFullName",
    }  # fmt: skip


def test_roles_administrators_and_signatures(corp: Any) -> None:
    rows = corp.setUserRole("lisi", ["staff", "boss"])
    assert sorted((row.memberId.value, row.roleId.value) for row in rows) == [("lisi", "boss"), ("lisi", "staff")]
    assert [row.roleId.value for row in corp.setUserRole(memberId=platform.RowField("lisi"), roleIdList=["staff"])] == [
        "staff"
    ]
    assert corp.setAdmin(["ZhangSan"]) == {} and corp.getAdmin() == ["ZhangSan"]
    assert corp.getUserSignature("lisi") == {"signature": ""}
    assert corp.saveUserSignature("lisi", "https://a.example/s.png") == {"status": "success"}
    assert corp.getUserSignature("lisi") == {"signature": "https://a.example/s.png"}
    assert corp.offlineMember(["lisi"]) is None
    assert [row["memberId"] for row in corp.getMembers("offline")] == ["lisi"] and corp.getMember("lisi")["status"] == 2
    with pytest.raises(platform.Code) as code:
        corp.offlineMember(["ZhangSan"])
    assert "ZhangSan" in code.value.reason


def test_errors_are_codes_with_a_number_for_each_reason(corp: Any) -> None:
    with pytest.raises(platform.Code) as code:
        corp.getMember("nobody")
    assert code.value.code == 9610005 and code.value.reason
    with pytest.raises(platform.Code) as code:
        corp.getClient().call("GET", "/cgi-bin/gettoken")
    assert code.value.code == 9610006


def test_the_api_is_called_without_a_token(corp: Any) -> None:
    assert {department["id"] for department in corp.getClient().department.list()} >= {2, 21}


def test_resigning_and_an_approval(corp: Any, simulator: Simulator) -> None:
    members = [row["memberId"] for row in corp.getMembers()]
    for member in members[:12]:
        simulator.act("resign-member", id=member)
    with pytest.raises(platform.Code) as code:
        corp.syncCorp()
    assert code.value.code == 9610011
    run = code.value.reason.split("[run ")[1].rstrip("]")
    assert corp.approveSync(run) is None
    assert len(corp.getMembers("active")) == 10


def test_signing_in_by_qr_code_and_from_the_workspace(corp: Any, login: Any, simulator: Simulator) -> None:
    config = login.getLoginConfig()
    assert set(config) == {"corpId", "agentId", "redirectUri", "state"}
    code, state = simulator.sign_in(login.getLoginUrl("browser", "/home"), "lisi")
    who = login.getLoginCode(authCode=code, state=state)
    assert (who["userId"], who["name"], who["department"], who["returnTo"]) == ("lisi", "李四", ["21"], "/home")
    assert {"mobile", "email", "avatar", "position", "gender", "status", "isLeader", "loginCode", "corpList"} <= set(
        who
    )
    code, state = simulator.sign_in(login.getLoginUrl("workspace"), "lisi")
    assert login.getLoginCode(code=code, state=state, platform="web", loginType="workbench")["userId"] == "lisi"
    # As front ends of other vendors do.
    code, state = simulator.sign_in(login.getLoginUrl("workspace"), "lisi")
    assert login.getLoginCode({"code": code, "state": state, "loginType": "qr", "platform": "web"})["userId"] == "lisi"
    with pytest.raises(platform.Code) as refused:
        login.getLoginCode(authCode=code, state="unknown")
    assert refused.value.code == 9610004
    with pytest.raises(platform.Code) as refused:
        login.getLoginCode(authCode=code, state=state, corpId="ww0000000000000000")
    assert refused.value.code == 9610004


def test_a_login_is_called_over_http_by_the_names_of_its_list_alone(
    corp: Any, login: Any, simulator: Simulator
) -> None:
    def asked(function: str, **arguments: Any) -> Any:
        path = f"/api/example/App/auths/loginTypes/MyWecom/{function}"
        return login.requestHandle(SimpleNamespace(path=path, argsDict=arguments))

    assert asked("getLoginConfig")["corpId"] == CORP
    code, state = simulator.sign_in(login.getLoginUrl(), "lisi")
    assert asked("getLoginCode", authCode=code, state=state)["userId"] == "lisi"
    listed = json.loads((ROOT / "hosts/python/jitai/auths/loginTypes/WecomElement/e.json").read_text())["functionList"]
    assert tuple(each["name"] for each in listed) == sys.modules["auths.loginTypes.WecomElement.login"].FUNCTIONS
    for other in ("getUserInfo", "node", "__init__", "syncDepartmentInfo"):
        with pytest.raises(platform.Code) as refused:
            asked(other)
        assert refused.value.code == 9610013, other


@pytest.mark.parametrize("off", [False, 0, "0", "false"])
def test_a_login_that_is_switched_off_signs_nobody_in(app: platform.App, login: Any, folder: Path, off: Any) -> None:
    file = folder / "auths/loginTypes/MyWecom/MyWecom.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "isActive": off}))
    with pytest.raises(platform.Code, match="switched off"):
        login.getLoginCode("code", "state")


def test_a_constant_state_signs_in_from_the_workspace_alone(
    corp: Any, login: Any, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def come() -> str:
        return simulator.sign_in(login.getLoginUrl("workspace"), "lisi")[0]

    with pytest.raises(platform.Code) as refused:
        login.getLoginCode(authCode=come(), state=CORP)
    assert refused.value.code == 9610004
    seen: list[dict[str, Any]] = []
    module = sys.modules["auths.loginTypes.WecomElement.login"]
    monkeypatch.setattr(module, "issue_login", lambda node, identity: seen.append(identity) or {})
    assert login.loginByWorkbench(corpId=CORP, code=come())["stateVerified"] is False
    code, state = simulator.sign_in(login.getLoginUrl("workspace"), "lisi")
    assert login.loginByWorkbench(corpId=CORP, code=code, state=state)["stateVerified"] is True
    assert [identity["stateVerified"] for identity in seen] == [False, True]


def test_the_workspace_ends_where_the_platform_issues_its_own_login(
    corp: Any, login: Any, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def come() -> tuple[str, str]:
        return simulator.sign_in(login.getLoginUrl("workspace"), "lisi")

    code, state = come()
    with pytest.raises(platform.Code) as refused:
        login.loginByWorkbench(CORP, code, "mobile", state=state)
    assert refused.value.code == 9610018
    module = sys.modules["auths.loginTypes.WecomElement.login"]
    monkeypatch.setattr(module, "issue_login", lambda node, identity: {"token": f"of {identity['userId']}"})
    code, state = come()
    assert login.loginByWorkbench(corpId=CORP, code=code, state=state)["token"] == "of lisi"


def test_login_asks_for_members_and_hands_out_no_token(corp: Any, login: Any) -> None:
    assert login.getUserInfo("lisi")["position"]
    assert login.syncUserInfo("lisi", forceUpdate=True) is None and login.syncDepartmentInfo("21") is None
    assert login.syncDepartmentInfo() is None
    with pytest.raises(platform.Code) as refused:
        login.getAccessToken()
    assert refused.value.code == 9610013 and "getClient" in refused.value.reason


def test_instances_of_the_official_types_work_unchanged(app: platform.App, folder: Path) -> None:
    for path, kind in (("corps", "corps.QywxInnerType"), ("auths/loginTypes", "auths.loginTypes.QywxInnerType")):
        instance = folder / path / "Old"
        instance.mkdir(exist_ok=True)
        (instance / "e.json").write_text(json.dumps({"title": "旧", "type": kind}))
        (instance / "config.json").write_text((folder / path / "MyWecom/MyWecom.json").read_text())
    app.create("corps.Old")
    assert app.getElement("corps.Old").getMember("lisi")["name"] == "李四"
    assert app.getElement("auths.loginTypes.Old").getLoginConfig()["corpId"] == CORP


def test_the_task_syncs(corp: Any, app: platform.App) -> None:
    from tasks.SyncMyWecom.inner import customFunc

    assert customFunc() is None


def test_messages_and_approvals(corp: Any, app: platform.App, simulator: Simulator) -> None:
    service = app.getElement("services.WecomMessages")
    sent = service.sendText(["lisi"], "你好", "once")
    assert sent["delivery"] == "yes" and service.sendText(["lisi"], "你好", "once")["messageIds"] == sent["messageIds"]
    assert "你好" in str(simulator.look("inbox?member=lisi"))
    simulator.act("apply", member="lisi", template="3TkSimPurchase00000001")
    number = simulator.look("approvals")[0]["number"] if isinstance(simulator.look("approvals"), list) else None
    number = number or str(next(iter(_numbers(simulator.look("approvals")))))
    assert service.approval(number)["status"] == "pending"
    assert corp.getApprovalTemplate("3TkSimPurchase00000001")["controls"]


def _numbers(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("number", "sp_no"):
                yield str(each)
            yield from _numbers(each)
    elif isinstance(value, list):
        for each in value:
            yield from _numbers(each)


def encrypted(text: str) -> tuple[str, dict[str, str]]:
    """What WeCom sends: the encrypted text and the signed query."""
    key = base64.b64decode(AES_KEY + "=")
    data = secrets.token_bytes(16) + struct.pack(">I", len(text.encode())) + text.encode() + CORP.encode()
    data += bytes([32 - len(data) % 32]) * (32 - len(data) % 32)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    cipher = base64.b64encode(encryptor.update(data) + encryptor.finalize()).decode()
    stamp = str(int(__import__("time").time()))
    signature = hashlib.sha1("".join(sorted([TOKEN, stamp, "nonce1", cipher])).encode()).hexdigest()
    return cipher, {"msg_signature": signature, "timestamp": stamp, "nonce": "nonce1"}


EVENT = (
    f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[lisi]]></FromUserName><CreateTime>1700000000</CreateTime>"
    "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[hello]]></Content><MsgId>4711</MsgId><AgentID>1000073</AgentID></xml>"
)


@pytest.mark.parametrize("parsed", [False, True])
def test_callbacks_are_answered_to_the_byte_and_become_events(corp: Any, app: platform.App, parsed: bool) -> None:
    service, web = app.getElement("services.WecomCallback"), Flask("callbacks")
    path = "/api/example/App/services/WecomCallback/wecom"
    echo, query = encrypted("an-echo")
    with web.test_request_context(path, query_string={**query, "echostr": echo}):
        answer = service.requestHandle(request)
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "an-echo")
    cipher, query = encrypted(EVENT)
    body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><AgentID>1000073</AgentID><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
    for _ in range(2):
        with web.test_request_context(path, method="POST", query_string=query, data="" if parsed else body):
            if parsed:
                # A filter of the platform has read the XML.
                request.argsDict = {"xml": {"ToUserName": CORP, "AgentID": "1000073", "Encrypt": cipher}}  # type: ignore[attr-defined]
            answer = service.requestHandle(request)
        assert answer.status_code == 200
    # A delivery that is repeated gives no events.
    ((name, event),) = app.events
    assert name == "WecomEvent" and event["member"] == "lisi" and event["happening"]["value"]["text"] == "hello"
    with web.test_request_context(path, method="POST", query_string={**query, "nonce": "other"}, data=body):
        assert service.requestHandle(request).status_code in (400, 401, 403)
    with web.test_request_context(path.replace("/wecom", "/_element"), method="POST"):
        assert service.requestHandle(request).status_code == 404


class Organisation:
    """Keeps what the service hands on, and leaves what it is told to."""

    def __init__(self, events: list[dict[str, Any]] = [], tasks: list[dict[str, Any]] = []) -> None:  # noqa: B006
        self.events, self.tasks = events, tasks
        self.bodies: list[bytes] = []
        self.begun, self.go_on = threading.Semaphore(0), threading.Event()
        self.followed: list[str] = []

    def handleCallback(self, route: str, method: str, query: str, headers: Any, body: bytes) -> Any:
        self.bodies.append(body)
        return {"status": 200, "body": ("text", "success")}, self.events, self.tasks

    def followUp(self, task: dict[str, Any]) -> list[dict[str, Any]]:
        self.followed.append(task["subject"])
        self.begun.release()
        assert self.go_on.wait(30)
        return []


def posted(app: platform.App, organisation: Organisation, data: Any, **more: Any) -> int:
    app._elements["corps.MyWecom"] = organisation  # type: ignore[assignment]
    service = app.getElement("services.WecomCallback")
    with Flask("callbacks").test_request_context("/services/WecomCallback/wecom", method="POST", data=data, **more):
        return service.requestHandle(request).status_code  # type: ignore[no-any-return]


def test_a_body_is_handed_on_as_it_arrived_and_a_large_one_is_not_read(app: platform.App) -> None:
    organisation = Organisation()
    assert posted(app, organisation, b"\xff<xml/>") == 200
    assert posted(app, organisation, b"x" * (1 << 20)) == 200
    assert posted(app, organisation, b"x" * ((1 << 20) + 1)) == 413
    endless = io.BufferedReader(open("/dev/zero", "rb", buffering=0))  # noqa: SIM115
    with endless:
        chunked = {"input_stream": endless, "environ_overrides": {"wsgi.input_terminated": True}}
        assert posted(app, organisation, None, **chunked) == 413
    assert organisation.bodies == [b"\xff<xml/>", b"x" * (1 << 20)]
    carried = sys.modules["corps.WecomElement.organisation"]._carried
    assert (carried(b"text"), carried(b"\xff")) == (("text", "text"), ("base64", "/w=="))


def test_a_failing_listener_loses_neither_events_nor_follow_ups_and_equal_ones_wait_once(app: platform.App) -> None:
    task = {"kind": "refresh-member", "not_before": None}
    tasks = [{**task, "subject": subject} for subject in ("a", "b", "c", "c", "d")]
    organisation = Organisation([{"id": "e1"}, {"id": "e2"}], tasks)
    app.refused = {"e1"}
    try:
        assert posted(app, organisation, b"x") == 200
        assert [event["id"] for _, event in app.events] == ["e2"]
        # Two are under way, the others wait.
        assert organisation.begun.acquire(timeout=30) and organisation.begun.acquire(timeout=30)
        organisation.tasks = tasks[2:4]
        assert posted(app, organisation, b"x") == 200
    finally:
        organisation.go_on.set()
    assert organisation.begun.acquire(timeout=30) and organisation.begun.acquire(timeout=30)
    sys.modules["services.WecomCallback.service"]._threads.shutdown()
    assert sorted(organisation.followed) == ["a", "b", "c", "d"]


def test_a_variable_that_is_missing_is_named(app: platform.App) -> None:
    del app.envVars["WECOM_SECRET"]
    with pytest.raises(platform.Code) as code:
        app.getElement("corps.MyWecom").syncCorp()
    assert "WECOM_SECRET" in code.value.reason
    assert os.environ.get("WECOM_SECRET") is None
