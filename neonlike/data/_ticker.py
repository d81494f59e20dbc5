"""Synthetic sequence tasks: copy, repeat, sort (spec data 10).

All draws come from NumPy's global generator, in neon's order. Letters: L length
of the sequences of a batch, V ``vec_size``, T number of time steps, N batch.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike._object import NervanaObject

Array = NDArray[Any]


class Task(NervanaObject, abc.ABC):
    """Base of the tasks.

    Attributes:
        nin: rows of the input; ``nout`` of the target.
        time_steps_func: lengths → number of time steps.
        time_steps_max: largest number of time steps.
        max_columns: ``time_steps_max * N``.
    """

    nin: int
    nout: int

    def _set_sizes(self, time_steps_func: Callable[..., int], *longest: int) -> None:
        self.time_steps_func = time_steps_func
        self.time_steps_max = time_steps_func(*longest)
        self.max_columns = self.time_steps_max * self.be.bsz

    @abc.abstractmethod
    def synthesize(self, in_tensor: Any, out_tensor: Any, mask: Any) -> None:
        """Fill the tensors of a batch ``(rows, max_columns)`` with new sequences."""

    def fetch_io(self, time_steps: int) -> tuple[Array, Array]:
        """Return zeroed input ``(nin, T*N)`` and target ``(nout, T*N)`` arrays."""
        columns = time_steps * self.be.bsz
        return np.zeros((self.nin, columns)), np.zeros((self.nout, columns))

    def fill_buffers(
        self,
        time_steps: int,
        inputs: Array,
        outputs: Array,
        in_tensor: Any,
        out_tensor: Any,
        mask: Any,
    ) -> None:
        """Copy ``time_steps`` steps into the tensors; later columns are 0, also in the mask."""
        used = time_steps * self.be.bsz
        for tensor, values in ((in_tensor, inputs), (out_tensor, outputs)):
            tensor.fill(0)
            tensor[:, :used] = values
        mask.fill(0)
        mask[:, :used] = 1

    def _columns(self, first: int, steps: int) -> slice:
        """Columns of ``steps`` time steps from step ``first`` on."""
        n = self.be.bsz
        return slice(first * n, (first + steps) * n)


class CopyTask(Task):
    """Repeat a sequence of random bits.

    Input: start mark (row V), L bit vectors, stop mark (row V+1); then the
    bits are the target.

    Args:
        seq_len_max: longest sequence.
        vec_size: number of bits V.
    """

    def __init__(self, seq_len_max: int, vec_size: int) -> None:
        super().__init__()
        self.seq_len_max = seq_len_max
        self.vec_size = vec_size
        self.nin = vec_size + 2
        self.nout = vec_size
        self._set_sizes(lambda seq_len: 2 * seq_len + 2, seq_len_max)

    def synthesize(self, in_tensor: Any, out_tensor: Any, mask: Any) -> None:
        """Fill the tensors of a batch with new sequences."""
        length = np.random.randint(1, self.seq_len_max + 1)
        bits = np.random.randint(2, size=(self.vec_size, length * self.be.bsz))
        time_steps = self.time_steps_func(length)
        inputs, outputs = self.fetch_io(time_steps)
        inputs[self.vec_size, self._columns(0, 1)] = 1
        inputs[: self.vec_size, self._columns(1, length)] = bits
        inputs[self.vec_size + 1, self._columns(length + 1, 1)] = 1
        outputs[:, self._columns(length + 2, length)] = bits
        self.fill_buffers(time_steps, inputs, outputs, in_tensor, out_tensor, mask)


class RepeatCopyTask(Task):
    """Repeat a sequence of random bits several times.

    Input as in ``CopyTask``, but the stop mark is the number of repetitions.
    The target ends with a stop mark (row V).

    Args:
        seq_len_max: longest sequence.
        repeat_count_max: largest number of repetitions.
        vec_size: number of bits V.
    """

    def __init__(self, seq_len_max: int, repeat_count_max: int, vec_size: int) -> None:
        super().__init__()
        self.seq_len_max = seq_len_max
        self.repeat_count_max = repeat_count_max
        self.vec_size = vec_size
        self.nin = vec_size + 2
        self.nout = vec_size + 1
        self._set_sizes(
            lambda seq_len, repeats: seq_len * (repeats + 1) + 3, seq_len_max, repeat_count_max
        )

    def synthesize(self, in_tensor: Any, out_tensor: Any, mask: Any) -> None:
        """Fill the tensors of a batch with new sequences."""
        length = np.random.randint(1, self.seq_len_max + 1)
        repeats = np.random.randint(1, self.repeat_count_max + 1)
        bits = np.random.randint(2, size=(self.vec_size, length * self.be.bsz))
        time_steps = self.time_steps_func(length, repeats)
        inputs, outputs = self.fetch_io(time_steps)
        inputs[self.vec_size, self._columns(0, 1)] = 1
        inputs[: self.vec_size, self._columns(1, length)] = bits
        inputs[self.vec_size + 1, self._columns(length + 1, 1)] = repeats
        columns = self._columns(length + 2, length * repeats)
        outputs[: self.vec_size, columns] = np.tile(bits, repeats)
        outputs[self.vec_size, self._columns(time_steps - 1, 1)] = 1
        self.fill_buffers(time_steps, inputs, outputs, in_tensor, out_tensor, mask)


class PrioritySortTask(Task):
    """Sort random bit vectors by their priorities.

    Input: start mark (row V), L bit vectors with a priority each (row V+2),
    stop mark (row V+1); then the target: the vectors by ascending priority.

    Args:
        seq_len_max: longest sequence.
        vec_size: number of bits V.
    """

    def __init__(self, seq_len_max: int, vec_size: int) -> None:
        super().__init__()
        self.seq_len_max = seq_len_max
        self.vec_size = vec_size
        self.nin = vec_size + 3
        self.nout = vec_size
        self._set_sizes(lambda seq_len: 2 * seq_len + 2, seq_len_max)

    def synthesize(self, in_tensor: Any, out_tensor: Any, mask: Any) -> None:
        """Fill the tensors of a batch with new sequences."""
        V, n = self.vec_size, self.be.bsz
        length = np.random.randint(1, self.seq_len_max + 1)
        # neon draws bits for all rows and clears the last three
        bits = np.random.randint(2, size=(self.nin, length * n))[:V]
        priorities = np.random.uniform(-1, 1, length * n)
        time_steps = self.time_steps_func(length)
        inputs, outputs = self.fetch_io(time_steps)
        inputs[V, self._columns(0, 1)] = 1
        inputs[:V, self._columns(1, length)] = bits
        inputs[V + 2, self._columns(1, length)] = priorities
        inputs[V + 1, self._columns(length + 1, 1)] = 1
        order = priorities.reshape(length, n).argsort(axis=0)
        ordered = np.take_along_axis(bits.reshape(V, length, n), order[np.newaxis], axis=1)
        outputs[:, self._columns(length + 2, length)] = ordered.reshape(V, length * n)
        self.fill_buffers(time_steps, inputs, outputs, in_tensor, out_tensor, mask)


class Ticker(NervanaObject):
    """100 minibatches ``(X, (Y, mask))`` of new sequences of a task per epoch.

    All sequences of a batch have one random length; later columns are zero.

    Args:
        task: the task.
    """

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = task
        self.batch_index = 0
        self.nbatches = 100
        self.ndata = self.nbatches * self.be.bsz
        self.nin = task.nin
        self.nout = task.nout
        self.shape = (task.nin, task.time_steps_max)
        self.dev_X = self.be.zeros((task.nin, task.max_columns))
        self.dev_y = self.be.zeros((task.nout, task.max_columns))
        self.mask = self.be.zeros((task.nout, task.max_columns))

    def reset(self) -> None:
        """Do nothing: the data are random and never repeat."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Yield ``(X, (Y, mask))``: ``(nin, Tmax*N)`` and twice ``(nout, Tmax*N)``."""
        for batch in range(self.nbatches):
            self.batch_index = batch
            self.task.synthesize(self.dev_X, self.dev_y, self.mask)
            yield self.dev_X, (self.dev_y, self.mask)
