"""Where the values of a tree are computed: the plan of its fused loops.

A loop runs over the shape of a value. What depends on a reduction comes one level later than what
is reduced, so there is a loop for each level and shape, run in this order, smaller shapes first.
Results and transposed values are stored in memory, and so are values that are expensive to
compute and used by several loops; others are computed in each loop that uses them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neonlike.backends._graph import REDUCTIONS, DType, Value
from neonlike.backends._operations import Shape

FOLDS = frozenset({"max", "min", "sum"})
LONGEST = 256  # values of a tree; the compiler takes longer than in proportion
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
EXPENSIVE = frozenset({"exp", "exp2", "log", "log2", "safelog", "sig", "sig2", "tanh"})
EXACT = frozenset(
    {
        "abs", "add", "cast", "div", "eq", "finite", "ge", "gt", "le", "leaf", "lt", "max",
        "maximum", "min", "minimum", "mul", "ne", "neg", "rint", "sgn", "sqr", "sqrt", "sub",
        "transpose",
    }
)  # fmt: skip
HEAVY = EXPENSIVE | {"div", "sqrt"}  # not worth repeating for each row


class NotFusible(Exception):
    """The tree stays with the interpreter."""


class Key(NamedTuple):
    """Identifies a loop, and sorts loops in the order of execution."""

    level: int
    size: int
    rank: int
    shape: Shape


@dataclass
class LoopPlan:
    """What a loop does.

    Attributes:
        shape: its space.
        members: element-wise values computed, in order.
        stored: those that are stored.
        folds: reductions of members or of stored values.
    """

    shape: Shape
    members: list[int]
    stored: list[int]
    folds: list[int]


def is_exact(values: Sequence[Value]) -> bool:
    """Whether all operations have but one right result, so that any tier gives the same bits."""
    return all(
        v.op in EXACT or (v.op == "pow" and _is_square(values[v.args[1]]))
        for v in values
        if v.shape is not None
    )


def _is_square(exponent: Value) -> bool:
    return exponent.op == "const" and exponent.param == 2


def common_dtype(values: Sequence[Value], results: Sequence[int]) -> DType:
    """The dtype in which all work of trees is done.

    Raises:
        NotFusible: there is none, or something in the tree cannot be compiled.
    """
    arrays = [v for v in values if v.shape is not None]
    dtypes = {v.dtype for v in arrays if v.kind == "f"}
    if len(dtypes) != 1 or len(arrays) > LONGEST or any(v.size == 0 for v in arrays):
        raise NotFusible
    (dtype,) = dtypes
    if dtype not in FLOATS or any(values[n].shape is None for n in results):
        raise NotFusible
    if any(isinstance(v.sample, bool) for v in values if v.shape is None):
        raise NotFusible
    for n, v in enumerate(values):
        if v.op == "dot" or v.op in REDUCTIONS - FOLDS:
            raise NotFusible
        truth = v.kind == "b" and v.op not in FOLDS
        if v.shape is not None and v.dtype != dtype and not truth and not _is_count(values, n):
            raise NotFusible
    assert dtype is not None
    return dtype


def _is_count(values: Sequence[Value], number: int) -> bool:
    """Whether a value counts truth values, and is only used as a floating-point number."""
    count = values[number]
    users = [v for v in values if number in v.args]
    return (
        count.op == "sum"
        and values[count.args[0]].kind == "b"
        and all(v.op == "cast" for v in users)
    )


class Placement:
    """Levels, and the loops that compute each value.

    Args:
        values: all values of the graph.
        results: numbers of those that are assigned.
    """

    def __init__(self, values: Sequence[Value], results: Sequence[int]) -> None:
        self.values = values
        self.results = results
        self.work = [n for n, v in enumerate(values) if v.shape is not None and v.op != "leaf"]
        self.users: dict[int, list[int]] = defaultdict(list)
        self.level: dict[int, int] = defaultdict(int)
        for number in self.work:
            for arg in values[number].args:
                self.users[arg].append(number)
            self.level[number] = self._level(values[number])
        self.stored: set[int] = set()
        self.homes: dict[int, set[Key]] = {}
        for number in reversed(self.work):
            self.homes[number] = self._find_homes(number)

    def _level(self, value: Value) -> int:
        level = max((self.level[a] for a in value.args), default=0)
        if value.op in FOLDS:
            return level + 1
        if value.op == "transpose" and self.values[value.args[0]].op != "leaf":
            return level + 1  # its rows are ready when all columns are
        return level

    def _key(self, number: int) -> Key:
        """The loop in whose order a value is computed; for a fold, the one over its operand."""
        value, level = self.values[number], self.level[number]
        if value.op in FOLDS:
            value, level = self.values[value.args[0]], level - 1
        assert value.shape is not None
        return Key(level, math.prod(value.shape), len(value.shape), value.shape)

    def _find_homes(self, number: int) -> set[Key]:
        """Return the loops that compute a value, and note whether it is stored."""
        value, own = self.values[number], self._key(number)
        if value.op == "transpose":
            return set()
        users = self.users[number]
        needed = set().union(*(self.homes[u] for u in users))
        elsewhere = any(key.shape != value.shape for key in needed)
        if (
            number in self.results
            or value.op in FOLDS
            or any(self.values[u].op == "transpose" for u in users)
            or (value.op in EXPENSIVE and len(needed) > 1)
            or (value.op in HEAVY and elsewhere)
        ):
            if value.kind == "b" and number not in self.results:
                raise NotFusible  # memory would hold it as a number
            self.stored.add(number)
            return {own}
        return needed

    def loops(self) -> list[LoopPlan]:
        """The loops in the order of execution."""
        keys = sorted(set().union(*self.homes.values()))
        return [plan for key in keys for plan in self._plans(key)]

    def _plans(self, key: Key) -> list[LoopPlan]:
        """The loops for a key: one, or one for each axis along which it folds."""
        inside = [n for n in self.work if key in self.homes[n]]
        members = [n for n in inside if self.values[n].op not in FOLDS]
        stored = [n for n in members if n in self.stored]
        folds: dict[int, list[int]] = defaultdict(list)
        for number in inside:
            if self.values[number].op in FOLDS:
                folds[self.values[number].param].append(number)
        first, *others = [folds[axis] for axis in sorted(folds)] or [[]]
        plans = [LoopPlan(key.shape, members, stored, first)]
        plans += [LoopPlan(key.shape, members, [], rest) for rest in others]
        for plan in plans:
            plan.members = self._used(plan, set(stored) - set(plan.stored))
        return plans

    def _used(self, plan: LoopPlan, readable: set[int]) -> list[int]:
        """Those members that the results of a loop are made of, if not read from memory."""
        used: set[int] = set()
        pending = [*plan.stored, *(self.values[f].args[0] for f in plan.folds)]
        while pending:
            number = pending.pop()
            if number in plan.members and number not in used | readable:
                used.add(number)
                pending += self.values[number].args
        return [n for n in plan.members if n in used]
