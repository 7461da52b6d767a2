"""The form of the vectors of `tests/conformance`: names, values as JSON, and a vendor that answers as a vector says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from organisation_host import Case
from organisation_host.values.schema import (
    Enumerated,
    Listed,
    Optional,
    Record,
    Result,
    Scalar,
    Schema,
    Tupled,
    Variant,
    is_bytes,
)

_NAME = re.compile(r"\$\{([^{}|]+)(?:\|([a-z]+))?\}")
_WHOLE = re.compile(r"\$\{([^{}|]+)\}")


def _basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


_SPELLINGS: dict[str | None, Callable[[str], str]] = {
    None: lambda text: text,
    "percent": lambda text: "".join(
        chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"%{byte:02X}" for byte in text.encode()
    ),
    "slashes": lambda text: text.replace("/", "\\/"),
    "basic": lambda text: _basic(f"user:{text}"),
    "user": lambda text: _basic(f"{text}:password"),
}


class Names:
    """`${vendor}`, `${state}`, `${v1}`: filled in, or learnt when they are met first."""

    def __init__(self, **known: Any) -> None:
        self.known = known

    def filled(self, value: Any) -> Any:
        """With what the names stand for."""

        def fill(text: str) -> Any:
            whole = _WHOLE.fullmatch(text)
            if whole and whole[1] in self.known:
                return self.known[whole[1]]
            return _NAME.sub(lambda m: _SPELLINGS[m[2]](str(self.known[m[1]])) if m[1] in self.known else m[0], text)

        return _mapped(value, fill)

    def difference(self, expected: Any, found: Any, place: str = "") -> str | None:
        """Where the two part."""
        if isinstance(expected, str):
            if self._matches(expected, found):
                return None
        elif isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
            parted = (self.difference(expected[key], found[key], f"{place}/{key}") for key in expected)
            return next((each for each in parted if each is not None), None)
        elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
            parted = (
                self.difference(*pair, f"{place}/{at}") for at, pair in enumerate(zip(expected, found, strict=True))
            )
            return next((each for each in parted if each is not None), None)
        elif type(expected) is type(found) and not isinstance(expected, (dict, list)) and expected == found:
            return None
        return f"{place}: expected {json.dumps(expected)[:2000]}, found {json.dumps(found)[:2000]}"

    def _matches(self, pattern: str, found: Any) -> bool:
        if pattern == "${*}":
            return True
        whole = _WHOLE.fullmatch(pattern)
        if whole:
            return bool(self.known.setdefault(whole[1], found) == found)
        if not isinstance(found, str):
            return False
        fresh: list[str] = []
        parts = []
        for part in re.split(r"(\$\{[^{}]+\})", pattern):
            name = _WHOLE.fullmatch(part)
            if not name:
                parts.append(re.escape(part))
            elif name[1] in self.known:
                parts.append(re.escape(str(self.known[name[1]])))
            elif name[1] in fresh:
                parts.append(f"(?:\\{fresh.index(name[1]) + 1})")
            else:
                fresh.append(name[1])
                parts.append("(.+?)")
        match = re.fullmatch("".join(parts), found, re.DOTALL)
        if match:
            self.known.update(zip(fresh, match.groups(), strict=True))
        return match is not None


def _mapped(value: Any, change: Callable[[str], Any]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    return {key: _mapped(each, change) for key, each in value.items()} if isinstance(value, dict) else value


def written_out(value: Any) -> Any:
    """With `repeat` and `each` written out."""
    if isinstance(value, list):
        made: list[Any] = []
        for each in value:
            if isinstance(each, dict) and "each" in each:
                numbers = range(each["from"], each["from"] + each["times"])
                made += [_mapped(each["each"], lambda text, n=n: text.replace("${n}", f"{n:04}")) for n in numbers]
            else:
                made.append(written_out(each))
        return made
    if not isinstance(value, dict):
        return value
    if "repeat" in value:
        return value["repeat"] * value["times"]
    return {key: written_out(each) for key, each in value.items()}


def given(kind: Schema, value: Any) -> Any:
    """An argument from its JSON; what is absent is an absent option, an empty list or `false`."""
    match kind:
        case Listed(item):
            return base64.b64decode(value) if is_bytes(kind) else [given(item, each) for each in value or []]
        case Record(_, keys, kinds):
            return {key: given(each, value.get(key)) for key, each in zip(keys, kinds, strict=True)}
        case Tupled(items):
            return tuple(given(each, part) for each, part in zip(items, value, strict=True))
        case Optional(item):
            return None if value is None else given(item, value)
        case Variant(cases):
            tag, content = next(iter(value.items())) if isinstance(value, dict) else (value, None)
            carried = dict(cases)[tag]
            return Case(tag, None if carried is None else given(carried, content))
        case Scalar("bool"):
            return bool(value)
    return value


def shown(kind: Schema | None, value: Any) -> Any:
    """An answer as JSON."""
    match kind:
        case Listed(item):
            return base64.b64encode(value).decode() if is_bytes(kind) else [shown(item, each) for each in value]
        case Record(_, keys, kinds):
            return {key: shown(each, value[key]) for key, each in zip(keys, kinds, strict=True)}
        case Tupled(items):
            return [shown(each, part) for each, part in zip(items, value, strict=True)]
        case Optional(item):
            return None if value is None else shown(item, value)
        case Variant() | Result():
            cases = dict(kind.cases) if isinstance(kind, Variant) else {"ok": kind.ok, "err": kind.err}
            carried = cases[value.tag]
            if carried is None:
                return value.tag
            return {"base64" if is_bytes(carried) else value.tag: shown(carried, value.value)}
    return value


def written(kind: Schema | None) -> Any:
    """A type as `contract.json` has it."""
    match kind:
        case Scalar(name):
            return {"Plain": name}
        case Enumerated(names):
            return {"Enum": list(names)}
        case Listed(item):
            return {"List": written(item)}
        case Optional(item):
            return {"Option": written(item)}
        case Tupled(items):
            return {"Tuple": [written(each) for each in items]}
        case Record(names, _, kinds):
            return {"Record": [[name, written(each)] for name, each in zip(names, kinds, strict=True)]}
        case Variant(cases):
            return {"Variant": [[name, written(each)] for name, each in cases]}
        case Result(ok, err):
            return {"Result": [written(ok), written(err)]}
    return None


class Vendor:
    """Answers as a vector says, and notes what it was asked."""

    def __init__(self) -> None:
        self.routes: dict[str, list[Any]] = {}
        self.asked: list[Any] = []
        #: Of the last order of an export.
        self.key = b""
        self.over = threading.Event()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return lambda: vendor._serve(self)
                raise AttributeError(name)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def told(self, routes: dict[str, Any] | None) -> None:
        for route, answers in (routes or {}).items():
            self.routes[route] = list(answers) if isinstance(answers, list) else [answers]

    def seen(self) -> list[Any]:
        """What was asked since the last time."""
        seen, self.asked = self.asked, []
        return seen

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        url = handler.path
        self.asked.append(_asked(handler, url, body))
        answers = self.routes.get(f"{handler.command} {url}") or self.routes.get(
            f"{handler.command} {url.split('?')[0]}"
        )
        if not answers:
            answer = {"status": 404, "text": "no such route"}
        else:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        ordered = re.search(rb'"encoding_aeskey":\s*"([^"]*)"', body)
        if ordered:
            self.key = base64.b64decode(ordered[1] + b"=")
        if "exported" in answer:
            answer = self._exported(answer["exported"])
        if answer.get("hang"):
            self.over.wait()
            handler.close_connection = True
            return
        content, kind = _content(answer)
        broken = bool(answer.get("break"))
        headers = {"content-type": kind, **answer.get("headers", {}), "content-length": str(len(content) + broken)}
        handler.send_response_only(answer.get("status", 200))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = handler.close_connection or broken

    def _exported(self, documents: dict[str, Any]) -> dict[str, Any]:
        """The result of an export: a file for each document, encrypted with the key of the last order, which is served from then on."""
        files = []
        for name, document in documents.items():
            file = _sealed(_json(document), self.key)
            self.routes[f"GET /exported/{name}"] = [{"base64": base64.b64encode(file).decode()}]
            digest = hashlib.md5(file, usedforsecurity=False).hexdigest()
            files.append({"url": f"http://127.0.0.1:{self.port}/exported/{name}", "size": len(file), "md5": digest})
        return {"json": {"errcode": 0, "errmsg": "ok", "status": 2, "data_list": files}}


def _sealed(text: bytes, key: bytes) -> bytes:
    """AES-256-CBC, whose vector is the first half of the key, with padding to blocks of 32 bytes."""
    padding = 32 - len(text) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return encryptor.update(text + bytes([padding]) * padding) + encryptor.finalize()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _content(answer: dict[str, Any]) -> tuple[bytes, str]:
    if "text" in answer:
        return answer["text"].encode(), "text/plain"
    if "base64" in answer:
        return base64.b64decode(answer["base64"]), "application/octet-stream"
    if "bytes" in answer:
        return b"x" * answer["bytes"], "text/plain"
    return _json(answer.get("json")), "application/json"


def _asked(handler: BaseHTTPRequestHandler, url: str, body: bytes) -> dict[str, Any]:
    path, _, query = url.partition("?")
    asked: dict[str, Any] = {"method": handler.command, "path": path}
    if query:
        asked["query"] = _pairs(query)
    names = [name.lower() for name in handler.headers]
    told = {n: handler.headers[n] for n in names if n in ("content-type", "authorization") or n.startswith("x-")}
    if told:
        asked["headers"] = told
    multipart = re.fullmatch("multipart/form-data; boundary=(.*)", told.get("content-type", ""))
    if multipart:
        told["content-type"] = "multipart/form-data"
        return {**asked, "parts": _parts(body, multipart[1].encode())}
    if not body:
        return asked
    if told.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {**asked, "form": _pairs(body.decode())}
    try:
        return {**asked, "json": json.loads(body)}
    except ValueError:
        pass
    try:
        return {**asked, "text": body.decode()}
    except UnicodeDecodeError:
        return {**asked, "base64": base64.b64encode(body).decode()}


def _pairs(text: str) -> list[list[str]]:
    return [list(pair) for pair in parse_qsl(text, keep_blank_values=True)]


def _parts(body: bytes, boundary: bytes) -> list[dict[str, Any]]:
    """The parts of a multipart form, with their headers as they are written."""
    shown: list[dict[str, Any]] = []
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:-1]:
        head, _, content = part[2:].partition(b"\r\n\r\n")
        shown.append({"headers": head.decode().split("\r\n")})
        try:
            shown[-1]["text"] = content.decode()
        except UnicodeDecodeError:
            shown[-1]["base64"] = base64.b64encode(content).decode()
    return shown
