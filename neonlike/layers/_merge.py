"""Containers that send one input through several branches (spec layers 10.3).

All branch roots add their input gradients up in one buffer, the container's
``deltas``; the layers inside the branches use the buffers of the child tree.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from neonlike.layers._base import DeltasTree, Layer
from neonlike.layers._container import LayerContainer, allocate_layer
from neonlike.layers._errors import describe
from neonlike.layers._pointwise import Dropout
from neonlike.layers._sequential import Sequential
from neonlike.layers._shapes import buffer_shape, numel

if TYPE_CHECKING:
    from typing import Self


def as_branch(owner: Layer, member: Any, place: int) -> Sequential:
    """Return a branch as Sequential; a single layer or list becomes one.

    Raises:
        ValueError: anything else.
    """
    if isinstance(member, Sequential):
        return member
    if isinstance(member, list | tuple | Layer):
        return Sequential(member)
    raise ValueError(
        f"{describe(owner)}: branch {place + 1} must be a Sequential, a list of layers "
        f"or a layer, got {member!r}"
    )


class Broadcast(LayerContainer):
    """Base of containers whose branches share one input.

    Args:
        layers: branches, each a Sequential, a list of layers or a layer.
    """

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(name)
        self.layers = [as_branch(self, member, i) for i, member in enumerate(layers)]
        self.owns_delta = True
        if not self.layers:
            raise ValueError(f"{describe(self)} needs at least one branch")
        for number, branch in enumerate(self.layers, 1):
            branch.position = f"branch {number} of {len(self.layers)} in {self.name}"

    def __str__(self) -> str:
        return f"{self.classnm} {self.name}: {len(self.layers)} branches"

    @property
    def nest_deltas(self) -> bool:
        """True: the branches use delta buffers of a level of their own."""
        return True

    def get_terminal(self) -> Any:
        """Return the container itself: its outputs are the merged ones."""
        return self

    def configure(self, in_obj: Any) -> Self:
        """Configure every branch with ``in_obj``."""
        super().configure(in_obj)
        for branch in self.layers:
            self._configure_branch(branch, in_obj)
        return self

    def _configure_branch(self, branch: Sequential, in_obj: Any) -> None:
        root = branch.layers[0]
        if isinstance(root, Dropout):
            # in place it would mask the input of the other branches
            root.own_buffers()
        branch.configure(in_obj)

    def allocate_deltas(self, global_deltas: DeltasTree) -> None:
        """Collect the sizes of the container and, for the child tree, of its branches."""
        if self.prev_layer:
            global_deltas.proc_layer(self)
        child = global_deltas.decend()
        for branch in self.layers:
            root, *inner = branch.layers
            if isinstance(root, LayerContainer):
                root.allocate_deltas(child)
            for layer in inner:
                layer.allocate_deltas(child)

    def set_deltas(self, delta_buffers: DeltasTree) -> None:
        """Take a buffer for the input gradient and give it to all branch roots."""
        Layer.set_deltas(self, delta_buffers)
        child = delta_buffers.decend()
        for branch in self.layers:
            root, *inner = branch.layers
            root.set_deltas(self._root_tree(child))
            for layer in inner:
                layer.set_deltas(child)

    def _root_tree(self, child: DeltasTree) -> DeltasTree:
        """A tree from which a branch root takes the container's deltas."""
        tree = DeltasTree()
        tree.buffers = [self.deltas, self.deltas]
        tree.child = child.decend()
        return tree

    def _backward_betas(self, beta: float) -> list[float]:
        """Factor of the old deltas per branch; the last branch runs first and starts afresh."""
        return [1.0] * (len(self.layers) - 1) + [beta]


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

    def get_description(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Describe the container; ``alphas`` and ``merge`` always."""
        desc = super().get_description(*args, **kwargs)
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

    def get_description(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Describe the container; it takes no ``alphas``."""
        desc = super().get_description(*args, **kwargs)
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
        """Run each branch on its own tensor of ``inputs``."""
        for branch, stream, view in zip(self.layers, inputs, self.output_views, strict=True):
            place_output(branch.fprop(stream, inference), view)
        return self.outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> None:
        """Run the branches backward; there is no input gradient."""
        for branch, part in zip(self.layers, self._split_error(error), strict=True):
            branch.bprop(part)


class MergeSum(Broadcast):
    """Add the branch outputs up, as in residual blocks.

    Branches whose last layer can add to old outputs write directly into the
    container's ``outputs``; the others get a buffer of their own.

    Args:
        layers: branches, each a Sequential, a list of layers or a layer. Put a
            branch that starts with BatchNorm last.
    """

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(layers, name)
        self._error_copy: Any = None

    def configure(self, in_obj: Any) -> Self:
        """Configure the branches.

        Raises:
            ValueError: the branch outputs have different sizes.
        """
        super().configure(in_obj)
        self.out_shape = self.layers[0].out_shape
        shapes = [branch.out_shape for branch in self.layers]
        if len({buffer_shape(shape, self.be.bsz) for shape in shapes}) > 1:
            raise ValueError(
                f"{describe(self)} can only add outputs of equal shape, got {shapes}; "
                "give the branches the same number of maps and strides"
            )
        return self

    def allocate(self, shared_outputs: Any = None, accumulate_updates: bool = False) -> None:
        """Make the outputs, shared by all branches that can add to them."""
        super().allocate(shared_outputs)
        for branch in self.layers:
            outputs = self.outputs if _adds(branch) else None
            allocate_layer(branch, outputs, accumulate_updates)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Run the branches and add their outputs up."""
        for number, branch in enumerate(self.layers):
            if _adds(branch):
                branch.fprop(inputs, inference, beta=1.0 if number else 0.0)
            else:
                output = branch.fprop(inputs, inference)
                self.outputs[:] = self.outputs + output if number else output
        return self.outputs

    def set_deltas(self, delta_buffers: DeltasTree) -> None:
        """Take delta buffers; make an error copy if a branch writes into its error."""
        super().set_deltas(delta_buffers)
        needs_copy = any(_overwrites_error(branch) for branch in self.layers[1:])
        self._error_copy = self.be.iobuf(self.out_shape) if needs_copy else None

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Send the error through every branch; their input gradients add up in ``deltas``."""
        branches = list(zip(self.layers, self._backward_betas(beta), strict=True))
        for branch, own_beta in reversed(branches):
            part = error
            if branch is not self.layers[0] and _overwrites_error(branch):
                self._error_copy[:] = error
                part = self._error_copy
            branch.bprop(part, alpha=alpha, beta=own_beta)
        return self.deltas


def _adds(branch: Sequential) -> bool:
    """Whether the branch can add its output to a shared buffer."""
    last: Layer = branch.layers[-1]
    return bool(last.accumulates_outputs)


def _overwrites_error(branch: Sequential) -> bool:
    """Whether the branch may write into the error it is given."""
    for layer in reversed(branch.layers):
        if layer.overwrites_error:
            return True
        if layer.owns_delta:
            return False
    return False
