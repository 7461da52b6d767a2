"""Element folders: `e.json` beside a configuration named like the folder, and `{{NAME}}` in its texts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ConfigurationError

#: The largest file that is read.
MAX_BYTES = 1 << 20

_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class ElementFolder:
    """An element as it stands on disk, filled in."""

    name: str
    kind: str | None
    title: str | None
    document: dict[str, Any]

    @classmethod
    def load(cls, folder: Path, variables: Mapping[str, str] | None = None) -> ElementFolder:
        """Reads it; `variables` are those that the operator grants, and no others. Raises ConfigurationError."""
        real = folder.resolve()
        if not real.is_dir():
            raise ConfigurationError(f"{folder} is no folder")
        about = read_object(_text(real / "e.json"), str(real / "e.json"))
        named = [about.get("frontBundleEntry"), f"{real.name}.json", "config.json", "Config.json"]
        files = [real / name for name in named if isinstance(name, str) and name.endswith(".json")]
        path = next(
            (file for file in files if file.is_file() and file.resolve().parent == real), real / f"{real.name}.json"
        )
        document = fill(read_object(_text(path), str(path)), variables or {})
        title, kind = about.get("title"), about.get("type")
        return cls(
            real.name, kind if isinstance(kind, str) else None, title if isinstance(title, str) else None, document
        )


def read_object(text: str, where: str) -> dict[str, Any]:
    """A JSON object; a key that stands twice is refused, since two readers would take two values. Raises ConfigurationError."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ConfigurationError(f"{where}: the key {key!r} stands twice")
            found[key] = value
        return found

    try:
        value = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{where}: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ConfigurationError(f"{where} is nested too deep") from None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where} holds no JSON object")
    return value


def fill(value: Any, variables: Mapping[str, str], path: str = "") -> Any:
    """Puts granted variables into texts, after the document was read: no value can add a key. Raises ConfigurationError."""
    match value:
        case str():

            def granted(match: re.Match[str]) -> str:
                if match[1] not in variables:
                    raise ConfigurationError(
                        f"{path} uses {match[0]}, which is not granted to this element: set {match[1]} and grant it"
                    )
                return variables[match[1]]

            filled = _VARIABLE.sub(granted, value)
            if "{{" in _VARIABLE.sub("", value):
                raise ConfigurationError(f"{path} has braces without a variable in them: write {{{{NAME}}}}")
            return filled
        case dict():
            return {key: fill(each, variables, f"{path}.{key}" if path else key) for key, each in value.items()}
        case list():
            return [fill(each, variables, f"{path}.{index}") for index, each in enumerate(value)]
    return value


def _text(path: Path) -> str:
    try:
        if path.is_symlink() or not path.is_file():
            raise ConfigurationError(
                f"{path} is missing: an element folder holds e.json and a file named like the folder"
            )
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ConfigurationError(f"{path} has more than {MAX_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not in UTF-8: save it as UTF-8") from None
