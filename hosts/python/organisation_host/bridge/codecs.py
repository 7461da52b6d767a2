"""What converts arguments and the answer of each function, made once for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ..values.schema import Function, Schema

Lowerer = TypeVar("Lowerer")
Lifter = TypeVar("Lifter")


class Codecs(Generic[Lowerer, Lifter]):
    """Of one kind of codec."""

    def __init__(self, lowerer: Callable[[Schema], Lowerer], lifter: Callable[[Schema], Lifter]) -> None:
        self._lowerer = lowerer
        self._lifter = lifter
        # By identity, since to compare two functions costs more than to call one; the function is kept, or its number could return.
        self._known: dict[int, tuple[Function, list[Lowerer], Lifter | None]] = {}

    def of(self, function: Function) -> tuple[list[Lowerer], Lifter | None]:
        """One for each parameter, and the one of the answer."""
        known = self._known.get(id(function))
        if known is None:
            lowerers = [self._lowerer(kind) for _, kind in function.parameters]
            lifter = None if function.result is None else self._lifter(function.result)
            self._known[id(function)] = known = (function, lowerers, lifter)
        return known[1], known[2]
