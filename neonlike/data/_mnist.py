"""MNIST (spec data 6)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._array_iterator import ArrayIterator
from neonlike.data._dataset import Dataset
from neonlike.serialization._objects import load_obj

Array = NDArray[Any]
SIDE = 28
BYTES = 15296311


class MNIST(Dataset):
    """Handwritten digits, 28 x 28, from ``mnist.pkl.gz``.

    Args:
        path: folder of the file.
        subset_pct: percentage of both sets to keep, from the start.
        normalize: scale the pixels to 0..1.
        sym_range: scale them to -1..1 (with ``normalize`` only).
        size: cut the images to the upper left ``size x size`` pixels, or pad
            them with zeros to the right and below.
        shuffle: shuffle the training images, but not their labels.
    """

    def __init__(
        self,
        path: str = ".",
        subset_pct: float = 100,
        normalize: bool = True,
        sym_range: bool = False,
        size: int = SIDE,
        shuffle: bool = False,
    ) -> None:
        super().__init__("mnist.pkl.gz", "https://s3.amazonaws.com/img-datasets", BYTES, path)
        self.subset_pct = subset_pct
        self.normalize = normalize
        self.sym_range = sym_range
        self.size = size
        self.shuffle = shuffle

    def load_data(self) -> tuple[tuple[Array, Array], tuple[Array, Array], int]:
        """Return ``(X_train, y_train), (X_test, y_test), 10``; X is ``(n, size*size)``."""
        file = self.find(size=BYTES)  # self.size is that of the images
        train, test = load_obj(file)
        (X_train, y_train), (X_test, y_test) = self._part(train), self._part(test)
        if self.shuffle:
            np.random.seed(0)
            np.random.shuffle(X_train)
        return (X_train, y_train), (X_test, y_test), 10

    def _part(self, part: tuple[Any, Any]) -> tuple[Array, Array]:
        X, y = (np.asarray(array) for array in part)
        if X.ndim != 3 or len(X) != len(y):
            raise ValueError(
                f"{self.find()}: expected images (n, {SIDE}, {SIDE}) and n labels, "
                f"got {X.shape} and {y.shape}"
            )
        keep = int(len(X) * self.subset_pct / 100)
        X = _resized(X[:keep], self.size).reshape(keep, self.size * self.size)
        if self.normalize:
            X = X / 255.0
            if self.sym_range:
                X = X * 2.0 - 1.0
        return X, y[:keep]

    def gen_iterators(self) -> dict[str, ArrayIterator]:
        """Return the iterators 'train' and 'valid'."""
        train, valid, nclass = self.load_data()
        lshape = (1, self.size, self.size)
        return {
            name: ArrayIterator(X, y, nclass=nclass, lshape=lshape, name=name)
            for name, (X, y) in (("train", train), ("valid", valid))
        }


def _resized(X: Array, size: int) -> Array:
    if size <= X.shape[1]:
        return X[:, :size, :size]
    padded = np.zeros((len(X), size, size))
    padded[:, : X.shape[1], : X.shape[2]] = X
    return padded
