"""Elman nets, stacks of recurrent layers, and truncated back-propagation (spec zoo 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.initializers import Constant
from neonlike.layers._compound import Affine
from neonlike.layers._rnn_activation import activation_code
from neonlike.layers._rnn_recurrent import Recurrent
from neonlike.transforms.activation import Identity, Tanh

if TYPE_CHECKING:
    import numpy as np


class ElmanLayer(Recurrent):
    """``Recurrent`` whose gradient also counts the state before step 0 when it was carried.

    The arguments are those of ``Recurrent``; tanh units if no activation is given.
    """

    def __init__(
        self,
        output_size: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        reset_cells: bool = True,
        name: str | None = None,
    ) -> None:
        given = Tanh() if activation is None else activation
        super().__init__(output_size, init, init_inner, given, reset_cells, name)

    def _gradient_state(self) -> Any:
        return self._start

    def trace(self, x: Any) -> dict[str, np.ndarray]:
        """Run the layer on ``x`` and return its states: "h", (output_size, T, N).

        Args:
            x: inputs (nin, T * N), a tensor or array.
        """
        self.fprop(x if hasattr(x, "asnumpyarray") else self.be.array(x), inference=True)
        states: np.ndarray = self.sweep.tensors.h.get()
        return {"h": states.reshape(self.output_size, self.nsteps, -1)}


class TruncatedRecurrent(ElmanLayer):
    """``Recurrent`` trained by truncated back-propagation through time.

    The forward pass is that of ``Recurrent``. With ``mode="chunk"`` sequences are cut into blocks
    of k steps: states pass from block to block, errors do not. With ``mode="depth"`` the error of
    every step goes back through k cells, at k times the cost.

    Args:
        output_size, init, init_inner, activation: as in ``Recurrent``.
        mode: "chunk" or "depth".
        k: steps of a block, or cells.
        reset_cells: start every ``fprop`` from zero states.

    Raises:
        ValueError: unknown mode, or k below 1.
    """

    def __init__(
        self,
        output_size: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        mode: str = "chunk",
        k: int = 10,
        reset_cells: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(output_size, init, init_inner, activation, reset_cells, name)
        if mode not in ("chunk", "depth") or k < 1:
            raise ValueError(
                f"TruncatedRecurrent {self.name!r}: mode must be 'chunk' or 'depth' and k at least "
                f"1, got mode={mode!r}, k={k}"
            )
        self.mode = mode
        self.k = k

    def set_deltas(self, delta_buffers: Any) -> None:
        """Take a delta buffer, and make the buffers of the backward pass."""
        super().set_deltas(delta_buffers)
        if self.mode == "depth":
            self._flow = self.be.zeros(self.outputs.shape)
            self._back = self.be.zeros(self.outputs.shape)

    def bprop(self, deltas: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute the truncated dW, and ``alpha * input gradient + beta * old deltas``."""
        self._trained_on = self.inputs
        sweep = self.sweep.tensors
        error = deltas.reshape(self.outputs.shape)
        if self.mode == "chunk":
            tensors = self.W_recur, sweep.h, error, sweep.delta, self.final_hidden_error
            act = activation_code(self.activation)
            self.be.zoo_sweep("chunked_bprop", tensors, (self.k,), (act,))
        else:
            self._through_cells(sweep.h, error, sweep.delta)
        self.be.sweep_weight_gradients(sweep, self.x, self._start)
        if self.deltas is not None:
            self.be.sweep_unproject(sweep, self.deltas.reshape(self.x.shape), alpha, beta)
        return self.deltas

    def _through_cells(self, h: Any, error: Any, delta: Any) -> None:
        """``delta`` from the errors of all steps at once, one cell further back k times.

        ``flow_0 = act'(h) * error``, ``flow_j = act'(h) * (W_recur^T flow_{j-1}, a step earlier)``,
        ``delta = flow_0 + ... + flow_{k-1}``.
        """
        be, batch, act = self.be, self.be.bsz, self.activation
        flow, early = self._flow, (self.nsteps - 1) * self.be.bsz
        back = self._back[:, :early]
        flow[:] = act.bprop(h) * error
        delta[:] = flow
        self.final_hidden_error.fill(0)
        for _ in range(1, min(self.k, self.nsteps + 1)):
            be.compound_dot(self.W_recur.T, flow[:, :batch], self.final_hidden_error, beta=1.0)
            if early:
                be.compound_dot(self.W_recur.T, flow[:, batch:], back)
                flow[:, :early] = act.bprop(h[:, :early]) * back
            flow[:, early:] = 0
            delta[:] = delta + flow


def Elman(
    nhid: int,
    nout: int,
    init: Any,
    activation: Any = None,
    out_activation: Any = None,
    reset_cells: bool = True,
) -> list[Any]:
    """Return the layers of an Elman net: hidden units that see themselves, and outputs.

    ``h_t = act(W_input x_t + W_recur h_{t-1} + b)``, ``y_t = out_act(W_out h_t + b_out)``; the
    context units of the original are the copy of h_{t-1}.

    Source: Elman, "Finding structure in time", Cognitive Science 14 (1990).

    Args:
        nhid, nout: numbers of hidden units and outputs.
        init: initializer of all weights; biases begin at 0.
        activation: of the hidden units, tanh by default.
        out_activation: of the outputs, linear by default.
        reset_cells: start every sequence from zero states.
    """
    output = Identity() if out_activation is None else out_activation
    return [
        ElmanLayer(nhid, init, activation=activation, reset_cells=reset_cells),
        Affine(nout, init, bias=Constant(0), activation=output),
    ]
