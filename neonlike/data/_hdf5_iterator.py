"""Minibatches read from HDF5 files (spec data 4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.data._array_iterator import (
    ArrayIterator,
    batch_pieces,
    check_lshape,
    checked_labels,
    require_numbers,
)

Array = NDArray[Any]


class HDF5Iterator(ArrayIterator):
    """Read minibatches from an HDF5 file, in file order.

    The file holds the dataset ``input`` ``(ndata, F)`` with the attribute
    ``lshape``, and maybe ``output`` ``(ndata, M)`` (the targets; None without
    it) and ``mean`` (F values, or one per channel, subtracted from the input).
    It stays open until ``cleanup()``. Epochs continue each other as in
    ``ArrayIterator``, but a full last batch sets ``start`` to 0.

    A subclass may override ``allocate_inputs``, ``allocate_outputs``,
    ``gen_input`` and ``gen_output``.

    Args:
        hdf_filename: path of the file.
        name: name of the iterator.

    Raises:
        OSError: the file is missing or no HDF5 file.
        TypeError: ``input`` holds no numbers.
        KeyError: no dataset ``input``, or no attribute ``lshape``.
        AssertionError: sizes in the file do not fit each other or the batch size.
        IndexError: (at the first batch) ``output`` has one axis only.
    """

    hdf_file: Any = None  # for cleanup() after a constructor that failed

    def __init__(self, hdf_filename: str, name: str | None = None) -> None:
        super(ArrayIterator, self).__init__(name=name)
        self.hdf_filename = hdf_filename
        self.hdf_file = _open(hdf_filename)
        self.inp = self._dataset("input")
        if self.inp.ndim != 2:
            raise AssertionError(
                f"{hdf_filename}: dataset 'input' must be of shape (ndata, F), got {self.inp.shape}"
            )
        require_numbers(self.inp, f"{hdf_filename}: dataset 'input'")
        self.ndata = self.inp.shape[0]
        self.start = 0
        self.lshape = self._read_lshape()
        self.shape = self.lshape
        self.mean: Any = None
        self.out: Any = self.hdf_file.get("output")
        if self.out is not None and len(self.out) != self.ndata:
            raise AssertionError(
                f"{hdf_filename}: dataset 'input' has {self.ndata} examples, "
                f"'output' has {len(self.out)}"
            )
        self._check_batch_size(self.be.bsz)
        self.allocated = False

    def _dataset(self, key: str) -> Any:
        if key not in self.hdf_file:
            raise KeyError(
                f"{self.hdf_filename}: there is no dataset {key!r}, only {sorted(self.hdf_file)}"
            )
        return self.hdf_file[key]

    def _read_lshape(self) -> tuple[int, ...]:
        if "lshape" not in self.inp.attrs:
            raise KeyError(
                f"{self.hdf_filename}: dataset 'input' needs the attribute 'lshape', "
                "the shape of one example such as (C, H, W)"
            )
        lshape = tuple(int(n) for n in np.ravel(self.inp.attrs["lshape"]))
        check_lshape(lshape, self.inp.shape[1], f"{self.hdf_filename}: dataset 'input'")
        return lshape

    def allocate(self) -> None:
        """Create the tensors of a batch, once (called by the first iteration)."""
        if not self.allocated or self._bsz != self.be.bsz:
            self._bsz = self.be.bsz
            self._check_batch_size(self._bsz)
            self.allocate_inputs()
            self.allocate_outputs()
            self.allocated = True

    def allocate_inputs(self) -> None:
        """Create ``mini_batch_in`` (host), ``inpbuf`` and, with a mean, ``meansub_view``."""
        features = self.inp.shape[1]
        self.mini_batch_in = np.zeros((features, self._bsz), self.be.default_dtype)
        self.inpbuf = self.be.zeros((features, self._bsz))
        if "mean" not in self.hdf_file:
            return
        mean = np.ravel(self.hdf_file["mean"][()])
        if mean.size not in (features, self.lshape[0]):
            raise AssertionError(
                f"{self.hdf_filename}: dataset 'mean' must have {features} values (one per "
                f"feature) or {self.lshape[0]} (one per channel), got {mean.size}"
            )
        self.mean = self.be.array(mean.reshape(-1, 1))
        self.meansub_view = self.inpbuf.reshape((mean.size, -1))

    def allocate_outputs(self) -> None:
        """Create ``mini_batch_out`` (host) and ``outbuf``, if there is an ``output``."""
        if self.out is None:
            self.outbuf: Any = None
            return
        if self.out.ndim != 2:
            raise IndexError(
                f"{self.hdf_filename}: dataset 'output' must be of shape (ndata, M), "
                f"got {self.out.shape}"
            )
        self.mini_batch_out: Array = np.zeros((self.out.shape[1], self._bsz), self.be.default_dtype)
        self.outbuf = self.be.zeros(self.mini_batch_out.shape)

    def gen_input(self, mini_batch: Array) -> None:
        """Fill ``inpbuf`` from ``mini_batch`` ``(F, N)`` and subtract the mean."""
        self.inpbuf[:] = mini_batch
        if self.mean is not None:
            self.meansub_view[:] = self.meansub_view - self.mean

    def gen_output(self, mini_batch: Array) -> None:
        """Fill ``outbuf`` from ``mini_batch`` ``(M, N)``."""
        self.outbuf[:] = mini_batch

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Yield ``(inputs, targets)`` of each minibatch of one epoch."""
        self.allocate()
        for begin in range(self.start, self.ndata, self._bsz):
            pieces = batch_pieces(begin, self.ndata, self._bsz)
            for columns, rows in pieces:
                self.mini_batch_in[:, columns] = self.inp[rows].T
            self.gen_input(self.mini_batch_in)
            if self.outbuf is not None:
                for columns, rows in pieces:
                    self.mini_batch_out[:, columns] = self.out[rows].T
                self.gen_output(self.mini_batch_out)
            if begin + self._bsz >= self.ndata:
                self.start = begin + self._bsz - self.ndata
            yield self._batch()

    def _batch(self) -> tuple[Any, Any]:
        return self.inpbuf, self.outbuf

    def cleanup(self) -> None:
        """Close the file."""
        if self.hdf_file:
            self.hdf_file.close()
            self.hdf_file = None

    def __del__(self) -> None:
        self.cleanup()
        super().__del__()


