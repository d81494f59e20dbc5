"""Pictures with a class for every pixel, as arrays and as minibatches (spec zoo 5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._iterator import NervanaDataIterator


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures of one size with a class for every pixel.

    Attributes:
        pictures: uint8 (n, 3, height, width), RGB.
        labels: uint8 (n, height, width).
        names: of the pictures.
    """

    pictures: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, chosen: Any) -> LabelledPictures:
        """Return the chosen pictures, by slice, places or condition."""
        names = tuple(np.array(self.names, dtype=object)[chosen])
        return LabelledPictures(self.pictures[chosen], self.labels[chosen], names)


class SegmentationIterator(NervanaDataIterator):
    """Minibatches of ``LabelledPictures`` for ``PixelwiseCrossEntropy``.

    Yields inputs (3 * H * W, N), from 0 to 1 less ``mean``, and targets (nclass * H * W, N): a map
    per class, 1 where it is, all 0 where a pixel is of no class below ``nclass`` (void). Targets
    are made batch by batch: those of a whole set would take ``4 * nclass`` times the memory of its
    labels. The last incomplete minibatch is dropped.

    Args:
        data: what to deliver.
        nclass: number of classes without void.
        seed: of the order of the pictures, which is drawn anew for every epoch; None keeps it.
        mean: taken from the inputs; 0.5 centres them, which trains better than all positive ones.

    Raises:
        ValueError: fewer pictures than a minibatch has.
    """

    def __init__(
        self,
        data: LabelledPictures,
        nclass: int,
        seed: int | None = None,
        name: str | None = None,
        *,
        mean: float = 0.0,
    ) -> None:
        super().__init__(name=name)
        self.data = data
        self.nclass = nclass
        self.seed = seed
        self.mean = mean
        self._rng = np.random.default_rng(seed)
        self.shape = self.lshape = data.pictures.shape[1:]
        self.nbatches = len(data) // self.be.bsz
        if not self.nbatches:
            raise ValueError(
                f"{self.name}: {len(data)} pictures are less than one minibatch of {self.be.bsz}"
            )
        self.ndata = self.nbatches * self.be.bsz
        pixels = data.labels[0].size
        self._x = self.be.zeros((data.pictures[0].size, self.be.bsz))
        self._t = self.be.zeros((nclass * pixels, self.be.bsz))

    def reset(self) -> None:
        """Nothing to do: every iteration starts with the first minibatch."""

    def train_state(self) -> dict[str, Any]:
        """Return the state of the generator that draws the orders."""
        return {"rng": self._rng.bit_generator.state}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Go on drawing orders as after a ``train_state``."""
        self._rng.bit_generator.state = state["rng"]

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        order = np.arange(len(self.data))
        if self.seed is not None:
            self._rng.shuffle(order)
        for start in range(0, self.ndata, self.be.bsz):
            part = self.data[order[start : start + self.be.bsz]]
            self._x.set(part.pictures.reshape(len(part), -1).T / 255 - self.mean)
            maps = part.labels[:, None] == np.arange(self.nclass)[:, None, None]
            self._t.set(maps.reshape(len(part), -1).T)
            yield self._x, self._t
