"""Stop at the first number that is not finite, and name the layer it comes from."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from neonlike.callbacks._base import Callback
from neonlike.layers._container import LayerContainer
from neonlike.layers._errors import describe


class NanGuardCallback(Callback):
    """Raise FloatingPointError as soon as a layer computes a number that is not finite.

    Looked at, in the order in which they are computed: the outputs of each
    layer in the forward pass, its input gradient in the backward pass, then
    all parameter gradients, and the parameters after the update. This costs about as
    much as one more activation function per layer.

    Args:
        minibatch_freq: look every so many minibatches.

    Raises:
        FloatingPointError: out of ``fit``, with the layer, the pass and the counts.
    """

    def __init__(self, minibatch_freq: Any = 1) -> None:
        super().__init__(epoch_freq=None, minibatch_freq=minibatch_freq)
        self._where = ""
        self._watched: list[tuple[Any, str]] = []

    def on_train_begin(self, callback_data: Any, model: Any, epochs: int) -> None:
        """Watch all layers."""
        for layer in model.layers.layers_fprop():
            if not isinstance(layer, LayerContainer):
                self._watch(layer, "fprop", "the outputs")
                self._watch(layer, "bprop", "the gradient of the inputs")

    def on_train_end(self, callback_data: Any, model: Any) -> None:
        """Leave the layers alone again."""
        self._unwatch()

    def on_minibatch_begin(
        self, callback_data: Any, model: Any, epoch: int, minibatch: int
    ) -> None:
        """Start looking."""
        self._where = f"epoch {epoch}, minibatch {minibatch}"

    def on_minibatch_end(self, callback_data: Any, model: Any, epoch: int, minibatch: int) -> None:
        """Look at gradients and parameters, then stop looking."""
        for layer in model.layers_to_optimize:
            for index, (param, grad) in enumerate(_params(layer)):
                what = f"parameter {index + 1}" if index else "the weights"
                self._check(layer, f"the gradient of {what}", grad)
                self._check(layer, f"{what} after the update", param)
        self._where = ""

    def _watch(self, layer: Any, method: str, what: str) -> None:
        original: Callable[..., Any] = getattr(layer, method)

        reads_data = method == "fprop" and getattr(layer, "prev_layer", None) is None

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if self._where and reads_data:
                self._check(layer, "the data fed to", args[0], joint="")
            result = original(*args, **kwargs)
            if self._where:
                self._check(layer, what, result)
            return result

        setattr(layer, method, watched)
        self._watched.append((layer, method))

    def _unwatch(self) -> None:
        self._where = ""
        for layer, method in self._watched:
            del layer.__dict__[method]
        self._watched = []

    def _check(self, layer: Any, what: str, tensor: Any, joint: str = "of ") -> None:
        for array in _arrays(tensor):
            if array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
                where = self._where
                self._unwatch()
                nan, inf = int(np.isnan(array).sum()), int(np.isinf(array).sum())
                repair = "try a lower learning rate or gradient clipping" if joint else "look there"
                raise FloatingPointError(
                    f"{where}: {what} {joint}{describe(layer)} are the first numbers that are not "
                    f"finite ({nan} NaN and {inf} infinite of {array.size}): {repair}"
                )


def _params(layer: Any) -> Iterator[tuple[Any, Any]]:
    found = layer.get_params()
    for pair, _states in found if isinstance(found, list) else [found]:
        yield pair


def _arrays(tensor: Any) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the arrays of a tensor, or of a list of them; a layer may also return None."""
    for each in tensor if isinstance(tensor, list | tuple) else [tensor]:
        if hasattr(each, "asnumpyarray"):
            yield each.asnumpyarray()
