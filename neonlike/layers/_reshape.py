"""Reshape: reading a buffer with another shape (spec layers 6.6)."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

from neonlike.layers._base import Layer
from neonlike.layers._errors import shape_message
from neonlike.layers._shapes import buffer_shape, numel
from neonlike.layers._views import ReshapedView

if TYPE_CHECKING:
    from typing import Self


class Reshape(Layer):
    """Reinterpret memory with another shape, without moving data (no transposition).

    Args:
        reshape: int or tuple. The first 0 copies the input's size at its place,
            -1 is worked out from the total.

    Attributes:
        in_shape_t, out_shape_t: 2-D shapes of the input and output buffers.
    """

    overwrites_error = False
    in_shape_t: tuple[int, int]
    out_shape_t: tuple[int, int]

    def __init__(self, reshape: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.reshape = reshape
        self.owns_output = False

    def _configured_str(self) -> str:
        return f"Reshape Layer '{self.name}' input shape {self.in_shape} to {self.reshape}"

    def configure(self, in_obj: Any) -> Self:
        """Work out the output shape.

        Raises:
            AssertionError: the total size would change.
        """
        super().configure(in_obj)
        self.out_shape = self._resolve()
        total = numel(self.in_shape)
        assert numel(self.out_shape) == total, shape_message(
            self,
            f"cannot reshape to {self.reshape}",
            expected=f"{total} elements",
            got=f"{numel(self.out_shape)}",
            hint="use -1 for the size that should follow from the others",
        )
        self.in_shape_t = buffer_shape(self.in_shape, self.be.bsz)
        self.out_shape_t = buffer_shape(self.out_shape, self.be.bsz)
        self._outputs = ReshapedView(self.out_shape_t)
        self._deltas = ReshapedView(self.in_shape_t)
        return self

    def _resolve(self) -> Any:
        """Return ``reshape`` with 0 and -1 replaced by sizes."""
        if isinstance(self.reshape, Integral):
            sizes = [int(self.reshape)]
        else:
            sizes = [int(size) for size in self.reshape]
        if 0 in sizes:
            place = sizes.index(0)
            shape = (self.in_shape,) if isinstance(self.in_shape, int) else self.in_shape
            sizes[place] = shape[place]
        if -1 in sizes:
            place = sizes.index(-1)
            known = numel(tuple(sizes[:place] + sizes[place + 1 :]))
            sizes[place] = numel(self.in_shape) // known if known > 0 else 0
        return sizes[0] if isinstance(self.reshape, Integral) else tuple(sizes)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Return ``inputs`` with the new shape (a view if they are contiguous)."""
        self.inputs = inputs
        self.outputs = self._outputs(inputs)
        return self.outputs

    def bprop(self, error: Any) -> Any:
        """Return the error with the input's buffer shape."""
        return self._deltas(error)
