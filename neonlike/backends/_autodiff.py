"""Gradients of op-trees (spec backend 9)."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.backends._cpu_tensor import CPUTensor
from neonlike.backends._flatten import Flat
from neonlike.backends._gradients import GRADIENTS, collapse, expand
from neonlike.backends._optree import OpTreeNode, first_tensor, operands_first

MAX_REMEMBERED = 64
INVALID = 50000.0


def memoize_autodiff(func: Callable[..., Any]) -> Callable[..., Any]:
    """Make ``func(op_tree, be, next_error)`` return the same object for the same arguments.

    Trees are the same if they have the same operations on the same tensors and
    numbers. The backend remembers the objects used last.
    """

    @functools.wraps(func)
    def remember(op_tree: OpTreeNode, be: Any, next_error: Any = None) -> Any:
        if not isinstance(op_tree, OpTreeNode):
            raise AttributeError(f"Autodiff takes an op-tree, got {type(op_tree).__name__}")
        if not isinstance(next_error, CPUTensor | None):
            raise TypeError(f"next_error must be a tensor, got {type(next_error).__name__}")
        flat = Flat([(first_tensor(op_tree), op_tree)])
        key = (tuple(flat.key), *map(id, flat.leaves), *flat.scalars, id(next_error))
        memory: OrderedDict[Any, Any] = be.__dict__.setdefault("_autodiffs", OrderedDict())
        found = memory.pop(key, None)
        if found is None or found.op_tree is None:
            found = func(op_tree, be, next_error)
        memory[key] = found
        if len(memory) > MAX_REMEMBERED:
            memory.popitem(last=False)
        return found

    return remember


@memoize_autodiff
class Autodiff:
    """Gradients of sum(next_error * op_tree) with respect to the tree's tensors.

    The same tree, backend and ``next_error`` give the same object.

    Args:
        op_tree: the expression.
        be: backend.
        next_error: tensor of the tree's shape; all ones if None.

    Raises:
        AttributeError: ``op_tree`` is a tensor or a number.
        AssertionError: ``next_error`` has another shape than the tree.

    Example:
        >>> from neonlike.backends import Autodiff, gen_backend
        >>> be = gen_backend("cpu")
        >>> x = be.array([[1.0, 2.0]])
        >>> Autodiff(be.square(x), be).get_grad_asnumpyarray([x])[0].tolist()
        [[2.0, 4.0]]
    """

    def __init__(self, op_tree: OpTreeNode, be: Any, next_error: CPUTensor | None = None) -> None:
        self.map_tensor_grad_node: dict[Any, GradNode] = {}
        self.map_tensor_grad_op_tree: dict[Any, Any] = {}
        self.grad_nodes: dict[int, GradNode] = {}
        if next_error is not None:
            assert next_error.shape == op_tree.shape, (
                f"next_error has shape {next_error.shape}, the op-tree {op_tree.shape}"
            )
        self.op_tree: Any = op_tree
        self.be = be
        self.dtype = be.default_dtype
        self.next_error: Any = be.ones(op_tree.shape) if next_error is None else next_error
        for node in operands_first(op_tree):
            self.grad_node: Any = GradNode(node, self)
        self._build()

    def _build(self) -> None:
        self.grad_node.grad_op_tree = self.next_error
        # nodes enter the map after their operands
        for node in reversed(self.grad_nodes.values()):
            node.build_grad()
        for tensor, node in self.map_tensor_grad_node.items():
            if node.grad_op_tree is not None:
                tree = expand(self.be, node.grad_op_tree, tensor.shape)
                self.map_tensor_grad_op_tree[tensor] = tree

    def get_grad_op_tree(self, tensors: Sequence[CPUTensor]) -> list[Any]:
        """Return the gradients as op-trees; of a tensor that is not in the tree, 0 * tensor.

        Raises:
            TypeError: something else than a tensor.
            ValueError: the tree uses another view of a tensor's memory.
        """
        for tensor in tensors:
            if not isinstance(tensor, CPUTensor):
                raise TypeError(
                    f"gradients are those of tensors, got {type(tensor).__name__}; give the "
                    "tensors that stand in the op-tree"
                )
        return [self._gradient(tensor) for tensor in tensors]

    def _gradient(self, wanted: CPUTensor) -> Any:
        total: Any = None
        for tensor, tree in self.map_tensor_grad_op_tree.items():
            part = _as_gradient_of(wanted, tensor, tree)
            if part is not None:
                total = part if total is None else total + part
        return 0 * wanted if total is None else total

    def get_grad_tensor(self, tensors: Sequence[CPUTensor]) -> list[CPUTensor]:
        """Return the gradients as new tensors."""
        gradients = [self.be.empty(tensor.shape) for tensor in tensors]
        for gradient, tree in zip(gradients, self.get_grad_op_tree(tensors), strict=True):
            gradient[:] = tree
        return gradients

    def get_grad_asnumpyarray(self, tensors: Sequence[CPUTensor]) -> list[NDArray[Any]]:
        """Return the gradients as ndarrays of the backend's default dtype."""
        return [gradient.get() for gradient in self.get_grad_tensor(tensors)]

    def back_prop_grad(self, tensors: Sequence[CPUTensor], gradients: Sequence[CPUTensor]) -> None:
        """Write the gradients into given buffers.

        Args:
            tensors: tensors of the tree.
            gradients: as many buffers; ``next_error`` may be one of them and is
                written last.

        Raises:
            AssertionError: a buffer shares memory with a tensor of the tree.
        """
        assert len(tensors) == len(gradients), "as many buffers as tensors are needed"
        owners = {id(t._original_base) for t in self.map_tensor_grad_node}
        error_owner = self.next_error._original_base
        late = []
        for buffer, tree in zip(gradients, self.get_grad_op_tree(tensors), strict=True):
            assert id(buffer._original_base) not in owners, (
                "a gradient cannot be written into a tensor of the op-tree itself"
            )
            if buffer._original_base is error_owner:
                late.append((buffer, tree))
            else:
                buffer[:] = tree
        for buffer, tree in late:
            buffer[:] = tree

    def cleanup(self) -> None:
        """Drop all references; the object is of no use afterwards."""
        for node in self.grad_nodes.values():
            node.cleanup()
        self.grad_nodes.clear()
        self.map_tensor_grad_node.clear()
        self.map_tensor_grad_op_tree.clear()
        self.op_tree = self.next_error = self.grad_node = None

    def __del__(self) -> None:
        self.cleanup()


