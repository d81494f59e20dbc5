"""One step of a whole network as a graph: its layers put together, branches side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from neonlike.layers import (
    Linear,
    LookupTable,
    MergeBroadcast,
    MergeMultistream,
    MergeSum,
    RecurrentLast,
    Seq2Seq,
    SkipThought,
    Tree,
)
from neonlike.layers._rnn_output import BiSum, RecurrentOutput
from neonlike.visualizations._cells import IDENTITY, Link, Template, Unit, cell_of

DENSE = (Linear, LookupTable)
# networks of several chains, and their parts
PARTS: dict[type, str] = {
    Seq2Seq: "its encoder and its decoder",
    SkipThought: "its encoder and its decoders",
    Tree: "its trunk and its branches",
}


def build_template(layers: Any) -> Template:
    """Return one step of ``layers``: a model, a container or a (nested) list.

    Layers that make no new vector at each step (activations, dropout, convolutions) are left out.

    Raises:
        ValueError: no layers, or networks of several chains.
    """
    leaves = list(_leaves(layers))
    if not leaves:
        raise ValueError("unroll_graph: expected a model or a list of layers, got no layers")
    builder = _Builder(leaves)
    builder.add(layers)
    _pass_cells_on(builder.template)
    return builder.template


class _Builder:
    """Adds layers to a template, and counts them."""

    def __init__(self, leaves: list[Any]) -> None:
        dense = [layer for layer in leaves if cell_of(layer) or isinstance(layer, DENSE)]
        self.last = dense[-1] if dense else None
        self.counts: Counter[str] = Counter()
        self.template = Template([_input(leaves[0], "x")], [])

    def add(self, layers: Any) -> None:
        """Add layers, one upon the other."""
        _check_chain(layers)
        if isinstance(layers, MergeBroadcast | MergeSum):
            self._add_branches(layers)
        elif members := _members(layers):
            for layer in members:
                self.add(layer)
        elif cell := cell_of(layers):
            cell(self.template, layers, self._count("cell"))
        elif isinstance(layers, RecurrentOutput):
            self._reduce_steps(layers)
        elif isinstance(layers, BiSum):
            below = self.template.top
            self._join([below], "sum of both halves", below.size and below.size // 2)
        elif isinstance(layers, DENSE):
            self._add_dense(layers)

    def _add_branches(self, merge: Any) -> None:
        """Add branches that start from the same vector, or from inputs of their own."""
        whole, own = self.template, isinstance(merge, MergeMultistream)
        below, tops = len(whole.units) - 1, []
        for number, branch in enumerate(merge.layers, 1):
            if own:
                whole.units[:] = [unit for unit in whole.units if unit.name != "x"]
                whole.units.append(_input(next(_leaves(branch)), f"x{number}"))
                below = len(whole.units) - 1
            self.template = Template([whole.units[below]], [])
            self.add(branch)
            whole.units[below], *added = self.template.units  # a ReNet reads its input as a grid
            whole.units += added
            whole.links += self.template.links
            tops.append(self.template.top)
        self.template = whole
        if isinstance(merge, MergeSum):
            self._join(tops, "sum", tops[0].size)
            return
        sizes = [top.size for top in tops if top.size is not None]
        self._join(tops, IDENTITY, sum(sizes) if len(sizes) == len(tops) else None)

    def _join(self, parts: list[Unit], label: str, size: int | None) -> None:
        """Add a vector that is made of others."""
        name, once = f"m{self._count('merge')}", all(part.once for part in parts)
        unit = Unit(name, "merge", size, once, grid=all(part.grid for part in parts))
        self.template.units.append(unit)
        self.template.links += [Link(part.name, name, label) for part in parts]

    def _add_dense(self, layer: Any) -> None:
        number, below = self._count("dense"), self.template.top
        name, kind = ("y", "output") if layer is self.last else (f"r{number}", "hidden")
        if self.template.named(name):  # the outputs that a Jordan net sees
            name = f"r{number}"
        label = "W_out" if name == "y" else f"{name}.W"
        size = layer.embedding_dim if isinstance(layer, LookupTable) else layer.nout
        self.template.units.append(Unit(name, kind, size, below.once or below.grid))
        self.template.links.append(Link(below.name, name, label, every=below.grid))

    def _reduce_steps(self, layer: Any) -> None:
        last, below = isinstance(layer, RecurrentLast), self.template.top
        kind = type(layer).__name__.removeprefix("Recurrent").lower()
        number = self._count(kind)
        name = kind if number == 1 else f"{kind}{number}"
        self.template.units.append(Unit(name, "summary", below.size, once=True))
        label = IDENTITY if last else kind
        self.template.links.append(Link(below.name, name, label, every=not last))

    def _count(self, what: str) -> int:
        self.counts[what] += 1
        return self.counts[what]


def _input(first: Any, name: str) -> Unit:
    shape = getattr(first, "in_shape", None)
    return Unit(name, "input", shape[0] if isinstance(shape, tuple) else shape)


def _check_chain(layers: Any) -> None:
    """Refuse what has several chains of layers with connections between them."""
    parts = next((parts for kind, parts in PARTS.items() if isinstance(layers, kind)), None)
    if parts is not None:
        raise ValueError(
            f"unroll_graph: {type(layers).__name__} {layers.name!r} is more than one chain of "
            f"layers; draw {parts} one by one"
        )


def _members(layers: Any) -> list[Any]:
    """The layers of a model, container or list, none of a single layer."""
    members = getattr(layers, "layers", layers)
    if isinstance(members, list | tuple):
        return list(members)
    return [] if members is layers else [members]


def _leaves(layers: Any) -> Iterator[Any]:
    members = _members(layers)
    if not members and not isinstance(layers, list | tuple):
        yield layers
    for layer in members:
        yield from _leaves(layer)


def _pass_cells_on(template: Template) -> None:
    """Layers that read the maps of a ReNet go along its cells."""
    cells = (1, 1)
    for place, unit in enumerate(template.units):
        cells = unit.cells if unit.grid else cells
        template.units[place] = replace(unit, cells=cells)
