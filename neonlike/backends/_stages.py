"""Cutting the work of a large tree into stages that run block by block."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from types import ModuleType

from neonlike.backends._buffers import Arena
from neonlike.backends._graph import Value
from neonlike.backends._operations import Shape
from neonlike.backends._program import Blocked, Fold, Stage, Step, Whole
from neonlike.backends._slots import allocate_slots

EXPENSIVE = frozenset({"exp", "exp2", "log", "log2", "pow", "safelog", "sig", "sig2", "tanh"})


class Stages:
    """The stages of a large tree.

    The root of a stage is stored in full. Other values are computed, block by
    block, in each stage that uses them; expensive ones only once.

    Args:
        values: all values of the graph.
        work: numbers of the values to compute, in order.
        result: number of the last one.
        make_step: ``make_step(number)`` gives the step that computes a value.
        tables: kernel module ``reduce``.
        arena: memory for temporaries.
        block_size: elements of a block.
    """

    def __init__(
        self,
        values: Sequence[Value],
        work: Sequence[int],
        result: int,
        make_step: Callable[[int], Step],
        tables: ModuleType,
        arena: Arena,
        block_size: int,
    ) -> None:
        self._values = values
        self._work = work
        self._result = result
        self._make_step = make_step
        self._tables = tables
        self._arena = arena
        self._block_size = block_size
        self._users: dict[int, list[int]] = defaultdict(list)
        for number in work:
            for arg in values[number].args:
                self._users[arg].append(number)
        self._hosts: dict[int, set[int]] = {}
        for number in reversed(work):
            self._hosts[number] = self._find_hosts(number)

    @property
    def roots(self) -> list[int]:
        """The values that are stored in full, in order."""
        return [v for v in self._work if v in self._hosts[v]]

    def _find_hosts(self, number: int) -> set[int]:
        """Return the roots of the stages that compute a value; itself for a root."""
        own = {number}
        value = self._values[number]
        if number == self._result or not value.is_elementwise:
            return own
        found: set[int] = set()
        for user in self._users[number]:
            if self._values[user].op in self._tables.COMBINE:
                found.add(user)
            elif self._values[user].is_elementwise and self._values[user].shape == value.shape:
                found |= self._hosts[user]
            else:
                return own
        return own if len(found) > 1 and value.op in EXPENSIVE else found

    def stage(self, root: int) -> Stage:
        """Return the stage that computes ``root``."""
        members = [v for v in self._work if root in self._hosts[v]]
        if self._values[root].is_elementwise:
            return self._blocked(root, members)
        members.remove(root)
        return self._blocked(root, members) if members else Whole([self._make_step(root)])

    def _blocked(self, root: int, members: list[int]) -> Blocked:
        space = self._values[members[-1]].shape
        assert space is not None
        block = block_shape(space, self._block_size)
        wanted = set(members) - {root}
        memory, slots = allocate_slots(
            self._values, members, wanted, members[-1], self._arena, block
        )
        fold = None if members[-1] == root else self._fold(root, block, slots)
        used = {a for v in members for a in self._values[v].args} - set(members) | {root}
        arrays = [
            (v, extent(shape, space)) for v in sorted(used) if (shape := self._values[v].shape)
        ]
        steps = Whole([self._make_step(v) for v in members])
        return Blocked(space, block, steps, arrays, list(memory.items()), root, fold)

    def _fold(self, root: int, block: Shape, slot: int) -> Fold:
        value = self._values[root]
        assert value.dtype is not None
        shape = tuple(1 if i == value.param else n for i, n in enumerate(block))
        return Fold(
            self._tables.REDUCE[value.op],
            self._tables.COMBINE[value.op],
            value.args[0],
            value.param,
            self._arena.view(slot, shape, value.dtype),
        )

    def aligned_leaves(self) -> frozenset[int]:
        """Return the leaves that the last stage reads, if at all, only where it writes."""
        values = self._values
        final = [v for v in self._work if self._result in self._hosts[v]]
        read = {a for v in final for a in values[v].args}
        moved = {self._viewed(v) for v in read if values[v].op == "transpose"}
        shape = values[self._result].shape
        return frozenset(
            value.param
            for number, value in enumerate(values)
            if value.op == "leaf"
            and number not in moved
            and (number not in read or value.shape == shape)
        )

    def _viewed(self, number: int) -> int:
        """Return the value of which a transpose is a view."""
        while self._values[number].op == "transpose":
            number = self._values[number].args[0]
        return number


def block_shape(space: Shape, size: int) -> Shape:
    """Return the shape of blocks of about ``size`` elements: rows, or pieces of one row."""
    block = list(space)
    inner = math.prod(space)
    for axis, length in enumerate(space):
        inner //= max(length, 1)
        block[axis] = max(1, min(length, size // max(inner, 1)))
        if inner <= size:
            break
    return tuple(block)


def extent(shape: Shape, space: Shape) -> tuple[bool, ...]:
    """Return for each axis of an operand whether it extends along the space's axis."""
    return tuple(n == m for n, m in zip(shape, space[len(space) - len(shape) :], strict=True))
