"""``QA``: minibatches of stories, questions and answers (spec data 8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._iterator import ShuffledIterator

Array = NDArray[Any]


class QA(ShuffledIterator):
    """Shuffled minibatches ``((story (L, N), query (Q, N)), answer (V, N))``.

    Each epoch reorders the data by a permutation from the backend's generator.
    The last incomplete batch is dropped. Every batch has new tensors.

    Args:
        story: ``(ndata, L)``.
        query: ``(ndata, Q)``.
        answer: ``(ndata, V)``.

    Raises:
        ValueError: unequal numbers of examples, or fewer than the batch size.
    """

    shuffled = ("story", "query", "answer")

    def __init__(self, story: Array, query: Array, answer: Array) -> None:
        super().__init__(name=None)
        self.story, self.query, self.answer = story, query, answer
        sizes = [len(array) for array in (story, query, answer)]
        if len(set(sizes)) > 1:
            raise ValueError(f"QA: story, query and answer have {sizes} examples")
        self.ndata = sizes[0]
        self.nbatches = self.ndata // self.be.bsz
        if not self.nbatches:
            raise ValueError(
                f"QA: the batch size {self.be.bsz} is larger than the data set, which has "
                f"{self.ndata} examples"
            )
        self.story_length = story.shape[1]
        self.query_length = query.shape[1]
        self.shape = [(self.story_length, 1), (self.query_length, 1)]
        self.batch_index = 0

    def reset(self) -> None:
        """Go back to the first batch (without effect: every epoch starts there)."""
        self.batch_index = 0

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Shuffle, then yield ``((story, query), answer)`` of each minibatch."""
        self._shuffle()
        self.reset()
        n = self.be.bsz
        while self.batch_index < self.nbatches:
            rows = slice(self.batch_index * n, (self.batch_index + 1) * n)
            self.batch_index += 1
            story, query, answer = (
                self.be.array(np.ascontiguousarray(array[rows].T))
                for array in (self.story, self.query, self.answer)
            )
            yield (story, query), answer
