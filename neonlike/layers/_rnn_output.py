"""Layers that combine steps or directions (spec layers 9.6, 9.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.backends._replay import Replay
from neonlike.layers._base import Layer
from neonlike.layers._errors import describe, shape_message
from neonlike.layers._rnn_shapes import get_steps, interpret_in_shape

if TYPE_CHECKING:
    from typing import Self

_MOST_TERMS = 32  # steps that one expression adds


class RecurrentOutput(Layer):
    """Base of layers that reduce the steps (F, T) to one: out (F, 1).

    Attributes:
        nin, nsteps: features and steps; x, xs: inputs and their step views.
        deltas_buffer: the tensor of all deltas, None in the first layer of a network.
        deltas: the list of its step views.
    """

    overwrites_error = False
    nin: int
    nsteps: int

    def __init__(self, name: str | None = None) -> None:
        super().__init__(type(self).__name__ if name is None else name)
        self.owns_output = self.owns_delta = True
        self.x: Any = None
        self.deltas_buffer: Any = None

    def _configured_str(self) -> str:
        return (
            f"RecurrentOutput choice {self.name} : ({self.nin}, {self.nsteps}) inputs, "
            f"{self.nin} outputs"
        )

    def configure(self, in_obj: Any) -> Self:
        """Keep the features, reduce the steps to one."""
        super().configure(in_obj)
        self.nin, self.nsteps = interpret_in_shape(self.in_shape)
        self.out_shape = (self.nin, 1)
        return self

    def set_deltas(self, delta_buffers: Any) -> None:
        """Take a delta buffer and its step views."""
        super().set_deltas(delta_buffers)
        self.deltas_buffer = self.deltas
        if self.deltas is not None:
            steps = self.deltas.reshape((self.nin, self.nsteps * self.be.bsz))
            self.deltas = get_steps(steps, (self.nin, self.nsteps))

    def init_buffers(self, inputs: Any) -> None:
        """Read ``inputs`` as (nin, nsteps * N).

        Raises:
            TypeError: ``in_shape`` is an int: there are no steps to reduce.
            ValueError: it is a picture; reduce the steps of a recurrent layer or a Reshape.
        """
        if not isinstance(self.in_shape, tuple) or len(self.in_shape) != 2:
            kind = ValueError if isinstance(self.in_shape, tuple) else TypeError
            raise kind(
                shape_message(
                    self,
                    "only sequences have steps to reduce",
                    expected="(features, steps)",
                    got=self.in_shape,
                    hint="put a recurrent layer or a Reshape before it",
                )
            )
        self.inputs = self.x = inputs

    @property
    def xs(self) -> list[Any]:
        """The step views of ``x``."""
        return get_steps(self.x, (self.nin, self.nsteps))


class RecurrentSum(RecurrentOutput):
    """Sum over the steps: ``outputs = scale * sum_t x_t`` with ``sumscale`` 1."""

    sumscale = 1.0

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._replay = Replay(most=2)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Sum the steps."""
        self.init_buffers(inputs)
        if self.nsteps <= _MOST_TERMS:
            key = "sum", self.sumscale
            self.be.again(self._replay, key, (inputs, self.outputs), self._add_steps)
            return self.outputs
        steps = inputs.reshape((self.nin, self.nsteps, self.be.bsz))
        total = self.be.sum(steps, axis=1)
        outputs = self.outputs.reshape((self.nin, 1, self.be.bsz))
        outputs[:] = total if self.sumscale == 1 else total * self.sumscale
        return self.outputs

    def _add_steps(self) -> None:
        """One expression for all steps, which becomes one pass over memory."""
        flat = self.x.reshape((self.nin, self.nsteps * self.be.bsz))
        total, *others = get_steps(flat, (self.nin, self.nsteps))
        for step in others:
            total = total + step
        self.outputs[:] = total if self.sumscale == 1 else total * self.sumscale

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Give every step ``alpha * scale * error + beta * old``; return the deltas' tensor."""
        if self.deltas_buffer is None:
            return None
        if self.nsteps > _MOST_TERMS:
            shape = self.nin, self.nsteps, self.be.bsz
            steps, error = self.deltas_buffer.reshape(shape), error.reshape((self.nin, 1, shape[2]))
            _assign_scaled(steps, error, alpha * self.sumscale, beta)
            return self.deltas_buffer

        per_step = error.reshape((self.nin, self.be.bsz))

        def work() -> None:
            for step in self.deltas:
                _assign_scaled(step, per_step, alpha * self.sumscale, beta)

        key = alpha, beta, self.sumscale
        self.be.again(self._replay, key, (per_step, self.deltas_buffer), work)
        return self.deltas_buffer


def _assign_scaled(target: Any, error: Any, factor: float, beta: float) -> None:
    target[:] = error * factor if beta == 0 else error * factor + beta * target


class RecurrentMean(RecurrentSum):
    """Mean over the steps."""

    def configure(self, in_obj: Any) -> Self:
        """Keep the features, reduce the steps to one; ``sumscale`` is 1 / steps."""
        super().configure(in_obj)
        self.sumscale = 1.0 / self.nsteps
        return self


class RecurrentLast(RecurrentOutput):
    """The last step."""

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Copy the last step."""
        self.init_buffers(inputs)
        self.outputs[:] = inputs[:, (self.nsteps - 1) * self.be.bsz :]
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Add ``alpha * error`` at the last step to ``beta * old``; return the deltas' tensor."""
        if self.deltas_buffer is None:
            return None
        last = self.deltas[-1]
        if beta == 0:
            self.deltas_buffer.fill(0)
            last[:] = alpha * error
        else:
            self.deltas_buffer[:] = beta * self.deltas_buffer
            last[:] = last + alpha * error
        return self.deltas_buffer


class BiSum(Layer):
    """Sum of the forward and backward halves of a bidirectional layer: (2 F, T) -> (F, T)."""

    overwrites_error = False
    nin: int
    nsteps: int

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.owns_output = self.owns_delta = True
        self.prev_layer = True
        self.x: Any = None

    def __str__(self) -> str:
        return "Sum layer to combine the forward and backward passes for BiRNN"

    def configure(self, in_obj: Any) -> Self:
        """Halve the features.

        Raises:
            AssertionError: ``in_shape`` is no (F, T) with even F.
        """
        super().configure(in_obj)
        shape = self.in_shape
        fits = isinstance(shape, tuple) and len(shape) == 2 and shape[0] % 2 == 0
        assert fits, (
            f"{describe(self)} adds two halves of a sequence's features: expected in_shape "
            f"(even number, steps), got {shape}; put it after a bidirectional layer"
        )
        self.nin, self.nsteps = interpret_in_shape(self.in_shape)
        self.out_shape = (self.nin // 2, self.nsteps)
        return self

    def init_buffers(self, inputs: Any) -> None:
        """Remember ``inputs``."""
        self.inputs = self.x = inputs

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Add the halves."""
        self.init_buffers(inputs)
        half = self.nin // 2
        self.outputs[:] = inputs[:half] + inputs[half:]
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Give both halves ``alpha * error + beta * old``."""
        if self.deltas is None:
            return None
        half = self.nin // 2
        for part in (self.deltas[:half], self.deltas[half:]):
            part[:] = alpha * error if beta == 0 else alpha * error + beta * part
        return self.deltas
