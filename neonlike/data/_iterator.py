"""The protocol of everything that delivers minibatches (spec data 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

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


class ShuffledIterator(NervanaDataIterator):
    """Base of iterators whose arrays are reordered in every epoch, again and again.

    Attributes:
        shuffled: names of the attributes with the arrays, all of one length.
    """

    shuffled: ClassVar[tuple[str, ...]]
    _order: NDArray[np.intp] | None = None  # the present order of the examples; None: as given

    def train_state(self) -> dict[str, Any]:
        """Return the present order of the examples."""
        return {} if self._order is None else {"order": self._order}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Bring the examples into the order of a ``train_state``."""
        if self._order is not None:
            self._reorder(np.argsort(self._order))
        if "order" in state:
            self._reorder(state["order"])

    def _shuffle(self) -> None:
        """Reorder the arrays by a permutation from the backend's generator."""
        self._reorder(self.be.rng.permutation(len(getattr(self, self.shuffled[0]))))

    def _reorder(self, order: NDArray[np.intp]) -> None:
        self._order = order if self._order is None else self._order[order]
        for name in self.shuffled:
            setattr(self, name, getattr(self, name)[order])
