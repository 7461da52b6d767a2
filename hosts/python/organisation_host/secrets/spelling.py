"""Placeholders that a library has encoded on its way into a request, and the spellings in which a secret may come back."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, quote_plus

#: Words with an escape behind them that are looked at in one text.
MOST_WORDS = 10_000
#: Encodings within encodings are undone so many times.
_ROUNDS = 4
#: No spelling of `://` is longer, in bytes.
_LONGEST = 96
#: `secret://` in base64, at each of the three places at which it can begin.
_BASE64 = (b"c2VjcmV0Oi8v", b"NlY3JldDovL", b"zZWNyZXQ6Ly")

#: The word, and behind it what may begin an encoded `://`.
_WORD = re.compile(rb"secret(?=:?/?[%\\&]|://)")
_HEX = {byte: int(chr(byte), 16) for byte in b"0123456789abcdefABCDEF"}
#: What an escape of a backslash is, and how many digits one has.
_ITSELF, _DIGITS = tuple(b"/\\"), {b"u"[0]: 4, b"x"[0]: 2}
#: Bytes of an entity between `&` and `;`.
_LONGEST_ENTITY = 10
_NAMED = {b"colon": b":"[0], b"sol": b"/"[0], b"amp": b"&"[0]}
_NUMBER = re.compile(rb"#(?:[xX]([0-9a-fA-F]+)|([0-9]+))")
#: What an entity may begin with, and what the number of one may hold.
_BEGINNINGS = {b"#", *(name[:length] for name in _NAMED for length in range(1, len(name) + 1))}
_HASH, _NUMERIC = b"#"[0], frozenset(b"0123456789abcdefABCDEFxX")

#: What stands in an answer for a secret that the server sent back.
MASK = "[secret]"
#: Shorter values are not looked for: they would be found in innocent places.
SHORTEST = 8


def holds_placeholder(text: bytes) -> bool:
    """Whether the text holds a placeholder, plain, percent-encoded, escaped as in JSON or HTML, or in base64.

    A component chooses the text, so each word costs the same whatever follows it: bytes are decoded one by one, and only as long
    as they may become `://`. A text with more than `MOST_WORDS` of them is taken to hold one, so that no text costs more.
    """
    for count, match in enumerate(_WORD.finditer(text)):
        if count == MOST_WORDS or _is_scheme(text, match.end()):
            return True
    return any(part in text for part in _BASE64)


def _is_scheme(text: bytes, begin: int) -> bool:
    end = min(begin + _LONGEST, len(text))
    for rounds in range(_ROUNDS):
        at = begin
        for wanted in b"://":
            found, at = _byte(text, at, end, rounds)
            if found != wanted:
                break
        else:
            return True
    return False


def _byte(text: bytes, at: int, end: int, rounds: int) -> tuple[int, int]:
    """The byte at this place of what so many rounds of decoding make of the text, and where the next one begins; -1 at the end."""
    if not rounds:
        return (text[at], at + 1) if at < end else (-1, at)
    first, after = _byte(text, at, end, rounds - 1)
    escape = _ESCAPES.get(first)
    return (escape and escape(text, after, end, rounds - 1)) or (first, after)


def _digits(text: bytes, at: int, end: int, rounds: int, count: int = 2) -> tuple[int, int] | None:
    """So many hexadecimal digits."""
    value = 0
    for _ in range(count):
        found, at = _byte(text, at, end, rounds)
        digit = _HEX.get(found)
        if digit is None:
            return None
        value = 16 * value + digit
    return (value, at) if value < 256 else None


def _escaped(text: bytes, at: int, end: int, rounds: int) -> tuple[int, int] | None:
    """What follows a backslash."""
    found, after = _byte(text, at, end, rounds)
    if found in _ITSELF:
        return found, after
    return _digits(text, after, end, rounds, _DIGITS[found]) if found in _DIGITS else None


def _entity(text: bytes, at: int, end: int, rounds: int) -> tuple[int, int] | None:
    """What follows `&`."""
    name = b""
    while len(name) <= _LONGEST_ENTITY:
        found, at = _byte(text, at, end, rounds)
        if found == b";"[0]:
            number = _NUMBER.fullmatch(name)
            if number is None:
                code = _NAMED.get(name, 256)
            else:
                code = int(number[1], 16) if number[1] else int(number[2])
            return (code, at) if code < 256 else None
        if found < 0:
            return None
        name += bytes((found,))
        if name not in _BEGINNINGS and (name[0] != _HASH or found not in _NUMERIC):
            return None
    return None


#: What may follow the byte that begins an escape.
_ESCAPES = {b"%"[0]: _digits, b"\\"[0]: _escaped, b"&"[0]: _entity}


def spellings(value: str) -> list[str]:
    """Plain, as in a query in both manners and both cases of the digits, and as in JSON; each once."""
    if len(value.encode()) < SHORTEST:
        return []
    form, uri = quote_plus(value, safe="*"), quote(value, safe="")
    escaped = [json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True)]
    return list(dict.fromkeys((value, form, uri, _lower(form), _lower(uri), *escaped)))


def _lower(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text)
