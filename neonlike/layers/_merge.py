"""Containers that put branch outputs side by side (spec layers 10.3)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._broadcast import Broadcast
from neonlike.layers._container import allocate_layer
from neonlike.layers._errors import describe, shape_message
from neonlike.layers._sequential import Sequential
from neonlike.layers._shapes import buffer_shape, numel

if TYPE_CHECKING:
    from typing import Self


class MergeBroadcast(Broadcast):
    """Put the branch outputs side by side.

    Args:
        layers: branches, each a Sequential, a list of layers or a layer.
        merge: "depth": along the first axis, other axes equal; "stack": all outputs
            flattened, one below the other; "recurrent": (F, T) outputs in time.
        alphas: factors of the branches' input gradients; 1 if not given.

    Attributes:
        slices: place of each branch in the outputs; output_views: the views.
        error_views: the same parts of the error.
    """

    def __init__(
        self, layers: Any, merge: str, alphas: list[float] | None = None, name: str | None = None
    ) -> None:
        super().__init__(layers, name)
        assert merge in ("recurrent", "depth", "stack"), (
            f"{describe(self)}: merge must be 'recurrent', 'depth' or 'stack', got {merge!r}"
        )
        self.merge = merge
        self.alphas = [1.0] * len(self.layers) if alphas is None else alphas
        if len(self.alphas) != len(self.layers):
            raise ValueError(
                f"{describe(self)}: expected one alpha per branch ({len(self.layers)}), "
                f"got {len(self.alphas)}"
            )
        self.betas = self._backward_betas(0.0)
        self.slices: list[slice] = []
        self.output_views: list[Any] = []
        self.error_views: list[Any] = []
        self._error: Any = None

    def get_description(  # type: ignore[override]  # neon's signature: layers take no skip first
        self, get_weights: bool = False, keep_states: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        """Describe the container; ``alphas`` and ``merge`` always."""
        desc = super().get_description(get_weights, keep_states, **kwargs)
        desc["config"]["alphas"] = self.alphas
        desc["config"]["merge"] = self.merge
        return desc

    def configure(self, in_obj: Any) -> Self:
        """Configure the branches and merge their output shapes.

        Raises:
            ValueError: the branches' shapes cannot be merged this way.
        """
        super().configure(in_obj)
        self._merge_shapes([branch.out_shape for branch in self.layers])
        return self

    def _merge_shapes(self, shapes: list[Any]) -> None:
        if self.merge == "stack":
            sizes = [numel(shape) for shape in shapes]
            self.out_shape = sum(sizes)
        elif self.merge == "depth":
            first = (shapes[0],) if isinstance(shapes[0], int) else shapes[0]
            self._check_axes(shapes, [(s,) if isinstance(s, int) else s for s in shapes], 0)
            depth = sum(s if isinstance(s, int) else s[0] for s in shapes)
            self.out_shape = (depth, *first[1:])
            sizes = [buffer_shape(shape, 1)[0] for shape in shapes]
        else:
            shapes = [(s, 1) if isinstance(s, int) else s for s in shapes]
            self._check_axes(shapes, shapes, 1)
            self.out_shape = (shapes[0][0], sum(shape[1] for shape in shapes))
            sizes = [shape[1] * self.be.bsz for shape in shapes]
        ends = list(itertools.accumulate(sizes, initial=0))
        self.slices = [slice(start, stop) for start, stop in itertools.pairwise(ends)]

    def _check_axes(self, given: list[Any], shapes: list[tuple[int, ...]], free: int) -> None:
        """Refuse shapes that differ in another axis than ``free``."""
        others = {shape[:free] + shape[free + 1 :] for shape in shapes}
        wrong_length = self.merge == "recurrent" and any(len(shape) != 2 for shape in shapes)
        if len(others) > 1 or wrong_length:
            what = "(features, steps)" if self.merge == "recurrent" else "(channels, ...)"
            raise ValueError(
                f"{describe(self)}: merge={self.merge!r} needs branch outputs {what} that agree "
                f"in all axes but axis {free}, got {given}; merge='stack' takes any"
            )

    @property
    def outputs_reader(self) -> Layer | None:
        """The first branch's layer whose outputs are read after fprop, if any."""
        readers = [branch.outputs_reader for branch in self.layers]
        return next((reader for reader in readers if reader is not None), None)

    def get_partitions(self, x: Any, slices: list[slice]) -> list[Any]:
        """Return the parts of ``x``: columns when merging in time, else rows."""
        if self.merge == "recurrent":
            return [x[:, part] for part in slices]
        return [x[part] for part in slices]

    def _branch_shape(self, branch: Sequential) -> tuple[int, int]:
        return buffer_shape(branch.out_shape, self.be.bsz)

    def allocate(self, shared_outputs: Any = None, accumulate_updates: bool = False) -> None:
        """Make the outputs and let the branches write into their parts."""
        super().allocate(shared_outputs)
        self._note_accumulation(accumulate_updates)
        self.output_views = self.get_partitions(self.outputs, self.slices)
        for branch, view in zip(self.layers, self.output_views, strict=True):
            allocate_layer(branch, view, accumulate_updates)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Run the branches; each writes its part of the outputs."""
        for branch, view in zip(self.layers, self.output_views, strict=True):
            place_output(branch.fprop(inputs, inference), view)
        return self.outputs

    def _split_error(self, error: Any) -> list[Any]:
        if error is not self._error:
            if error.size != self.outputs.size:
                raise ValueError(f"the error has {error.size} elements, not {self.outputs.size}")
            self._error = error
            self.error_views = [
                part.reshape(self._branch_shape(branch))
                for part, branch in zip(
                    self.get_partitions(error, self.slices), self.layers, strict=True
                )
            ]
        return self.error_views

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Run the branches backward; their input gradients add up in ``deltas``."""
        self.betas = self._backward_betas(beta)
        branches = zip(self.layers, self._split_error(error), self.alphas, self.betas, strict=True)
        for branch, part, own_alpha, own_beta in reversed(list(branches)):
            branch.bprop(part, alpha=own_alpha * alpha, beta=own_beta)
        return self.deltas


