"""Of what arrives at a route, what the element is handed: the headers that the route names."""

from __future__ import annotations

import re
from typing import Any

from .errors import ConfigurationError

#: Headers that a route names at most.
HEADERS = 16
#: What people bring along who are led to the address of a route.
NEVER_SHOWN = ("authorization", "cookie", "proxy-authorization")

_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")


class Routes:
    """The routes of a configuration, as `validate-config` named them."""

    def __init__(self, named: list[dict[str, Any]]) -> None:
        self._headers = {route["name"]: _checked(index, route["headers"]) for index, route in enumerate(named)}

    def presented(self, request: Any) -> Any:
        """The request with the headers that its route names. What is no request is refused where it is made one."""
        if not isinstance(request, dict) or not isinstance(request.get("headers"), (list, tuple)):
            return request
        named = self._headers.get(request.get("route", ""), frozenset())
        return {**request, "headers": [header for header in request["headers"] if header["name"].lower() in named]}


def _checked(index: int, names: list[str]) -> frozenset[str]:
    never = next((name for name in NEVER_SHOWN if name in names), None)
    if len(names) > HEADERS:
        wrong = f"they are {len(names)}, at most {HEADERS} are possible"
    elif not all(_NAME.fullmatch(name) for name in names):
        wrong = "one is no name of a header in lower case"
    elif never is not None:
        wrong = f"{never} is never handed over"
    else:
        return frozenset(names)
    raise ConfigurationError(f"routes.{index}.headers of the component is not usable: {wrong}")
