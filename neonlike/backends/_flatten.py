"""The structure of an op-tree as a hashable key, beside its tensors and its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.backends._optree import OpTreeNode

Number = int | float
NUMBERS = (float, int)  # isinstance is quicker on a tuple than on a union


class Flat:
    """A tree as structural ``key``, its distinct tensors and its distinct numbers.

    Two trees with equal keys run the same program: same operations, same
    sharing, same shapes, strides and dtypes.
    """

    __slots__ = ("_indices", "key", "leaves", "scalars")

    def __init__(self, target: Any, tree: OpTreeNode) -> None:
        self.key: list[Any] = [target.layout]
        self.leaves: list[Any] = []
        self.scalars: list[Number] = []
        self._indices: dict[Any, int] = {}
        self._walk(target, tree)

    def _walk(self, target: Any, tree: OpTreeNode) -> None:
        """Write the tree in prefix order; what was met before is named by its number."""
        key, nodes, indices = self.key, dict[int, int](), self._indices
        pending: list[Any] = [tree]
        while pending:
            x = pending.pop()
            if type(x) is OpTreeNode:
                number = nodes.get(id(x))
                if number is not None:
                    key += ("=", number)
                    continue
                nodes[id(x)] = len(nodes)
                op, left, right = x
                name = op["op"]
                key.append(name)
                if "axis" in op:
                    key.append(op["axis"])
                elif name == "pow" and is_power(right):
                    key += ("^", right, type(right))
                    right = None
                elif name == "rand":
                    self._add_leaf(id(x), target.backend.draw(target.shape))
                    continue
                pending += (left,) if right is None else (right, left)
            elif isinstance(x, NUMBERS):
                self._add_scalar(x)
            elif id(x) in indices:
                key.append(~indices[id(x)])
            elif x is not None:
                self._add_leaf(id(x), x)

    def _add_leaf(self, identity: int, tensor: Any) -> None:
        self._indices[identity] = len(self.leaves)
        self.leaves.append(tensor)
        self.key.append(tensor.layout)

    def _add_scalar(self, x: Number) -> None:
        index = self._indices.setdefault(_identity(x), len(self.scalars))
        if index == len(self.scalars):
            self.scalars.append(x)
            self.key.append("#f" if type(x) is float else number_class(x))
        else:
            self.key += ("#", index)

    def leaf_index(self, x: Any) -> int:
        """Index in ``leaves`` of a tensor, or of a ``rand`` node, of the tree."""
        return self._indices[id(x)]

    def scalar_index(self, x: Number) -> int:
        """Index in ``scalars`` of a number of the tree."""
        return self._indices[_identity(x)]


def is_power(x: Any) -> bool:
    """Whether an exponent is part of a tree's structure, and not an argument of its program."""
    return (type(x) is int or type(x) is float) and (x % 1 == 0 or abs(x) == 0.5) and abs(x) <= 8


def _identity(x: Number) -> tuple[type, Any]:
    # 0.0 == -0.0, yet they are different arguments
    return (type(x), x or str(x))


def number_class(x: Number) -> str:
    """Type of a number as far as NumPy's promotion can tell; ints by the bytes they need."""
    if isinstance(x, float):
        return "#f"
    if isinstance(x, bool):
        return "#b"
    return "#i" if 0 <= x <= 127 else f"#{np.min_scalar_type(x)}"
