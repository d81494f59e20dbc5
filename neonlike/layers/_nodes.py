"""Branch points of trees and identity paths of sums (spec layers 6.9, 6.10)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, ClassVar

from neonlike.layers._base import DeltasTree, Layer

if TYPE_CHECKING:
    from typing import Self


class BranchNode(Layer):
    """A point of a Tree where branches leave the trunk.

    Until a Tree is built from it, a name stands for one node: constructing it
    again returns the same object, so trunk and branches can be written down
    separately. The Tree then releases the name for other models. Nodes without
    name are all different.

    Attributes:
        instances: nodes by name, not yet part of a Tree.
        branched: whether a branch starts here.
    """

    instances: ClassVar[dict[str, BranchNode]] = {}
    _unnamed = itertools.count()
    shares_deltas = True
    reads_outputs = True  # the branches do

    def __new__(cls, name: str | None = None) -> Self:
        node = cls.instances.get(name) if name is not None else None
        return super().__new__(cls) if node is None else node  # type: ignore[return-value]  # by class

    def __init__(self, name: str | None = None) -> None:
        if name is not None and self.instances.get(name) is self:
            return
        super().__init__(f"BranchNode_{next(self._unnamed)}" if name is None else name)
        self.owns_output = False
        self.branched = False
        if name is not None:
            self.instances[name] = self

    def release(self) -> None:
        """Let later nodes have this name."""
        if self.instances.get(self.name) is self:
            del self.instances[self.name]

    def configure(self, in_obj: Any) -> Self:
        """Keep the shape and forget buffers; None (as head of a branch) changes nothing."""
        if in_obj is None:
            return self
        super().configure(in_obj)
        self.out_shape = self.in_shape
        self.outputs = self.deltas = None
        return self

    def set_deltas(self, delta_buffers: DeltasTree) -> None:
        """Make the buffer in which the branches' and the trunk's deltas add up.

        It is no buffer of the tree: it must last while the trunk's upper layers run.
        """
        if self.deltas is None:
            self.deltas = self.be.iobuf(self.in_shape)

    def allocate_deltas(self, global_deltas: DeltasTree) -> None:
        """Nothing: the buffer is the node's own."""

    def fprop(self, inputs: Any = None, inference: bool = False) -> Any:
        """Remember the inputs and return them; without inputs return the remembered ones."""
        if inputs is not None:
            self.outputs = inputs
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> None:
        """Do nothing: the layers after the node have written its deltas."""


class SkipNode(Layer):
    """Pass inputs and errors on through buffers of its own: the identity branch of a MergeSum."""

    overwrites_error = False
    accumulates_outputs = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.owns_delta = True

    def configure(self, in_obj: Any) -> Self:
        """Keep the shape."""
        super().configure(in_obj)
        self.out_shape = self.in_shape
        return self

    def fprop(self, inputs: Any = None, inference: bool = False, beta: float = 0) -> Any:
        """Compute ``outputs = inputs + beta * outputs``."""
        self.inputs = inputs
        self.be.fprop_skipnode(inputs, self.outputs, beta)
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute ``deltas = alpha * error + beta * deltas`` unless this is the first layer."""
        if self.deltas is not None:
            self.be.bprop_skipnode(error, self.deltas, alpha, beta)
        return self.deltas
