"""Base of layers with weights, and how parameters are described and loaded (spec layers 4)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from neonlike.layers._base import Layer
from neonlike.layers._errors import check_object, describe, shape_message
from neonlike.layers._shapes import numel


class ParameterLayer(Layer):
    """Base of layers with a weight tensor ``W``.

    Args:
        init: Initializer, Tensor or ndarray for W.

    Attributes:
        W, dW: weights and their gradient (summed over the batch), None before allocation.
        weight_shape: shape of W, set by ``configure``.
        states: the optimizer's state tensors; always the same list object.
        batch_sum: (rows, 1) sums of the outputs for a following batch norm, if asked for.
    """

    _accumulators: ClassVar[dict[str, str]] = {"acc_dW": "dW"}

    def __init__(
        self, init: Any = None, name: str | None = None, parallelism: str = "Unknown"
    ) -> None:
        super().__init__(name, parallelism)
        self.has_params = True
        self.owns_delta = True
        self.init = init
        self.W: Any = None
        self.dW: Any = None
        self.weight_shape: Any = None
        self.batch_sum: Any = None
        self.batch_sum_shape: Any = None
        self.states: list[Any] = []

    def allocate(self, shared_outputs: Any = None, accumulate_updates: bool = False) -> None:
        """Make outputs, weights (unless loaded before) and gradient scratch.

        Raises:
            AssertionError: weights of another shape were loaded before.
        """
        super().allocate(shared_outputs)
        if self.W is None:
            self.init_params(self.weight_shape)
        elif type(self).init_params is ParameterLayer.init_params:  # W has weight_shape
            self._check_loaded()
        if self.batch_sum_shape is not None and self.batch_sum is None:
            self.batch_sum = self.be.empty(
                self.batch_sum_shape, dtype=stats_dtype(self.be), **self.get_param_attrs()
            )
        self._allocate_accumulators(accumulate_updates)

    def _check_loaded(self) -> None:
        wanted = self.weight_shape
        assert wanted is None or self.W.size == numel(wanted), shape_message(
            self,
            "the weights loaded before do not fit",
            expected=f"weights of shape {wanted}",
            got=tuple(self.W.shape),
            hint="build the network as it was when the weights were saved",
        )

    def init_params(self, shape: Any) -> None:
        """Make and fill W of ``shape``; dW is left unset, the states empty."""
        self.W = self.be.empty(shape, **self.get_param_attrs())
        self.dW = self.be.empty_like(self.W)
        self.states = []
        self._fill_weights()

    def _fill_weights(self) -> None:
        """Fill W; layers that pack several matrices in it fill them one by one."""
        self.fill(self.W, self.init)

    def fill(self, param: Any, init: Any) -> None:
        """Fill ``param`` from an initializer, or copy a tensor or array of the same shape.

        Raises:
            AssertionError: the array has another shape.
            TypeError: no initializer was given.
        """
        if isinstance(init, np.ndarray) or hasattr(init, "asnumpyarray"):
            if tuple(init.shape) != tuple(param.shape):
                raise AssertionError(
                    shape_message(
                        self,
                        "the init array does not fit the parameter",
                        expected=tuple(param.shape),
                        got=tuple(init.shape),
                        hint="give an array of the parameter's shape, or an Initializer",
                    )
                )
            param[:] = init
        elif init is None:
            raise TypeError(f"{describe(self)} has no initializer; construct it with init=...")
        elif not hasattr(init, "fill"):
            raise TypeError(
                f"{describe(self)}: init must be an Initializer or an array, got {init!r}; "
                "Constant(0.1) fills with a number"
            )
        else:
            check_object(describe(self), "init", init, "Constant(0.1)")
            init.fill(param)

    def get_params(self) -> Any:
        """Return ``((W, dW), states)``."""
        return ((self.W, self.dW), self.states)

    def get_params_serialize(self, keep_states: bool = True) -> dict[str, Any]:
        """Return the description with weights."""
        return self.get_description(get_weights=True, keep_states=keep_states)

    def get_description(  # type: ignore[override]  # neon's signature: layers take no skip first
        self, get_weights: bool = False, keep_states: bool = True, **kwargs: Any
    ) -> dict[str, Any]:
        """Describe the layer, on request with ``params`` and optimizer ``states``."""
        desc = super().get_description(**kwargs)
        if get_weights:
            desc["params"] = param_arrays(self, "W")
            if keep_states:
                desc["states"] = [state.get() for state in self.states]
        return desc

    def set_params(self, pdict: dict[str, Any]) -> None:
        """Load W from ``pdict["params"]``; works before and after allocate.

        Raises:
            AssertionError: ``pdict`` is no dict, or an array has the wrong size.
            KeyError: no 'params'.
        """
        params = read_params(self, pdict)
        load_params(self, {"W": params} if isinstance(params, np.ndarray) else params, "W")
        if self.dW is None:
            self.dW = self.be.empty_like(self.W)

    def set_states(self, pdict: dict[str, Any]) -> None:
        """Load the optimizer states; without 'states' in the file they are empty."""
        load_states(self, self.states, pdict.get("states", []), self.dW)


def stats_dtype(be: Any) -> type:
    """Type of batch statistics: float32, or float64 on a float64 backend."""
    return np.float64 if be.default_dtype is np.float64 else np.float32


def param_arrays(layer: Layer, *names: str) -> dict[str, np.ndarray]:
    """Copies of the named parameters.

    Raises:
        ValueError: the layer has none yet.
    """
    params = {name: getattr(layer, name) for name in names}
    if any(param is None for param in params.values()):
        raise ValueError(
            f"{describe(layer)} has no weights yet; initialize the model or load weights first"
        )
    return {name: param.get() for name, param in params.items()}


def read_params(layer: Layer, pdict: Any) -> Any:
    """Return ``pdict["params"]`` after checking that ``pdict`` is a layer's dictionary."""
    assert isinstance(pdict, dict), (
        f"{describe(layer)}: expected a dictionary with 'params', got {type(pdict).__name__}"
    )
    if "params" not in pdict:
        raise KeyError(
            f"params: the entry for {describe(layer)} has no weights, only {sorted(pdict)}; "
            "was the file saved with get_weights=True?"
        )
    return pdict["params"]


