"""One call of an export: a fresh store and instance, what it may do, and how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmtime import Store as WasmStore
from wasmtime import Trap, TrapCode, WasmtimeError

from .bridge import Stop
from .budget import Budget
from .current import running
from .egress import Client
from .engine import TICK_MS
from .errors import CallStopped
from .limits import Limits
from .secrets.masking import masked
from .storage import Scope, Store
from .values.complete import complete
from .values.length import TooLong

if TYPE_CHECKING:
    from .component import Component

log = logging.getLogger("organisation_host.call")

#: Bytes of the component's standard error that are kept.
KEPT_OUTPUT = 4 * 1024
#: Elements of tables, and things of each kind that a component may consist of.
TABLE_ELEMENTS, INSTANCES, TABLES, MEMORIES = 100_000, 64, 64, 2


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a call is lent beside `call` and `log`."""

    settings: str
    client: Client
    store: Store
    scope: Scope


@dataclass(frozen=True, slots=True)
class Report:
    """What a call was and what it cost. `outcome`: `ok`, `error` (with the reason), `stopped` (with the limit, or `trap`), `refused`
    (nothing ran: the arguments do not fit)."""

    tenant: str
    element: str
    function: str
    outcome: str
    detail: str | None
    spent: dict[str, int | float]
    log_lines: int
    log_lines_dropped: int


class Call:
    """The state of a call under way. Made, used and dropped in one thread."""

    def __init__(
        self,
        component: Component,
        function: str,
        capabilities: Capabilities | None,
        limits: Limits,
        write_log: Callable[[str, str, list[tuple[str, str]]], None],
        clock_ms: Callable[[], int],
        document: Any = None,
    ) -> None:
        self.function = function
        self.capabilities = capabilities
        self.budget = Budget(limits)
        self.clock_ms = clock_ms
        self.write_log = write_log
        self.log_lines = 0
        self.log_lines_dropped = 0
        self.stopped: Stop | None = None
        self._component = component
        self._document = document
        self._output = bytearray()
        self._pollables = [0]
        self._store: WasmStore | None = None

    def run(self, arguments: tuple[Any, ...]) -> Any:
        """Makes the instance and calls the export. Raises CallStopped; TypeError or ValueError for arguments that do not fit."""
        component, bridge = self._component, self._component.engine.bridge
        interface, types = component.export(self.function)
        if len(arguments) != len(types.parameters):
            names = ", ".join(name for name, _ in types.parameters)
            raise TypeError(
                f"{self.function} takes {len(types.parameters)} arguments ({names}), {len(arguments)} were given"
            )
        completed = tuple(
            complete(kind, value, name) for (name, kind), value in zip(types.parameters, arguments, strict=True)
        )
        # A store is used for this one call: also after a trap in a bulk operation nothing of it is ever looked at again.
        store = self._store = WasmStore(component.engine.wasm)
        store.set_limits(self.budget.limits.memory, TABLE_ELEMENTS, INSTANCES, TABLES, MEMORIES)
        outer = running.call
        running.call = self
        component.engine.begin()
        try:
            bridge.watch(store, self._may_go_on, self._ticks)
            instance = component.linker.instantiate(store, component.wasm)
            export = instance.get_export_index(store, interface)
            function = export and instance.get_export_index(store, self.function.partition(".")[2], export)
            callee = function and instance.get_func(store, function)
            assert callee, "the component was asked for the export before"
            return bridge.call(store, callee, types, completed)
        except TooLong:
            raise self._too_long() from None
        except (WasmtimeError, Trap, RuntimeError) as error:
            raise self._explained(error) from None
        finally:
            component.engine.end()
            running.call = outer
            self._store = None
            store.close()

    def back_in_guest(self) -> None:
        """An import is about to return."""
        assert self._store is not None
        self._component.engine.bridge.back_in_guest(self._store, self._ticks)

    def wall_left(self) -> float:
        """Seconds until imports wait no more."""
        return self.budget.wall_left()

    def keep_output(self, contents: bytes) -> None:
        """Keeps the beginning of what is written to standard output and error."""
        self._output += contents[: KEPT_OUTPUT - len(self._output)]

    def pollable(self, instant: int) -> int:
        """A number for something that is ready at an instant of the monotonic clock."""
        self._pollables.append(instant)
        return len(self._pollables) - 1

    def instant_of(self, number: int) -> int:
        """The instant behind such a number."""
        return self._pollables[number]

    def words(self) -> str:
        """What the component wrote, without what it shares with the configuration."""
        text = self._output.decode(errors="replace")
        return masked("".join(c if c.isprintable() or c == "\n" else "�" for c in text), self._document)

    def _may_go_on(self) -> bool:
        limit = self.budget.stopped_by_time()
        if limit is not None and self.stopped is None:
            self.stopped = self._out_of(limit)
        return limit is None

    def _out_of(self, limit: str) -> Stop:
        spent = self.budget.limits.cpu_ms if limit == "cpu-ms" else self.budget.limits.wall_ms
        return Stop(f"its {spent} ms of {'CPU time' if limit == 'cpu-ms' else 'time'} are used up", limit)

    def _ticks(self) -> int:
        """Ticks after which the guest is ended where nobody can be asked at each of them."""
        return max(1, int(min(self.budget.cpu_left(), self._guest_left()) * 1000 / TICK_MS))

    def _guest_left(self) -> float:
        """Seconds until the guest itself has to have ended."""
        return self.budget.wall_left() + self.budget.limits.grace_ms / 1000

    def _too_long(self) -> CallStopped:
        message = "it hands over more than is read at once"
        return CallStopped(self.function, message, "hostcall-bytes", self.words())

    def _explained(self, error: Exception) -> CallStopped:
        words = self.words()
        if self.stopped is not None:
            return CallStopped(self.function, self.stopped.message, self.stopped.limit, words)
        code = error.trap_code if isinstance(error, Trap) else None
        text = str(error)
        if code == TrapCode.INTERRUPT or "wasm trap: interrupt" in text:
            self._may_go_on()
            # Counted ticks may end a guest a little early: then by the time that it had less of.
            stopped = self.stopped or self._out_of(
                "cpu-ms" if self.budget.cpu_left() <= self._guest_left() else "wall-ms"
            )
            return CallStopped(self.function, stopped.message, stopped.limit, words)
        if "ended the call: TooLong" in text or "too much data is being copied" in text:
            return self._too_long()
        if "memory allocation of" in words or "memory minimum size" in text or "allocation of" in text:
            return CallStopped(
                self.function, f"its {self.budget.limits.memory} bytes of memory are used up", "memory-bytes", words
            )
        if "call stack exhausted" in text:
            return CallStopped(self.function, "its stack is used up", "stack-bytes", words)
        cause = next(
            (line.strip() for line in reversed(text.splitlines()) if "wasm trap" in line), text.splitlines()[-1]
        )
        return CallStopped(self.function, f"it broke off: {cause.strip()}", None, words)
