"""LLVM IR of one fused loop: rows outside, vectors of columns inside.

The last columns of a row, too few for a vector, go through masked loads and stores; where there
never are such, the code for them, half of all, need not be compiled. Values that are the same for
all columns, or everywhere, are computed outside of the loops they do not need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from neonlike.kernels._nest import Fold, Loop
from neonlike.kernels.numba import _fused_fold as folding
from neonlike.kernels.numba import _fused_memory as memory
from neonlike.kernels.numba import _fused_ops as ops
from neonlike.kernels.numba._fused_fold import STRETCH, DownFolds, is_sum
from neonlike.kernels.numba._fused_memory import INDEX, Place, Value
from neonlike.kernels.numba._ir import Vectors, loop

# Short steps are repeated, so that sums along a row do not wait for each other
_SHORT, _REPEATS = 6, 4
EVERYWHERE, BY_ROW, BY_COLUMN = 0, 1, 2  # where a value changes

Values = dict[int, Value]
Part = tuple[Value, Value]  # from, to
# Work on a vector of columns: column, mask (None: all lanes), accumulators
Step = Callable[[Value, Value | None, list[Value]], list[Value]]


class LoopCode:
    """Emits one loop.

    Args:
        v: vectors, with the builder.
        loop: description.
        places: memory of the loop's references.
        numbers: the kernel's numbers, splat.
        stack: ``stack(kind, count)`` gives ``count`` elements on the stack.
    """

    def __init__(
        self,
        v: Vectors,
        loop: Loop,
        places: Sequence[Place],
        numbers: Sequence[Value],
        stack: Callable[[ir.Type, int], Value],
    ) -> None:
        self.v, self.builder = v, v.builder
        self.loop = loop
        self.places = places
        self.numbers = numbers
        self.changes = _changes(loop)
        self.down = DownFolds(v, [f for f in loop.folds if f.axis == 0], stack)
        self.across: list[Fold] = [f for f in loop.folds if f.axis == 1]
        short = len(loop.code) + sum(ops.COSTS.get(c[0], 0) for c in loop.code) <= _SHORT
        self.repeats = _REPEATS if self.across and short else 1

    def emit(self, rows: Part, columns: Part) -> None:
        """Emit the loop over these parts of the axes."""
        b, (first, last) = self.builder, rows
        constants: Values = {}
        self._evaluate(EVERYWHERE, constants, [], None, None)
        width = b.sub(columns[1], columns[0])
        self.down.start(width)

        def run(start: Value, stop: Value) -> None:
            def row(i: Value, _: list[Value]) -> list[Value]:
                self._row(b.add(start, i), columns, constants)
                return []

            loop(b, b.sub(stop, start), [], row)

        def stretch(i: Value, _: list[Value]) -> list[Value]:
            start = b.add(first, b.mul(i, INDEX(STRETCH)))
            run(start, memory.smaller(b, b.add(start, INDEX(STRETCH)), last))
            self.down.collect(width)
            return []

        if any(map(is_sum, self.down.folds)):
            loop(b, memory.ceiling(b, b.sub(last, first), STRETCH), [], stretch)
        else:
            run(first, last)
        targets = [self.places[f.reference].pointer for f in self.down.folds]
        self.down.finish(width, [self.v.at(target, columns[0]) for target in targets])

    def _row(self, row: Value, columns: Part, constants: Values) -> None:
        b, v = self.builder, self.v
        pointers = [v.at(p.pointer, b.mul(row, p.row_stride)) for p in self.places]
        values = dict(constants)
        self._evaluate(BY_ROW, values, pointers, None, None)

        def step(column: Value, mask: Value | None, sums: list[Value]) -> list[Value]:
            here = dict(values)
            self._evaluate(BY_COLUMN, here, pointers, column, mask)
            for value, reference, stream in self.loop.stores:
                place = v.at(pointers[reference], column)
                memory.store(v, ops.as_floats(v, here[value]), place, mask, stream=stream)
            self.down.step(here, b.sub(column, columns[0]), mask)
            return [
                folding.join(v, fold, total, here[fold.value], mask)
                for fold, total in zip(self.across, sums, strict=True)
            ]

        for fold, total in zip(self.across, self._fold_across(columns, step), strict=True):
            b.store(folding.across_lanes(v, fold, total), pointers[fold.reference])

    def _fold_across(self, columns: Part, step: Step) -> list[Value]:
        """Run ``step`` over the columns; return the accumulators, those of sums in float64."""
        b, v, (first, last) = self.builder, self.v, columns
        starts = [folding.identity(v, f) for f in self.across]
        if not any(map(is_sum, self.across)):
            return self._run(columns, starts, step)
        length = INDEX(STRETCH * v.lanes * self.repeats)
        zero = ir.Constant(folding.wide(v), None)

        def stretch(i: Value, totals: list[Value]) -> list[Value]:
            start = b.add(first, b.mul(i, length))
            stop = memory.smaller(b, b.add(start, length), last)
            carried = _choose(self.across, starts, totals)
            parts = self._run((start, stop), carried, step)
            return [
                b.fadd(total, folding.widen(v, part)) if is_sum(f) else part
                for f, total, part in zip(self.across, totals, parts, strict=True)
            ]

        count = memory.ceiling(b, b.sub(last, first), length.constant)
        return loop(b, count, _choose(self.across, [zero] * len(starts), starts), stretch)

    def _run(self, columns: Part, carried: list[Value], step: Step) -> list[Value]:
        """Run ``step`` over vectors of columns, several at a time where that pays."""
        b, (first, last), lanes = self.builder, columns, self.v.lanes
        width, folds = lanes * self.repeats, len(carried)
        count = b.udiv(b.sub(last, first), INDEX(width))
        neutral = [folding.identity(self.v, f) for f in self.across]

        def whole(i: Value, sums: list[Value]) -> list[Value]:
            column = b.add(first, b.mul(i, INDEX(width)))
            results: list[Value] = []
            for n in range(self.repeats):
                at = b.add(column, INDEX(n * lanes))
                results += step(at, None, sums[n * folds : (n + 1) * folds])
            return results

        sums = loop(b, count, carried + neutral * (self.repeats - 1), whole)
        totals = sums[:folds]
        for n in range(folds, len(sums)):
            fold = n % folds
            totals[fold] = folding.combine(self.v, self.across[fold], totals[fold], sums[n])
        if self.loop.whole and self.repeats == 1:
            return totals
        rest = b.add(first, b.mul(count, INDEX(width)))

        def one(i: Value, sums: list[Value]) -> list[Value]:
            column = b.add(rest, b.mul(i, INDEX(lanes)))
            left = b.sub(last, column)
            return step(column, None if self.loop.whole else memory.mask_of(self.v, left), sums)

        return loop(b, memory.ceiling(b, b.sub(last, rest), lanes), totals, one)

    def _evaluate(
        self,
        change: int,
        values: Values,
        pointers: Sequence[Value],
        column: Value | None,
        mask: Value | None,
    ) -> None:
        """Add the values that change everywhere, by row or by column."""
        for number, (name, *operands) in enumerate(self.loop.code):
            if self.changes[number] != change:
                continue
            if name == "load":
                values[number] = self._load(operands[0], pointers[operands[0]], column, mask)
            elif name == "number":
                values[number] = self.numbers[operands[0]]
            elif name == "const":
                values[number] = self.v.constant(operands[0])
            elif name == "pow":
                exponent = self.loop.code[operands[1]][1]
                values[number] = ops.power(self.v, values[operands[0]], exponent)
            else:
                values[number] = ops.operate(self.v, name, [values[a] for a in operands])

    def _load(
        self, reference: int, pointer: Value, column: Value | None, mask: Value | None
    ) -> Value:
        access = self.loop.references[reference].access
        if column is None:
            return self.v.splat(self.builder.load(pointer))
        if access == "vector":
            return memory.load(self.v, self.v.at(pointer, column), mask)
        stride = self.places[reference].column_stride
        return memory.gather(self.v, pointer, stride, column, mask)


def _choose(folds: Sequence[Fold], sums: Sequence[Value], others: Sequence[Value]) -> list[Value]:
    return [s if is_sum(f) else o for f, s, o in zip(folds, sums, others, strict=True)]


def _changes(loop: Loop) -> list[int]:
    """For each value of a loop: constant everywhere, along each row, or neither."""
    changes: list[int] = []
    for name, *operands in loop.code:
        if name == "load":
            splat = loop.references[operands[0]].access == "splat"
            changes.append(BY_ROW if splat else BY_COLUMN)
        elif name in ("number", "const"):
            changes.append(EVERYWHERE)
        else:
            changes.append(max(changes[a] for a in operands))
    return changes