def load_params(layer: Layer, params: dict[str, Any], *required: str) -> None:
    """Copy ``params`` into the layer's tensors, or make tensors where there are none.

    Raises:
        AssertionError: an array has another size than the tensor it is for.
        KeyError: a required parameter is missing.
    """
    missing = [name for name in required if name not in params]
    if missing:
        raise KeyError(
            f"{missing[0]}: the entry for {describe(layer)} has only {sorted(params)}; "
            "the file belongs to another architecture"
        )
    for name, value in params.items():
        current: Any = getattr(layer, name, None)
        if hasattr(current, "asnumpyarray"):
            value = np.asarray(value)
            assert value.size == current.size, (
                f"{describe(layer)}: cannot load {name}: expected shape {current.shape}, "
                f"got {value.shape}; the file belongs to another architecture"
            )
            current.set(value.reshape(current.shape))
        elif isinstance(value, np.ndarray):
            setattr(layer, name, layer.be.array(value))
        else:
            setattr(layer, name, value)


def load_states(layer: Layer, states: list[Any], values: list[Any], like: Any) -> None:
    """Make ``states`` (in place) tensors like ``like`` with the given values."""
    if len(states) != len(values):
        states[:] = [layer.be.zeros_like(like) for _ in values]
    for state, value in zip(states, values, strict=True):
        array = np.asarray(value)
        assert array.size == state.size, (
            f"{describe(layer)}: cannot load an optimizer state: expected shape {state.shape}, "
            f"got {array.shape}; use load_states=False to load the weights only"
        )
        state.set(array.reshape(state.shape))
