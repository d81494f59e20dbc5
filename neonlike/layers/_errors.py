"""One form for all shape errors: which layer, where, what it expected, what it got, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neonlike.layers._base import Layer


def describe(layer: Layer) -> str:
    """Name a layer for a message: class, name and place in its container."""
    place = f" ({layer.position})" if layer.position else ""
    return f"{type(layer).__name__} layer {layer.name!r}{place}"


def shape_message(layer: Layer, problem: str, *, expected: Any, got: Any, hint: str) -> str:
    """Compose the sentence of a shape error.

    Args:
        layer: the layer that refuses.
        problem: what does not fit.
        expected: what the layer needs.
        got: what it was given.
        hint: a way out.
    """
    shape = getattr(layer, "in_shape", None)
    return (
        f"{describe(layer)}: {problem}. in_shape {shape}, expected {expected}, got {got}, "
        f"batch size {layer.be.bsz if layer.be is not None else None}. Hint: {hint}"
    )
