"""Freezes the types of the contract's imports: `python freeze.py COMPONENT` writes `organisation_host/imports.json`.

For whoever changed `wit/`: build the component, run this, and read what `git diff` says. A component that imports the same functions under
other types is refused before it runs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from wasmtime import component as wasm

from organisation_host import Engine
from organisation_host.values.schema import function_of
from organisation_host.world import PACKAGE, as_json, interface_of


def main(path: str) -> None:
    engine = Engine()
    interfaces = {}
    for name, extern in engine.compiled(Path(path).read_bytes()).type.imports(engine.wasm).items():
        if name.startswith(f"{PACKAGE}/"):
            items = {key: value.ty for key, value in extern.ty.exports(engine.wasm).items()}
            functions = {
                key: as_json(function_of(kind)) for key, kind in items.items() if isinstance(kind, wasm.FuncType)
            }
            lines = ",\n".join(f"    {json.dumps(key)}: {json.dumps(functions[key])}" for key in sorted(functions))
            interfaces[interface_of(name)] = f"{{\n{lines}\n  }}" if lines else "{}"
    text = ",\n".join(f"  {json.dumps(name)}: {interfaces[name]}" for name in sorted(interfaces))
    target = Path(__file__).with_name("organisation_host") / "imports.json"
    target.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
