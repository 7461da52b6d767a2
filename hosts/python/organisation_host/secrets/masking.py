"""Masks whatever a component's words share with the configuration that it was given: a panic may quote a part of a value."""

from __future__ import annotations

from typing import Any

MASK = "[configured]"
#: A value that is shorter would be found in innocent places; of longer ones a part of `PART` characters is enough.
SHORTEST = 4
PART = 8


def masked(text: str, document: Any) -> str:
    """The text without parts of the values of the document."""
    # A component chooses the text: what it repeats is looked up once, and neither text nor document is gone through again for the other.
    parts: dict[int, set[str]] = {}
    for value in _values(document):
        length = min(len(value), PART)
        if length >= SHORTEST:
            found = parts.setdefault(length, set())
            found.update(value[begin : begin + length] for begin in range(len(value) - length + 1))
    hidden = [False] * len(text)
    for length, found in parts.items():
        for at in range(len(text) - length + 1):
            if text[at : at + length] in found:
                hidden[at : at + length] = [True] * length
    pieces, was_hidden = [], False
    for c, is_hidden in zip(text, hidden, strict=True):
        if not is_hidden:
            pieces.append(c)
        elif not was_hidden:
            pieces.append(MASK)
        was_hidden = is_hidden
    return "".join(pieces)


def _values(document: Any) -> list[str]:
    match document:
        case str():
            return [document.strip()]
        case dict():
            return [value for each in document.values() for value in _values(each)]
        case list():
            return [value for each in document for value in _values(each)]
        case bool() | None:
            return []
    return [str(document)]
