"""The buffers of backpropagated errors that layers share (spec layers 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike._object import NervanaObject
from neonlike.layers._shapes import numel

if TYPE_CHECKING:
    from neonlike.layers._base import Layer


class DeltasTree(NervanaObject):
    """The two buffers that the layers of a network take turns in writing their deltas to.

    Each nesting level of merge containers has a pair of its own: the child tree.

    Attributes:
        parent, child: the neighbouring levels (None at the ends).
        buffers: the two tensors, exchanged by every layer that takes one.
        max_shape: features per sample of the largest layer seen.
    """

    def __init__(self, parent: DeltasTree | None = None) -> None:
        super().__init__(name=None)
        self.parent = parent
        self.child: DeltasTree | None = None
        self.buffers: list[Any] = [None, None]
        self.max_shape = 0

    def decend(self) -> DeltasTree:
        """Return the child tree, made at the first call (neon's spelling)."""
        if self.child is None:
            self.child = DeltasTree(parent=self)
        return self.child

    def ascend(self) -> DeltasTree | None:
        """Return the parent tree."""
        return self.parent

    def proc_layer(self, layer: Layer) -> None:
        """Make room for the input gradient of ``layer``."""
        self.max_shape = max(self.max_shape, numel(layer.in_shape))

    def allocate_buffers(self) -> None:
        """Allocate the missing buffers, child trees first."""
        if self.child is not None:
            self.child.allocate_buffers()
        if self.max_shape:
            self.buffers = [
                self.be.iobuf(self.max_shape) if old is None else old for old in self.buffers
            ]
