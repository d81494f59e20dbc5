"""The vanilla LSTM with peepholes, and eight variants of it (spec zoo 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neonlike.layers._rnn_activation import activation_code
from neonlike.layers._zoo_base import INNER, INPUT, Part, ZooLayer
from neonlike.transforms.activation import Identity, Logistic, Tanh

FREE, CIFG, CFIG = range(3)  # as the kernels have them


@dataclass(frozen=True)
class _Variant:
    gates: str = "ifog"  # in packing order
    peepholes: str = "ifo"
    coupling: int = FREE


VARIANTS = {
    "vanilla": _Variant(),
    "NIG": _Variant("fog", "fo"),
    "NFG": _Variant("iog", "io"),
    "NOG": _Variant("ifg", "if"),
    "NIAF": _Variant(),
    "NOAF": _Variant(),
    "NP": _Variant(peepholes=""),
    "CIFG": _Variant("iog", "io", CIFG),
    "CFIG": _Variant("fog", "fo", CFIG),
    "FGR": _Variant(),
}


class LSTMVariant(ZooLayer):
    """Vanilla LSTM with peepholes, or a variant that lacks or changes one thing.

    With sigma the gates' activation, phi the other one, and - the step before::

        i = sigma(W_i x + R_i h- + p_i * c- + b_i)      f = sigma(W_f x + R_f h- + p_f * c- + b_f)
        g = phi(W_g x + R_g h- + b_g)                   c = f * c- + i * g
        o = sigma(W_o x + R_o h- + p_o * c + b_o)       h = o * phi(c)

    ======= ==========================================================================
    variant what is different
    ======= ==========================================================================
    vanilla nothing
    NIG     no input gate: i = 1
    NFG     no forget gate: f = 1
    NOG     no output gate: o = 1
    NIAF    no input activation function: g is linear
    NOAF    no output activation function: h = o * c
    NP      no peepholes: the LSTM of ``LSTM``
    CIFG    coupled gates: f = 1 - i
    CFIG    coupled gates: i = 1 - f
    FGR     full gate recurrence: the gates see the gates of the step before
    ======= ==========================================================================

    Packing: W_input (G n, nin), W_recur (G n, n), b (G n, 1) in the order i, f, o, g of the gates
    that there are; W_peep (K n, 1) in the order i, f, o; W_gate (3n, 3n) of FGR.

    Source: Greff et al., "LSTM: A Search Space Odyssey", arXiv 1503.04069.

    Args:
        output_size: number of units n.
        init: initializer of W_input, and of all others unless ``init_inner`` is given.
        init_inner: initializer of W_recur, W_peep and W_gate.
        activation: phi.
        gate_activation: sigma.
        variant: a name of the table.
        reset_cells: start every ``fprop`` from zero states.
        gate_bias: first biases by gate, for example ``{"f": 1.0}``.
        truncate: errors go back in time inside the cells alone.

    Raises:
        ValueError: unknown variant, or a bias of a gate that the variant lacks.
    """

    W_recur: Any
    dW_recur: Any
    W_peep: Any
    dW_peep: Any
    dW_gate: Any

    def __init__(
        self,
        output_size: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        gate_activation: Any = None,
        variant: str = "vanilla",
        reset_cells: bool = False,
        gate_bias: dict[str, float] | None = None,
        truncate: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(output_size, init, init_inner, reset_cells, name)
        if variant not in VARIANTS:
            raise ValueError(
                f"LSTMVariant {self.name!r}: variant must be one of {', '.join(VARIANTS)}, "
                f"got {variant!r}"
            )
        self.variant = variant
        self.activation = Tanh() if activation is None else activation
        self.gate_activation = Logistic() if gate_activation is None else gate_activation
        self.gate_bias = gate_bias
        self.truncate = truncate
        self._form = VARIANTS[variant]
        unknown = set(gate_bias or ()) - set(self._form.gates)
        if unknown:
            raise ValueError(
                f"LSTMVariant {self.name!r}: {variant} has the gates "
                f"{', '.join(self._form.gates)}, got gate_bias for {', '.join(sorted(unknown))}"
            )

    @property
    def gates(self) -> str:
        """The gates that the variant has, in packing order."""
        return self._form.gates

    def parts(self) -> list[Part]:
        """Return the parameters that the variant has."""
        n, rows = self.output_size, len(self._form.gates) * self.output_size
        packed = [
            Part("W_input", rows, self.nin, INPUT, n),
            Part("W_recur", rows, n, INNER, n),
            Part("b", rows, 1),
        ]
        if self._form.peepholes:
            packed.append(Part("W_peep", len(self._form.peepholes) * n, 1, INNER, n))
        if self.variant == "FGR":
            packed.append(Part("W_gate", 3 * n, 3 * n, INNER, n))
        return packed

    def _fill_weights(self) -> None:
        """Fill the parameters; the gates' own biases last."""
        super()._fill_weights()
        biases = next(view for part, view in self._views(self.W) if part.name == "b")
        for gate, value in (self.gate_bias or {}).items():
            biases[self._rows(gate)] = value

    def make_buffers(self) -> None:
        """Make gates, cells and outputs of all steps."""
        n, rows = self.output_size, len(self._form.gates) * self.output_size
        self._h, self._c = self._state("h", n), self._state("c", n)
        self._gates, self._delta = self._buffer(rows), self._buffer(rows)
        self._c_act = self._buffer(n)
        self._peep = self.be.zeros((3, n))  # by gate, zeros where there are none

    def _rows(self, gate: str) -> slice:
        place = self._form.gates.index(gate)
        return slice(place * self.output_size, (place + 1) * self.output_size)

    @property
    def _acts(self) -> tuple[Any, ...]:
        g = Identity() if self.variant == "NIAF" else self.activation
        c = Identity() if self.variant == "NOAF" else self.activation
        return tuple(map(activation_code, (self.gate_activation, g, c)))

    @property
    def _numbers(self) -> tuple[Any, ...]:
        return tuple(self._form.gates.find(gate) for gate in "ifog"), self._form.coupling

    def _forward(self) -> None:
        self._project(self.W_input, self.b, self._gates)
        n = self.output_size
        for place, gate in enumerate(self._form.peepholes):
            row = "ifo".index(gate)
            self._peep[row : row + 1] = self.W_peep[place * n : (place + 1) * n].T
        between = getattr(self, "W_gate", None)
        tensors = self.W_recur, self._peep, between, self._gates, self._h, self._c, self._c_act
        self.be.zoo_sweep("variant_fprop", tensors, self._numbers, (self._acts,))
        self.outputs[:] = self._after(self._h)

    def _backward(self, error: Any) -> Any:
        between = getattr(self, "W_gate", None)
        final = self._final_errors["h"], self._final_errors["c"]
        kept = self.W_recur, self._peep, between, self._gates, self._c, self._c_act
        tensors = (*kept, error, self._delta, *final)
        numbers = *self._numbers, self.truncate
        self.be.zoo_sweep("variant_bprop", tensors, numbers, (self._acts,))
        self._gradient(self._delta, self._x2d, self.dW_input)
        self._gradient(self._delta, self._before(self._h), self.dW_recur)
        self._sum_columns(self._delta, self.db)
        self._peephole_gradients()
        if between is not None:
            self._gate_gradient()
        return self.W_input, self._delta

    def _peephole_gradients(self) -> None:
        n = self.output_size
        for place, gate in enumerate(self._form.peepholes):
            cells = self._after(self._c) if gate == "o" else self._before(self._c)
            rows = self.dW_peep[place * n : (place + 1) * n]
            rows[:] = self.be.sum(self._delta[self._rows(gate)] * cells, axis=1)

    def _gate_gradient(self) -> None:
        """The gates that a step sees are those of the step before; step 0 sees none."""
        rows, n = 3 * self.output_size, self.be.bsz
        if self.nsteps == 1:
            self.dW_gate.fill(0)
            return
        later, earlier = self._delta[:rows, n:], self._gates[:rows, : self._columns - n]
        self._gradient(later, earlier, self.dW_gate)

    def _signals(self) -> dict[str, Any]:
        gates = {gate: self._gates[self._rows(gate)] for gate in self._form.gates}
        missing = set("ifo") - set(gates)
        for gate in missing:
            other = {CIFG: "i", CFIG: "f"}.get(self._form.coupling)
            values = self._buffer(self.output_size)
            values[:] = 1.0 if other is None else 1.0 - gates[other]
            gates[gate] = values
        return super()._signals() | gates
