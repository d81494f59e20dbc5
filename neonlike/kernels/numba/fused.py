"""Fused kernels: whole op-trees as few passes over memory, compiled in milliseconds by LLVM.

``compile_nest(nest)`` returns a kernel, or None where the description contains what cannot be
compiled. A kernel is bound to sizes once and then called with addresses and numbers. Results are
those of NumPy, but for the rounding of functions and sums; with more threads, the work is cut
into one part for each, and no sum across a cut.
"""

from __future__ import annotations

import ctypes
import functools
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neonlike.kernels._nest import Extent, Loop, Nest
from neonlike.kernels.numba import _fused_code as code
from neonlike.kernels.numba import _fused_ops as ops
from neonlike.kernels.numba import _fused_store as store
from neonlike.kernels.numba import _threads
from neonlike.kernels.numba._fused_fold import FOLD_COLUMNS
from neonlike.kernels.numba._fused_ops import COSTS

PARALLEL_WORK = 1 << 20  # about 40 us; below, waking a thread costs more than it gains
_PART_BYTES = 1024  # of each row at least: processors fetch ahead, also what others write
_BLOCK_BYTES = 256 * 1024  # of all arrays of a group: fits the second-level cache
_BLOCK_COLUMNS = 64  # at least, for the sake of the memory
_FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int64)  # releases the GIL
Sizes = Sequence[Sequence[Extent]]  # for each loop of each group


def compile_nest(nest: Nest) -> Kernel | None:
    """Compile a nest, or load it from the cache on disk; None if it cannot be compiled."""
    supported = nest.dtype in ("float32", "float64") and all(
        _is_supported(loop) for group in nest.groups for loop in group
    )
    if not supported:
        return None
    description = repr(nest)  # unlike a nest, it tells 0.0 from -0.0
    if description not in _KERNELS:
        _KERNELS[description] = Kernel(nest)
    return _KERNELS[description]


def _is_supported(loop: Loop) -> bool:
    truths: list[bool] = []  # for each value, whether it is a truth value
    for name, *operands in loop.code:
        if name in ("load", "number", "const"):
            truth: bool | None = False
        elif name == "pow":
            truth = None if truths[operands[0]] else _power_is_truth(loop.code[operands[1]])
        else:
            truth = ops.result_is_truth(name, [truths[a] for a in operands])
        if truth is None:
            return False
        truths.append(truth)
    return True


def _power_is_truth(exponent: tuple[Any, ...]) -> bool | None:
    known = exponent[0] == "const" and ops.has_power(exponent[1])
    return False if known else None


class Kernel:
    """A compiled nest."""

    def __init__(self, nest: Nest) -> None:
        self.nest = nest
        address = store.load(repr(nest), functools.partial(code.build, nest))
        self.addresses = [address(f"_{n}") for n in range(len(nest.groups))]
        self.functions = [_FUNCTION(a) for a in self.addresses]
        self.pack = struct.Struct(f"={1 + nest.arrays}q{nest.numbers}d").pack

    def bind(self, sizes: Sizes) -> Call:
        """Return the kernel for these sizes."""
        return Call(self, sizes)


_KERNELS: dict[str, Kernel] = {}


class Call:
    """A kernel with fixed sizes: ``call(*addresses, *numbers)``."""

    def __init__(self, kernel: Kernel, sizes: Sizes) -> None:
        self._kernel = kernel
        self._sizes = sizes
        self._functions, self._pack = kernel.functions, kernel.pack
        self._is_large = [
            group[0].axis is not None and _work(group, extents) >= PARALLEL_WORK
            for group, extents in zip(kernel.nest.groups, sizes, strict=True)
        ]
        self._any_large = any(self._is_large)
        self._tables: dict[int, tuple[list[int], int, Any]] = {}
        self._table = self._cut(1)[1]

    def __call__(self, *words: Any) -> None:
        threads = _threads.get_num_threads() if self._any_large else 1
        if threads > 1:
            self._run_parallel(words, threads)
            return
        arguments = self._pack(self._table, *words)
        for function in self._functions:
            function(arguments, 0)

    def freeze(self, *words: Any) -> Callable[[], None]:
        """Return a function that calls the kernel with these addresses and numbers."""
        if self._any_large or len(self._functions) > 1:
            return functools.partial(self, *words)
        return functools.partial(self._functions[0], self._pack(self._table, *words), 0)

    def _run_parallel(self, words: tuple[Any, ...], threads: int) -> None:
        from neonlike.kernels.numba._share import run_parts

        parts, table, _ = self._tables.get(threads) or self._cut(threads)
        arguments = self._pack(table, *words)
        place = ctypes.c_void_p.from_buffer(ctypes.c_char_p(arguments)).value
        kernel = self._kernel
        for count, address, function in zip(parts, kernel.addresses, self._functions, strict=True):
            if count > 1:
                run_parts(address, place, count)
            else:
                function(arguments, 0)

    def _cut(self, threads: int) -> tuple[list[int], int, Any]:
        """How many parts to make of each group, and the table of sizes: its address and itself."""
        if threads not in self._tables:
            parts: list[int] = []
            words: list[int] = []
            groups = zip(self._kernel.nest.groups, self._sizes, self._is_large, strict=True)
            for group, extents, large in groups:
                extent, block = self._blocks(group, extents)
                parts.append(self._parts(group, extent, threads) if large else 1)
                words += code.sizes(parts[-1], extent, block, extents)
            table = np.array(words, np.int64)
            self._tables[threads] = parts, int(table.__array_interface__["data"][0]), table
        return self._tables[threads]

    def _parts(self, group: Sequence[Loop], extent: int, threads: int) -> int:
        """One part for each thread, as far as the rows are long enough to be cut."""
        if all(part.axis != 1 for part in group):
            return threads
        item = np.dtype(self._kernel.nest.dtype).itemsize
        return max(1, min(threads, extent * item // _PART_BYTES))

    def _blocks(self, group: Sequence[Loop], extents: Sequence[Extent]) -> tuple[int, int]:
        """Extent of a group along its axis, and how much of it to do at a time."""
        axis = group[0].axis
        if axis is None:
            return 1, 1
        extent = block = _length(extents[0], axis)
        if len(group) > 1:
            item = np.dtype(self._kernel.nest.dtype).itemsize
            across = sum(
                _length(e, 1 - part.axis) * len(e.strides)
                for part, e in zip(group, extents, strict=True)
                if part.axis is not None
            )
            block = min(extent, max(1, _BLOCK_BYTES // (across * item)))
        if any(part.axis == 1 for part in group):
            block = max(_BLOCK_COLUMNS, block // _BLOCK_COLUMNS * _BLOCK_COLUMNS)
        if any(fold.axis == 0 for part in group for fold in part.folds):
            block = min(block, FOLD_COLUMNS)
        return extent, block


def _length(extent: Extent, axis: int) -> int:
    return extent.columns if axis else extent.rows


def _work(group: Sequence[Loop], extents: Sequence[Extent]) -> int:
    """Time for a group, in units of one array that is read or written, per element."""
    return sum(
        e.rows * e.columns * (len(e.strides) + sum(COSTS.get(c[0], 0) for c in loop.code))
        for loop, e in zip(group, extents, strict=True)
    )