class HDF5IteratorOneHot(HDF5Iterator):
    """``HDF5Iterator`` that turns the labels in ``output`` into one-hot columns.

    ``output`` needs the attribute ``nclass`` and is read completely into memory.

    Raises:
        AssertionError: no ``nclass``, or labels that are not in 0..nclass-1.
    """

    def __init__(self, hdf_filename: str, name: str | None = None) -> None:
        super().__init__(hdf_filename, name=name)
        if self.out is None:
            return
        if "nclass" not in self.out.attrs:
            raise AssertionError(
                f"{hdf_filename}: dataset 'output' needs the attribute 'nclass', "
                "the number of classes"
            )
        self.nclass = int(self.out.attrs["nclass"])
        self.out = checked_labels(self.out[()], self.nclass, f"{hdf_filename}: dataset 'output'")

    def allocate_outputs(self) -> None:
        """Create ``mini_batch_out`` (host, labels), ``argmax_buf`` and ``outbuf``."""
        if self.out is None:
            self.outbuf = None
            return
        self.mini_batch_out = np.zeros((1, self._bsz), np.int32)
        self.argmax_buf = self.be.zeros((1, self._bsz), dtype=np.int32)
        self.outbuf = self.be.zeros((self.nclass, self._bsz))

    def gen_output(self, mini_batch: Array) -> None:
        """Fill ``outbuf`` with the one-hot columns of the labels ``(1, N)``."""
        self.argmax_buf[:] = mini_batch
        self.outbuf[:] = self.be.onehot(self.argmax_buf, axis=0)


class HDF5IteratorAutoencoder(HDF5Iterator):
    """``HDF5Iterator`` whose targets are its inputs; ``output`` is ignored."""

    def allocate_outputs(self) -> None:
        """Create nothing: the inputs are the targets."""
        self.outbuf = None

    def _batch(self) -> tuple[Any, Any]:
        return self.inpbuf, self.inpbuf


def _open(path: str) -> Any:
    import h5py  # here: importing neonlike does not load it

    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: there is no such HDF5 file")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise OSError(f"{path} cannot be read as an HDF5 file: {error}") from error
