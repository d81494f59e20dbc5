"""A Rectlin and the max pooling that follows it, in one backward pass (spec layers 6.4, 7.4).

The largest input of a window is the output of the pooling, so whether the Rectlin lets its error
pass shows there: one looks at the few outputs of the pooling, not at all those of the Rectlin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neonlike.layers._pointwise import Activation
from neonlike.layers._pooling import Pooling
from neonlike.transforms import Rectlin

Step = tuple[Any, str, Any]  # layer, place, how to call its bprop


class RectifiedPooling:
    """Stands for both layers in a backward pass; the pooling has no deltas of its own then.

    Args:
        activation: the layer with the Rectlin.
        pooling: the layer after it.
        following: the layer after both.
    """

    def __init__(self, activation: Activation, pooling: Pooling, following: Any) -> None:
        self.activation = activation
        self.pooling = pooling
        self.following = following
        self._room: Any = None
        self._room_in: Any = None

    def bprop(self, error: Any) -> Any:
        """Compute the activation's deltas, in two steps where they are no Rectlin's."""
        if not self._is_one_pass():
            return self.activation.bprop(self.pooling.bprop(error))
        pooling, deltas, passed = self.pooling, self.activation.deltas, self._passed(error)
        be, outputs = pooling.be, pooling.outputs

        def let_pass() -> None:
            passed[:] = be.greater(outputs, 0) * error

        replay = pooling.nglayer.replay
        be.again(replay, ("let_pass",), (error, passed, outputs), let_pass)
        # deltas may lie where the error is
        be.bprop_pool(pooling.nglayer, passed, deltas, pooling.argmax)
        return deltas

    def _passed(self, error: Any) -> Any:
        """Room for the errors that the Rectlin lets pass: in the deltas of the pooling."""
        memory = self.pooling.deltas
        if memory is not self._room_in or self._room.shape != error.shape:
            self._room = memory.reshape((memory.size, 1))[: error.size].reshape(error.shape)
            self._room_in = memory
        return self._room

    def _is_one_pass(self) -> bool:
        """Asked each time: transforms may be changed, and methods set on objects."""
        transform, pooling = self.activation.transform, self.pooling
        return (
            type(transform) is Rectlin
            and transform.slope == 0
            and pooling.op == "max"
            and pooling.inputs is self.activation.outputs
            and self.following.owns_output  # leaves the outputs of the pooling as they are
            and self.activation.deltas is not None
            and pooling.deltas is not None
            and pooling.outputs.size <= pooling.deltas.size
            and "bprop" not in vars(self.activation)
            and "bprop" not in vars(pooling)
        )


def backward_steps(steps: Sequence[Step], inside: str) -> list[Step]:
    """Return the steps, with a RectifiedPooling in the place of each pair that may be one.

    Args:
        steps: in backward order.
        inside: the place of layers that may be paired.
    """
    joined: list[Step] = []
    for step in steps:
        layer, place, _ = step
        pair = len(joined) > 1 and {place, joined[-1][1], joined[-2][1]} == {inside}
        if pair and type(layer) is Activation and type(joined[-1][0]) is Pooling:
            pooling = joined.pop()[0]
            step = RectifiedPooling(layer, pooling, joined[-1][0]), inside, None
        joined.append(step)
    return joined
