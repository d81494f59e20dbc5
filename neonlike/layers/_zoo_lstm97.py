"""The LSTM as it was published in 1997 (spec zoo 4.1)."""

from __future__ import annotations

from typing import Any

from neonlike.layers._rnn_activation import activation_code
from neonlike.layers._zoo_base import INNER, INPUT, Part, ZooLayer
from neonlike.transforms.activation import CenteredLogistic, Logistic

BIASES = ("all", "gates", "none")


class LSTM97(ZooLayer):
    """Memory blocks with input and output gates, without forget gates.

    With in, out the gates of a block, g and h squashing functions, and u the outputs (and gates) of
    the step before::

        s_t = s_{t-1} + in_t * g(W_g x_t + R_g u_{t-1} + b_g),   y_t = out_t * h(s_t)

    Shapes: in (nin, T); out (nblocks * block_size, T). Rows of the gates: input gates (B), output
    gates (B), cell inputs (B * S). Packing: W_input (2B + BS, nin), W_recur (2B + BS, BS [+ 2B]),
    b (2B + BS, 2B or none, 1).

    Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997).

    Args:
        nblocks: memory blocks B.
        init: initializer of W_input, and of W_recur unless ``init_inner`` is given.
        block_size: cells per block S, which share the block's gates.
        init_inner: initializer of W_recur.
        bias: "all", "gates" (gates only) or "none".
        gate_recurrence: gates, too, are seen by the next step.
        truncate: the gradient of 1997: errors go back in time inside the cells alone.
        input_gate_bias, output_gate_bias: first biases of the gates: a number, or one per block.
            Negative ones keep blocks closed until they are needed.
        g, h: squashing of cell inputs and of cells.
        gate_activation: of the gates.
        reset_cells: start every ``fprop`` from zero states.

    Raises:
        ValueError: unknown ``bias``, or gate biases without biases or of another number.
    """

    W_recur: Any
    dW_recur: Any

    def __init__(
        self,
        nblocks: int,
        init: Any,
        block_size: int = 1,
        init_inner: Any = None,
        bias: str = "all",
        gate_recurrence: bool = True,
        truncate: bool = True,
        input_gate_bias: Any = None,
        output_gate_bias: Any = None,
        g: Any = None,
        h: Any = None,
        gate_activation: Any = None,
        reset_cells: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(nblocks * block_size, init, init_inner, reset_cells, name)
        if bias not in BIASES:
            raise ValueError(f"LSTM97 {self.name!r}: bias must be one of {BIASES}, got {bias!r}")
        self.nblocks = nblocks
        self.block_size = block_size
        self.bias = bias
        self.gate_recurrence = gate_recurrence
        self.truncate = truncate
        self.input_gate_bias = self._gate_bias("input_gate_bias", input_gate_bias)
        self.output_gate_bias = self._gate_bias("output_gate_bias", output_gate_bias)
        self.g = CenteredLogistic(scale=2) if g is None else g
        self.h = CenteredLogistic(scale=1) if h is None else h
        self.gate_activation = Logistic() if gate_activation is None else gate_activation

    def _gate_bias(self, argument: str, value: Any) -> Any:
        if value is None:
            return None
        values = list(value) if hasattr(value, "__len__") else [value] * self.nblocks
        if self.bias == "none" or len(values) != self.nblocks:
            raise ValueError(
                f"LSTM97 {self.name!r}: {argument} needs bias='all' or 'gates' and a number, or "
                f"one per block ({self.nblocks}), got {value!r} with bias={self.bias!r}"
            )
        return [float(v) for v in values]

    def parts(self) -> list[Part]:
        """Return W_input, W_recur and the biases."""
        gates, cells = 2 * self.nblocks, self.output_size
        rows = gates + cells
        seen = cells + (gates if self.gate_recurrence else 0)
        biases = {"all": rows, "gates": gates, "none": 0}[self.bias]
        packed = [
            Part("W_input", rows, self.nin, INPUT, self.nblocks),
            Part("W_recur", rows, seen, INNER, self.nblocks),
        ]
        return [*packed, Part("b", biases, 1)] if biases else packed

    def _fill_weights(self) -> None:
        """Fill the parameters; the gates' own biases last."""
        super()._fill_weights()
        biases: Any = {part.name: view for part, view in self._views(self.W)}.get("b")
        for start, values in ((0, self.input_gate_bias), (self.nblocks, self.output_gate_bias)):
            for block, value in enumerate(values or ()):
                biases[start + block] = value

    def make_buffers(self) -> None:
        """Make gates, cells and what the next step sees."""
        rows = 2 * self.nblocks + self.output_size
        self._u = self._state("u", rows)
        self._s = self._state("s", self.output_size)
        self._gates, self._delta = self._buffer(rows), self._buffer(rows)
        self._hs = self._buffer(self.output_size)

    @property
    def _acts(self) -> tuple[Any, ...]:
        return tuple(map(activation_code, (self.gate_activation, self.g, self.h)))

    def _forward(self) -> None:
        self._project(self.W_input, getattr(self, "b", None), self._gates)
        tensors = self.W_recur, self._gates, self._u, self._s, self._hs
        self.be.zoo_sweep("lstm97_fprop", tensors, (), (self._acts,))
        self.outputs[:] = self._after(self._u)[: self.output_size]

    def _backward(self, error: Any) -> Any:
        du, ds = self._final_errors["u"], self._final_errors["s"]
        tensors = self.W_recur, self._gates, self._hs, error, self._delta, du, ds
        self.be.zoo_sweep("lstm97_bprop", tensors, (self.truncate,), (self._acts,))
        self._gradient(self._delta, self._x2d, self.dW_input)
        seen = self._before(self._u)[: self.W_recur.shape[1]]
        self._gradient(self._delta, seen, self.dW_recur)
        if self.bias != "none":
            self._sum_columns(self._delta, self.db)
        return self.W_input, self._delta

    def _signals(self) -> dict[str, Any]:
        b = self.nblocks
        return {
            "y": self.outputs,
            "s": self._after(self._s),
            "inp_gate": self._gates[:b],
            "out_gate": self._gates[b : 2 * b],
            "g": self._gates[2 * b :],
        }
