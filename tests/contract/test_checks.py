"""``check_layer`` finds what it looks for: each of these layers makes one mistake."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neonlike.initializers import Gaussian
from neonlike.layers import Linear, SkipNode
from neonlike.testing import check_gradient, check_layer


class Copy(SkipNode):
    """Makes no mistake yet."""


class Halves(Copy):
    """Its bprop is not the gradient."""

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        return super().bprop(error, 0.5 * alpha, beta)


class Draws(Copy):
    """Is different each time."""

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        self.outputs[:] = inputs * float(np.random.standard_normal())
        return self.outputs


class Centres(Copy):
    """Mixes the samples."""

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        self.outputs[:] = inputs - self.be.mean(inputs, axis=1)
        return self.outputs


class Hoards(Copy):
    """Keeps all outputs."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.past: list[Any] = []

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        self.past.append(inputs.get())
        return super().fprop(inputs, inference)


class Allocates(Copy):
    """Works with an array of its own at every step."""

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        self.outputs.set(inputs.get())
        return self.outputs


class Unsaved(Linear):
    """Saves less than it computes with."""

    def get_description(self, **kwargs: Any) -> Any:  # type: ignore[override]  # short
        description = super().get_description(**kwargs)
        if "params" in description:
            description["params"]["W"] = np.zeros_like(description["params"]["W"])
        return description


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Halves, "gradient of the inputs"),
        (Draws, "two layers with the same seed"),
        (lambda: Unsaved(2, Gaussian()), "outputs after saving and loading"),
        (Centres, "does the layer mix columns"),
        (Hoards, "training steps left arrays of"),
        (Allocates, "makes arrays of"),
    ],
    ids=["gradient", "repetition", "saving", "batch size", "kept arrays", "temporaries"],
)
def test_mistakes(be: Any, layer: Any, message: str) -> None:
    gradient = layer not in (Draws, Centres)
    with pytest.raises(AssertionError, match=message):
        check_layer(layer(), (3, 2), gradient=gradient, temporaries=False)


def test_no_mistake(be: Any) -> None:
    check_layer(Copy(), (3, 2), temporaries=False)
    check_layer(Allocates(), (3, 2))


def test_needs_double_precision(be: Any) -> None:
    with pytest.raises(ValueError, match="call gen_backend\\(datatype=np.float64\\)"):
        check_gradient(Copy(), (3, 2))
