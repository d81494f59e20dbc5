"""The plain recurrent layer, with all that LSTM and GRU share with it (spec layers 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neonlike.layers._errors import shape_message
from neonlike.layers._rnn_base import SweepLayer
from neonlike.layers._rnn_shapes import get_steps


class Recurrent(SweepLayer):
    """Plain recurrent layer: ``h_t = activation(W_input x_t + W_recur h_{t-1} + b)``.

    Shapes: in (nin, T), also an int (one step) or a picture (C, H, W), read along its width;
    out (output_size, T). Buffers are (features, T * N), step after step.

    Without ``reset_cells`` the state before the first step is the last state of the previous
    ``fprop``, as long as the same input tensor arrives and is 2-D; its gradient is cut there:
    ``dW_recur`` has no term for it.

    Args:
        output_size: number of units.
        init: initializer of W_input, and of W_recur unless ``init_inner`` is given.
        init_inner: initializer of W_recur.
        activation: Transform of the units.
        reset_cells: start every ``fprop`` from zero states.

    Attributes:
        W_input, W_recur, b: views of W; dW_input, dW_recur, db: views of dW.
        final_hidden_error: gradient at the state before the first step, after ``bprop``.

    Raises:
        AssertionError: no activation.
    """

    def __init__(
        self,
        output_size: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        reset_cells: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(
            output_size, init, init_inner, activation, reset_cells=reset_cells, name=name
        )
        self._need(activation=activation)
        self._take_no_state()

    def _take_no_state(self) -> None:
        self.final_state_buffer: Any = None
        self.final_hidden_error: Any = None
        self._given_state: Any = None
        self._trained_on: Any = None  # the inputs of the last minibatch that was trained on
        self._resumed = False
        self._start: Any = None  # the state before step 0, None for zero

    def _configured_str(self) -> str:
        return (
            f"Recurrent Layer '{self.name}': {self.nin} inputs, "
            f"{self.nout} outputs, {self.nsteps} steps"
        )

    def _bind(self) -> None:
        super()._bind()
        state = (self.nout, self.be.bsz)
        self._h0, self._c0 = self.be.zeros(state), self.be.zeros(state)
        self.final_state_buffer = self.be.zeros(state)
        self.final_hidden_error = self.be.zeros(state)

    def _hidden_error(self) -> Any:
        return self.final_hidden_error

    def fprop(self, inputs: Any, inference: bool = False, init_state: Any = None) -> Any:
        """Compute the states of all steps.

        Args:
            inputs: output tensor of the layer before.
            inference: no effect.
            init_state: tensor (output_size, N) to start from instead of the stored state.

        Raises:
            ValueError: ``inputs`` or ``init_state`` have another size.
        """
        carry = (self.x is inputs or self._resumed) and not self.reset_cells
        self._resumed = False
        self.init_buffers(inputs)
        h0, c0 = self._carried() if carry else (None, None)
        self._given_state = init_state
        if init_state is not None:
            h0 = self._h0
            h0[:] = self._checked(init_state)
        self._start = h0
        return self._forward(inference, h0, c0)

    def _carried(self) -> tuple[Any, Any]:
        """The last state and cells of the previous ``fprop``, copied."""
        self._h0[:] = self._last(self.sweep.tensors.h)
        if self.sweep.tensors.c is None:
            return self._h0, None
        self._c0[:] = self._last(self.sweep.tensors.c)
        return self._h0, self._c0

    def _last(self, sequence: Any) -> Any:
        return sequence[:, (self.nsteps - 1) * self.be.bsz :]

    def _checked(self, init_state: Any) -> Any:
        if tuple(init_state.shape) != tuple(self._h0.shape):
            raise ValueError(
                shape_message(
                    self,
                    "init_state does not fit",
                    expected=tuple(self._h0.shape),
                    got=tuple(init_state.shape),
                    hint="give one state per unit and sample",
                )
            )
        return init_state

    def bprop(self, deltas: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute dW, and ``alpha * input gradient + beta * old deltas``.

        Args:
            deltas: gradient of the outputs; not overwritten.
        """
        self._trained_on = self.inputs
        return self._backward(deltas, alpha, beta, self._gradient_state())

    def _gradient_state(self) -> Any:
        """The initial state as far as it takes part in the gradient: only a given one does."""
        return None if self._given_state is None else self._h0

    def train_state(self) -> dict[str, Any]:
        """Return the states that the next training minibatch starts from, if it carries them."""
        carries = self.x is not None and self.x is self.inputs and self.x is self._trained_on
        if self.reset_cells or not carries:
            return {}
        return {name: self._last(tensor).get() for name, tensor in self._sequences().items()}

    def _sequences(self) -> dict[str, Any]:
        """The tensors with the states of all steps."""
        tensors = {"h": self.sweep.tensors.h, "c": self.sweep.tensors.c}
        return {name: tensor for name, tensor in tensors.items() if tensor is not None}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Let the next ``fprop`` start from a ``train_state``, from zero if that is empty.

        Raises:
            ValueError: the states have another size.
        """
        for name, tensor in self._sequences().items() if state else ():
            self._last(tensor)[:] = self._checked(state[name])
        self._resumed = bool(state)
        self.x = None

    def final_state(self) -> Any:
        """Return a copy, in ``final_state_buffer``, of the state of the last step."""
        self.final_state_buffer[:] = self._last(self.sweep.tensors.h)
        return self.final_state_buffer

    def _gate(self, block: int) -> list[Any]:
        """Step views of a row block of the gates."""
        rows = self.sweep.tensors.gates[block * self.nout : (block + 1) * self.nout]
        return get_steps(rows, self.out_shape)

    def get_final_hidden_error(self) -> Any:
        """Return the gradient at the state before the first step."""
        return self.final_hidden_error
