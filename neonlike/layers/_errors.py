"""One form for all shape errors: which layer, where, what it expected, what it got, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from neonlike._object import NervanaObject
from neonlike.layers._shapes import buffer_shape

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
        f"batch size {getattr(NervanaObject.be, 'bsz', None)}. Hint: {hint}"
    )


def check_object(owner: str, argument: str, value: Any, example: str) -> None:
    """Refuse a class, a name or None where an object is needed.

    Raises:
        TypeError: ``value`` is one of these.
    """
    if value is None or isinstance(value, str):
        raise TypeError(f"{owner}: {argument} must be an object such as {example}, got {value!r}")
    if isinstance(value, type):
        raise TypeError(
            f"{owner}: {argument} must be an object, got the class {value.__name__}; "
            f"write {value.__name__}(...)"
        )


def fail(error: Exception, layer: Layer, doing: str, tensor: Any, batch_size: int) -> NoReturn:
    """Raise ``error``, or a shape error of its type if ``layer`` was given what cannot fit.

    Layers check what only they can know; whatever else fails inside (a product, a view, a kernel)
    ends here, where the place and the shapes are known. A note says in which layer it happened.

    Args:
        error: what a layer raised.
        layer: that layer.
        doing: "fprop" or "bprop".
        tensor: what it was given.
        batch_size: for which it was allocated; 0: not allocated yet.
    """
    problem = None
    if not hasattr(error, "__notes__") and not str(error).startswith(describe(layer)):
        problem = _what_is_wrong(error, layer, doing, tensor, batch_size or layer.be.bsz)
    shown = error if problem is None else _same_kind(error)(problem)
    add_context(shown, layer, f"computing {doing} of")
    if shown is error:
        raise error
    raise shown from error


def add_context(error: Exception, layer: Layer, doing: str) -> None:
    """Note on ``error`` in which layer it happened."""
    shape = getattr(layer, "in_shape", None)
    error.add_note(f"while {doing} {describe(layer)}, in_shape {shape}, batch size {layer.be.bsz}")


def _what_is_wrong(
    error: Exception, layer: Layer, doing: str, tensor: Any, batch_size: int
) -> str | None:
    """The sentence about a tensor that cannot be right, if it is the cause."""
    name, shape = ("input", "in_shape") if doing == "fprop" else ("error", "out_shape")
    if getattr(layer, shape, None) is None:
        return shape_message(
            layer,
            "the network was not initialized",
            expected=f"its shapes to be known before {doing}",
            got="none",
            hint="call model.initialize(data set or shape, cost) first, as model.fit does",
        )
    try:
        expected = buffer_shape(getattr(layer, shape), batch_size)
    except TypeError:  # several inputs, or a shape only the layer understands
        return None
    if not hasattr(tensor, "_tensor"):
        problem, got = f"the {name} is no tensor", _kind(tensor)
        hint = "make it one with be.array(a), or use " + (
            "a data iterator" if doing == "fprop" else "what cost.get_errors returns"
        )
    elif tensor.shape != expected:
        problem, got = f"the {name} does not fit", str(tuple(tensor.shape))
        hint = _hint(layer, name, batch_size)
    elif tensor.dtype != layer.be.default_dtype and "dtype" in str(error):
        problem, got = f"the {name} is of another dtype", str(tensor.dtype)
        hint = (
            "be.array(a) makes a tensor of the backend's dtype, gen_backend(datatype=...) sets it"
        )
        return shape_message(layer, problem, expected=_backend_dtype(layer), got=got, hint=hint)
    else:
        return None
    columns = f"a tensor of shape {expected} (features, steps * batch size)"
    return shape_message(layer, problem, expected=columns, got=got, hint=hint)


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an ndarray of shape {value.shape}"
    return "None" if value is None else f"an object of type {type(value).__name__}"


def _backend_dtype(layer: Layer) -> str:
    return str(np.dtype(layer.be.default_dtype))


def _hint(layer: Layer, name: str, batch_size: int) -> str:
    if layer.be.bsz != batch_size:
        return (
            f"the network was initialized with batch size {batch_size}; set be.bsz back, or build "
            "the network again"
        )
    if name == "error":
        return "the error must have the shape of the network's outputs; check the targets"
    return "was the model initialized with this data set's shape and batch size?"


def _same_kind(error: Exception) -> type[Exception]:
    """Type of the new error: callers rely on those that layers are known to raise."""
    kinds = (AssertionError, ValueError, IndexError)
    return next((kind for kind in kinds if isinstance(error, kind)), TypeError)
