"""``ArrayIterator``: minibatches from arrays in memory (spec data 3)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neonlike._object import check_count, get_args
from neonlike.data._iterator import NervanaDataIterator

Array = NDArray[Any]


class ArrayIterator(NervanaDataIterator):
    """Deliver the rows of arrays as minibatches, in storage order.

    The last batch of an epoch is completed with the first examples, and the
    next epoch starts behind those (attribute ``start``), until ``reset()``.

    Args:
        X: array ``(ndata, F)``, or a list of such arrays (several inputs; each
            batch then has a tuple of tensors).
        y: labels ``(ndata,)`` or ``(ndata, 1)``; with ``make_onehot=False``
            targets ``(ndata, M)``; without ``y`` the inputs are the targets.
        nclass: number of classes, needed for one-hot labels.
        lshape: shape of one example, such as ``(C, H, W)``; product F.
        make_onehot: turn labels into columns ``(nclass, N)``.
        name: name of the iterator.

    Raises:
        AttributeError: one-hot labels without ``nclass``.
        AssertionError: fewer examples than the batch size, unequal numbers of
            examples, wrong labels, or an ``lshape`` that does not fit.

    Example::

        train = ArrayIterator(X, y, nclass=10, lshape=(1, 28, 28))
        for x, t in train:  # (784, N), (10, N)
            ...
    """

    def __init__(
        self,
        X: Array | list[Array],
        y: Array | Sequence[Any] | None = None,
        nclass: int | None = None,
        lshape: tuple[int, ...] | None = None,
        make_onehot: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        arrays = _checked_inputs(X, lshape)
        self.ndata: int = arrays[0].shape[0]
        self.nclass = nclass
        self.start = 0
        self._onehot = make_onehot
        self.lshape: Any
        self.shape: Any = [lshape or array.shape[1] for array in arrays]
        if not isinstance(X, list):
            self.shape = self.shape[0]
            self.lshape = lshape
        self.Xdev = [self.be.array(array) for array in arrays]
        self.ydev: Any = None if y is None else self._labels(np.asarray(y))
        self._allocate()

    def _labels(self, y: Array) -> Any:
        if len(y) != self.ndata:
            raise AssertionError(
                f"{self.name}: X has {self.ndata} examples, but y has {len(y)} entries"
            )
        if self._onehot:
            if self.nclass is None:
                raise AttributeError(f"{self.name}: one-hot labels need the argument nclass")
            check_count(self.name, "nclass", self.nclass)
            return self.be.array(checked_labels(y, self.nclass, f"{self.name}: y"), dtype=np.int32)
        if y.ndim != 2:
            raise IndexError(
                f"{self.name}: with make_onehot=False y must be of shape (ndata, M), got {y.shape}"
            )
        return self.be.array(y)

    def _allocate(self) -> None:
        """Create the tensors of a batch, for the backend's batch size of now."""
        self._bsz = n = self.be.bsz
        self._check_batch_size(n)
        self.Xbuf = [self.be.zeros((data.shape[1], n)) for data in self.Xdev]
        self.ybuf: Any = None
        if self.ydev is not None:
            rows = self.nclass if self._onehot else self.ydev.shape[1]
            self._indices = self.be.zeros((1, n), dtype=np.int32) if self._onehot else None
            self.ybuf = self.be.zeros((rows, n))

    def _check_batch_size(self, n: int) -> None:
        if not n:
            raise ValueError(
                f"{self.name}: the batch size is {n}; call gen_backend(batch_size=...) or set "
                "be.bsz before making a data iterator"
            )
        if not self.ndata:
            raise AssertionError(f"{self.name}: the data set is empty")
        if self.ndata < n:
            raise AssertionError(
                f"{self.name}: the batch size {n} is larger than the data set, which has "
                f"{self.ndata} examples; use a batch size of at most {self.ndata}"
            )

    @property
    def nbatches(self) -> int:
        """Number of minibatches of the next epoch; depends on ``start``."""
        batch_size: int = self.be.bsz
        return math.ceil((self.ndata - self.start) / batch_size)

    def reset(self) -> None:
        """Go back to the first example."""
        self.start = 0

    def train_state(self) -> dict[str, Any]:
        """Return where the next epoch starts."""
        return {"start": self.start}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Start the next epoch as in a ``train_state``."""
        self.start = int(state["start"])

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Yield ``(inputs, targets)`` of each minibatch of one epoch."""
        if self._bsz != self.be.bsz:
            self._allocate()
        for begin in range(self.start, self.ndata, self._bsz):
            pieces = batch_pieces(begin, self.ndata, self._bsz)
            for data, buffer in zip(self.Xdev, self.Xbuf, strict=True):
                _fill(buffer, data.asnumpyarray(), pieces)
            if self.ydev is not None:
                self._fill_targets(pieces)
            if len(pieces) > 1:  # wrapped around
                self.start = pieces[1][1].stop
            x = self.Xbuf[0] if len(self.Xbuf) == 1 else tuple(self.Xbuf)
            yield x, x if self.ydev is None else self.ybuf

    def _fill_targets(self, pieces: list[tuple[slice, slice]]) -> None:
        labels = self.ydev.asnumpyarray()
        if self._onehot:
            _fill(self._indices, labels, pieces)
            self.ybuf[:] = self.be.onehot(self._indices, axis=0)
        else:
            _fill(self.ybuf, labels, pieces)

    def get_description(self, skip: list[str] = [], **kwargs: Any) -> dict[str, Any]:
        """Describe the iterator without its data."""
        arguments = get_args(type(self).__init__)
        unstored = [name for name in arguments if name not in self.__dict__]
        return super().get_description(skip=[*skip, *unstored], **kwargs)


