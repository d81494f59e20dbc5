"""What all recurrent layers with weights share: shapes, weights, buffers, one sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from neonlike._object import check_count
from neonlike.layers._errors import check_object, describe, shape_message
from neonlike.layers._parameter import ParameterLayer
from neonlike.layers._rnn_shapes import get_steps, interpret_in_shape
from neonlike.layers._rnn_sweep import GATES, CellSweep, is_array, same_objects

if TYPE_CHECKING:
    from typing import Self


class SweepLayer(ParameterLayer):
    """Base of recurrent layers: one sweep over the steps, in one or two directions.

    Attributes:
        nin, nsteps: features and steps of the input (spec layers 2.2).
        nout, h_nout: units per direction; ngates: row blocks per direction.
        x: the inputs of the last ``fprop`` as (nin, nsteps * N).
        h: list of the step views of ``outputs``.
        sweep: weights and buffers; each weight and gradient is also an attribute of the layer.
        out_deltas_buffer: the same tensor as ``deltas``.
    """

    overwrites_error = False
    reads_outputs = True  # the hidden states, in bprop and for the next batch
    cell: ClassVar[str] = "rnn"
    suffixes: ClassVar[tuple[str, ...]] = ("",)
    wrong_weights: ClassVar[type[Exception]] = ValueError
    nin: int
    nsteps: int
    sweep: CellSweep
    W_input: Any
    W_recur: Any
    dW_input: Any
    dW_recur: Any

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
        parallelism: str = "Unknown",
    ) -> None:
        super().__init__(init, name, parallelism)
        check_count(describe(self), "output_size", output_size)
        self.output_size = output_size
        self.nout = output_size
        self.h_nout = output_size
        self.ngates = GATES[self.cell]
        self.init_inner = init_inner
        self.activation = activation
        self.gate_activation = gate_activation
        self.reset_cells = reset_cells
        self.split_inputs = split_inputs
        self.x: Any = None
        self.h: list[Any] = []
        self.out_deltas_buffer: Any = None
        self._bound: tuple[Any, ...] = ()

    def configure(self, in_obj: Any) -> Self:
        """Read features and steps; ``out_shape`` is (directions * nout, steps).

        Raises:
            AssertionError: an activation is missing.
            ValueError: an odd number of features cannot be split between two directions.
        """
        super().configure(in_obj)
        self._need(activation=self.activation)
        if self.cell != "rnn":
            self._need(gate_activation=self.gate_activation)
        self.nin, self.nsteps = interpret_in_shape(self.in_shape)
        directions = len(self.suffixes)
        features = self.nin
        if self.split_inputs:
            features, odd = divmod(self.nin, directions)
            if odd:
                raise ValueError(
                    shape_message(
                        self,
                        "split_inputs needs an even number of features",
                        expected="an even number",
                        got=self.nin,
                        hint="use split_inputs=False, or a layer with an even number of outputs",
                    )
                )
        self.sweep = CellSweep(self.cell, features, self.nout, self.suffixes)
        self.out_shape = (directions * self.nout, self.nsteps)
        self.weight_shape = (self.nout, features)
        self._bound = ()
        return self

    def allocate(self, shared_outputs: Any = None) -> None:  # type: ignore[override]  # spec layers 3.2
        """Make outputs, weights (unless loaded before) and the buffers of all steps."""
        super().allocate(shared_outputs)
        if self.dW is None:
            self.dW = self.be.empty_like(self.W)
        present = self.W, self.dW, self.outputs
        if not same_objects(present, self._bound):
            self._bind()
            self._bound = present

    def init_params(self, shape: Any) -> None:
        """Make and fill W, all blocks below each other; ``shape`` is not used."""
        blocks = len(self.suffixes) * (self.sweep.nin + self.nout + 1)
        super().init_params((blocks, self.sweep.rows))

    def _fill_weights(self) -> None:
        """Initializers see one gate block at a time (spec layers 11)."""
        if is_array(self.init):
            super()._fill_weights()
        else:
            self.sweep.initialize(self.W.reshape((-1, 1)), self.init, self.init_inner)

    def _bind(self) -> None:
        """Point the sweep to the present weights and outputs."""
        if self.W.size != self.sweep.size:
            raise self.wrong_weights(
                shape_message(
                    self,
                    "the loaded W does not fit",
                    expected=f"{self.sweep.size} values",
                    got=tuple(self.W.shape),
                    hint="load the weights of a layer of the same sizes",
                )
            )
        W, dW = self.W.reshape((-1, 1)), self.dW.reshape((-1, 1))
        for flat, prefix in ((W, ""), (dW, "d")):
            named = self.sweep.stacks(flat, prefix) | self.sweep.views(flat, prefix)
            for name, view in named.items():
                setattr(self, name, view)
        self.sweep.bind(W, dW, self.outputs, (1, self.nsteps, self.be.bsz))
        self.h = get_steps(self.outputs, self.out_shape)
        self.x = None

    def set_deltas(self, delta_buffers: Any) -> None:
        """Take a delta buffer, and make the buffers of the backward pass."""
        super().set_deltas(delta_buffers)
        self.out_deltas_buffer = self.deltas
        self.sweep.prepare_training(self._hidden_error())

    def _hidden_error(self) -> Any:
        return None

    def init_buffers(self, inputs: Any) -> None:
        """Read the tensor ``inputs`` as (nin, nsteps * N).

        Raises:
            ValueError: its size does not fit (Bi* layers: AssertionError).
        """
        self.inputs = inputs
        shape = (self.nin, self.nsteps * self.be.bsz)
        if inputs.shape[0] * inputs.shape[1] != shape[0] * shape[1]:
            raise self.wrong_weights(
                shape_message(
                    self,
                    "the inputs do not fit",
                    expected=shape,
                    got=tuple(inputs.shape),
                    hint="feed the shape the layer was configured for",
                )
            )
        self.x = inputs.reshape(shape)

    @property
    def xs(self) -> list[Any]:
        """The step views of ``x``."""
        return get_steps(self.x, (self.nin, self.nsteps))

    @property
    def h_ff_buffer(self) -> Any:
        """The input projection before its norm; without norm the activated gates or states."""
        return self.sweep.projection or self.sweep.tensors.gates

    def _forward(self, inference: bool, h0: Any = None, c0: Any = None) -> Any:
        """Run the sweep on ``x``."""
        self.sweep.fprop(self.x, self.activation, self.gate_activation, inference, h0, c0)
        return self.outputs

    def _backward(self, error: Any, alpha: float, beta: float, h0: Any = None) -> Any:
        """Run the sweep backwards; return ``deltas``."""
        error = error.reshape(self.outputs.shape)
        deltas = None if self.deltas is None else self.deltas.reshape(self.x.shape)
        self.sweep.bprop(
            self.x, error, self.activation, self.gate_activation, deltas, alpha, beta, h0
        )
        return self.deltas

    def _need(self, **arguments: Any) -> None:
        """Assert that the constructor got these arguments."""
        for name, value in arguments.items():
            assert value is not None, (
                f"{describe(self)} needs {name}; give a Transform, for example {name}=Tanh()"
            )
            check_object(describe(self), name, value, "Tanh()")
