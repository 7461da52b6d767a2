"""Freezes what is the component's to say: `python freeze.py COMPONENT`.

* `organisation_host/imports.json`: the types of the contract's imports. For whoever changed `wit/`: a component that imports the same
  functions under other types is refused before it runs.
* `jitai/corps/WecomElement/Editor/fields.ts`: the fields of a configuration. For whoever changed one.

Build the component, run this, and read what `git diff` says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from wasmtime import component as wasm

from organisation_host import Component, Engine, Limits
from organisation_host.call import Call
from organisation_host.values.schema import function_of
from organisation_host.world import PACKAGE, as_json, interface_of

HERE = Path(__file__).parent
IMPORTS = HERE / "organisation_host" / "imports.json"
FIELDS = HERE / "jitai/corps/WecomElement/Editor/fields.ts"

_FIELDS = """\
// Made by freeze.py from what the component says of itself. Fields whose value is a list are not among them.

export interface Words { zh: string; en: string }
export interface Field {
  key: string; required: boolean; secret: boolean; pattern: string; default: string | null; label: Words; help: Words; where: Words | null;
}

export const fields: Field[] = [
LINES
];
"""


def imports(engine: Engine, code: bytes) -> str:
    """The text of `imports.json`."""
    interfaces = {}
    for name, extern in engine.compiled(code).type.imports(engine.wasm).items():
        if name.startswith(f"{PACKAGE}/"):
            items = {key: value.ty for key, value in extern.ty.exports(engine.wasm).items()}
            functions = {
                key: as_json(function_of(kind)) for key, kind in items.items() if isinstance(kind, wasm.FuncType)
            }
            lines = ",\n".join(f"    {json.dumps(key)}: {json.dumps(functions[key])}" for key in sorted(functions))
            interfaces[interface_of(name)] = f"{{\n{lines}\n  }}" if lines else "{}"
    text = ",\n".join(f"  {json.dumps(name)}: {interfaces[name]}" for name in sorted(interfaces))
    return f"{{\n{text}\n}}\n"


def fields(component: Component) -> str:
    """The text of `fields.ts`."""

    def described(locale: str) -> list[dict[str, Any]]:
        call = Call(component, "element.describe", None, Limits(), lambda *_: None, lambda: 0)
        return call.run((locale,))["fields"]  # type: ignore[no-any-return]

    lines = []
    for zh, en in zip(described("zh-CN"), described("en"), strict=True):
        # What has no pattern is no text.
        if zh["pattern"] is not None:
            field = {name: zh[name] for name in ("key", "required", "secret", "pattern", "default")}
            for name, told in (("label", "label"), ("help", "help"), ("where", "where_to_find")):
                field[name] = None if zh[told] is None else {"zh": zh[told], "en": en[told]}
            lines.append(f"  {json.dumps(field, ensure_ascii=False)},")
    return _FIELDS.replace("LINES", "\n".join(lines))


def main(path: str) -> None:
    engine = Engine()
    code = Path(path).read_bytes()
    IMPORTS.write_text(imports(engine, code), encoding="utf-8")
    FIELDS.write_text(fields(Component(engine, code)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
