"""What one call may still spend. Figures only fall, also by what fails: a component wins nothing back by failing."""

from __future__ import annotations

import threading
import time

from .bridge import Stop
from .egress.failure import HttpFailure
from .limits import ALL_TRANSFERS, LOG_LINES, Limits


class Budget:
    """Shared by the threads of a call."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._requests = limits.requests
        self._bytes_in = limits.bytes_in
        self._bytes_out = limits.bytes_out
        self._host_calls = limits.host_calls
        self._log_bytes = limits.log_bytes
        self._log_lines = LOG_LINES
        self._transfers = ALL_TRANSFERS
        #: Of the call's own thread.
        self._cpu_started = time.thread_time()

    def wall_left(self) -> float:
        """Seconds until imports wait no more."""
        return max(0.0, self._started + self.limits.wall_ms / 1000 - time.monotonic())

    def cpu_left(self) -> float:
        """Seconds of CPU; to be asked in the call's own thread."""
        return max(0.0, self._cpu_started + self.limits.cpu_ms / 1000 - time.thread_time())

    def stopped_by_time(self) -> str | None:
        """The limit of time that is passed; to be asked in the call's own thread."""
        if self.cpu_left() <= 0:
            return "cpu-ms"
        passed = time.monotonic() - self._started - self.limits.wall_ms / 1000
        return "wall-ms" if passed > self.limits.grace_ms / 1000 else None

    def count_host_call(self) -> None:
        """Raises Stop for one too many."""
        self._host_calls -= 1
        if self._host_calls < 0:
            raise Stop(f"it calls imports more than {self.limits.host_calls} times", "host-calls")

    def transfer(self, count: int, most: int) -> None:
        """Counts bytes that cross the border. Raises Stop for too many at once, or altogether."""
        self._transfers -= count
        if count > most:
            raise Stop(f"it hands over {count} bytes, at most {most} at once", "hostcall-bytes")
        if self._transfers < 0:
            raise Stop(f"it has handed over {ALL_TRANSFERS} bytes, as many as a call may", "hostcall-bytes-total")

    def take_requests(self, wanted: int) -> int:
        """How many of these requests may be looked at."""
        with self._lock:
            taken = min(wanted, self._requests)
            self._requests -= taken
        return taken

    def take_out(self, count: int) -> None:
        """Bytes to send, all or none. Raises HttpFailure."""
        with self._lock:
            if count <= self._bytes_out:
                self._bytes_out -= count
                return
        message = f"the request has {count} bytes, more than are left of the {self.limits.bytes_out} the call may send"
        raise HttpFailure.before("budget-exhausted", message)

    def take_in(self, count: int) -> None:
        """Bytes received. Raises HttpFailure where the call has no more."""
        with self._lock:
            self._bytes_in -= count
            if self._bytes_in >= 0:
                return
            self._bytes_in = 0
        raise HttpFailure.after(
            "budget-exhausted", f"the {self.limits.bytes_in} bytes of answers of the call are used up"
        )

    def take_log(self, count: int) -> bool:
        """Whether a line of so many bytes is kept."""
        with self._lock:
            if count > self._log_bytes or self._log_lines == 0:
                return False
            self._log_bytes -= count
            self._log_lines -= 1
        return True

    def remaining(self) -> dict[str, int]:
        """As `call.remaining`. Linear memory is limited and not measured: wasmtime-py does not tell it of a component."""
        return {
            "wall_ms": int(self.wall_left() * 1000),
            "cpu_ms": int(self.cpu_left() * 1000),
            "memory": 2**64 - 1,
            "requests": self._requests,
            "bytes_in": self._bytes_in,
            "bytes_out": self._bytes_out,
            "host_calls": max(0, self._host_calls),
            "log_bytes": self._log_bytes if self._log_lines else 0,
            "parallelism": self.limits.parallelism,
            "largest_response": self.limits.largest_response,
        }

    def spent(self) -> dict[str, int | float]:
        """For the report of a call."""
        limits = self.limits
        return {
            "wall_ms": round((time.monotonic() - self._started) * 1000, 3),
            "cpu_ms": round((time.thread_time() - self._cpu_started) * 1000, 3),
            "host_calls": limits.host_calls - max(0, self._host_calls),
            "requests": limits.requests - self._requests,
            "bytes_in": limits.bytes_in - self._bytes_in,
            "bytes_out": limits.bytes_out - self._bytes_out,
            "log_bytes": limits.log_bytes - self._log_bytes,
            "transferred": ALL_TRANSFERS - self._transfers,
        }
