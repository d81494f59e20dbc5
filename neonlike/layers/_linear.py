"""Matrix-product layers: ``outputs = W x``, full precision and binary (spec layers 6.1, 6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike._object import check_count
from neonlike.layers._base import Layer
from neonlike.layers._errors import describe, shape_message
from neonlike.layers._parameter import ParameterLayer
from neonlike.layers._shapes import interpret_in_shape
from neonlike.layers._views import TransposedView

if TYPE_CHECKING:
    from typing import Self


class Linear(ParameterLayer):
    """Multiply every column (sample or step) by a weight matrix: ``outputs = W x``.

    Shapes: any ``in_shape``, read as (nin, steps); ``out_shape`` (nout, steps); W (nout, nin).
    Gradients: ``deltas = W^T error``, ``dW = error x^T`` (sum over columns).

    Args:
        nout: number of outputs.
        init: Initializer, Tensor or ndarray for W.
        bsum: also keep the row sums of the outputs in ``batch_sum``, for a following batch norm.
    """

    overwrites_error = False
    accumulates_outputs = True
    nin: int
    nsteps: int

    def __init__(
        self,
        nout: int,
        init: Any,
        bsum: bool = False,
        name: str | None = None,
        parallelism: str = "Disabled",
    ) -> None:
        super().__init__(init, name, parallelism)
        check_count(describe(self), "nout", nout)
        self.nout = nout
        self.bsum = bsum
        self._weights_t = TransposedView()
        self._inputs_t = TransposedView()

    def _configured_str(self) -> str:
        return f"{self.classnm} Layer '{self.name}': {self.nin} inputs, {self.nout} outputs"

    def configure(self, in_obj: Any) -> Self:
        """Set ``nin``, ``nsteps`` and the shapes of outputs and weights."""
        super().configure(in_obj)
        self.nin, self.nsteps = interpret_in_shape(self.in_shape)
        self.out_shape = (self.nout, self.nsteps)
        self.weight_shape = (self.nout, self.nin)
        if self.bsum:
            self.batch_sum_shape = (self.nout, 1)
        return self

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        """Compute ``outputs = W inputs + beta * outputs``.

        Raises:
            AssertionError: the inputs do not have W's number of features.
        """
        return self._multiply(self.W, inputs, beta)

    def _multiply(self, weights: Any, inputs: Any, beta: float) -> Any:
        if inputs is not self.inputs:
            self._check_inputs(inputs)
            self.inputs = inputs
        x, y = inputs, self.outputs
        if self.actual_bsz is not None or self.actual_seq_len is not None:
            columns = (self.actual_bsz or self.be.bsz) * (self.actual_seq_len or self.nsteps)
            x, y = x[:, :columns], y[:, :columns]
        self.be.compound_dot(weights, x, y, alpha=1.0, beta=beta, bsum=self.batch_sum)
        return self.outputs

    def _check_inputs(self, inputs: Any) -> None:
        rows, columns = self.W.shape[1], self.outputs.shape[1]
        if tuple(inputs.shape) != (rows, columns):
            raise AssertionError(
                shape_message(
                    self,
                    "the input does not fit the weights",
                    expected=f"a tensor of shape {(rows, columns)} (features, steps * batch size)",
                    got=tuple(inputs.shape),
                    hint="was the model initialized with this data set's shape and batch size, "
                    "and are loaded weights those of this architecture?",
                )
            )

    @Layer.accumulates
    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute dW, and deltas unless this is the first layer."""
        return self._backpropagate(self.W, error, alpha, beta)

    def _backpropagate(self, weights: Any, error: Any, alpha: float, beta: float) -> Any:
        if self.deltas is not None:
            transposed = self._weights_t(weights)
            self.be.compound_dot(transposed, error, self.deltas, alpha=alpha, beta=beta)
        self.be.compound_dot(error, self._inputs_t(self.inputs), self.dW)
        return self.deltas


class BinaryLinear(Linear):
    """Linear layer that multiplies by the signs of its weights.

    ``Wb = +1 where W >= 0 else -1``, renewed at every ``fprop``; the real-valued
    W receives the gradient of Wb (straight-through estimator).
    """

    def __init__(
        self,
        nout: int,
        init: Any,
        bsum: bool = False,
        name: str | None = None,
        parallelism: str = "Disabled",
    ) -> None:
        super().__init__(nout, init, bsum, name, parallelism)
        self.Wb: Any = None

    def allocate(self, shared_outputs: Any = None) -> None:  # type: ignore[override]  # neon's
        """Make outputs, weights and the tensor for their signs."""
        super().allocate(shared_outputs)
        if self.Wb is None:
            self.Wb = self.be.empty_like(self.W)

    def fprop(self, inputs: Any, inference: bool = False, beta: float = 0.0) -> Any:
        """Compute ``outputs = sign(W) inputs + beta * outputs``."""
        self.be.binarize(self.W, self.Wb, stochastic=False)
        return self._multiply(self.Wb, inputs, beta)

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute dW and deltas with the signs as weights."""
        return self._backpropagate(self.Wb, error, alpha, beta)