def place_output(output: Any, view: Any) -> None:
    """Copy a branch's output into its part of the merged outputs, unless it is there already.

    Layers that cannot write into a given buffer return one of their own.
    """
    if output is not view and not _same_memory(output, view):
        view[:] = output.reshape(view.shape)


def _same_memory(a: Any, b: Any) -> bool:
    left, right = a.asnumpyarray(), b.asnumpyarray()
    same_start = left.__array_interface__["data"][0] == right.__array_interface__["data"][0]
    return bool(same_start and left.size == right.size)


class MergeMultistream(MergeBroadcast):
    """Like MergeBroadcast, but every branch has an input of its own; only as first layer.

    Args:
        layers: branches, each a Sequential, a list of layers or a layer.
        merge: as in MergeBroadcast.
    """

    def __init__(self, layers: Any, merge: str, name: str | None = None) -> None:
        super().__init__(layers, merge, name=name)

    @property
    def nest_deltas(self) -> bool:
        """False: there is no common input gradient."""
        return False

    def get_description(  # type: ignore[override]  # neon's signature: layers take no skip first
        self, get_weights: bool = False, keep_states: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        """Describe the container; it takes no ``alphas``."""
        desc = super().get_description(get_weights, keep_states, **kwargs)
        del desc["config"]["alphas"]
        return desc

    def configure(self, in_obj: Any) -> Self:
        """Configure each branch with its own shape.

        Args:
            in_obj: list of shapes, tensors or layers, or an object whose ``.shape`` is a list.

        Raises:
            AssertionError: no list, or another number of inputs than branches.
        """
        self.prev_layer = None
        inputs = in_obj if isinstance(in_obj, list | tuple) else getattr(in_obj, "shape", in_obj)
        assert isinstance(inputs, list), (
            f"{describe(self)} needs a list with one input shape per branch, got {inputs!r}"
        )
        assert len(inputs) == len(self.layers), (
            f"{describe(self)} has {len(self.layers)} branches, but got {len(inputs)} inputs"
        )
        for branch, stream in zip(self.layers, inputs, strict=True):
            branch.configure(stream)
        self.in_shape = [branch.in_shape for branch in self.layers]
        self._merge_shapes([branch.out_shape for branch in self.layers])
        return self

    def set_deltas(self, delta_buffers: DeltasTree) -> None:
        """Give delta buffers to the branches; the container needs none."""
        self.deltas = None
        super().set_deltas(delta_buffers)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Run each branch on its own tensor of ``inputs``.

        Raises:
            ValueError: no list with one tensor per branch.
        """
        if not isinstance(inputs, list | tuple) or len(inputs) != len(self.layers):
            got = f"{len(inputs)} tensors" if isinstance(inputs, list | tuple) else "one tensor"
            raise ValueError(
                shape_message(
                    self,
                    "every branch has an input of its own",
                    expected=f"a list of {len(self.layers)} tensors",
                    got=got,
                    hint="give fprop a list, or ArrayIterator a list of arrays",
                )
            )
        for branch, stream, view in zip(self.layers, inputs, self.output_views, strict=True):
            place_output(branch.fprop(stream, inference), view)
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> None:
        """Run the branches backward; there is no input gradient."""
        for branch, part in zip(self.layers, self._split_error(error), strict=True):
            branch.bprop(part)
