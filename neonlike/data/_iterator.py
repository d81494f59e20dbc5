"""The protocol of everything that delivers minibatches (spec data 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from neonlike._object import NervanaObject


class NervanaDataIterator(NervanaObject):
    """Abstract base of data iterators.

    A subclass offers ``shape`` (of one example), ``ndata``, ``nbatches``,
    ``reset()`` and ``__iter__``. Batches are feature-major: ``(F, N)``, one
    column per example; sequences are ``(F, T*N)``, column ``t*N + n``. The same
    tensors are refilled for every batch: who keeps a batch must copy it.

    Args:
        name: name of the iterator.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)

    # a method, not a property: subclasses assign a number to it or define a property
    if TYPE_CHECKING:
        nbatches: Any
    else:

        def nbatches(self):
            """Return the number of minibatches; subclasses replace it by a number."""
            raise NotImplementedError(f"{self.classnm} does not define nbatches")

    def reset(self) -> None:
        """Go back to the first example."""
        raise NotImplementedError(f"{self.classnm} does not define reset()")

    def train_state(self) -> dict[str, Any]:
        """Return what the coming epochs depend on; called between epochs.

        Not the place within an epoch: a resumed run fetches the minibatches up
        to there once more, from the random states (backend, NumPy, Python) of
        the epoch's start. A generator of random numbers of the iterator's own
        belongs here.
        """
        return {}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Continue from a ``train_state``."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Yield ``(inputs, targets)`` of each minibatch of one epoch."""
        raise NotImplementedError(f"{self.classnm} does not define __iter__()")
