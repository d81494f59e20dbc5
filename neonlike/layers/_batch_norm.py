"""Batch normalization: ordinary, with power-of-two shifts, tutorial form (spec layers 8)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from neonlike.layers._base import Layer
from neonlike.layers._errors import describe
from neonlike.layers._parameter import (
    load_params,
    load_states,
    param_arrays,
    read_params,
    stats_dtype,
)
from neonlike.layers._shapes import interpret_in_shape
from neonlike.layers._views import ReshapedView

if TYPE_CHECKING:
    from typing import Self

logger = logging.getLogger(__name__)
PARAMS = ("beta", "gamma", "gmean", "gvar")


class BatchNorm(Layer):
    """Normalize each feature map over batch, positions and steps.

    Training: ``xhat = (x - mean) / sqrt(var + eps)``, ``outputs = gamma * xhat + beta``, and the
    running ``gmean``, ``gvar`` move by ``1 - rho`` towards mean and var (biased). Inference
    uses the running values. ``gvar`` starts at 0.

    Shapes: any; statistics and parameters (nfm, 1), nfm the first entry of ``in_shape``.

    Args:
        rho: share of the old running value that is kept.
        eps: added to the variance.
        binary: multiply by powers of two only (see ShiftBatchNorm).

    Attributes:
        params: [beta, gamma]; inf_params: [gmean, gvar].
        xsum, xvar: mean and variance of the last training batch.
    """

    overwrites_error = False
    accumulates_outputs = True
    _accumulators: ClassVar[dict[str, str]] = {
        "acc_grad_beta": "grad_beta",
        "acc_grad_gamma": "grad_gamma",
    }
    nin: int
    nsteps: int
    nfm: int

    def __init__(
        self,
        rho: float = 0.9,
        eps: float = 1e-3,
        name: str | None = None,
        binary: bool = False,
    ) -> None:
        super().__init__(name)
        self.rho = rho
        self.eps = eps
        self.binary = binary
        self.relu = False
        self.owns_delta = True
        self.has_params = True
        self.stats_dtype = stats_dtype(self.be)
        self.beta: Any = None
        self.gamma: Any = None
        self.gmean: Any = None
        self.gvar: Any = None
        self.grad_beta: Any = None
        self.grad_gamma: Any = None
        self.states: list[list[Any]] = [[], []]
        self.xsum: Any = None
        self.xvar: Any = None
        self.x: Any = None
        self.y: Any = None
        self._own_sum: Any = None
        self._unused_deltas: Any = None

    def _configured_str(self) -> str:
        return (
            f"BatchNorm Layer '{self.name}': {self.nin} inputs, "
            f"{self.nsteps} steps, {self.nfm} feature maps"
        )

    def configure(self, in_obj: Any) -> Self:
        """Keep the shape and find the number of feature maps."""
        super().configure(in_obj)
        self.out_shape = self.in_shape
        self.nin, self.nsteps = interpret_in_shape(self.in_shape)
        self.nfm = self.in_shape if isinstance(self.in_shape, int) else self.in_shape[0]
        self._unused_deltas = None
        rows = (self.nfm, -1)
        self._x, self._y, self._error, self._deltas = (ReshapedView(rows) for _ in range(4))
        return self

    def allocate(self, shared_outputs: Any = None, accumulate_updates: bool = False) -> None:
        """Make outputs, parameters (unless loaded before), statistics and gradient scratch."""
        super().allocate(shared_outputs)
        if self.gamma is None:
            self.init_params(self.nfm)
        self._allocate_gradients()
        if self.xvar is None:
            self._own_sum = self._statistic()
            self.xvar = self._statistic()
        self._allocate_accumulators(accumulate_updates)

    def init_params(self, dim0: int) -> None:
        """Make the parameters for ``dim0`` feature maps: beta, gmean, gvar 0, gamma 1."""
        self.beta, self.gmean, self.gvar = (self._statistic(dim0) for _ in range(3))
        self.gamma = self._statistic(dim0)
        self.gamma.fill(1)
        self.states = [[], []]

    def _statistic(self, dim0: int | None = None) -> Any:
        shape = (self.nfm if dim0 is None else dim0, 1)
        return self.be.zeros(shape, dtype=self.stats_dtype, **self.get_param_attrs())

    def _allocate_gradients(self) -> None:
        if self.grad_gamma is None:
            self.grad_beta = self.be.zeros_like(self.beta, dtype=self.stats_dtype)
            self.grad_gamma = self.be.zeros_like(self.gamma, dtype=self.stats_dtype)

    @property
    def params(self) -> list[Any]:
        """The trained parameters [beta, gamma]."""
        return [self.beta, self.gamma]

    @property
    def inf_params(self) -> list[Any]:
        """The running statistics [gmean, gvar]."""
        return [self.gmean, self.gvar]

    @property
    def allparams(self) -> list[Any] | None:
        """Parameters and running statistics, None before allocation."""
        return None if self.gamma is None else self.params + self.inf_params

    @property
    def grad_params(self) -> list[Any]:
        """The gradients [grad_beta, grad_gamma]."""
        return [self.grad_beta, self.grad_gamma]

    @property
    def plist(self) -> list[Any]:
        """Pairs for the optimizer, beta first."""
        pairs = zip(self.params, self.grad_params, strict=True)
        return list(zip(pairs, self.states, strict=True))

    @property
    def compute_batch_sum(self) -> bool:
        """Whether the sums are computed here, not by the layer before (``bsum``)."""
        return getattr(self.prev_layer, "batch_sum", None) is None

    def get_params(self) -> Any:
        """Return ``[((beta, grad_beta), states), ((gamma, grad_gamma), states)]``."""
        return self.plist

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        """Compute ``outputs = normalized inputs + beta * outputs``."""
        return self._normalize(inputs, inference, self.compute_batch_sum, accumbeta=beta)

    def _normalize(self, inputs: Any, inference: bool, finds_sums: bool, **options: Any) -> Any:
        """``fprop`` with more ``options`` of the backend's ``compound_fprop_bn``."""
        self.inputs = inputs
        self.x, self.y = self._x(inputs), self._y(self.outputs)
        given_sum = getattr(self.prev_layer, "batch_sum", None)
        self.xsum = self._own_sum if given_sum is None else given_sum
        self.be.compound_fprop_bn(
            self.x,
            self.xsum,
            self.xvar,
            self.gmean,
            self.gvar,
            self.gamma,
            self.beta,
            self.y,
            self.eps,
            self.rho,
            finds_sums,
            binary=self.binary,
            inference=inference,
            **options,
        )
        return self.outputs

    @Layer.accumulates
    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute grad_beta, grad_gamma, and deltas unless this is the first layer.

        Raises:
            AssertionError: alpha is not 1 or beta not 0.
        """
        assert (alpha, beta) == (1.0, 0.0), (
            f"{describe(self)} cannot add to deltas (alpha {alpha}, beta {beta}); "
            "if it starts a branch of a merge container, put that branch last"
        )
        if self.deltas is None and self._unused_deltas is None:
            # the operation writes input gradients even where, in a first layer, nobody reads them
            self._unused_deltas = self.be.iobuf(self.in_shape)
        delta_in = self._error(error)
        delta_out = self._deltas(self._unused_deltas if self.deltas is None else self.deltas)
        self.be.compound_bprop_bn(
            delta_out,
            self.grad_gamma,
            self.grad_beta,
            delta_in,
            self.x,
            self.xsum,
            self.xvar,
            self.gamma,
            self.eps,
            binary=self.binary,
        )
        return self.deltas

    def get_description(  # type: ignore[override]  # neon's signature: layers take no skip first
        self, get_weights: bool = False, keep_states: bool = True, **kwargs: Any
    ) -> dict[str, Any]:
        """Describe the layer, on request with parameters, running statistics and states."""
        desc = super().get_description(**kwargs)
        if get_weights:
            desc["params"] = param_arrays(self, *PARAMS)
            if keep_states:
                desc["states"] = [[state.get() for state in states] for states in self.states]
        return desc

    def get_params_serialize(self, keep_states: bool = True) -> dict[str, Any]:
        """Return the description with weights."""
        return self.get_description(get_weights=True, keep_states=keep_states)

    def set_params(self, pdict: dict[str, Any]) -> None:
        """Load parameters and running statistics; also from the list of neon 1.x files."""
        params = read_params(self, pdict)
        if isinstance(params, list):
            logger.error(
                "%s: loading batch norm parameters from a file in neon's old format; "
                "save the model again to update it",
                self.name,
            )
            params = dict(zip(PARAMS, params, strict=True))
        load_params(self, params, *PARAMS)
        self._allocate_gradients()

    def set_states(self, pdict: dict[str, Any]) -> None:
        """Load the optimizer states; without 'states' in the file they are empty."""
        values = pdict.get("states") or [[], []]
        for states, loaded, gradient in zip(self.states, values, self.grad_params, strict=True):
            load_states(self, states, loaded, gradient)


class ShiftBatchNorm(BatchNorm):
    """Batch norm whose multiplications are shifts, for binary networks.

    Each factor z becomes ``sign(z) * 2^round(log2|z|)``; inference uses the ordinary formula.
    """

    def __init__(self, rho: float = 0.99, eps: float = 1e-6, name: str | None = None) -> None:
        super().__init__(rho, eps, name, binary=True)


class BatchNormAutodiff(BatchNorm):
    """Batch norm of neon's autodiff tutorial: BatchNorm with other defaults and an op-tree."""

    def __init__(self, rho: float = 0.99, eps: float = 1e-6, name: str | None = None) -> None:
        super().__init__(rho, eps, name)

    @property
    def fprop_op_tree(self) -> Any:
        """The forward expression on the last inputs."""
        return self.get_forward_optree()

    def get_forward_optree(self) -> Any:
        """Return the training formula as an op-tree on the last inputs, for Autodiff."""
        be, x = self.be, self.x
        centred = x - be.mean(x, axis=1)
        return self.gamma * centred / be.sqrt(be.var(x, axis=1) + self.eps) + self.beta

    def fprop(self, inputs: Any, inference: bool = False) -> Any:  # type: ignore[override]  # neon's
        """Normalize ``inputs``."""
        return super().fprop(inputs, inference)

    def bprop(self, error: Any) -> Any:  # type: ignore[override]  # neon's signature
        """Compute grad_beta, grad_gamma, and deltas unless this is the first layer."""
        return super().bprop(error)
