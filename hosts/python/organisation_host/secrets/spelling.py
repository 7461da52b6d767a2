"""Placeholders that a library has encoded on its way into a request, and the spellings in which a secret may come back."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import quote, quote_plus

#: Encodings within encodings are undone so many times.
_ROUNDS = 4
#: No spelling of `://` is longer, in bytes.
_LONGEST = 96
#: `secret://` in base64, at each of the three places at which it can begin.
_BASE64 = (b"c2VjcmV0Oi8v", b"NlY3JldDovL", b"zZWNyZXQ6Ly")

_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\([/\\])|(&[#a-zA-Z0-9]{1,10};)")

#: What stands in an answer for a secret that the server sent back.
MASK = "[secret]"
#: Shorter values are not looked for: they would be found in innocent places.
SHORTEST = 8


def holds_placeholder(text: bytes) -> bool:
    """Whether the text holds a placeholder, plain, percent-encoded, escaped as in JSON or HTML, or in base64."""
    at = text.find(b"secret")
    while at >= 0:
        rest = text[at + 6 : at + 6 + _LONGEST]
        for _ in range(_ROUNDS):
            if rest.startswith(b"://"):
                return True
            rest = _ESCAPE.sub(_decoded, rest)
        at = text.find(b"secret", at + 1)
    return any(part in text for part in _BASE64)


def _decoded(match: re.Match[bytes]) -> bytes:
    if match[4]:
        return match[4]
    if match[5]:
        return html.unescape(match[5].decode()).encode()
    number = int(match[1] or match[2] or match[3], 16)
    return bytes([number]) if number < 256 else match[0]


def spellings(value: str) -> list[str]:
    """Plain, as in a query in both manners and both cases of the digits, and as in JSON; each once."""
    if len(value.encode()) < SHORTEST:
        return []
    form, uri = quote_plus(value, safe="*"), quote(value, safe="")
    escaped = [json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True)]
    return list(dict.fromkeys((value, form, uri, _lower(form), _lower(uri), *escaped)))


def _lower(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text)
