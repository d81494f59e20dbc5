"""Accumulators of the reductions in fused loops.

Sums are accumulated in the element type over bounded stretches, and those in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from neonlike.kernels._nest import Fold
from neonlike.kernels.numba import _fused_memory as memory
from neonlike.kernels.numba import _fused_ops as ops
from neonlike.kernels.numba._fused_memory import INDEX, Value
from neonlike.kernels.numba._ir import Vectors, loop

FOLD_COLUMNS = 512
STRETCH = 16  # additions in the element type: as exact as NumPy's sums
_DOUBLE = ir.DoubleType()


def is_sum(fold: Fold) -> bool:
    """Whether a fold adds."""
    return fold.operation == "sum"


def identity(v: Vectors, fold: Fold) -> Value:
    """The vector that changes nothing."""
    return v.constant(ops.IDENTITY[fold.operation])


def combine(v: Vectors, fold: Fold, a: Value, b: Value) -> Value:
    """Two results in one."""
    return ops.COMBINE[fold.operation](v, a, b)


def join(v: Vectors, fold: Fold, total: Value, value: Value, mask: Value | None) -> Value:
    """The accumulator with the lanes of ``value`` for which the mask is true."""
    value = ops.as_floats(v, value)
    if mask is not None:
        value = v.builder.select(mask, value, identity(v, fold))
    return combine(v, fold, total, value)


def wide(v: Vectors) -> ir.Type:
    """Vectors of float64 with as many lanes as ``v``."""
    return ir.VectorType(_DOUBLE, v.lanes)


def widen(v: Vectors, value: Value) -> Value:
    """Elements as float64."""
    return value if v.bytes == 8 else v.builder.fpext(value, wide(v))


def narrow(v: Vectors, value: Value, kind: ir.Type) -> Value:
    """float64 as the element type, or as vectors of it."""
    return value if v.bytes == 8 else v.builder.fptrunc(value, kind)


def across_lanes(v: Vectors, fold: Fold, total: Value) -> Value:
    """All lanes of an accumulator, for sums of float64, in one element."""
    lanes = v.lanes
    while lanes > 1:
        lanes //= 2
        low, high = (v.shuffle(total, total, range(n, n + lanes)) for n in (0, lanes))
        if is_sum(fold):
            total = v.builder.fadd(low, high)
        else:
            total = combine(memory.narrowed(v, lanes), fold, low, high)
    element = v.builder.extract_element(total, INDEX(0))
    return narrow(v, element, v.element) if is_sum(fold) else element


class DownFolds:
    """Folds along axis 0: an accumulator for each column, on the stack.

    Args:
        v: vectors.
        folds: those with axis 0.
        stack: ``stack(kind, count)`` gives ``count`` elements on the stack.
    """

    def __init__(
        self, v: Vectors, folds: Sequence[Fold], stack: Callable[[ir.Type, int], Value]
    ) -> None:
        self.v = v
        self.folds = folds
        self.parts = [stack(v.element, FOLD_COLUMNS) for _ in folds]
        self.totals = [stack(_DOUBLE, FOLD_COLUMNS) if is_sum(f) else None for f in folds]

    def _wide_at(self, total: Value, offset: Value) -> Value:
        place = self.v.builder.gep(total, [offset])
        return self.v.builder.bitcast(place, wide(self.v).as_pointer())

    def _vectors(self, width: Value, action: Callable[[Value], None]) -> None:
        """Call ``action(offset)`` for all vectors of the accumulators."""
        b, lanes = self.v.builder, self.v.lanes

        def one(i: Value, _: list[Value]) -> list[Value]:
            action(b.mul(i, INDEX(lanes)))
            return []

        loop(b, memory.ceiling(b, width, lanes), [], one)

    def start(self, width: Value) -> None:
        """Clear all accumulators of ``width`` columns."""

        def clear(offset: Value) -> None:
            for fold, part, total in zip(self.folds, self.parts, self.totals, strict=True):
                self.v.store(identity(self.v, fold), self.v.at(part, offset))
                if total is not None:
                    zero = ir.Constant(wide(self.v), None)
                    self.v.builder.store(zero, self._wide_at(total, offset), align=8)

        if self.folds:
            self._vectors(width, clear)

    def step(self, values: dict[int, Value], offset: Value, mask: Value | None) -> None:
        """Fold the values of one vector of columns."""
        for fold, part in zip(self.folds, self.parts, strict=True):
            place = self.v.at(part, offset)
            total = self.v.load(place)
            self.v.store(join(self.v, fold, total, values[fold.value], mask), place)

    def collect(self, width: Value) -> None:
        """End a stretch with sums: move them to float64."""
        v, b = self.v, self.v.builder

        def move(offset: Value) -> None:
            for part, total in zip(self.parts, self.totals, strict=True):
                if total is not None:
                    place, wide_place = v.at(part, offset), self._wide_at(total, offset)
                    sums = b.fadd(b.load(wide_place, align=8), widen(v, v.load(place)))
                    b.store(sums, wide_place, align=8)
                    v.store(v.zero(), place)

        self._vectors(width, move)

    def finish(self, width: Value, targets: Sequence[Value]) -> None:
        """Write the results from the pointers ``targets`` on."""
        v, b = self.v, self.v.builder

        def write(offset: Value) -> None:
            left = b.sub(width, offset)
            mask = memory.mask_of(v, left)
            for part, total, target in zip(self.parts, self.totals, targets, strict=True):
                if total is None:
                    value = v.load(v.at(part, offset))
                else:
                    sums = b.load(self._wide_at(total, offset), align=8)
                    value = narrow(v, sums, v.type)
                memory.store(v, value, v.at(target, offset), mask)

        if self.folds:
            self._vectors(width, write)
