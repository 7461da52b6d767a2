"""Requests on their way: a server on loopback that behaves as a test wants."""

from __future__ import annotations

import base64
import datetime
import gzip
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from organisation_host.budget import Budget
from organisation_host.egress import Client, Operator, Policy
from organisation_host.egress.answer import Body
from organisation_host.egress.policy import Checked, Proxy
from organisation_host.egress.url import read
from organisation_host.limits import Limits


class NoSecrets:
    def fill(self, checked: Checked) -> Checked:
        return checked

    def redact(self, headers: Any, body: bytes) -> Any:
        return headers, body


Handle = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(handle: Handle, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            handle(self)

        do_POST = do_CONNECT = do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    running = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        running.socket = tls.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def answer(handler: BaseHTTPRequestHandler, body: bytes = b"ok", status: int = 200, **headers: str) -> None:
    length = int(handler.headers.get("content-length") or 0)
    handler.rfile.read(length)
    handler.send_response(status)
    for name, value in {"content_length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


def ask(
    url: str,
    written: list[str] | None = None,
    limits: Limits | None = None,
    budget: Budget | None = None,
    proxy: Proxy | None = None,
    verify: ssl.SSLContext | None = None,
    times: int = 1,
    **fields: Any,
) -> Any:
    destination = read(url).destination
    operator = Operator(written or [f"{destination.host_text}:{destination.port}"])
    client = Client(Policy([destination], operator, proxy), NoSecrets(), verify)
    request = {
        "method": "GET", "url": url, "headers": [], "body": None, "expect": "text", "timeout_ms": None, "max_bytes": None,
        **fields,
    }  # fmt: skip
    try:
        answers = client.send_all([request] * times, budget or Budget(limits or Limits()))
    finally:
        client.close()
    return answers if times > 1 else answers[0]


def failure(outcome: Any) -> tuple[str, Any, bool]:
    assert outcome.tag == "err", outcome
    return (*outcome.value["failure"], outcome.value["may_have_reached_server"])


def test_an_answer_comes_back_as_it_is() -> None:
    def handle(handler: BaseHTTPRequestHandler) -> None:
        answer(handler, "ä".encode(), 302, Location="http://127.0.0.1:1/", X="1")

    with server(handle) as host:
        outcome = ask(f"http://{host}/a")
    headers = {header["name"]: header["value"] for header in outcome.value["headers"]}
    assert (outcome.value["status"], outcome.value["body"], headers["location"]) == (
        302,
        ("text", "ä"),
        "http://127.0.0.1:1/",
    )


@pytest.mark.parametrize(
    ("body", "expect", "shown"),
    [(b"x", "bytes", ("base64", "eA==")), (b"\xff", "text", ("base64", "/w==")), (b"", "text", ("text", ""))],
)
def test_bodies_are_text_or_base64(body: bytes, expect: str, shown: Any) -> None:
    with server(lambda handler: answer(handler, body)) as host:
        assert ask(f"http://{host}/", expect=expect).value["body"] == shown


def test_a_request_arrives_as_it_was_written() -> None:
    seen: list[Any] = []

    def handle(handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        seen.append((handler.command, handler.path, dict(handler.headers), body))
        del handler.headers["content-length"]
        answer(handler)

    with server(handle) as host:
        for body in (("text", "ä"), ("bytes", "ä".encode()), ("base64", base64.b64encode("ä".encode()).decode())):
            ask(f"http://{host}/p?q=%20", method="POST", headers=[{"name": "X-A", "value": "1"}], body=body)
    for method, path, headers, body in seen:
        assert (method, path, body) == ("POST", "/p?q=%20", "ä".encode())
        assert (headers["host"], headers["X-A"], headers["accept-encoding"]) == (host, "1", "gzip")


def test_gzip_comes_decompressed() -> None:
    body = gzip.compress(b"one") + gzip.compress(b"two")
    with server(lambda handler: answer(handler, body, Content_Encoding="gzip")) as host:
        outcome = ask(f"http://{host}/")
    assert outcome.value["body"] == ("text", "onetwo")
    assert not {"content-encoding", "content-length"} & {header["name"] for header in outcome.value["headers"]}
    with server(lambda handler: answer(handler, b"x", Content_Encoding="br")) as host:
        assert "content-encoding" in {header["name"] for header in ask(f"http://{host}/").value["headers"]}
    with server(lambda handler: answer(handler, body[:-4], Content_Encoding="gzip")) as host:
        assert failure(ask(f"http://{host}/")) == ("other", "broken-answer", True)


def test_an_answer_of_empty_members_is_copied_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [0]

    class Counted:
        def __init__(self, real: Any) -> None:
            self._real = real

        def decompress(self, data: bytes, most: int) -> Any:
            given[0] += len(data)
            return self._real.decompress(data, most)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    real = zlib.decompressobj
    monkeypatch.setattr("organisation_host.egress.answer.zlib.decompressobj", lambda kind: Counted(real(kind)))
    body = Body(1 << 20, gzip=True, count=lambda _: None, shown="it")
    data = gzip.compress(b"") * 3_000 + gzip.compress(b"end")
    body.add(data)
    assert body.finish() == b"end"
    assert given[0] < 100 * len(data)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"x" * 2_000, {}),
        (gzip.compress(bytes(10_000_000)), {"Content_Encoding": "gzip"}),
        (gzip.compress(b"") * 100, {"Content_Encoding": "gzip"}),
    ],
)
def test_a_large_answer_stops_at_the_limit(body: bytes, headers: dict[str, str]) -> None:
    with server(lambda handler: answer(handler, body, **headers)) as host:
        assert failure(ask(f"http://{host}/", max_bytes=1_000)) == ("too-large", 1_000, True)
        assert failure(ask(f"http://{host}/", limits=Limits(largest_response=1_000))) == ("too-large", 1_000, True)


