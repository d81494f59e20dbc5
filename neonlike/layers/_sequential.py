"""Sequential: layers one after the other (spec layers 10.1)."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._container import (
    LayerContainer,
    allocate_layer,
    flatten,
    takes_scale,
)
from neonlike.layers._errors import add_context, describe, fail
from neonlike.layers._forward_steps import forward_steps
from neonlike.layers._nodes import BranchNode
from neonlike.layers._pointwise import DataTransform, Dropout
from neonlike.layers._pool_rectified import RectifiedPooling, Step, backward_steps

if TYPE_CHECKING:
    from typing import Self

logger = logging.getLogger(__name__)

# places of layers in a Sequential: only the last two may write to deltas shared with others
INSIDE, ROOT, AFTER_NODE = "inside", "root", "after a branch node"


class Sequential(LayerContainer):
    """Layers that feed one another in order.

    Args:
        layers: layers, containers, compound layers, nested lists of these.

    Attributes:
        layers: the flat list.
        global_deltas: the delta buffers made by ``allocate_deltas``.
        node_alpha: factor of the gradients sent below the branch nodes in it (trunks of trees).

    Raises:
        AssertionError: no layers, or a first layer that works in place.
        TypeError: a member is no Layer.
    """

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.layers = list(flatten(layers))
        self.global_deltas: DeltasTree | None = None
        self.node_alpha = 1.0
        self._batch_size = 0
        self._take_layers()

    def _take_layers(self) -> None:
        """Check the members and remember those that compute."""
        for layer in self.layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"{describe(self)}: expected layers, got {layer!r}")
        self._layers = [layer for layer in self.layers if not isinstance(layer, BranchNode)]
        assert self._layers, f"{describe(self)} needs at least one layer"
        root = self._layers[0]
        assert root.owns_output or isinstance(root, Dropout | DataTransform), (
            f"{describe(self)} starts with {describe(root)}, which works in place on the layer "
            "before it; start with a layer that has outputs of its own"
        )
        self._steps: list[Step] | None = None
        self._forward: tuple[list[Layer], list[Any]] = [], []
        for number, layer in enumerate(self.layers, 1):
            layer.position = f"layer {number} of {len(self.layers)} in {self.name}"

    def _warn_of_repetitions(self) -> None:
        for layer, count in Counter(self._layers).items():
            if count > 1:
                logger.warning(
                    "%s holds the same %s layer '%s' %d times: it has one set of buffers, so the "
                    "gradients are wrong; make a layer for each place",
                    describe(self),
                    type(layer).__name__,
                    layer.name,
                    count,
                )

    def configure(self, in_obj: Any) -> Self:
        """Configure the members one after the other.

        Args:
            in_obj: as in Layer; None for a branch: starts at its BranchNode.
        """
        self._take_layers()  # scripts may have changed the list
        self._warn_of_repetitions()
        if in_obj is None:
            if getattr(self.layers[0], "out_shape", None) is None:
                raise TypeError(
                    f"{describe(self)} cannot read an input shape from None; give a data set or a "
                    "shape, or start the branch with a BranchNode"
                )
            super().configure(self.layers[0])
        else:
            super().configure(in_obj)
        previous: Any = None
        for layer in self.layers:
            source = in_obj if previous is None else previous
            try:
                # user layers may forget to return themselves
                previous = layer.configure(source) or layer
            except Exception as error:
                add_context(error, layer, "configuring")
                raise
        for layer, following in zip(self.layers, self.layers[1:], strict=False):
            layer.set_next(following)
        self.out_shape = previous.out_shape
        if self.parallelism == "Unknown":
            self.parallelism = self.layers[0].parallelism
        return self

    def allocate(self, shared_outputs: Any = None, accumulate_updates: bool = False) -> None:
        """Allocate the last layer with own outputs first, then all in order.

        The order is part of the contract: initial weights are drawn in it.
        """
        self._note_accumulation(accumulate_updates)
        self._batch_size = self.be.bsz
        owners = [
            i for i, layer in enumerate(self.layers) if layer.owns_output and not layer.detached
        ]
        if owners:
            tail = self.layers[owners[-1] + 1 :]
            if not all(_keeps_memory(layer) for layer in tail):
                shared_outputs = None
            allocate_layer(self.layers[owners[-1]], shared_outputs, accumulate_updates)
        for layer in self.layers:
            allocate_layer(layer, None, accumulate_updates)

    def allocate_deltas(self, global_deltas: DeltasTree | None = None) -> None:
        """Make delta buffers and hand them out.

        Args:
            global_deltas: the tree to use. While it has no buffers, only the
                members' sizes are collected.
        """
        tree = DeltasTree() if global_deltas is None else global_deltas
        self.global_deltas = tree
        if tree.buffers[0] is None:
            for layer in self.layers:
                if getattr(layer, "prev_layer", None) or isinstance(layer, LayerContainer):
                    layer.allocate_deltas(tree)
        if global_deltas is None:
            tree.allocate_buffers()
        if global_deltas is None or tree.buffers[0] is not None:
            self.set_deltas(tree)

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        """Propagate ``inputs`` through all layers; ``beta`` is for the last one."""
        x = inputs
        layer: Any = self
        try:
            if beta == 0:
                for layer in self._forward_steps():
                    x = layer.fprop(x, inference=inference)
                return x
            for layer in self.layers[:-1]:
                x = layer.fprop(x, inference=inference)
            layer = self.layers[-1]
            return layer.fprop(x, inference=inference, beta=beta)  # for those that can
        except Exception as error:
            layer = layer if isinstance(layer, Layer) else layer.first
            fail(error, layer, "fprop", x, self._batch_size)

    def _forward_steps(self) -> list[Any]:
        """Layers in forward order, some of them joined; cached until the list changes."""
        if self._forward[0] != self.layers:
            self._forward = list(self.layers), forward_steps(self.layers)
        return self._forward[1]

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Propagate ``error`` back through all layers.

        Args:
            error: gradient of the outputs.
            alpha, beta: for the first layer, which may write to shared deltas.

        Returns:
            The input gradient; at the start of a network the first layer's deltas (None).
        """
        layer: Any = self
        try:
            for layer, place, bprop in self._backward_steps():
                if place is INSIDE:
                    error = layer.bprop(error)
                elif place is ROOT:
                    error = bprop(layer, error, alpha, beta)
                else:
                    error = bprop(layer, error, *self._node_scale(layer.prev_layer))
        except Exception as exception:
            layer = layer.pooling if isinstance(layer, RectifiedPooling) else layer
            fail(exception, layer, "bprop", error, self._batch_size)
        # roots differ in what they return and keep when nothing is below them
        return error if self.prev_layer else self._layers[0].deltas

    def _backward_steps(self) -> list[Step]:
        """Layers in backward order, place, and for places outside how to call bprop; cached."""
        if self._steps is None:
            steps = [self._backward_step(layer) for layer in reversed(self._layers)]
            self._steps = backward_steps(steps, INSIDE)
        return self._steps

    def _backward_step(self, layer: Layer) -> Step:
        call = _scaled if takes_scale(layer.bprop) else _unscaled
        if layer is self._layers[0]:
            return layer, ROOT, call
        if isinstance(getattr(layer, "prev_layer", None), BranchNode):
            return layer, AFTER_NODE, call
        return layer, INSIDE, None

    def _node_scale(self, node: BranchNode) -> tuple[float, float]:
        """Scale of the first layer after an inner node: branches have already written there."""
        return self.node_alpha, (1.0 if node.branched else 0.0)

    @property
    def outputs_reader(self) -> Layer | None:
        """The layer whose outputs are the container's and are read after fprop, if any."""
        return self.layers[-1].outputs_reader  # type: ignore[no-any-return]  # a Layer

    def get_terminal(self) -> Any:
        """Return the last layer's terminal."""
        return self.layers[-1].get_terminal()


def _keeps_memory(layer: Layer) -> bool:
    """Whether the outputs of an in-place layer lie exactly where its inputs do."""
    return bool(not layer.detached and layer.out_shape == layer.in_shape)


def _scaled(layer: Any, error: Any, alpha: float, beta: float) -> Any:
    return layer.bprop(error, alpha, beta)


def _unscaled(layer: Layer, error: Any, alpha: float, beta: float) -> Any:
    """Call the short ``bprop(error)`` of a layer in the place of the long one."""
    if (alpha, beta) == (1.0, 0.0):
        return layer.bprop(error)
    raise TypeError(
        f"{describe(layer)} shares deltas with other branches (alpha {alpha}, beta {beta}), so its "
        "bprop must take alpha and beta; put a layer that does before it"
    )
