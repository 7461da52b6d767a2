"""The limits of one call. The defaults are the usual figures of `wit/call.wit`."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20

#: Bytes that one call of `http` may hand over; more ends the call.
HTTP_TRANSFER = 48 * MIB
#: Bytes that one call of another import may hand over.
TRANSFER = 4 * MIB
#: Bytes of all calls of imports together, both directions.
ALL_TRANSFERS = 2048 * MIB
#: Log lines of one call, however short; further ones are counted and dropped.
LOG_LINES = 1_000
#: Bytes that a field of a log line counts beside its texts.
LOG_FIELD = 16
#: Requests of one `send-all`.
BATCH_REQUESTS = 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use. Bytes, milliseconds and numbers, as `wit/call.wit` says for each."""

    wall_ms: int = 60_000
    #: CPU time of the thread in which the call runs.
    cpu_ms: int = 10_000
    #: Of each linear memory; a component of several core instances may have two.
    memory: int = 128 * MIB
    requests: int = 500
    bytes_in: int = 256 * MIB
    bytes_out: int = 32 * MIB
    host_calls: int = 200_000
    log_bytes: int = 256 * 1024
    parallelism: int = 16
    largest_response: int = 16 * MIB

    #: After `wall_ms` no import waits any more; so much later the call is ended, so that a component can write down how far
    #: it came.
    grace_ms: int = 2_000
