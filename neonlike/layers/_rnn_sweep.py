"""One recurrent sweep of a layer: its weights inside the layer's flat buffers, and its passes.

Recurrent, LSTM, GRU and the bidirectional layers have one sweep, ReNet has two. All arithmetic of
the cells is in the backend (``sweep_fprop``, ``sweep_bprop``).
"""

from __future__ import annotations

from typing import Any

from neonlike._object import NervanaObject
from neonlike.backends._sweep import Sweep
from neonlike.layers._rnn_activation import activation_code
from neonlike.layers._rnn_norm import SequenceNorm

GATES = {"rnn": 1, "lstm": 4, "gru": 3}  # in row blocks: i, f, o, g; r, z, candidate


class CellSweep:
    """A sweep of one or two directions.

    Packing of its part of the flat buffers, per direction s in ``suffixes`` (spec layers 9.2):
    all W_input_s (G, nin), all W_recur_s (G, nout), all b_s (G, 1), with G = gates * nout.
    The parts of both directions are neighbours, so each kind is also one tensor.

    Args:
        cell: "rnn", "lstm" or "gru".
        nin: features per step that each direction reads: all of the inputs' features, or its half.
        nout: units per direction.
        suffixes: one entry per direction, the second one runs backwards in time.
    """

    def __init__(self, cell: str, nin: int, nout: int, suffixes: tuple[str, ...]) -> None:
        self.cell = cell
        self.nin = nin
        self.nout = nout
        self.suffixes = suffixes
        self.rows = GATES[cell] * nout
        self.size = len(suffixes) * self.rows * (nin + nout + 1)
        self.norm: SequenceNorm | None = None
        self.tensors: Sweep
        self.projection: Any = None

    def stacks(self, flat: Any, prefix: str = "") -> dict[str, Any]:
        """The parts of ``flat`` (size, 1), all directions of a kind in one view.

        Args:
            flat: weights or gradients of this sweep.
            prefix: before the names W_input, W_recur, b: "d" for gradients.
        """
        named: dict[str, Any] = {}
        start, rows = 0, len(self.suffixes) * self.rows
        for kind, columns in (("W_input", self.nin), ("W_recur", self.nout), ("b", 1)):
            stop = start + rows * columns
            named[prefix + kind] = flat[start:stop].reshape((rows, columns))
            start = stop
        return named

    def views(self, flat: Any, prefix: str = "") -> dict[str, Any]:
        """The parts of ``flat`` (size, 1), one per kind and direction, named by the suffixes."""
        return {
            kind + suffix: stack[d * self.rows : (d + 1) * self.rows]
            for kind, stack in self.stacks(flat, prefix).items()
            for d, suffix in enumerate(self.suffixes)
        }

    def initialize(self, flat: Any, init: Any, init_inner: Any) -> None:
        """Fill each gate block of the weights by itself, in packing order; biases 0."""
        stacks = self.stacks(flat)
        for kind, initializer in (("W_input", init), ("W_recur", init_inner or init)):
            whole = stacks[kind]
            for top in range(0, whole.shape[0], self.nout):
                initializer.fill(whole[top : top + self.nout])
        stacks["b"].fill(0)

    def bind(self, W: Any, dW: Any, h: Any, geometry: tuple[int, int, int]) -> None:
        """Use these flat weights and gradients, and write the states to ``h``; make buffers."""
        be = self._be
        views = self.stacks(W) | self.stacks(dW, "d")
        rows = len(self.suffixes) * self.rows
        gates = h if self.cell == "rnn" else be.zeros((rows, h.shape[1]))
        self.tensors = Sweep(self.cell, geometry, h=h, gates=gates, **views)
        if self.cell == "lstm":
            self.tensors.c, self.tensors.c_act = be.zeros(h.shape), be.zeros(h.shape)
        if self.norm is not None:
            self.projection = be.zeros(gates.shape)
            self.norm.bind(gates.shape[0], gates)

    def prepare_training(self, hidden_error: Any = None) -> None:
        """Make the buffers of the backward pass.

        Args:
            hidden_error: tensor for the gradient at the initial states, if wanted.
        """
        self.tensors.delta = self._be.zeros(self.tensors.gates.shape)
        self.tensors.hidden_error = hidden_error
        if self.norm is not None:
            self.norm.deltas = self.tensors.delta

    def fprop(
        self,
        x: Any,
        activation: Any,
        gate_activation: Any,
        inference: bool = False,
        h0: Any = None,
        c0: Any = None,
    ) -> None:
        """Compute the states of all steps from the inputs ``x`` (features, columns)."""
        acts = activation_code(activation), activation_code(gate_activation)
        if self.norm is not None:
            self._be.sweep_project(self.tensors, x, self.projection)
            self.norm.fprop(self.projection, inference)
            x = None
        self._be.sweep_fprop(self.tensors, x, *acts, h0, c0)

    def bprop(
        self,
        x: Any,
        error: Any,
        activation: Any,
        gate_activation: Any,
        deltas: Any,
        alpha: float = 1.0,
        beta: float = 0.0,
        h0: Any = None,
    ) -> None:
        """Compute all gradients, and ``deltas = alpha * input gradient + beta * deltas``.

        Args:
            x: the inputs of the forward pass.
            error: gradient of the states; not overwritten.
            activation, gate_activation: those of the forward pass.
            deltas: tensor like ``x``, or None if nobody wants the input gradient.
            alpha, beta: see above.
            h0: the initial states if they take part in the gradient of W_recur.
        """
        acts = activation_code(activation), activation_code(gate_activation)
        be, tensors = self._be, self.tensors
        if self.norm is None:
            be.sweep_bprop(tensors, x, error, *acts, deltas, alpha, beta, h0)
            return
        be.sweep_bprop(tensors, None, error, *acts, h0=h0)
        self.norm.bprop(tensors.delta)
        be.sweep_input_gradient(tensors, x)
        if deltas is not None:
            be.sweep_unproject(tensors, deltas, alpha, beta)

    @property
    def _be(self) -> Any:
        return NervanaObject.be


def same_objects(first: tuple[Any, ...], second: tuple[Any, ...]) -> bool:
    """Whether both hold the very same tensors (``==`` on tensors makes op-trees)."""
    return len(first) == len(second) and all(a is b for a, b in zip(first, second, strict=True))


def is_array(init: Any) -> bool:
    """Tell a tensor or array from an initializer."""
    return hasattr(init, "shape")
