"""Values of the contract in Python.

| WIT | Python |
|---|---|
| record | dict, keys in snake_case |
| variant | `Case(tag, value)`, the tag as in WIT |
| enum | the name, as in WIT |
| option | None or the value |
| list, tuple | list, tuple; `list<u8>` is bytes |
| result | `Case("ok", …)` or `Case("err", …)`; the result of an export is returned or raised |
| numbers, string, bool | int, str, bool |

wasmtime-py itself hands variants over tagged or bare, depending on whether the Python classes of their cases overlap, and asks the
C API for the type of every field of every record. So there are two codecs of the same values: `stock`, which uses the public
API of wasmtime-py and normalises what comes, and `direct`, several times faster, which reads and writes the C values. `direct` is
used where `direct.is_usable()` says so: it knows the layouts of certain versions only, and tries itself before it is believed.
"""

from .case import Case
from .schema import Schema

__all__ = ["Case", "Schema"]
