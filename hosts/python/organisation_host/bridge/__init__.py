"""The border between Python and wasmtime, in two makes: `stock` on the public API of wasmtime-py, `direct` on its C values.

Both keep an exception of an import to the call that raised it: wasmtime-py passes exceptions through one global variable, by which
threads swap theirs. `chosen` says which of the two a host uses.
"""

from .choice import Bridge, chosen
from .stop import Stop

__all__ = ["Bridge", "Stop", "chosen"]
