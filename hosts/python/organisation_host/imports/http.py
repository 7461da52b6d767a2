"""`http`: requests behind the policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..bridge import Stop
from ..egress.failure import HttpFailure
from ..limits import BATCH_REQUESTS, HTTP_TRANSFER
from ..values.case import Case

if TYPE_CHECKING:
    from ..call import Call


def send(call: Call, request: dict[str, Any]) -> Case:
    """One request."""
    return send_all(call, [request])[0]


def send_all(call: Call, requests: list[dict[str, Any]]) -> list[Case]:
    """Several side by side."""
    if len(requests) > BATCH_REQUESTS:
        raise Stop(
            f"it sends {len(requests)} requests at once, at most {BATCH_REQUESTS} are possible", "batch-requests"
        )
    call.budget.transfer(sum(map(_size, requests)), HTTP_TRANSFER)
    if call.capabilities is None:
        failure = HttpFailure.denied(None, "this function is pure and has no network").record()
        return [Case("err", failure)] * len(requests)
    answers = call.capabilities.client.send_all(requests, call.budget)
    call.budget.transfer(sum(map(_answered, answers)), HTTP_TRANSFER)
    return answers


def _size(request: dict[str, Any]) -> int:
    body = request["body"]
    return len(request["url"]) + _headers(request["headers"]) + (0 if body is None else len(body[1]))


def _answered(answer: Case) -> int:
    if answer.tag == "err":
        return len(answer.value["message"])
    return _headers(answer.value["headers"]) + len(answer.value["body"][1])


def _headers(headers: list[dict[str, str]]) -> int:
    return sum(len(header["name"]) + len(header["value"]) for header in headers)


FUNCTIONS: dict[str, Callable[..., Any]] = {"send": send, "send-all": send_all}
