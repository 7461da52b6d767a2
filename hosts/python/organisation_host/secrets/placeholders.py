"""Takes secrets out of a configuration document and puts placeholders in their places.

Where a secret stands is the component's to say, since only it knows by which names it reads a field. But the host does not depend on
it: what stands under the key of such a field, on any level, is taken out as well.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

#: What every placeholder begins with.
SCHEME = "secret://"
#: A secret of so many bytes is recognised in other places as well. A shorter one could stand there innocently.
RECOGNISED = 20

_INVISIBLE = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


class Extracted(NamedTuple):
    """A secret that was taken out: the key of its field, and the value."""

    key: str
    value: str


def extract(
    document: dict[str, Any],
    fields: Sequence[dict[str, Any]],
    places: Iterable[dict[str, str]],
    placeholder: Callable[[str, str], str],
) -> tuple[dict[str, Any], list[Extracted]]:
    """The document as the component sees it, and what was taken out. `fields` of `describe`, `places` of `validate-config`.

    A text becomes its placeholder. A value of another kind, which can only be a mistake, keeps its kind and loses its content, so
    that the component still finds the mistake.
    """
    known = _Fields(fields, places)
    found: list[Extracted] = []

    def seen(value: Any, path: tuple[str, ...]) -> Any:
        key = known.sent(path)
        if key is not None and not _is_blank(value):
            if not isinstance(value, str):
                return _empty(value)
            found.append(Extracted(key, trimmed(value)))
            return placeholder(*found[-1])
        if isinstance(value, dict):
            return {name: seen(each, (*path, name)) for name, each in value.items()}
        if isinstance(value, list):
            return [seen(each, (*path, str(index))) for index, each in enumerate(value)]
        return value

    shown = {name: seen(value, (name,)) for name, value in document.items()}
    hidden = {value: placeholder(key, value) for key, value in found if len(value.encode()) >= RECOGNISED}
    return _hide(shown, hidden), found


def trimmed(text: str) -> str:
    """Without what comes along when a value is copied from a page."""
    begin, end = 0, len(text)
    while begin < end and _is_space(text[begin]):
        begin += 1
    while end > begin and _is_space(text[end - 1]):
        end -= 1
    return text[begin:end]


class _Fields:
    """A component may name as many fields and places as it likes: none is looked at again for each value of the document."""

    def __init__(self, fields: Sequence[dict[str, Any]], places: Iterable[dict[str, str]]) -> None:
        sent: dict[str, bool] = {}
        for field in fields:
            sent[field["key"]] = sent.get(field["key"], False) or (field["secret"] and not field["in_clear"])
        order = {key: index for index, key in enumerate(sent)}
        self._sent = {tuple(key.split(".")): key if is_sent else None for key, is_sent in sent.items()}
        self._longest = max(map(len, self._sent), default=0)
        self._named: dict[str, str] = {}
        for place in places:
            path, key = place["path"], place["key"]
            if sent.get(key) and (path not in self._named or order[key] < order[self._named[path]]):
                self._named[path] = key

    def sent(self, path: tuple[str, ...]) -> str | None:
        """The key of the secret and only sent field whose value stands here."""
        named = self._named.get(".".join(path))
        if named is not None:
            return named
        # Else the field with the longest key that the path ends with.
        for begin in range(max(0, len(path) - self._longest), len(path)):
            if path[begin:] in self._sent:
                return self._sent[path[begin:]]
        return None


def _hide(value: Any, hidden: dict[str, str]) -> Any:
    """Replaces secrets in texts and keys that are not theirs: the component may quote those in a message."""
    match value:
        case str():
            for secret, placeholder in hidden.items():
                value = value.replace(secret, placeholder)
            return value
        case dict():
            return {_hide(name, hidden): _hide(each, hidden) for name, each in value.items()}
        case list():
            return [_hide(each, hidden) for each in value]
    return value


def _is_space(c: str) -> bool:
    return c.isspace() or c in _INVISIBLE or unicodedata.category(c) == "Cc"


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not trimmed(value))


def _empty(value: Any) -> Any:
    match value:
        case bool():
            return False
        case int() | float():
            return 0
        case list():
            return []
        case dict():
            return {}
    return value
