"""What the layers of the recurrent zoo share: one flat parameter buffer, states, one sweep.

Conventions, spec zoo 1: columns are step * N + example; all parameters of a layer are views of one
(P, 1) tensor; a state that is carried from one minibatch to the next is a constant for the
gradient, but its product with the error of step 0 counts in the recurrent gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neonlike.layers._errors import shape_message
from neonlike.layers._parameter import ParameterLayer
from neonlike.layers._rnn_shapes import interpret_in_shape
from neonlike.layers._rnn_sweep import is_array, same_objects

if TYPE_CHECKING:
    from typing import Self

INPUT, INNER, ZERO = "init", "init_inner", "zero"


@dataclass(frozen=True)
class Part:
    """A named parameter: its shape and how it is filled.

    Attributes:
        name: attribute of the layer; its gradient is "d" + name.
        rows, columns: shape.
        source: INPUT (``init``), INNER (``init_inner``, else ``init``) or ZERO.
        block: rows that are filled at a time: one gate; all of them if 0.
    """

    name: str
    rows: int
    columns: int
    source: str = ZERO
    block: int = 0

    @property
    def size(self) -> int:
        """Number of values."""
        return self.rows * self.columns


class ZooLayer(ParameterLayer):
    """Base of the zoo's layers.

    Subclasses give ``parts`` (the packing), ``make_buffers`` and the two passes.

    Attributes:
        nin, nsteps: features and steps of the inputs.
        W, dW: all parameters (P, 1) and their gradient.
        states_by_name: state buffers (rows, (T + 1) * N), the first one is the outputs'.
    """

    overwrites_error = False
    reads_outputs = True
    nin: int
    nsteps: int
    W_input: Any
    dW_input: Any
    b: Any
    db: Any

    def __init__(
        self,
        output_size: int,
        init: Any,
        init_inner: Any = None,
        reset_cells: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(init, name)
        self.output_size = output_size
        self.init_inner = init_inner
        self.reset_cells = reset_cells
        self.x: Any = None
        self.states_by_name: dict[str, Any] = {}
        self._trained_on: Any = None  # the inputs of the last minibatch that was trained on
        self._final_errors: dict[str, Any] = {}
        self._carried: dict[str, Any] = {}
        self._bound: tuple[Any, ...] = ()
        self._resumed = False

    # -- what subclasses say ------------------------------------------------

    def parts(self) -> list[Part]:
        """Return the parameters in packing order; ``nin`` is known."""
        raise NotImplementedError

    def make_buffers(self) -> None:
        """Make the buffers of a pass with ``_buffer`` and ``_state``."""
        raise NotImplementedError

    def _forward(self) -> None:
        """Compute the outputs from ``x``; the states before step 0 are there."""
        raise NotImplementedError

    def _backward(self, error: Any) -> Any:
        """Compute all gradients; return (W, delta) with input gradient ``W^T delta``."""
        raise NotImplementedError

    # -- life of a layer ----------------------------------------------------

    def configure(self, in_obj: Any) -> Self:
        """Read features and steps; ``out_shape`` is (outputs, steps)."""
        super().configure(in_obj)
        self.nin, self.nsteps = interpret_in_shape(self.in_shape)
        self.out_shape = (self.output_size, self.nsteps)
        self.weight_shape = (sum(part.size for part in self.parts()), 1)
        self._bound = ()
        return self

    def allocate(self, shared_outputs: Any = None) -> None:  # type: ignore[override]  # spec layers 3.2
        """Make outputs, parameters and the buffers of all steps."""
        super().allocate(shared_outputs)
        if self.dW is None:
            self.dW = self.be.empty_like(self.W)
        present = self.W, self.dW, self.outputs
        if not same_objects(present, self._bound):
            for flat, prefix in ((self.W, ""), (self.dW, "d")):
                for part, view in self._views(flat):
                    setattr(self, prefix + part.name, view)
            self.x = None
            self.make_buffers()
            self._bound = present

    def _fill_weights(self) -> None:
        """Initializers see one part, of one gate, at a time."""
        if is_array(self.init):
            super()._fill_weights()
            return
        for part, view in self._views(self.W):
            self._fill_part(part, view)

    def _fill_part(self, part: Part, view: Any) -> None:
        if part.source == ZERO:
            view.fill(0)
            return
        init = self.init_inner or self.init if part.source == INNER else self.init
        for top in range(0, part.rows, part.block or part.rows):
            self.fill(view[top : top + (part.block or part.rows)], init)

    def _views(self, flat: Any) -> Iterator[tuple[Part, Any]]:
        flat, start = flat.reshape((-1, 1)), 0
        for part in self.parts():
            yield part, flat[start : start + part.size].reshape((part.rows, part.columns))
            start += part.size

    def _buffer(self, rows: int) -> Any:
        """A tensor (rows, T * N)."""
        return self.be.zeros((rows, self.nsteps * self.be.bsz))

    def _state(self, name: str, rows: int) -> Any:
        """A state buffer (rows, (T + 1) * N), and those of what comes before step 0."""
        buffer = self.be.zeros((rows, (self.nsteps + 1) * self.be.bsz))
        self.states_by_name[name] = buffer
        for before in (self._final_errors, self._carried):
            before[name] = self.be.zeros((rows, self.be.bsz))
        return buffer

    # -- passes ---------------------------------------------------------------

    def fprop(self, inputs: Any, inference: bool = False, init_state: Any = None) -> Any:
        """Compute all steps.

        Args:
            inputs: output tensor of the layer before.
            inference: no effect.
            init_state: tensor (outputs, N) to start from, in place of the carried state.

        Raises:
            ValueError: ``inputs`` or ``init_state`` have another size.
        """
        carry = (self.x is inputs or self._resumed) and not self.reset_cells
        self._resumed = False
        self._check_size("the inputs do not fit", inputs, (self.nin, self._columns))
        self.x, self.inputs = inputs, inputs
        for name, state in self.states_by_name.items():
            if carry:
                self._carry(name, state)
            else:
                self._first(state).fill(0)
        if init_state is not None:
            first = self._first(next(iter(self.states_by_name.values())))
            self._check_size("init_state does not fit", init_state, (self.output_size, self.be.bsz))
            first[: self.output_size] = init_state
        self._forward()
        return self.outputs

    def _carry(self, name: str, state: Any) -> None:
        """Copy the last state to the first one, which NumPy would not do without a temporary."""
        carried = self._carried[name]
        carried[:] = self._last(state)
        self._first(state)[:] = carried

    def bprop(self, deltas: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute dW, and ``alpha * input gradient + beta * old deltas``.

        Args:
            deltas: gradient of the outputs; not overwritten.
        """
        self._trained_on = self.x
        weights, delta = self._backward(deltas.reshape(self.outputs.shape))
        if self.deltas is not None:
            out = self.deltas.reshape((self.nin, self._columns))
            self.be.compound_dot(weights.T, delta, out, alpha=alpha, beta=beta)
        return self.deltas

    def _project(self, weights: Any, bias: Any, out: Any) -> None:
        """``out = weights x + bias``, of all steps; the bias may be for the first rows only."""
        self.be.compound_dot(weights, self._x2d, out)
        if bias is not None:
            rows = out[: bias.shape[0]]
            rows[:] = rows + bias

    def _gradient(self, delta: Any, source: Any, out: Any) -> None:
        """``out = delta source^T``."""
        self.be.compound_dot(delta, source.T, out)

    def _sum_columns(self, delta: Any, out: Any) -> None:
        out[:] = self.be.sum(delta[: out.shape[0]], axis=1)

    @property
    def _x2d(self) -> Any:
        return self.x.reshape((self.nin, self._columns))

    @property
    def _columns(self) -> int:
        return self.nsteps * int(self.be.bsz)

    def _before(self, state: Any) -> Any:
        """The states that each step has found."""
        return state[:, : self._columns]

    def _after(self, state: Any) -> Any:
        """The states that each step has left."""
        return state[:, self.be.bsz :]

    def _first(self, state: Any) -> Any:
        return state[:, : self.be.bsz]

    def _last(self, state: Any) -> Any:
        return state[:, self._columns :]

    def _check_size(self, problem: str, tensor: Any, shape: tuple[int, int]) -> None:
        if tensor.shape[0] * tensor.shape[1] != shape[0] * shape[1]:
            raise ValueError(
                shape_message(
                    self,
                    problem,
                    expected=shape,
                    got=tuple(tensor.shape),
                    hint="feed the shape and batch size the layer was configured for",
                )
            )

    # -- states ---------------------------------------------------------------

    def final_state(self) -> Any:
        """Return the state of the last step (a view): (outputs, N)."""
        state = next(iter(self.states_by_name.values()))
        return self._last(state)[: self.output_size]

    def get_final_hidden_error(self) -> Any:
        """Return the gradient at the state before the first step."""
        error = next(iter(self._final_errors.values()))
        return error[: self.output_size]

    def train_state(self) -> dict[str, Any]:
        """Return the states that the next training minibatch starts from, if it carries them."""
        if self.reset_cells or self.x is None or self.x is not self._trained_on:
            return {}
        return {name: self._last(state).get() for name, state in self.states_by_name.items()}

    def load_train_state(self, state: Mapping[str, Any]) -> None:
        """Let the next ``fprop`` start from a ``train_state``, from zero if that is empty."""
        for name, buffer in self.states_by_name.items() if state else ():
            last = self._last(buffer)
            self._check_size("the saved state does not fit", state[name], last.shape)
            last[:] = state[name]
        self._resumed = bool(state)
        self.x = None

    def trace(self, x: Any) -> dict[str, np.ndarray]:
        """Run the layer on ``x`` and return all internal signals, (rows, T, N) each.

        Args:
            x: inputs (nin, T * N), a tensor or array.
        """
        self.fprop(x if hasattr(x, "asnumpyarray") else self.be.array(x), inference=True)
        return {name: self._as_steps(tensor) for name, tensor in self._signals().items()}

    def _signals(self) -> dict[str, Any]:
        """Tensors (rows, T * N) by the names of the spec."""
        return {name: self._after(state) for name, state in self.states_by_name.items()}

    def _as_steps(self, tensor: Any) -> np.ndarray:
        array: np.ndarray = tensor.get()
        return array.reshape(array.shape[0], self.nsteps, -1)
