"""ReNet: recurrent nets sweep over a picture in all four directions (spec recurrent_zoo 5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from neonlike.layers._errors import shape_message
from neonlike.layers._rnn_norm import NormalizedLayer, SequenceNorm
from neonlike.layers._rnn_sweep import GATES, CellSweep, is_array, same_objects
from neonlike.layers._shapes import buffer_shape, numel
from neonlike.transforms.activation import Logistic, Tanh

if TYPE_CHECKING:
    from typing import Self

    import numpy as np


class ReNet(NormalizedLayer):
    """Two bidirectional sweeps over the patches of a picture: along its columns and its rows.

    The picture is cut into I x J patches p_ij, vectors in the order (C, ph, pw). The vertical
    sweep runs down and up every column of patches, ``v_ij = [cell(v_{i-1,j}, p_ij);
    cell(v_{i+1,j}, p_ij)]``, with the same weights for all columns; the horizontal sweep runs
    over every row of the map v in both directions. States start at zero at every border.

    Shapes: in (C, H, W); out (2 * output_size, I, J), with ``mode="parallel"``
    (4 * output_size, I, J); I = H / ph, J = W / pw, rounded up with ``pad``.

    Packing of W (P, 1): the first sweep's W_input_*f, W_input_*b, W_recur_*f, W_recur_*b, b_*f,
    b_*b, then the second's, with * = v (vertical) or h. Each part is an attribute, its gradient
    has prefix d.

    Args:
        output_size: units d of each of the four nets.
        init: initializer of the input weights, and of the recurrent ones without ``init_inner``.
        patch: (ph, pw), or an int for square patches.
        init_inner: initializer of the recurrent weights.
        cell: "gru", "lstm" or "rnn", with the equations of GRU, LSTM and Recurrent.
        activation: Transform of the candidate or unit; None: Tanh().
        gate_activation: Transform of the gates; None: Logistic().
        order: "vh" (vertical sweep first) or "hv".
        mode: "stacked": the second sweep reads the map of the first. "parallel": both read the
            patches, outputs are [vertical; horizontal].
        pad: fill up the last patches with zeros where the picture ends.
        batch_norm: batch-normalize the input projections of both sweeps, as in BiBNRNN.

    Raises:
        ValueError: unknown cell, order or mode; a picture that the patches do not divide.
    """

    overwrites_error = False
    reads_outputs = True  # the states of the last sweep, in bprop

    def __init__(
        self,
        output_size: int,
        init: Any,
        patch: int | tuple[int, int] = (1, 1),
        init_inner: Any = None,
        cell: str = "gru",
        activation: Any = None,
        gate_activation: Any = None,
        order: Literal["vh", "hv"] = "vh",
        mode: Literal["stacked", "parallel"] = "stacked",
        pad: bool = False,
        batch_norm: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(init, name)
        _check_choice("cell", cell, GATES)
        _check_choice("order", order, ("vh", "hv"))
        _check_choice("mode", mode, ("stacked", "parallel"))
        self.output_size = self.nout = output_size
        self.patch = (patch, patch) if isinstance(patch, int) else (patch[0], patch[1])
        self.init_inner = init_inner
        self.cell = cell
        self.activation = Tanh() if activation is None else activation
        self.gate_activation = Logistic() if gate_activation is None else gate_activation
        self.order = order
        self.mode = mode
        self.pad = pad
        self.batch_norm = batch_norm
        self.norms = {}
        if batch_norm:
            self.norms = {f"_{way}": SequenceNorm(name=f"{self.name}_norm_{way}") for way in order}
        self._bound: tuple[Any, ...] = ()

    def _configured_str(self) -> str:
        return (
            f"ReNet Layer '{self.name}': {self.in_shape} inputs, {self.patch[0]}x{self.patch[1]} "
            f"patches, {self.cell} {self.order} {self.mode}, {self.out_shape} outputs"
        )

    def configure(self, in_obj: Any) -> Self:
        """Cut the picture into patches and find all sizes."""
        super().configure(in_obj)
        self.grid = self._patch_grid()
        features = self.in_shape[0] * self.patch[0] * self.patch[1]
        self.features = features
        between = features if self.mode == "parallel" else 2 * self.nout
        self.sweeps: dict[str, CellSweep] = {
            way: CellSweep(self.cell, nin, self.nout, (f"_{way}f", f"_{way}b"))
            for way, nin in zip(self.order, (features, between), strict=True)
        }
        for way, sweep in self.sweeps.items():
            sweep.norm = self.norms.get(f"_{way}")
        maps = 4 if self.mode == "parallel" else 2
        self.out_shape = (maps * self.nout, *self.grid)
        self.weight_shape = (sum(sweep.size for sweep in self.sweeps.values()), 1)
        self._bound = ()
        return self

    def _patch_grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        shape = self.in_shape
        if not isinstance(shape, tuple) or len(shape) != 3:
            raise ValueError(
                shape_message(
                    self,
                    "sweeps need a picture",
                    expected="(channels, height, width)",
                    got=shape,
                    hint="put it after a Conv, Pooling, ReNet or Reshape layer",
                )
            )
        sizes = list(zip(shape[1:], self.patch, strict=True))
        if not self.pad and any(size % cells for size, cells in sizes):
            raise ValueError(
                shape_message(
                    self,
                    f"patches of {self.patch[0]} x {self.patch[1]} do not divide the picture",
                    expected=f"height and width in multiples of {self.patch}",
                    got=shape[1:],
                    hint="use pad=True, or another patch",
                )
            )
        rows, columns = (-(-size // cells) for size, cells in sizes)
        return rows, columns

    def allocate(self, shared_outputs: Any = None) -> None:  # type: ignore[override]  # spec layers 3.2
        """Make outputs, weights (unless loaded before) and the buffers of both sweeps."""
        super().allocate(shared_outputs)
        present = self.W, self.dW, self.outputs
        if not same_objects(present, self._bound):
            self._bind()
            self._bound = present

    def _fill_weights(self) -> None:
        """Initializers see one gate block at a time, in packing order."""
        if is_array(self.init):
            super()._fill_weights()
            return
        for sweep, rows in self._rows():
            sweep.initialize(self.W[rows], self.init, self.init_inner)

    def _rows(self) -> list[tuple[CellSweep, slice]]:
        """The sweeps in order, and their rows of W."""
        first, second = self.sweeps.values()
        return [(first, slice(0, first.size)), (second, slice(first.size, None))]

    def _bind(self) -> None:
        """Point the sweeps to the present weights and outputs."""
        batch, (rows, columns) = self.be.bsz, self.grid
        geometries = {"v": (1, rows, columns * batch), "h": (rows, columns, batch)}
        # rows of strided memory (the end of a merge branch) cannot be read under another shape
        contiguous = self.outputs.is_contiguous
        self.states_buffer = self.outputs if contiguous else self.be.zeros(self.outputs.shape)
        maps = self._maps(rows * columns * batch)
        for sweep, part in self._rows():
            way = sweep.suffixes[0][1]
            W, dW = self.W[part], self.dW[part]
            for name, view in (sweep.views(W) | sweep.views(dW, "d")).items():
                setattr(self, name, view)
            sweep.bind(W, dW, maps[way], geometries[way])
        self._patches: Any = None
        if self.patch != (1, 1):
            self._patches = self.be.zeros((self.features, rows * columns * batch))

    def _maps(self, cells: int) -> dict[str, Any]:
        """The tensors (2 d, cells) for the states of both sweeps."""
        d = self.nout
        states = self.states_buffer.reshape((-1, cells))
        if self.mode == "parallel":
            return {"v": states[: 2 * d], "h": states[2 * d :]}
        return {self.order[0]: self.be.zeros((2 * d, cells)), self.order[1]: states}

    def set_deltas(self, delta_buffers: Any) -> None:
        """Take a delta buffer, and make the buffers of the backward pass."""
        super().set_deltas(delta_buffers)
        for sweep in self.sweeps.values():
            sweep.prepare_training()
        first, _ = self.sweeps.values()
        self._map_error: Any = None
        self._patch_deltas: Any = None
        if self.mode == "stacked":
            self._map_error = self.be.zeros(first.tensors.h.shape)
        if self._patches is not None and self.deltas is not None:
            self._patch_deltas = self.be.zeros(self._patches.shape)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Sweep over the picture.

        Raises:
            ValueError: ``inputs`` has another size.
        """
        self.inputs = inputs
        self.x = self._cells(inputs)
        first, second = self.sweeps.values()
        acts = self.activation, self.gate_activation
        first.fprop(self.x, *acts, inference)
        second.fprop(self._second_input(), *acts, inference)
        if self.states_buffer is not self.outputs:
            self.outputs[:] = self.states_buffer
        return self.outputs

    def _cells(self, inputs: Any) -> Any:
        """The patches (features, I * J * N) of ``inputs``."""
        if inputs.shape[0] * inputs.shape[1] != numel(self.in_shape) * self.be.bsz:
            raise ValueError(
                shape_message(
                    self,
                    "the inputs do not fit",
                    expected=buffer_shape(self.in_shape, self.be.bsz),
                    got=tuple(inputs.shape),
                    hint="feed the shape the layer was configured for",
                )
            )
        if self._patches is None:
            return inputs.reshape((self.features, -1))
        image = inputs.reshape((-1, self.be.bsz))
        self.be.image_to_patches(image, self._patches, self.in_shape, self.patch)
        return self._patches

    def _second_input(self) -> Any:
        first, _ = self.sweeps.values()
        return self.x if self.mode == "parallel" else first.tensors.h

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Compute dW, and ``alpha * input gradient + beta * old deltas``.

        Args:
            error: gradient of the outputs; not overwritten.
        """
        error = error.reshape((self.out_shape[0], self.x.shape[1]))
        target, scale = self._patch_deltas, (1.0, 0.0)
        if self.deltas is not None and target is None:
            target, scale = self.deltas.reshape(self.x.shape), (alpha, beta)
        self._backward(error, target, *scale)
        if self._patch_deltas is not None:
            image = self.deltas.reshape((-1, self.be.bsz))
            self.be.patches_to_image(target, image, self.in_shape, self.patch, alpha, beta)
        return self.deltas

    def _backward(self, error: Any, deltas: Any, alpha: float, beta: float) -> None:
        """Both sweeps backwards; ``deltas`` is that of the patches, or None."""
        acts, d = (self.activation, self.gate_activation), self.nout
        if self.mode == "parallel":
            vertical, horizontal = self.sweeps["v"], self.sweeps["h"]
            vertical.bprop(self.x, error[: 2 * d], *acts, deltas, alpha, beta)
            horizontal.bprop(self.x, error[2 * d :], *acts, deltas, alpha, 1.0)
            return
        first, second = self.sweeps.values()
        second.bprop(first.tensors.h, error, *acts, self._map_error)
        first.bprop(self.x, self._map_error, *acts, deltas, alpha, beta)

    def trace(self) -> dict[str, np.ndarray]:
        """Views of what the last passes left: maps and gradients, each (rows, I, J, N).

        Keys: "vertical" and "horizontal", the states of the sweeps; after ``bprop`` also
        "vertical_deltas" and "horizontal_deltas", the gradients at the sums inside their
        activations, and in stacked mode "map_error", the gradient of the first sweep's states.
        """
        found: dict[str, Any] = {}
        for way, name in (("v", "vertical"), ("h", "horizontal")):
            tensors = self.sweeps[way].tensors
            found |= {name: tensors.h, f"{name}_deltas": tensors.delta}
        found["map_error"] = getattr(self, "_map_error", None)
        return {
            name: tensor.asnumpyarray().reshape(-1, *self.grid, self.be.bsz)
            for name, tensor in found.items()
            if tensor is not None
        }


def _check_choice(argument: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        known = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"ReNet: {argument} must be one of {known}, got {value!r}")
