"""Two minibatches through everything, to see whether a run would work."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from neonlike._object import NervanaObject

BATCHES = 2


class FirstBatches:
    """The first minibatches of a data set; everything else is as in the data set.

    Args:
        dataset: iterator.
        batches: number of minibatches.

    Attributes:
        nbatches, ndata: those of the data set, at most as many as are used here.
    """

    def __init__(self, dataset: Any, batches: int = BATCHES) -> None:
        self._dataset = dataset
        self.nbatches = min(dataset.nbatches, batches)
        self.ndata = min(dataset.ndata, self.nbatches * NervanaObject.be.bsz)

    def __getattr__(self, name: str) -> Any:
        if name == "_dataset":  # not set yet: no endless recursion
            raise AttributeError(name)
        return getattr(self._dataset, name)

    def __iter__(self) -> Iterator[Any]:
        """Yield the first minibatches."""
        return itertools.islice(iter(self._dataset), self.nbatches)
