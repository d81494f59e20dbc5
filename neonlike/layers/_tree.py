"""Trees: a trunk with branches and several outputs (spec layers 10.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neonlike.layers._base import DeltasTree
from neonlike.layers._broadcast import as_branch
from neonlike.layers._container import LayerContainer, allocate_layer
from neonlike.layers._errors import describe
from neonlike.layers._nodes import BranchNode
from neonlike.layers._sequential import Sequential

if TYPE_CHECKING:
    from typing import Self


class Tree(LayerContainer):
    """A trunk and branches that leave it at BranchNodes; one output each.

    A Tree may stand at the end of the trunk or of a branch of another: outputs, errors and costs
    are nested in the same way.

    Args:
        layers: trunk and branches, each a Sequential, a list of layers or a layer. A
            branch starts with a BranchNode of the trunk or of an earlier branch.
        alphas: factors of the gradients that the trunk and the branches send
            below their nodes; 1 if not given.

    Raises:
        ValueError: a branch that does not start with a node that occurs before.
    """

    def __init__(
        self, layers: Any, name: str | None = None, alphas: list[float] | None = None
    ) -> None:
        super().__init__(name)
        self.layers = [as_branch(self, member, i) for i, member in enumerate(layers)]
        self.alphas = [1.0] * len(self.layers) if alphas is None else alphas
        if len(self.alphas) != len(self.layers):
            raise ValueError(
                f"{describe(self)}: expected one alpha for trunk and each branch "
                f"({len(self.layers)}), got {len(self.alphas)}"
            )
        self._connect()
        self.betas = self._backward_betas()
        self.outputs = None

    def _connect(self) -> None:
        """Check where the branches start and release the nodes' names."""
        known: list[BranchNode] = []
        for number, branch in enumerate(self.layers):
            place = f"branch {number}" if number else "trunk"
            branch.position = f"{place} of {self.name}"
            head = branch.layers[0]
            if number:
                if not any(head is node for node in known):
                    raise ValueError(
                        f"{describe(self)}: branch {number} must start with a BranchNode that "
                        f"occurs in the trunk or in an earlier branch, got {describe(head)}"
                    )
                head.branched = True
            known.extend(node for node in branch.layers if isinstance(node, BranchNode))
        for node in known:
            node.release()

    def _backward_betas(self) -> list[float]:
        """Factor of the old node deltas: 0 for the last branch of each node, which runs first."""
        heads = [branch.layers[0] for branch in self.layers]
        is_last = [not any(h is head for h in heads[i + 1 :]) for i, head in enumerate(heads)]
        return [1.0] + [0.0 if last else 1.0 for last in is_last[1:]]

    def nested_str(self, level: int = 0) -> str:
        """Return the class name and, indented below, trunk and branches."""
        lines = ["  " * level + self.classnm]
        return "\n".join(lines + [branch.nested_str(level + 1) for branch in self.layers])

    def get_description(  # type: ignore[override]  # neon's signature: layers take no skip first
        self, get_weights: bool = False, keep_states: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        """Describe the tree; ``alphas`` always."""
        desc = super().get_description(get_weights, keep_states, **kwargs)
        desc["config"]["alphas"] = self.alphas
        return desc

    def get_terminal(self) -> Any:
        """Return the list of last layers, trunk first."""
        return [branch.get_terminal() for branch in self.layers]

    def configure(self, in_obj: Any) -> Self:
        """Configure trunk and branches; ``out_shape`` is a list.

        Raises:
            ValueError: a node first, right behind another one.
        """
        super().configure(in_obj)
        trunk, *branches = self.layers
        if isinstance(in_obj, BranchNode) and isinstance(trunk.layers[0], BranchNode):
            raise ValueError(
                f"{describe(self)} starts with {describe(trunk.layers[0])} right behind "
                f"{describe(in_obj)}; put a layer between the two nodes"
            )
        trunk.configure(in_obj)
        for branch in branches:
            branch.configure(None)
        self.out_shape = [branch.out_shape for branch in self.layers]
        return self

    def allocate(self, shared_outputs: Any = None, accumulate_updates: bool = False) -> None:
        """Allocate trunk and branches."""
        for branch in self.layers:
            allocate_layer(branch, None, accumulate_updates)
        self._note_accumulation(accumulate_updates)

    def allocate_deltas(self, global_deltas: DeltasTree | None = None) -> None:
        """Make delta buffers; at the end of other layers ``set_deltas`` does it."""
        if global_deltas is None:
            self.set_deltas(None)

    def set_deltas(self, global_deltas: DeltasTree | None) -> None:
        """Make a tree of delta buffers for every branch, after a node before has made its own."""
        for branch in self.layers:
            branch.allocate_deltas(None)

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Return the list of outputs, trunk first."""
        trunk, *branches = self.layers
        outputs = [trunk.fprop(inputs, inference)]
        outputs += [branch.fprop(None, inference) for branch in branches]
        self.outputs = outputs
        return outputs

    def bprop(self, error: Any, alpha: float = 1.0, beta: float = 0.0) -> Any:
        """Run all branches backward, the trunk last.

        Args:
            error: list of errors, trunk first.
            alpha, beta: of the deltas below a tree at the end of other layers.

        Returns:
            The input gradient, None at the start of a network.
        """
        (trunk, part, *scale), *branches = zip(
            self.layers, error, self.alphas, self.betas, strict=True
        )
        for branch, *own in reversed(branches):
            branch.bprop(*own)
        trunk.node_alpha = scale[0]
        if not isinstance(trunk.layers[0], BranchNode):  # else branches have written below it
            scale = [alpha, beta]
        return trunk.bprop(part, *scale)


class SingleOutputTree(Tree):
    """Tree whose branches count only while training: inference returns the trunk's output."""

    def fprop(self, inputs: Any, inference: bool = False) -> Any:
        """Return the list of outputs (training) or the trunk's output (inference)."""
        if inference:
            return self._trunk.fprop(inputs, inference)
        return super().fprop(inputs, inference)

    @property
    def _trunk(self) -> Sequential:
        trunk: Sequential = self.layers[0]
        return trunk
