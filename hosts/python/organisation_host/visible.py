"""Texts of a component or a vendor, where a person or a terminal reads them."""

from __future__ import annotations

import json
import re

#: What a terminal obeys, what turns the order of letters about or hides, what ends a line for some readers, and what is half a letter.
_UNSEEN = re.compile("[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def visible(document: str) -> str:
    """A JSON document whose texts hold none of these as they are: they are escaped, and mean the same to a program."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def quoted(text: str) -> str:
    """A text in quotation marks, on one line."""
    return visible(json.dumps(text, ensure_ascii=False))


def field(name: str, value: str) -> str:
    """A field of a log line: the name in quotation marks, too, where it is more than a name."""
    return f"{name if _PLAIN.fullmatch(name) else quoted(name)}={quoted(value)}"