def test_a_batch_shares_the_bytes_of_the_call_and_the_memory_of_the_component() -> None:
    with server(lambda handler: answer(handler, b"x" * 1_000)) as host:
        for limits in (Limits(bytes_in=2_500, parallelism=1), Limits(memory=2_500, parallelism=1)):
            outcomes = ask(f"http://{host}/", limits=limits, times=4)
            assert [outcome.tag for outcome in outcomes[:2]] == ["ok", "ok"]
            assert failure(outcomes[2])[0] == "budget-exhausted"


def test_requests_and_bytes_out_are_counted() -> None:
    budget = Budget(Limits(requests=3))
    with server(answer) as host:
        outcomes = ask(f"http://{host}/", budget=budget, times=5)
        assert [outcome.tag for outcome in outcomes] == ["ok"] * 3 + ["err"] * 2
        assert failure(outcomes[4]) == ("budget-exhausted", None, False)
        assert budget.remaining()["requests"] == 0
        assert failure(ask(f"http://{host}/", limits=Limits(bytes_out=10)))[0] == "budget-exhausted"


def test_requests_of_a_batch_run_side_by_side() -> None:
    together = threading.Barrier(4, timeout=20)

    def handle(handler: BaseHTTPRequestHandler) -> None:
        together.wait()
        answer(handler)

    with server(handle) as host:
        assert [outcome.tag for outcome in ask(f"http://{host}/", times=8, limits=Limits(parallelism=4))] == ["ok"] * 8


def test_silence_ends_in_time() -> None:
    done = threading.Event()
    with server(lambda handler: done.wait(30) and None) as host:
        assert failure(ask(f"http://{host}/", timeout_ms=100)) == ("timeout", None, True)
        assert failure(ask(f"http://{host}/", limits=Limits(wall_ms=100))) == ("timeout", None, True)
        done.set()


def test_an_answer_that_drips_ends_in_time() -> None:
    done = threading.Event()

    def handle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        while not done.wait(0.02):
            handler.wfile.write(b"x")

    with server(handle) as host:
        assert failure(ask(f"http://{host}/", timeout_ms=200)) == ("timeout", None, True)
        done.set()


