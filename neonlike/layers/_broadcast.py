"""Base of containers that send one input through several branches (spec layers 10.3).

All branch roots add their input gradients up in one buffer, the container's
``deltas``; the layers inside the branches use the buffers of the child tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._container import LayerContainer
from neonlike.layers._errors import describe
from neonlike.layers._pointwise import Dropout
from neonlike.layers._sequential import Sequential

if TYPE_CHECKING:
    from typing import Self


def as_branch(owner: Layer, member: Any, place: int) -> Sequential:
    """Return a branch as Sequential; a single layer or list becomes one.

    Raises:
        ValueError: anything else.
    """
    if isinstance(member, Sequential):
        return member
    if isinstance(member, list | tuple | Layer):
        return Sequential(member)
    raise ValueError(
        f"{describe(owner)}: branch {place + 1} must be a Sequential, a list of layers "
        f"or a layer, got {member!r}"
    )


class Broadcast(LayerContainer):
    """Base of containers whose branches share one input.

    Args:
        layers: branches, each a Sequential, a list of layers or a layer.
    """

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.layers = [as_branch(self, member, i) for i, member in enumerate(layers)]
        self.owns_delta = True
        if not self.layers:
            raise ValueError(f"{describe(self)} needs at least one branch")
        for number, branch in enumerate(self.layers, 1):
            branch.position = f"branch {number} of {len(self.layers)} in {self.name}"

    def __str__(self) -> str:
        return f"{self.classnm} {self.name}: {len(self.layers)} branches"

    @property
    def nest_deltas(self) -> bool:
        """True: the branches use delta buffers of a level of their own."""
        return True

    def get_terminal(self) -> Any:
        """Return the container itself: its outputs are the merged ones."""
        return self

    def configure(self, in_obj: Any) -> Self:
        """Configure every branch with ``in_obj``."""
        super().configure(in_obj)
        for branch in self.layers:
            self._configure_branch(branch, in_obj)
        return self

    def _configure_branch(self, branch: Sequential, in_obj: Any) -> None:
        root = branch.layers[0]
        if isinstance(root, Dropout):
            # in place it would mask the input of the other branches
            root.own_buffers()
        branch.configure(in_obj)

    def allocate_deltas(self, global_deltas: DeltasTree) -> None:
        """Collect the sizes of the container and, for the child tree, of its branches."""
        if self.prev_layer:
            global_deltas.proc_layer(self)
        child = global_deltas.decend()
        for branch in self.layers:
            root, *inner = branch.layers
            if isinstance(root, LayerContainer):
                root.allocate_deltas(child)
            for layer in inner:
                layer.allocate_deltas(child)

    def set_deltas(self, delta_buffers: DeltasTree) -> None:
        """Take a buffer for the input gradient and give it to all branch roots."""
        Layer.set_deltas(self, delta_buffers)
        child = delta_buffers.decend()
        for branch in self.layers:
            root, *inner = branch.layers
            root.set_deltas(self._root_tree(child))
            for layer in inner:
                layer.set_deltas(child)

    def _root_tree(self, child: DeltasTree) -> DeltasTree:
        """A tree from which a branch root takes the container's deltas."""
        tree = DeltasTree()
        tree.buffers = [self.deltas, self.deltas]
        tree.child = child.decend()
        return tree

    def _backward_betas(self, beta: float) -> list[float]:
        """Factor of the old deltas per branch; the last branch runs first and starts afresh."""
        return [1.0] * (len(self.layers) - 1) + [beta]
