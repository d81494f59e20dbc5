"""Sequences of different lengths with targets, as arrays and as minibatches (spec zoo 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._iterator import NervanaDataIterator

if TYPE_CHECKING:
    from typing import Self

Array = NDArray[Any]


@dataclass(frozen=True)
class Sequences:
    """N sequences, padded at the end to T steps.

    Attributes:
        x: inputs (nin, T, N).
        t: targets (nout, T, N).
        mask: 1 where there is an error signal (T, N).
        lengths: steps of each sequence (N,).
    """

    x: Array
    t: Array
    mask: Array
    lengths: Array

    @classmethod
    def of(cls, parts: list[tuple[Array, Array, Array]]) -> Self:
        """Pad sequences (x (nin, steps), t (nout, steps), mask (steps,)) to the longest."""
        lengths = np.array([len(mask) for _, _, mask in parts])
        padded = [
            np.zeros((a.shape[0], lengths.max(), len(parts)), np.float32) for a in parts[0][:2]
        ]
        mask = np.zeros((lengths.max(), len(parts)), np.float32)
        for number, (x, t, counted) in enumerate(parts):
            steps = len(counted)
            padded[0][:, :steps, number] = x
            padded[1][:, :steps, number] = t
            mask[:steps, number] = counted
        return cls(padded[0], padded[1], mask, lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, chosen: Any) -> Sequences:
        """Return the chosen sequences, by slice, places or condition."""
        return Sequences(
            self.x[:, :, chosen], self.t[:, :, chosen], self.mask[:, chosen], self.lengths[chosen]
        )

    def padded(self, steps: int, count: int) -> Sequences:
        """Return the sequences with more steps, and more of them: empty ones that do not count."""
        more = (0, steps - self.x.shape[1]), (0, count - len(self))
        return Sequences(
            np.pad(self.x, ((0, 0), *more)),
            np.pad(self.t, ((0, 0), *more)),
            np.pad(self.mask, more),
            np.pad(self.lengths, more[1]),
        )

    def end_to_end(self) -> tuple[Array, Array, Array]:
        """Return inputs (nin, steps), targets (nout, steps) and mask (steps,), without paddings."""
        inside = np.arange(self.mask.shape[0])[:, None] < self.lengths
        order = inside.T.nonzero()  # sequence after sequence
        return self.x[:, order[1], order[0]], self.t[:, order[1], order[0]], self.mask.T[order]


class SequenceIterator(NervanaDataIterator):
    """Minibatches of ``Sequences`` for ``GeneralizedCostMask``.

    Yields inputs (nin, T * N) and (targets, mask), both (nout, T * N), column step * N + example.
    The last incomplete minibatch is dropped; the order of the sequences is drawn anew for every
    epoch.

    Args:
        sequences: what to deliver.
        seed: of the order; None keeps it as it is.
    """

    def __init__(
        self, sequences: Sequences, seed: int | None = None, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self.sequences = sequences
        self.seed = seed
        self._rng = np.random.default_rng(seed)
        features, steps, count = sequences.x.shape
        self.nbatches = count // self.be.bsz
        if not self.nbatches:
            raise ValueError(
                f"{self.name}: {count} sequences are less than one minibatch of {self.be.bsz}"
            )
        self.ndata = self.nbatches * self.be.bsz
        self.shape = (features, steps)
        self.seq_length = steps
        self.nout = self.nclass = sequences.t.shape[0]
        self._x = self.be.iobuf(self.shape)
        self._t, self._mask = (self.be.iobuf((self.nout, steps)) for _ in range(2))

    def reset(self) -> None:
        """Nothing to do: every iteration starts with the first minibatch."""

    def train_state(self) -> dict[str, Any]:
        """Return the state of the generator that draws the orders."""
        return {"rng": self._rng.bit_generator.state}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Go on drawing orders as after a ``train_state``."""
        self._rng.bit_generator.state = state["rng"]

    def __iter__(self) -> Iterator[tuple[Any, tuple[Any, Any]]]:
        order = np.arange(len(self.sequences))
        if self.seed is not None:
            self._rng.shuffle(order)
        for start in range(0, self.ndata, self.be.bsz):
            part = self.sequences[order[start : start + self.be.bsz]]
            self._x.set(_columns(part.x))
            self._t.set(_columns(part.t))
            self._mask.set(_columns(np.broadcast_to(part.mask, part.t.shape)))
            yield self._x, (self._t, self._mask)


def _columns(array: Array) -> Array:
    """Return (rows, T, N) as (rows, T * N)."""
    return np.ascontiguousarray(array).reshape(array.shape[0], -1)
