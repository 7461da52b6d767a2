"""Puts secrets into requests and takes them out of answers."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote_plus, unquote_plus

from ..egress.destination import Destination
from ..egress.failure import HttpFailure
from ..egress.policy import Checked
from .spelling import MASK, holds_placeholder, spellings

#: One JSON string. Nothing is tried twice, and one that never ends reaches to the end: each character is looked at once.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BLANKS = re.compile(r"[ \t\r\n]*+")
_FORM = "application/x-www-form-urlencoded"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret, and where it may go. Its `repr` shows no value."""

    key: str
    placeholder: str
    value: str = field(repr=False)
    destinations: frozenset[Destination]


class Injector:
    """The secrets of one element."""

    def __init__(self, secrets: Sequence[Secret]) -> None:
        self._secrets = tuple(secrets)
        self._masked = [(text, text.encode()) for secret in secrets for text in spellings(secret.value)]

    def value(self, key: str) -> str | None:
        """The value of a field, for the host's own use."""
        return next((secret.value for secret in self._secrets if secret.key == key), None)

    def fill(self, checked: Checked) -> Checked:
        """The request with secrets in it. Raises HttpFailure (`denied`) for a placeholder in another place, or to another host."""
        for secret in self._secrets:
            filled = _filled(checked, secret)
            if filled is not checked and checked.url.destination not in secret.destinations:
                raise _denied(secret.key, f"may not go to {checked.url.destination}")
            checked = filled
        place = _misplaced(checked)
        if place is None:
            return checked
        raise _denied(
            self._spelled_in(checked),
            f"stands in {place} where it is not filled in: write it, as settings.get gives it, as a whole query, form or "
            "header value or JSON string, after Bearer, or as the password of Basic",
        )

    def redact(self, headers: list[tuple[str, str]], body: bytes) -> tuple[list[tuple[str, str]], bytes]:
        """The answer with `[secret]` in place of secrets."""
        for text, data in self._masked:
            if data in body:
                body = body.replace(data, MASK.encode())
            headers = [(name, value.replace(text, MASK)) for name, value in headers]
        return headers, body

    def _spelled_in(self, checked: Checked) -> str:
        """The key of the secret that is named in what was not filled in, where it can be told."""
        for secret in self._secrets:
            fingerprint = secret.placeholder.rsplit("=", 1)[-1]
            texts = (checked.url.text, *(value for _, value in checked.headers))
            if any(fingerprint in text for text in texts) or fingerprint.encode() in checked.body:
                return secret.key
        return "of a field"


def _filled(checked: Checked, secret: Secret) -> Checked:
    url, headers, body = checked.url, checked.headers, checked.body
    if url.query is not None:
        query = _in_form(url.query, secret)
        if query != url.query:
            url = url.with_query(query)
    headers = tuple((name, _in_header(value, secret)) for name, value in headers)
    body = _in_body(checked, secret)
    if (url, headers, body) == (checked.url, checked.headers, checked.body):
        return checked
    return replace(checked, url=url, headers=headers, body=body)


def _in_form(text: str, secret: Secret) -> str:
    """Each pair whose whole value is the placeholder, in whatever spelling."""
    pairs = text.split("&")
    for index, pair in enumerate(pairs):
        name, equals, value = pair.partition("=")
        # Cheap before exact: no spelling of a query encodes letters.
        if equals and "secret" in value and unquote_plus(value) == secret.placeholder:
            pairs[index] = f"{name}={quote_plus(secret.value, safe='*')}"
    return "&".join(pairs)


def _in_header(value: str, secret: Secret) -> str:
    found = _header_with(value, secret)
    if found is None:
        return value
    if _CONTROL.search(secret.value) or not secret.value.isascii():
        raise _denied(secret.key, "cannot stand in a header: it holds a control character or is no ASCII")
    return found


def _header_with(value: str, secret: Secret) -> str | None:
    if value == secret.placeholder:
        return secret.value
    scheme, space, credentials = value.partition(" ")
    credentials = credentials.strip(" \t")
    if not space:
        return None
    if scheme.lower() == "bearer" and credentials == secret.placeholder:
        return f"{scheme} {secret.value}"
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if not colon or password != secret.placeholder:
        return None
    return f"{scheme} {base64.b64encode(f'{user}:{secret.value}'.encode()).decode()}"


def _in_body(checked: Checked, secret: Secret) -> bytes:
    body = checked.body
    if b"secret" not in body:
        return body
    kind = next((value for name, value in checked.headers if name.lower() == "content-type"), "")
    if kind.split(";")[0].strip().lower() == _FORM:
        return _in_text(body, lambda text: _in_form(text, secret))
    if body.lstrip()[:1] in (b"{", b"[", b'"'):
        return _in_text(body, lambda text: _in_json(text, secret))
    return body


def _in_text(body: bytes, change: Callable[[str], str]) -> bytes:
    try:
        return change(body.decode()).encode()
    except UnicodeDecodeError:
        return body


def _in_json(text: str, secret: Secret) -> str:
    """Each whole string that is the placeholder, also with its slashes escaped. A key is none."""
    wanted = {f'"{secret.placeholder}"', '"' + secret.placeholder.replace("/", "\\/") + '"'}
    value = json.dumps(secret.value, ensure_ascii=False)

    def replaced(match: re.Match[str]) -> str:
        if match[0] not in wanted:
            return match[0]
        blanks = _BLANKS.match(text, match.end())
        return match[0] if blanks and text.startswith(":", blanks.end()) else value

    return _STRING.sub(replaced, text)


def _misplaced(checked: Checked) -> str | None:
    """Where a placeholder is left: it stands where it must not, or is no secret of this element."""
    if holds_placeholder(checked.url.text.encode()):
        return "the url"
    if any(holds_placeholder(text) for name, value in checked.headers for text in (name.encode(), *_readings(value))):
        return "a header"
    return "the body" if holds_placeholder(checked.body) else None


def _readings(value: str) -> tuple[bytes, ...]:
    """A header's value, and what stands in `Basic`: a library may have encoded user and password before base64."""
    scheme, _, credentials = value.partition(" ")
    if scheme.lower() != "basic":
        return (value.encode(),)
    try:
        return (value.encode(), base64.b64decode(credentials.strip(" \t")))
    except binascii.Error:
        return (value.encode(),)


def _denied(key: str, why: str) -> HttpFailure:
    return HttpFailure.denied(None, f"the secret {key} {why}")
