"""Doing work again without preparing it anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np

from neonlike.kernels._launch import Recording, record

Function = TypeVar("Function", bound=Callable[..., Any])
_TRIES = 4
_PLAIN = frozenset({int, float, bool, str, type(None)})


def pure(function: Function) -> Function:
    """Mark a method that does nothing but build, or assign, op-trees.

    With the same tensors as arguments, and the same numbers there and in its object, it then means
    the same work, which can be done again as it is. What a user overrides is not marked, and is
    called every time.
    """
    function.__dict__["is_pure"] = True
    return function


def numbers_of(owner: Any, method: str) -> tuple[Any, ...] | None:
    """What a method marked ``pure`` depends on beside its arguments; None for any other method."""
    kind = type(owner)
    if not hasattr(getattr(kind, method), "is_pure"):
        return None
    values = [value for name, value in vars(owner).items() if name != "_desc"]
    types = [type(value) for value in values]
    return (kind, *types, *values) if _PLAIN.issuperset(types) else None


class Replay:
    """Work that was done before, ready to be done with one call for each kernel.

    Work is known by a key. What is seen for the second time is recorded; so numbers that change in
    every step cost nothing here. Op-trees may be compiled only then; what cannot be recorded in
    some more tries is done anew for ever. With another batch size, say, all is forgotten, so that
    no memory of the former one stays. Copies and pickles are empty.

    Args:
        most: how many pieces of work to keep, the latest ones.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: dict[Hashable, int] = {}  # how often, at most _TRIES times
        self._settings: Hashable = None
        self._known: dict[Hashable, tuple[Any, Recording]] = {}  # and the memory it needs

    def __reduce__(self) -> tuple[Any, ...]:
        return (Replay, (self._most,))

    def recall(self, key: Hashable, settings: Hashable) -> Recording | None:
        """What was recorded, or None; all is forgotten if the settings are new."""
        if settings != self._settings:
            self._settings = settings
            self._known.clear()
            self._seen.clear()
        known = self._known.get(key)
        return None if known is None else known[1]

    def learn(self, key: Hashable, tensors: Sequence[Any], work: Callable[[], None]) -> None:
        """Do ``work()``, which is not known, and record it in due time.

        Args:
            key: all that the work depends on beside the settings, tensors by their place.
            tensors: those tensors; their memory is kept, so that no others take their place.
            work: assigns op-trees and calls kernels.
        """
        seen = self._seen.get(key, 0)
        if 0 < seen < _TRIES:
            self._seen[key] += 1
            recorded = record(work)
            # not the tensors: that of a result may be where this is kept
            arrays = [tensor._tensor for tensor in tensors if tensor is not None]
            if recorded is not None and _reads_only(recorded, arrays):
                _make_room(self._known, self._most)
                self._known[key] = (arrays, recorded)
            return
        if seen == 0:
            _make_room(self._seen, self._most)
            self._seen[key] = 1
        work()


def _reads_only(recorded: Recording, arrays: Sequence[Any]) -> bool:
    """Whether there is something recorded, and no value in it that was computed on the way."""
    return bool(recorded.calls) and all(
        any(np.may_share_memory(read._tensor, array) for array in arrays) for read in recorded.reads
    )


def _make_room(known: dict[Hashable, Any], most: int) -> None:
    if len(known) >= most:
        del known[next(iter(known))]
