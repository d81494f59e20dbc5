"""Convolution with a bias per map, in one layer (spec layers 7.2 and 4)."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from neonlike.layers._base import Layer
from neonlike.layers._conv import Convolution
from neonlike.layers._parameter import load_params, load_states, param_arrays, read_params

logger = logging.getLogger(__name__)


class Convolution_bias(Convolution):
    """Convolution followed by the addition of one number per map.

    Args:
        bias: Initializer, Tensor or ndarray for ``weight_bias`` (K, 1).
        fshape, strides, padding, dilation, init, bsum: as in Convolution.

    Attributes:
        weight_bias, grad_bias: the biases and their gradient.
        states: two lists of optimizer states, for W and for the bias.
    """

    _accumulators: ClassVar[dict[str, str]] = {"acc_dW": "dW", "acc_grad_bias": "grad_bias"}

    def __init__(
        self,
        fshape: Any,
        strides: Any = {},
        padding: Any = {},
        dilation: Any = {},
        init: Any = None,
        bsum: bool = False,
        name: str | None = None,
        bias: Any = None,
        parallelism: str = "Data",
    ) -> None:
        super().__init__(fshape, strides, padding, dilation, init, bsum, name, parallelism)
        self.bias = bias
        self.init_bias = bias
        self.weight_bias: Any = None
        self.grad_bias: Any = None
        self.states = [[], []]

    def allocate(self, shared_outputs: Any = None, accumulate_updates: bool = False) -> None:
        """Make outputs, both parameters (unless loaded before) and gradient scratch."""
        if self.W is not None:
            self._check_loaded()
        super().allocate(shared_outputs, accumulate_updates)

    def init_params(self, shape: Any) -> None:
        """Make and fill W, then ``weight_bias``."""
        super().init_params(shape)
        self.states = [[], []]
        self.weight_bias = self.be.empty((self.nglayer.K, 1), **self.get_param_attrs())
        self.grad_bias = self.be.empty_like(self.weight_bias)
        self.fill(self.weight_bias, self.init_bias)

    def get_params(self) -> Any:
        """Return ``[((W, dW), states), ((weight_bias, grad_bias), states)]``."""
        return [
            ((self.W, self.dW), self.states[0]),
            ((self.weight_bias, self.grad_bias), self.states[1]),
        ]

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        """Compute ``outputs = conv(inputs) + bias + beta * outputs``."""
        return self._convolve(inputs, beta=beta)

    def _convolve(self, inputs: Any, **options: Any) -> Any:
        """``fprop`` with more ``options`` of the backend's ``fprop_conv``."""
        return super()._convolve(inputs, bias=self.weight_bias, **options)

    @Layer.accumulates
    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute dW and grad_bias, and deltas unless this is the first layer."""
        self._bprop_inputs(error, alpha, beta)
        self.be.update_conv(self.nglayer, self.inputs, error, self.dW, grad_bias=self.grad_bias)
        return self.deltas

    def get_description(  # type: ignore[override]  # neon's signature: layers take no skip first
        self, get_weights: bool = False, keep_states: bool = True, **kwargs: Any
    ) -> dict[str, Any]:
        """Describe the layer, on request with both parameters and their states."""
        desc = super().get_description(**kwargs)
        if get_weights:
            desc["params"] = param_arrays(self, "W", "weight_bias")
            if keep_states:
                desc["states"] = [[state.get() for state in states] for states in self.states]
        return desc

    def convert_format(self, pdict: Any) -> dict[str, Any]:
        """Merge the ``[convolution, bias]`` pair of old files into one dictionary.

        Args:
            pdict: a layer dictionary (returned as it is) or a list of two.
        """
        if not isinstance(pdict, list):
            return dict(pdict)
        logger.error(
            "%s: loading a convolution and a separate bias from a file in neon's old format; "
            "save the model again to update it",
            self.name,
        )
        conv, bias = pdict
        merged = dict(conv)
        merged["config"] = {**conv.get("config", {}), "bias": bias.get("config", {}).get("init")}
        if "params" in conv and "params" in bias:
            merged["params"] = {**conv["params"], "weight_bias": bias["params"]["W"]}
        if "states" in conv and "states" in bias:
            merged["states"] = [conv["states"], bias["states"]]
        return merged

    def set_params(self, pdict: Any) -> None:
        """Load both parameters; also from the pair of an old file."""
        if isinstance(pdict, list):
            pdict = self.convert_format(pdict)
        load_params(self, read_params(self, pdict), "W", "weight_bias")
        self.dW = self.be.empty_like(self.W) if self.dW is None else self.dW
        if self.grad_bias is None:
            self.grad_bias = self.be.empty_like(self.weight_bias)

    def set_states(self, pdict: Any) -> None:
        """Load the optimizer states; without 'states' in the file they are empty."""
        if isinstance(pdict, list):
            pdict = self.convert_format(pdict)
        values = pdict.get("states") or [[], []]
        load_states(self, self.states[0], values[0], self.dW)
        load_states(self, self.states[1], values[1], self.grad_bias)
