"""The Jordan net: the outputs are what the next step remembers (spec zoo 2)."""

from __future__ import annotations

from typing import Any

from neonlike.layers._errors import shape_message
from neonlike.layers._rnn_activation import activation_code
from neonlike.layers._zoo_base import INNER, INPUT, Part, ZooLayer
from neonlike.transforms.activation import Logistic, Tanh


class Jordan(ZooLayer):
    """Hidden layer and outputs; state units s hold the outputs of the step before.

    ::

        h_t = act(W_input x_t + W_state s_t + b),   y_t = out_act(W_out h_t + b_out)
        s_{t+1} = alpha s_t + y_t                   (with a teacher: + d_t)

    Shapes: in (nin, T), out (output_size, T). Packing: W_input (nh, nin), W_state (nh, ny),
    b (nh, 1), W_out (ny, nh), b_out (ny, 1).

    Source: Jordan, "Serial order: a parallel distributed processing approach", 1986.

    Args:
        output_size, hidden_size: numbers of outputs and hidden units.
        init: initializer of W_input and W_out, and of W_state unless ``init_inner`` is given.
        init_inner: initializer of W_state.
        activation, out_activation: of hidden units and outputs.
        alpha: what the state units keep of themselves.
        teacher_forcing: the state units hold the targets instead, see ``set_teacher``.
        reset_cells: start every ``fprop`` from zero states.
    """

    W_state: Any
    dW_state: Any
    W_out: Any
    dW_out: Any
    b_out: Any
    db_out: Any

    def __init__(
        self,
        output_size: int,
        hidden_size: int,
        init: Any,
        init_inner: Any = None,
        activation: Any = None,
        out_activation: Any = None,
        alpha: float = 0.0,
        teacher_forcing: bool = False,
        reset_cells: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(output_size, init, init_inner, reset_cells, name)
        self.hidden_size = hidden_size
        self.activation = Tanh() if activation is None else activation
        self.out_activation = Logistic() if out_activation is None else out_activation
        self.alpha = alpha
        self.teacher_forcing = teacher_forcing
        self.teacher: Any = None

    def parts(self) -> list[Part]:
        """Return the parameters of hidden layer and outputs."""
        nh, ny = self.hidden_size, self.output_size
        return [
            Part("W_input", nh, self.nin, INPUT),
            Part("W_state", nh, ny, INNER),
            Part("b", nh, 1),
            Part("W_out", ny, nh, INPUT),
            Part("b_out", ny, 1),
        ]

    def make_buffers(self) -> None:
        """Make hidden units and states of all steps."""
        self._s = self._state("s", self.output_size)
        self._h, self._delta = self._buffer(self.hidden_size), self._buffer(self.hidden_size)
        self._delta_out = self._buffer(self.output_size)

    def set_teacher(self, teacher: Any) -> None:
        """Give the outputs (output_size, T * N) that the state units shall hold.

        Raises:
            ValueError: another shape.
        """
        shape = (self.output_size, self._columns)
        if tuple(teacher.shape) != shape:
            raise ValueError(
                shape_message(
                    self,
                    "the teacher's outputs do not fit",
                    expected=shape,
                    got=tuple(teacher.shape),
                    hint="one column per step and example, as in the outputs",
                )
            )
        self.teacher = teacher

    def _taught(self) -> Any:
        if not self.teacher_forcing:
            return None
        if self.teacher is None:
            raise ValueError(
                f"Jordan layer {self.name!r} has teacher_forcing=True and no teacher; call "
                "set_teacher(targets) before fprop"
            )
        return self.teacher

    @property
    def _acts(self) -> tuple[Any, ...]:
        return activation_code(self.activation), activation_code(self.out_activation)

    def _forward(self) -> None:
        self._project(self.W_input, self.b, self._h)
        weights = self.W_state, self.W_out, self.b_out
        tensors = (*weights, self._taught(), self._h, self.outputs, self._s)
        self.be.zoo_sweep("jordan_fprop", tensors, (self.alpha,), self._acts)

    def _backward(self, error: Any) -> Any:
        weights = self.W_state, self.W_out
        results = self._delta, self._delta_out, self._final_errors["s"]
        tensors = (*weights, self._h, self.outputs, error, *results)
        numbers = self.alpha, self.teacher_forcing
        self.be.zoo_sweep("jordan_bprop", tensors, numbers, self._acts)
        self._gradient(self._delta, self._x2d, self.dW_input)
        self._gradient(self._delta, self._before(self._s), self.dW_state)
        self._sum_columns(self._delta, self.db)
        self._gradient(self._delta_out, self._h, self.dW_out)
        self._sum_columns(self._delta_out, self.db_out)
        return self.W_input, self._delta

    def _signals(self) -> dict[str, Any]:
        return {"h": self._h, "s": self._before(self._s), "y": self.outputs}