class DataIterator(ArrayIterator):
    """Old spelling of ``ArrayIterator``."""

    # in __new__: __init__ and with it the description stay those of ArrayIterator
    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Warn about the old name."""
        warnings.warn("DataIterator is now ArrayIterator", DeprecationWarning, stacklevel=2)
        return super().__new__(cls)


def batch_pieces(begin: int, ndata: int, n: int) -> list[tuple[slice, slice]]:
    """Return (columns of the batch, rows of the data) that make up the batch at ``begin``.

    One piece, or two where the batch goes beyond the last example and is
    completed with the first ones.
    """
    real = min(n, ndata - begin)
    pieces = [(slice(0, real), slice(begin, begin + real))]
    if real < n:
        pieces.append((slice(real, n), slice(0, n - real)))
    return pieces


def checked_labels(y: Array, nclass: int, what: str) -> Array:
    """Return labels as int32 ``(ndata, 1)``.

    Args:
        y: ``(ndata,)`` or ``(ndata, 1)``, integers or floats of integer value.
        nclass: number of classes.
        what: name of the labels in messages.

    Raises:
        AssertionError: another shape, or a label that is not in 0..nclass-1.
    """
    if y.size != len(y):
        raise AssertionError(f"{what} must hold one label per example, got shape {y.shape}")
    require_numbers(y, what)
    for wrong, problem in (
        (y != np.floor(y), "not an integer"),
        ((y < 0) | (y >= nclass), f"outside 0..{nclass - 1} (nclass is {nclass})"),
    ):
        if wrong.any():
            raise AssertionError(f"{what} holds the label {y[wrong][0]}, which is {problem}")
    return y.reshape(-1, 1).astype(np.int32)


def check_lshape(lshape: Any, features: int, what: str) -> None:
    """Check that examples of ``features`` numbers have the shape ``lshape``.

    Raises:
        AssertionError: the product of ``lshape`` is another number.
        TypeError: ``lshape`` is no tuple or list of whole numbers, nor such a number.
        ValueError: a size is below 1.
    """
    sizes = (lshape,) if isinstance(lshape, Integral) else lshape
    if not isinstance(sizes, tuple | list):
        raise TypeError(f"{what}: lshape must be a tuple such as (3, 32, 32), got {lshape!r}")
    for size in sizes:
        check_count(f"{what}, lshape {lshape}", "a size", size)
    if math.prod(sizes) != features:
        raise AssertionError(
            f"{what} has {features} features per example, but lshape {tuple(sizes)} "
            f"has {math.prod(sizes)}"
        )


def _checked_inputs(X: Any, lshape: tuple[int, ...] | None) -> list[Array]:
    if isinstance(X, tuple) or (isinstance(X, list) and not X):
        raise TypeError("ArrayIterator: X must be an array or a list of arrays")
    arrays = [np.asarray(array) for array in (X if isinstance(X, list) else [X])]
    for index, array in enumerate(arrays):
        what = f"ArrayIterator: X[{index}]" if isinstance(X, list) else "ArrayIterator: X"
        require_numbers(array, what)
        if array.ndim != 2:
            hint = (
                "a list holds an array for each input of the network"
                if isinstance(X, list)
                else "give X.reshape(len(X), -1) and, for pictures and the like, lshape=X.shape[1:]"
            )
            raise ValueError(f"{what} must be of shape (ndata, F), got {array.shape}; {hint}")
        if len(array) != len(arrays[0]):
            raise AssertionError(f"{what} has {len(array)} examples, X[0] has {len(arrays[0])}")
        if lshape is not None:
            check_lshape(lshape, array.shape[1], what)
    return arrays


def require_numbers(array: Any, what: str) -> None:
    """Raise a TypeError if an array, called ``what``, does not hold real numbers."""
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what} must hold real numbers, got dtype {array.dtype}")


def _fill(buffer: Any, rows: Array, pieces: list[tuple[slice, slice]]) -> None:
    for columns, chosen in pieces:
        buffer[:, columns] = rows[chosen].T
