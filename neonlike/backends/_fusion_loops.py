"""From the plan of a tree to the description of its fused loops, and their sizes.

Loops have two axes in kernels, rows and columns. Axes of length one are left out, and a loop of
its own without reductions runs over all axes as one where the memory of its arrays allows.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from neonlike.backends._buffers import ALIGNMENT
from neonlike.backends._fusion import LoopPlan, NotFusible, Placement
from neonlike.backends._graph import DType, Value
from neonlike.backends._operations import Shape
from neonlike.kernels._nest import Access, Extent, Fold, Instruction, Loop, Nest, Reference, Store

_MANY_ROWS = 16  # enough to give threads rows, not columns


class Memory(NamedTuple):
    """An array among those of a kernel, and its strides in elements."""

    array: int
    shape: Shape
    strides: tuple[int, ...]

    @staticmethod
    def contiguous(array: int, shape: Shape) -> Memory:
        """An array without gaps."""
        return Memory(array, shape, tuple(math.prod(shape[a + 1 :]) for a in range(len(shape))))

    def transposed(self) -> Memory:
        """The view with the axes in reverse."""
        return Memory(self.array, self.shape[::-1], self.strides[::-1])

    def along(self, shape: Shape) -> list[int]:
        """Strides along the axes of a shape to which the array is broadcast."""
        own = [0 if n == 1 else s for n, s in zip(self.shape, self.strides, strict=True)]
        return [0] * (len(shape) - len(own)) + own


@dataclass
class Draft:
    """A loop in terms of the axes of its shape; they are counted from the last one, -1."""

    shape: Shape
    code: list[Instruction] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    folds: list[Fold] = field(default_factory=list)

    def reference(self, memory: Memory) -> int:
        """Number of the reference to a memory."""
        if memory not in self.memories:
            self.memories.append(memory)
        return self.memories.index(memory)

    def instruction(self, *instruction: object) -> int:
        """Number of the value of an instruction."""
        self.code.append(instruction)
        return len(self.code) - 1

    @property
    def axes(self) -> list[int]:
        """The axes longer than one."""
        return [a - len(self.shape) for a, n in enumerate(self.shape) if n > 1]

    @property
    def cuts(self) -> dict[int, int]:
        """Axes along which the loop may be cut into parts, and their lengths."""
        folded = {fold.axis for fold in self.folds}
        return {a: self.shape[a] for a in self.axes if a not in folded}

    @property
    def written(self) -> set[int]:
        """The references that are written."""
        return {s.reference for s in self.stores} | {f.reference for f in self.folds}

    def follows(self, other: Draft) -> bool:
        """Whether it reads across the rows of what another loop has written."""
        shapes = {other.memories[n].array: other.memories[n] for n in other.written}
        return any(m != shapes.get(m.array, m) for m in self.memories)


class NestPlan:
    """Loops, their sizes, and the arguments of the kernel.

    Attributes:
        nest: the description.
        sizes: for each loop of each group.
        numbers: the values whose numbers are arguments, in order.
        buffers: shapes of the arrays for stored values, which follow targets and leaves.
        result_buffer: number of the buffer with the result; None if it is in a target.

    Args:
        values: all values of the graph.
        placement: where they are computed.
        dtype: of the work.
        targets: the first arrays, or for one of them None: the result goes to a buffer.
        leaves: the tensors of the trees, as the arrays after those.
        streamed: numbers of the values to store past the caches.

    Raises:
        NotFusible: shapes or strides that kernels do not handle.
    """

    def __init__(
        self,
        values: Sequence[Value],
        placement: Placement,
        dtype: DType,
        targets: Sequence[Memory | None],
        leaves: Sequence[Memory],
        streamed: Collection[int] = (),
    ) -> None:
        self.numbers: list[int] = []
        self.buffers: list[Shape] = []
        self._values = values
        self._leaves = leaves
        self._streamed = streamed
        self._given = len(targets) + len(leaves)
        results = zip(placement.results, targets, strict=True)
        self._memory = {n: target for n, target in results if target is not None}
        drafts = [self._draft(plan) for plan in placement.loops()]
        home = self._memory[placement.results[0]].array
        self.result_buffer = home - self._given if home else None
        groups = _grouped(drafts)
        merge = len(drafts) == 1 and not drafts[0].folds
        line = ALIGNMENT // dtype.itemsize
        built = [[_loop(d, axis, merge, line) for d in group] for group, axis in groups]
        arrays = self._given + len(self.buffers)
        loops = tuple(tuple(loop for loop, _ in group) for group in built)
        self.nest = Nest(dtype.name, arrays, len(self.numbers), loops)
        self.sizes = [[extent for _, extent in group] for group in built]

    def _draft(self, plan: LoopPlan) -> Draft:
        draft = Draft(plan.shape)
        known: dict[int, int] = {}

        def operand(number: int) -> int:
            if number not in known:
                known[number] = draft.instruction(*self._source(draft, number))
            return known[number]

        for number in plan.members:
            value = self._values[number]
            known[number] = draft.instruction(value.op, *map(operand, value.args))
        for number in plan.stored:
            place = draft.reference(self._home(number))
            draft.stores.append(Store(known[number], place, number in self._streamed))
        for number in plan.folds:
            value = self._values[number]
            arg, place = operand(value.args[0]), draft.reference(self._home(number))
            axis = value.param - len(plan.shape)
            if plan.shape[axis] == 1:
                draft.stores.append(Store(arg, place))
            else:
                draft.folds.append(Fold(value.op, arg, axis, place))
        return draft

    def _source(self, draft: Draft, number: int) -> Instruction:
        """The instruction for a value that comes from outside of the loop."""
        value = self._values[number]
        if value.op == "const":
            return ("const", float(value.param))
        if value.shape is not None:
            return ("load", draft.reference(self._home(number)))
        if number not in self.numbers:
            self.numbers.append(number)
        return ("number", self.numbers.index(number))

    def _home(self, number: int) -> Memory:
        """Where a leaf, a transposed or a stored value is."""
        value = self._values[number]
        if value.op == "leaf":
            leaf: Memory = self._leaves[value.param]
            return leaf
        if value.op == "transpose":
            return self._home(value.args[0]).transposed()
        if number not in self._memory:
            assert value.shape is not None
            array = self._given + len(self.buffers)
            self._memory[number] = Memory.contiguous(array, value.shape)
            self.buffers.append(value.shape)
        return self._memory[number]


def _grouped(drafts: Sequence[Draft]) -> list[tuple[list[Draft], int | None]]:
    """Loops in a row that can be cut into parts together, and the axis; None: not at all."""
    groups: list[tuple[list[Draft], dict[int, int]]] = []
    for draft in drafts:
        if groups:
            group, cuts = groups[-1]
            common = dict(cuts.items() & draft.cuts.items())
            if (common or not cuts and not draft.cuts) and not any(map(draft.follows, group)):
                groups[-1] = ([*group, draft], common)
                continue
        groups.append(([draft], draft.cuts))
    return [(group, _cut_axis(cuts)) for group, cuts in groups]


def _cut_axis(cuts: dict[int, int]) -> int | None:
    """The first axis that gives enough parts."""
    axes = sorted(cuts)
    return next((a for a in axes if cuts[a] >= _MANY_ROWS), axes[-1] if axes else None)


def _loop(draft: Draft, axis: int | None, merge: bool, line: int) -> tuple[Loop, Extent]:
    """The loop as rows and columns; ``line`` elements fill a line of the cache."""
    strides = [[m.along(draft.shape)[a] for a in draft.axes] for m in draft.memories]
    lengths = [draft.shape[a] for a in draft.axes]
    if merge:
        _merge_axes(lengths, strides)
    if len(lengths) > 2:
        raise NotFusible
    missing = 2 - len(lengths)
    rows, columns = [1] * missing + lengths
    padded = [[0] * missing + s for s in strides]
    pairs = tuple((row, column) for row, column in padded)
    accesses = [_access(column) for _, column in pairs]
    across = {f.reference for f in draft.folds if draft.axes.index(f.axis) + missing == 1}
    for number in draft.written:
        if columns > 1 and accesses[number] != "vector" and number not in across:
            raise NotFusible
        accesses[number] = "vector"
    references = tuple(
        Reference(m.array, access) for m, access in zip(draft.memories, accesses, strict=True)
    )
    folds = tuple(f._replace(axis=draft.axes.index(f.axis) + missing) for f in draft.folds)
    if merge:
        place = None if not lengths else 0 if rows >= _MANY_ROWS else 1
    else:
        place = None if axis is None else draft.axes.index(axis) + missing
    whole = columns % line == 0
    loop = Loop(place, references, tuple(draft.code), tuple(draft.stores), folds, whole)
    return loop, Extent(rows, columns, pairs)


def _merge_axes(lengths: list[int], strides: Sequence[list[int]]) -> None:
    """Make one axis of neighbours wherever all arrays go on without a jump."""
    for axis in range(len(lengths) - 2, -1, -1):
        if all(s[axis] == s[axis + 1] * lengths[axis + 1] for s in strides):
            lengths[axis] *= lengths.pop(axis + 1)
            for s in strides:
                del s[axis]


def _access(stride: int) -> Access:
    """How to read elements of a row."""
    if stride == 1:
        return "vector"
    return "strided" if stride else "splat"
