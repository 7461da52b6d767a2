"""Where WeCom sends events: the address ends in the route's name, `wecom` or `contacts`."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from xml.sax.saxutils import escape

from corps.WecomElement.codes import CODES
from corps.WecomElement.platform import Code, log
from flask import Response
from services.NormalType import NormalService

#: The organisation whose callbacks these are.
ORGANISATION = "corps.MyWecom"
#: Functions that may be called; nothing else of this class is.
ROUTES = ("wecom", "contacts")
#: Bytes of the largest request that is read.
LARGEST = 1 << 20
#: Tasks that wait in this process. What is lost, the next sync makes good.
WAITING = 1_000

_threads = ThreadPoolExecutor(2, thread_name_prefix="wecom-follow-up")
_waiting = set()
_lock = threading.Lock()
_logger = logging.getLogger("wecom_element.callback")


class WecomCallback(NormalService):
    def requestHandle(self, request):
        """Answers a request of WeCom; passes its events on, and does what is left to do afterwards."""
        route = request.path.rstrip("/").rsplit("/", 1)[-1]
        if route not in ROUTES:
            return Response("", 404)
        body = _body(request)
        if len(body) > LARGEST:
            return Response("", 413)
        organisation = app.getElement(ORGANISATION)
        query = request.query_string.decode("ascii", "replace")
        try:
            # The host hands the headers over that the route names, and no others.
            answer, events, tasks = organisation.handleCallback(
                route, request.method, query, list(request.headers), body
            )
        except Code as error:
            log.warning("%s: %s", route, error.reason)
            # WeCom repeats after a failure, and not where there is no such route.
            return Response("", 404 if error.code == CODES["not-found"] else 503)
        # They are given once, so they are passed on before WeCom is answered.
        for event in events:
            try:
                app.triggerEvent("WecomEvent", _plain(event))
            except Exception as error:
                # Neither the other events nor what is left to do may be lost with it.
                log.error("event %s: %s", event["id"], error)
        for task in tasks:
            _later(organisation, task)
        kind, content = answer["body"]
        return Response(content if kind == "text" else b"", answer["status"], content_type="text/plain; charset=utf-8")


def _body(request):
    """The body as it arrived, as far as one byte more than the largest. A filter of the platform may have read the XML: then it is
    written anew, which WeCom's signature allows, since it signs the encrypted text alone."""
    raw = _read(request)
    if raw:
        return raw
    parsed = getattr(request, "argsDict", None) or {}
    parsed = parsed.get("xml") if isinstance(parsed.get("xml"), dict) else parsed
    if not parsed.get("Encrypt"):
        return b""
    fields = "".join(
        f"<{name}>{escape(str(parsed[name]))}</{name}>"
        for name in ("ToUserName", "AgentID", "Encrypt")
        if name in parsed
    )
    return f"<xml>{fields}</xml>".encode()


def _read(request):
    raw = b""
    while len(raw) <= LARGEST:
        more = request.stream.read(LARGEST + 1 - len(raw))
        if not more:
            # A filter may have read the body, and kept it.
            return raw or request.get_data()
        raw += more
    return raw


def _later(organisation, task):
    """Equal kind and subject are one task, until somebody begins with it."""
    key = (task["kind"], task["subject"])
    with _lock:
        if key in _waiting:
            return
        full = len(_waiting) >= WAITING
        if not full:
            _waiting.add(key)
    if full:
        _logger.warning("follow-up %s: %s wait already", task["kind"], WAITING)
    else:
        _threads.submit(_follow_up, organisation, task)


def _follow_up(organisation, task):
    with _lock:
        _waiting.discard((task["kind"], task["subject"]))
    try:
        for further in organisation.followUp(task):
            if further["not_before"] is None:
                _later(organisation, further)
    except Exception as error:
        # Nobody waits for it, so it is only told; the next sync makes it good.
        _logger.warning("follow-up %s: %s", task["kind"], error)


def _plain(value):
    """As JSON would have it."""
    if isinstance(value, tuple):
        return {"kind": value[0], "value": _plain(value[1])}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