def test_an_answer_that_breaks_off() -> None:
    def handle(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx")
        handler.close_connection = True

    with server(handle) as host:
        assert failure(ask(f"http://{host}/")) == ("other", "broken-answer", True)


def test_an_answer_in_another_protocol() -> None:
    def handle(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: tea\r\nconnection: upgrade\r\n\r\n")
        handler.close_connection = True

    with server(handle) as host:
        assert failure(ask(f"http://{host}/")) == ("other", "broken-answer", True)


def test_headers_without_end_are_too_large() -> None:
    def handle(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 40_000)
        handler.close_connection = True

    with server(handle) as host:
        assert failure(ask(f"http://{host}/"))[0] == "too-large"


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        assert failure(ask(f"http://127.0.0.1:{port}/")) == ("connect", None, False)


def resolves(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **named: Any) -> Any:
        if host[:1].isdigit():
            return real(host, port, *rest, **named)
        if not addresses:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "0.0.0.0", "fe80::1%lo"]
)
def test_a_name_must_not_lead_inside(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolves(monkeypatch, address)
    outcome = ask("https://api.example/", written=["*.example"])
    assert failure(outcome) == ("denied", "--allow-host api.example", False)


def test_a_name_that_the_operator_wrote_leads_to_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server(answer) as host:
        port = host.split(":")[1]
        resolves(monkeypatch, "169.254.169.254", "127.0.0.1")
        assert ask(f"http://api.example:{port}/", written=[f"http://api.example:{port}"]).tag == "ok"
        # A metadata service is reached by no name at all.
        resolves(monkeypatch, "169.254.169.254")
        assert failure(ask(f"http://api.example:{port}/", written=[f"http://api.example:{port}"]))[0] == "denied"
        resolves(monkeypatch)
        assert failure(ask(f"http://api.example:{port}/", written=[f"http://api.example:{port}"])) == (
            "dns",
            None,
            False,
        )


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS of a server with this name, and of a client that trusts it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, subject = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]),
    )
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(
            subject, subject, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "both.pem")
    return serving, ssl.create_default_context(cadata=pem.decode())


def test_the_peer_has_to_be_who_the_url_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    serving, trusting = certificate(tmp_path, "api.example")
    resolves(monkeypatch, "127.0.0.1")
    with server(answer, serving) as host:
        port = host.split(":")[1]
        for name, verify, expected in (
            ("api.example", trusting, None),
            ("other.example", trusting, ("tls", None, False)),
            ("api.example", None, ("tls", None, False)),
        ):
            outcome = ask(f"https://{name}:{port}/", written=[f"{name}:{port}"], verify=verify)
            assert (outcome.tag == "ok") if expected is None else (failure(outcome) == expected)


def test_a_proxy_is_asked_by_name_and_its_refusal_is_told() -> None:
    seen: list[str] = []

    def handle(handler: BaseHTTPRequestHandler) -> None:
        seen.append(f"{handler.command} {handler.path} {handler.headers['proxy-authorization']}")
        answer(handler, b"", 407)

    with server(handle) as host:
        proxy = Proxy(read(f"http://{host}").destination, "me", "pw")
        written = ["api.example", host, "http://plain.example"]
        assert failure(ask("https://api.example/", written, proxy=proxy)) == ("proxy", 407, False)
        assert failure(ask("http://plain.example/x", written, proxy=proxy))[:2] == ("proxy", 407)
    basic = "Basic " + base64.b64encode(b"me:pw").decode()
    assert seen == [f"CONNECT api.example:443 {basic}", f"GET http://plain.example/x {basic}"]
    gone = ask("https://api.example/", ["api.example", host], proxy=proxy)
    assert failure(gone) == ("proxy", None, False)


def test_no_time_is_left_for_a_request_after_the_call() -> None:
    budget = Budget(Limits(wall_ms=1))
    time.sleep(0.002)
    assert failure(ask("http://127.0.0.1:1/", budget=budget)) == ("timeout", None, False)
