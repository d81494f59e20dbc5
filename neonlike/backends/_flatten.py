"""The structure of an op-tree as a hashable key, beside its tensors and its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from neonlike.backends._optree import OpTreeNode

Number = int | float


class Flat:
    """A tree as structural ``key``, its distinct tensors and its distinct numbers.

    Two trees with equal keys run the same program: same operations, same
    sharing, same shapes, strides and dtypes.
    """

    __slots__ = ("_indices", "_nodes", "_target", "key", "leaves", "scalars")

    def __init__(self, target: Any, tree: OpTreeNode) -> None:
        self.key: list[Any] = [target.layout]
        self.leaves: list[Any] = []
        self.scalars: list[Number] = []
        self._target = target
        self._nodes: dict[int, int] = {}
        self._indices: dict[Any, int] = {}
        self._walk(tree)

    def _walk(self, node: OpTreeNode) -> None:
        key = self.key
        number = self._nodes.get(id(node))
        if number is not None:
            key += ("=", number)
            return
        op, left, right = node
        name = op["op"]
        key.append(name)
        if name == "rand":
            self._add_leaf(id(node), self._target.backend.draw(self._target.shape))
            return
        if "axis" in op:
            key.append(op["axis"])
        for side in (left, right):
            if type(side) is OpTreeNode:
                self._walk(side)
            elif side is None:
                key.append(None)
            elif isinstance(side, float | int):
                self._add_scalar(side)
            else:
                self._add_leaf(id(side), side)
        self._nodes[id(node)] = len(self._nodes)

    def _add_leaf(self, identity: int, tensor: Any) -> None:
        index = self._indices.setdefault(identity, len(self.leaves))
        if index == len(self.leaves):
            self.leaves.append(tensor)
            self.key.append(tensor.layout)
        else:
            self.key.append(~index)

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
