"""The structure of op-trees as a hashable key, beside their tensors and their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neonlike.backends._operations import OpCollection
from neonlike.backends._optree import OpTreeNode

Number = int | float
Assignments = Sequence[tuple[Any, OpTreeNode]]  # (target, tree), in order
NUMBERS = (float, int)  # isinstance is quicker on a tuple than on a union
_WITH_MORE = OpCollection.reduction_ops | {"onehot", "pow", "rand"}


class NotOneProgram(Exception):
    """Assignments that can only run one by one."""


class Flat:
    """Trees as structural ``key``, their distinct tensors and their distinct numbers.

    Assignments with equal keys run the same program: same operations, same
    sharing, same shapes, strides and dtypes.

    Raises:
        NotOneProgram: random numbers or one-hot codes in one of several trees; nothing is drawn.
    """

    __slots__ = ("_indices", "_numbers", "key", "leaves", "scalars")

    def __init__(self, work: Assignments) -> None:  # noqa: C901  # hot: each call would count
        key: list[Any] = []
        leaves: list[Any] = []
        scalars: list[Number] = []
        indices: dict[int, int] = {}  # by identity, as nodes
        numbers: dict[Any, int] = {}
        nodes: dict[int, int] = {}
        self.key, self.leaves, self.scalars = key, leaves, scalars
        self._indices, self._numbers = indices, numbers
        alone = len(work) == 1
        for target, tree in work:
            # the tree in prefix order; what was met before is named by its number
            key.append(target.layout)
            pending: list[Any] = [tree]
            while pending:
                x = pending.pop()
                kind, identity = type(x), id(x)
                if kind is OpTreeNode:
                    if identity in nodes:
                        key += ("=", nodes[identity])
                        continue
                    nodes[identity] = len(nodes)
                    op, left, right = x
                    name = op["op"]
                    key.append(name)
                    if name in _WITH_MORE:
                        left, right = self._add_more(x, target, alone)
                    if right is not None:
                        pending.append(right)
                    pending.append(left)
                elif kind is float and x and x not in numbers:
                    numbers[x] = len(scalars)
                    scalars.append(x)
                    key.append("#f")
                elif kind is float or isinstance(x, NUMBERS):
                    self._add_number(x)
                elif identity in indices:
                    key.append(~indices[identity])
                elif x is not None:
                    indices[identity] = len(leaves)
                    leaves.append(x)
                    layout = x._layout
                    key.append(x.layout if layout is None else layout)
        for target, _ in work:
            key.append(indices.get(id(target)))

    def _add_more(self, node: OpTreeNode, target: Any, alone: bool) -> tuple[Any, Any]:
        """Write what belongs to an operation beside its name; return the operands that follow."""
        op, left, right = node
        if op["op"] in ("onehot", "rand") and not alone:
            raise NotOneProgram
        if op["op"] == "rand":
            drawn = target.backend.draw(target.shape)
            self._indices[id(node)] = len(self.leaves)
            self.leaves.append(drawn)
            self.key.append(drawn.layout)
            return None, None
        if op["op"] != "pow":
            self.key.append(op["axis"])
        elif is_power(right):
            self.key += ("^", right, type(right))
            return left, None
        return left, right

    def _add_number(self, x: Number) -> None:
        scalars = self.scalars
        index = self._numbers.setdefault(_identity(x), len(scalars))
        if index == len(scalars):
            scalars.append(x)
            self.key.append(number_class(x))
        else:
            self.key += ("#", index)

    def find(self, x: Any) -> int | None:
        """Index in ``leaves`` of a tensor, or None."""
        return self._indices.get(id(x))

    def leaf_index(self, x: Any) -> int:
        """Index in ``leaves`` of a tensor, or of a ``rand`` node, of the trees."""
        return self._indices[id(x)]

    def scalar_index(self, x: Number) -> int:
        """Index in ``scalars`` of a number of the trees."""
        return self._numbers[_identity(x)]


def is_power(x: Any) -> bool:
    """Whether an exponent is part of a tree's structure, and not an argument of its program."""
    return (type(x) is int or type(x) is float) and (x % 1 == 0 or abs(x) == 0.5) and abs(x) <= 8


def _identity(x: Number) -> Any:
    # 0.0 == -0.0 and 1 == 1.0, yet they are different arguments
    return x if x and type(x) is float else (type(x), x or str(x))


def number_class(x: Number) -> str:
    """Type of a number as far as NumPy's promotion can tell; ints by the bytes they need."""
    if isinstance(x, float):
        return "#f"
    if isinstance(x, bool):
        return "#b"
    return "#i" if 0 <= x <= 127 else f"#{np.min_scalar_type(x)}"
