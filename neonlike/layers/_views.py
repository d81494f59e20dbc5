"""Views of buffers, made once per tensor object instead of once per call.

Networks pass the same tensor objects at every batch, so a layer reshapes and
transposes each of them only once. When another object arrives the view is made
anew, which also makes layers right for callers that change tensors.
"""

from __future__ import annotations

from typing import Any


class ReshapedView:
    """``view(tensor)`` is ``tensor`` with another shape.

    A non-contiguous tensor cannot be viewed with another shape; then the result
    is a fresh copy at every call (good for reading only).

    Args:
        shape: the 2-D shape, one entry may be -1.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._source: Any = None
        self._view: Any = None

    def __call__(self, tensor: Any) -> Any:
        if tensor is self._source:
            return self._view
        view = tensor.reshape(self.shape)
        if view is tensor or tensor.is_contiguous:
            self._source, self._view = tensor, view
        return view


class TransposedView:
    """``view(tensor)`` is ``tensor.T``."""

    def __init__(self) -> None:
        self._source: Any = None
        self._view: Any = None

    def __call__(self, tensor: Any) -> Any:
        if tensor is not self._source:
            self._source, self._view = tensor, tensor.T
        return self._view
