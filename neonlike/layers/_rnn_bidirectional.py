"""Bidirectional layers: BiRNN, BiLSTM, BiBNRNN (spec layers 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from neonlike.layers._rnn_base import SweepLayer
from neonlike.layers._rnn_norm import NormalizedLayer, SequenceNorm

if TYPE_CHECKING:
    from typing import Self


class _Overwrite(float):
    """neon's default ``beta=1.0``, before which it cleared the deltas: the result overwrites."""


OVERWRITE = _Overwrite(1.0)


class BiRNN(SweepLayer):
    """Two plain recurrent nets, one forwards and one backwards in time, outputs stacked.

    Shapes: in as for Recurrent; out (2 * output_size, T), at every step the state of the forward
    net above that of the backward net. States always start at zero.

    Args:
        output_size: units per direction.
        init, init_inner, activation: as for Recurrent.
        reset_cells: no effect: states are never carried over.
        split_inputs: the upper half of the features feeds the forward net, the lower half the
            backward net; else both read all features.
        parallelism: a label, see Layer.

    Attributes:
        W_input_f, W_input_b, W_recur_f, W_recur_b, b_f, b_b: views of W; with prefix d, of dW.
        W_input, W_recur, b: the same for both directions in one view each.
    """

    suffixes: ClassVar[tuple[str, ...]] = ("_f", "_b")
    wrong_weights: ClassVar[type[Exception]] = AssertionError
    W_input_f: Any
    W_input_b: Any
    W_recur_f: Any
    W_recur_b: Any
    b_f: Any
    b_b: Any

    def __init__(
        self,
        output_size: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        reset_cells: bool = False,
        split_inputs: bool = False,
        name: str | None = None,
        parallelism: str = "Data",
    ) -> None:
        super().__init__(
            output_size,
            init,
            init_inner,
            activation,
            None,
            reset_cells,
            split_inputs,
            name,
            parallelism,
        )

    def _configured_str(self) -> str:
        return (
            f"{self.classnm} Layer '{self.name}': {self.nin} inputs, "
            f"({self.nout} outputs) * 2, {self.nsteps} steps"
        )

    @property
    def h_buffer(self) -> Any:
        """The states of both directions (2 * output_size, T * N)."""
        return self.sweep.tensors.h

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Compute the states of all steps.

        Raises:
            AssertionError: ``inputs`` has another size.
        """
        self.init_buffers(inputs)
        return self._forward(inference)

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = OVERWRITE) -> Any:
        """Compute dW, and ``alpha * input gradient + beta * old deltas``.

        Args:
            error: gradient of the outputs; not overwritten.
            beta: left out, old deltas are overwritten.
        """
        return self._backward(error, alpha, 0.0 if beta is OVERWRITE else beta)


class BiLSTM(BiRNN):
    """Two LSTMs, one forwards and one backwards in time, outputs stacked; see BiRNN and LSTM.

    Args:
        gate_activation: Transform of the gates.
    """

    cell: ClassVar[str] = "lstm"

    def __init__(
        self,
        output_size: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        gate_activation: Any = None,
        reset_cells: bool = False,
        split_inputs: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(output_size, init, init_inner, activation, reset_cells, split_inputs, name)
        self.gate_activation = gate_activation

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """As BiRNN."""
        return super().bprop(error, alpha, beta)

    @property
    def ifog_buffer(self) -> Any:
        """Activated gates of all steps: i, f, o, g of the forward, then of the backward net."""
        return self.sweep.tensors.gates

    @property
    def c_buffer(self) -> Any:
        """Cells of all steps."""
        return self.sweep.tensors.c

    @property
    def c_act_buffer(self) -> Any:
        """Activated cells of all steps."""
        return self.sweep.tensors.c_act


class BiBNRNN(NormalizedLayer, BiRNN):
    """BiRNN whose input projections are batch-normalized over all steps and samples together.

    ``h_t = activation(BN(W_input x)_t + W_recur h_{t-1} + b)``; gamma and beta are trained and
    saved. Inference uses the running statistics.

    Attributes:
        norm: the BatchNorm; its ``beta, gamma, gmean, gvar, grad_beta, grad_gamma, rho, eps,
            allparams`` are attributes of this layer too.
        xmean, xvar: mean and variance of the last training batch.
    """

    def __init__(
        self,
        output_size: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        reset_cells: bool = False,
        split_inputs: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(output_size, init, init_inner, activation, reset_cells, split_inputs, name)
        self.norm = SequenceNorm(name=f"{self.name}_norm")
        self.norms = {"": self.norm}

    def configure(self, in_obj: Any) -> Self:
        """See SweepLayer."""
        super().configure(in_obj)
        self.sweep.norm = self.norm
        return self

    @property
    def rho(self) -> float:
        """Share of the old running statistics that is kept."""
        return self.norm.rho

    @property
    def eps(self) -> float:
        """Added to the variance."""
        return self.norm.eps

    @property
    def beta(self) -> Any:
        """Shift of the normalized projections."""
        return self.norm.beta

    @property
    def gamma(self) -> Any:
        """Scale of the normalized projections."""
        return self.norm.gamma

    @property
    def gmean(self) -> Any:
        """Running mean."""
        return self.norm.gmean

    @property
    def gvar(self) -> Any:
        """Running variance."""
        return self.norm.gvar

    @property
    def grad_beta(self) -> Any:
        """Gradient of beta."""
        return self.norm.grad_beta

    @property
    def grad_gamma(self) -> Any:
        """Gradient of gamma."""
        return self.norm.grad_gamma

    @property
    def allparams(self) -> Any:
        """[beta, gamma, gmean, gvar], None before allocation."""
        return self.norm.allparams

    @property
    def xmean(self) -> Any:
        """Mean of the last training batch."""
        return self.norm.xsum

    @property
    def xvar(self) -> Any:
        """Variance of the last training batch."""
        return self.norm.xvar