class GradNode:
    """A subexpression on the way back of the gradients.

    Attributes:
        op_tree: the subexpression: op-tree, tensor or number.
        left, right: nodes of its operands, or None.
        grad_op_tree: op-tree of the gradient that has reached it; None at first.
        ad: the ``Autodiff`` it belongs to.
    """

    def __init__(self, op_tree: Any, ad: Any) -> None:
        self.op_tree = op_tree
        self.ad = ad
        self.grad_op_tree: Any = None
        self.left: GradNode | None = None
        self.right: GradNode | None = None
        if isinstance(op_tree, OpTreeNode):
            self.left, self.right = (self._operand(side) for side in op_tree[1:])
            ad.grad_nodes[id(op_tree)] = self
        else:
            ad.map_tensor_grad_node[op_tree] = self

    def _operand(self, side: Any) -> GradNode | None:
        """Return the node of an operand; the same subexpression has one node."""
        if isinstance(side, OpTreeNode):
            node: GradNode | None = self.ad.grad_nodes.get(id(side))
        elif isinstance(side, CPUTensor):
            node = self.ad.map_tensor_grad_node.get(side)
        else:
            return None
        return node or GradNode(side, self.ad)

    def build_grad(self) -> None:
        """Pass the gradient of this node on to its operands."""
        if self.grad_op_tree is None:
            return
        for node, gradient in zip(
            (self.left, self.right), GradUtil.get_grad_back(self), strict=True
        ):
            if node is not None and gradient is not None:
                old = node.grad_op_tree
                node.grad_op_tree = gradient if old is None else old + gradient

    def cleanup(self) -> None:
        """Drop all references."""
        self.op_tree = self.ad = self.grad_op_tree = self.left = self.right = None

    def __del__(self) -> None:
        self.cleanup()


class GradUtil:
    """Helpers of ``Autodiff``."""

    @staticmethod
    def get_grad_back(grad_node: GradNode) -> tuple[Any, Any]:
        """Return what a node's gradient contributes to its left and right operand, or None."""
        z, g, be = grad_node.op_tree, grad_node.grad_op_tree, grad_node.ad.be
        op, x, y = z
        left, right = GRADIENTS[op["op"]](be, x, y, z, g)
        if "axis" in op or op["op"] in ("dot", "transpose"):
            return left, right
        return _fit(be, left, z, x), _fit(be, right, z, y)

    @staticmethod
    def is_invalid(grad_op_tree: Any, be: Any) -> bool:
        """Tell whether any value is nan, or 50000 or more in magnitude."""
        values = be.evaluate(grad_op_tree) if isinstance(grad_op_tree, OpTreeNode) else grad_op_tree
        return not bool(np.all(np.abs(values.get()) < INVALID))


def _fit(be: Any, gradient: Any, result: OpTreeNode, operand: Any) -> Any:
    if gradient is None or not isinstance(operand, OpTreeNode | CPUTensor):
        return None
    return collapse(be, gradient, result.shape, operand.shape)


def _as_gradient_of(wanted: CPUTensor, tensor: CPUTensor, tree: Any) -> Any:
    """Return the gradient ``tree`` of ``tensor`` in the layout of ``wanted``; None if apart."""
    if tensor is wanted:
        return tree
    if tensor._original_base is not wanted._original_base:
        return None
    if _same_view(tensor, wanted):
        return tree
    if _same_view(tensor.T, wanted):
        return tree.T
    if not np.shares_memory(tensor._tensor, wanted._tensor):
        return None
    raise ValueError(
        f"the op-tree uses a view of shape {tensor.shape} that shares memory with the tensor of "
        f"shape {wanted.shape}: ask for the gradient of that view"
    )


def _same_view(a: CPUTensor, b: CPUTensor) -> bool:
    return a.layout == b.layout and a.raw() == b.raw()
