"""Container that adds branch outputs up (spec layers 10.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._broadcast import Broadcast
from neonlike.layers._container import allocate_layer
from neonlike.layers._errors import describe
from neonlike.layers._sequential import Sequential
from neonlike.layers._shapes import buffer_shape

if TYPE_CHECKING:
    from typing import Self


class MergeSum(Broadcast):
    """Add the branch outputs up, as in residual blocks.

    Branches whose last layer can add to old outputs write directly into the
    container's ``outputs``; the others get a buffer of their own.

    Args:
        layers: branches, each a Sequential, a list of layers or a layer. Put a
            branch that starts with BatchNorm last.
    """

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(layers, name)
        self._error_copy: Any = None

    def configure(self, in_obj: Any) -> Self:
        """Configure the branches.

        Raises:
            ValueError: the branch outputs have different sizes.
        """
        super().configure(in_obj)
        self.out_shape = self.layers[0].out_shape
        shapes = [branch.out_shape for branch in self.layers]
        if len({buffer_shape(shape, self.be.bsz) for shape in shapes}) > 1:
            raise ValueError(
                f"{describe(self)} can only add outputs of equal shape, got {shapes}; "
                "give the branches the same number of maps and strides"
            )
        return self

    def allocate(self, shared_outputs: Any = None, accumulate_updates: bool = False) -> None:
        """Make the outputs, shared by all branches that can add to them."""
        super().allocate(shared_outputs)
        self._note_accumulation(accumulate_updates)
        for branch in self.layers:
            outputs = self.outputs if _adds(branch) else None
            allocate_layer(branch, outputs, accumulate_updates)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Run the branches and add their outputs up."""
        for number, branch in enumerate(self.layers):
            if _adds(branch):
                branch.fprop(inputs, inference, beta=1.0 if number else 0.0)
            else:
                output = branch.fprop(inputs, inference)
                self.outputs[:] = self.outputs + output if number else output
        return self.outputs

    def set_deltas(self, delta_buffers: DeltasTree) -> None:
        """Take delta buffers; make an error copy if a branch writes into its error."""
        super().set_deltas(delta_buffers)
        needs_copy = any(_overwrites_error(branch) for branch in self.layers[1:])
        self._error_copy = self.be.iobuf(self.out_shape) if needs_copy else None

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Send the error through every branch; their input gradients add up in ``deltas``."""
        branches = list(zip(self.layers, self._backward_betas(beta), strict=True))
        for branch, own_beta in reversed(branches):
            part = error
            if branch is not self.layers[0] and _overwrites_error(branch):
                self._error_copy[:] = error
                part = self._error_copy
            branch.bprop(part, alpha=alpha, beta=own_beta)
        return self.deltas


def _adds(branch: Sequential) -> bool:
    """Whether the branch can add its output to a shared buffer."""
    last: Layer = branch.layers[-1]
    return bool(last.accumulates_outputs)


def _overwrites_error(branch: Sequential) -> bool:
    """Whether the branch may write into the error it is given."""
    for layer in reversed(branch.layers):
        if layer.overwrites_error:
            return True
        if layer.owns_delta:
            return False
    return False
