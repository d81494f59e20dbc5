"""Recurrent layers with gates: LSTM and GRU (spec layers 9)."""

from __future__ import annotations

from typing import Any, ClassVar

from neonlike.layers._rnn_recurrent import Recurrent
from neonlike.layers._rnn_shapes import get_steps


class LSTM(Recurrent):
    """Long short-term memory.

    With ``a = W_input x_t + W_recur h_{t-1} + b`` in row blocks i, f, o, g:
    ``i, f, o = gate_activation(a_i, a_f, a_o)``, ``g = activation(a_g)``,
    ``c_t = f * c_{t-1} + i * g``, ``h_t = o * activation(c_t)``. No peepholes.

    Shapes, initial states and arguments as in Recurrent. A given ``init_state`` starts h only
    and takes no part in the gradient of W_recur.

    Args:
        gate_activation: Transform of the gates.

    Attributes:
        ifog_buffer: activated gates (4 * output_size, T * N); ifog_delta_buffer: their gradients.
        c_buffer, c_act_buffer: cells and their activation (output_size, T * N).

    Raises:
        AssertionError: an activation is missing.
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
        name: str | None = None,
    ) -> None:
        super().__init__(output_size, init, init_inner, activation, reset_cells, name)
        self.gate_activation = gate_activation
        self._need(gate_activation=gate_activation)

    def _gradient_state(self) -> Any:
        return None

    @property
    def ifog_buffer(self) -> Any:
        """Activated gates of all steps, row blocks i, f, o, g."""
        return self.sweep.tensors.gates

    @property
    def ifog_delta_buffer(self) -> Any:
        """Gradients at the sums inside the gates' activations."""
        return self.sweep.tensors.delta

    @property
    def c_buffer(self) -> Any:
        """Cells of all steps."""
        return self.sweep.tensors.c

    @property
    def c_act_buffer(self) -> Any:
        """Activated cells of all steps."""
        return self.sweep.tensors.c_act

    @property
    def c(self) -> list[Any]:
        """Step views of the cells."""
        return get_steps(self.c_buffer, self.out_shape)

    @property
    def c_act(self) -> list[Any]:
        """Step views of the activated cells."""
        return get_steps(self.c_act_buffer, self.out_shape)

    @property
    def i(self) -> list[Any]:
        """Step views of the input gate."""
        return self._gate(0)

    @property
    def f(self) -> list[Any]:
        """Step views of the forget gate."""
        return self._gate(1)

    @property
    def o(self) -> list[Any]:
        """Step views of the output gate."""
        return self._gate(2)

    @property
    def g(self) -> list[Any]:
        """Step views of the candidate."""
        return self._gate(3)


class GRU(Recurrent):
    """Gated recurrent unit, reset gate before the recurrent product.

    Row blocks r, z, candidate: ``r, z = gate_activation(W_input x_t + W_recur h_{t-1} + b)``,
    ``q = activation(W_input_q x_t + W_recur_q (r * h_{t-1}) + b_q)``,
    ``h_t = (1 - z) * h_{t-1} + z * q``.

    Shapes, initial states and arguments as in Recurrent.

    Args:
        gate_activation: Transform of the gates.

    Attributes:
        rzhcan_buffer: activated gates (3 * output_size, T * N).
        rzhcan_delta_buffer: their gradients.
    """

    cell: ClassVar[str] = "gru"

    def __init__(
        self,
        output_size: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        gate_activation: Any = None,
        reset_cells: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(output_size, init, init_inner, activation, reset_cells, name)
        self.gate_activation = gate_activation

    @property
    def rzhcan_buffer(self) -> Any:
        """Activated gates of all steps, row blocks r, z, candidate."""
        return self.sweep.tensors.gates

    @property
    def rzhcan_delta_buffer(self) -> Any:
        """Gradients at the sums inside the gates' activations."""
        return self.sweep.tensors.delta

    @property
    def r(self) -> list[Any]:
        """Step views of the reset gate."""
        return self._gate(0)

    @property
    def z(self) -> list[Any]:
        """Step views of the update gate."""
        return self._gate(1)

    @property
    def hcan(self) -> list[Any]:
        """Step views of the candidate."""
        return self._gate(2)
