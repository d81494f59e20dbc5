"""Doing work again without preparing it anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any


class Replay:
    """Work that was done before, ready to be done with one call for each kernel.

    Work is known by a key. What is seen for the second time is recorded; so numbers that change in
    every step cost nothing here. Copies and pickles are empty.

    Args:
        most: how many pieces of work to keep, the latest ones.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: set[Hashable] = set()
        self._known: dict[Hashable, tuple[Any, Any]] = {}  # what to keep, what was recorded

    def __reduce__(self) -> tuple[Any, ...]:
        return (Replay, (self._most,))

    def run(self, be: Any, key: Hashable, keep: Any, work: Callable[[], None]) -> None:
        """Do ``work()``, or the same from memory.

        Args:
            be: backend.
            key: all that the work depends on, tensors by identity or address.
            keep: what must not vanish while the key is known: those tensors.
            work: what to do if the key is new; it assigns op-trees and calls kernels.
        """
        known = self._known.get(key)
        if known is not None:
            be.run_again(known[1])
        elif key in self._seen:
            recorded = be.record(work)
            if recorded is not None:
                if len(self._known) >= self._most:
                    del self._known[next(iter(self._known))]
                self._known[key] = (keep, recorded)
        else:
            if len(self._seen) >= self._most:
                self._seen.clear()
            self._seen.add(key)
            work()
