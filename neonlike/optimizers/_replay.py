"""Running an update again without building its op-trees anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Rule = TypeVar("Rule", bound=Callable[..., None])
MOST = 8  # updates kept: alternating lists of layers, as in adversarial training


def pure(rule: Rule) -> Rule:
    """Mark an ``_update`` that does nothing but assign op-trees of its arguments.

    With the same numbers and tensors it then means the same work, which can be run again as it
    is. An ``_update`` of a user is not marked, and is called every time.
    """
    rule.__dict__["is_pure"] = True
    return rule


class Replay:
    """Updates that were done before, ready to run with one call for each op-tree.

    An update is known by its numbers and by the identity of its tensors. What is seen for the
    second time is recorded; so a learning rate that changes in every step costs nothing here.
    Copies and pickles are empty.
    """

    def __init__(self) -> None:
        self._seen: set[Hashable] = set()
        self._known: dict[Hashable, tuple[list[Any], Any]] = {}  # tensors, what was recorded

    def __reduce__(self) -> tuple[Any, ...]:
        return (Replay, ())

    def run(self, be: Any, key: Hashable, tensors: list[Any], update: Callable[[], None]) -> None:
        """Do ``update()``, or the same from memory.

        Args:
            be: backend.
            key: numbers of the update, and the identities of ``tensors``.
            tensors: all that the update works on; kept, so that no others get their identities.
            update: what to do if the key is new; it assigns op-trees.
        """
        known = self._known.get(key)
        if known is not None:
            be.run_again(known[1])
        elif key in self._seen:
            recorded = be.record(update)
            if recorded is not None:
                _make_room(self._known)
                self._known[key] = (tensors, recorded)
        else:
            if len(self._seen) >= MOST:
                self._seen.clear()
            self._seen.add(key)
            update()


def _make_room(known: dict[Hashable, Any]) -> None:
    if len(known) >= MOST:
        del known[next(iter(known))]
