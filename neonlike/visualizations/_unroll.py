"""The computation graph of a recurrent network, folded (one step) or unrolled in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from neonlike.visualizations._cells import Link, Template, Unit
from neonlike.visualizations._template import build_template
from neonlike.visualizations._theme import LIGHT, Theme
from neonlike.visualizations._unroll_drawing import draw, svg_text
from neonlike.visualizations._unroll_grid import grid_places, node_id, planes, sources


class Node(NamedTuple):
    """A vector: ``id`` such as "h1[3]", ``kind``, step ``t``, shape or None.

    ``t`` is (row, column) of units that are there once per patch of a picture; None when folded,
    and of what reads whole pictures.
    """

    id: str
    kind: str
    t: int | tuple[int, int] | None
    shape: tuple[int, ...] | None


class Edge(NamedTuple):
    """``target`` is computed from ``source`` by ``parameter``, ``delay`` steps later."""

    source: str
    target: str
    parameter: str
    delay: int


@dataclass(frozen=True)
class UnrolledGraph:
    """Nodes and edges, and ways to show them; made by :func:`unroll_graph`.

    Attributes:
        nodes: sorted by step, then bottom to top.
        edges: sorted by the step of their target.
        levels: heights of the rows of a drawing by name of the vector.
        axes: what "before" means, by name of the vector: "t", "i" (row above) or "j" (column to
            the left); left out where it is "t".
        centres: where nodes are drawn, if not at their step and level.
    """

    nodes: list[Node]
    edges: list[Edge]
    levels: dict[str, int]
    axes: dict[str, str] = field(default_factory=dict)
    centres: dict[str, tuple[float, float]] = field(default_factory=dict)

    def to_text(self) -> str:
        """Return one line per step, or patch: what is computed from what."""
        steps: dict[Any, list[str]] = {}
        for node in self.nodes:
            edges = [edge for edge in self.edges if edge.target == node.id]
            terms = [f"{edge.parameter} {self._delayed(edge)}" for edge in edges]
            text = f"{node.id} = {' + '.join(terms)}" if terms else node.id
            steps.setdefault(node.t, []).append(text)
        return "".join(f"{self._heading(t)}: {'; '.join(parts)}\n" for t, parts in steps.items())

    def _heading(self, t: Any) -> str:
        if isinstance(t, tuple):
            return f"row {t[0]}, column {t[1]}"
        if t is not None:
            return f"column {t}" if self.axes else f"t={t}"
        folded = all(node.t is None for node in self.nodes)
        return ("each patch" if self.axes else "each step") if folded else "at the end"

    def _delayed(self, edge: Edge) -> str:
        if "[" in edge.source or not edge.delay:
            return edge.source
        return f"{edge.source}({self.axes.get(edge.source, 't')}{-edge.delay:+d})"

    def to_dot(self) -> str:
        """Return the graph in the language of Graphviz."""
        lines = ["digraph network {", "  rankdir=BT;"]
        for node in self.nodes:
            shape = "" if node.shape is None else rf"\n{'x'.join(map(str, node.shape))}"
            lines.append(f'  "{node.id}" [label="{node.id}{shape}", class="{node.kind}"];')
        for edge in self.edges:
            style = ", style=dashed, constraint=false" if edge.delay else ""
            lines.append(f'  "{edge.source}" -> "{edge.target}" [label="{edge.parameter}"{style}];')
        return "\n".join([*lines, "}\n"])

    def to_svg(
        self, path: str | Path | None = None, theme: Theme = LIGHT, backward: bool = False
    ) -> str:
        """Return the drawing as SVG, and write it if a path is given.

        Args:
            path: file to write.
            theme: colours.
            backward: show the way of the gradients, against the arrows, too.
        """
        text = svg_text(self, theme, backward)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def plot(self, ax: Any, theme: Theme = LIGHT, backward: bool = False) -> None:
        """Draw on matplotlib axes: steps from left to right, layers from bottom to top.

        Args:
            ax: axes.
            theme: colours.
            backward: show the way of the gradients, against the arrows, too.
        """
        draw(self, ax, theme, backward)


def unroll_graph(layers: Any, nsteps: int, folded: bool = False) -> UnrolledGraph:
    """Return the computation graph of a recurrent network.

    Weights are shared by all steps, so they appear as edges with equal labels. Biases, activations
    and all layers that make no new vector at each step belong to the nodes. States before
    the first step are nodes at t = -1; of nets that go backwards in time, at t = nsteps.

    A ReNet is unrolled over nsteps x nsteps patches: ``x[i,j]`` is one, ``v1f[i,j]`` and
    ``v1b[i,j]`` the states of the sweeps down and up its column, ``v1[i,j]`` both together,
    ``h1f``, ``h1b`` and ``h1`` the same of the sweeps to the right and to the left. States before
    the borders, always zero, are left out, and so are convolutions and poolings.

    Args:
        layers: a model, a container or a list of layers, configured or not.
        nsteps: steps to unroll; rows and columns of a ReNet.
        folded: one node per vector instead, recurrent edges with delay 1 (backwards -1).

    Raises:
        ValueError: no step, no layers, or a network of several chains (Seq2Seq, Tree).
    """
    if nsteps < 1:
        raise ValueError(f"unroll_graph: nsteps must be at least 1, got {nsteps}")
    template = build_template(layers)
    names = [unit.name for unit in template.units]
    levels = dict(zip(names, planes(template), strict=True))
    axes = {link.source: "i" if link.rows else "j" for link in template.links if link.delay}
    axes = axes if template.grid else {}
    if folded:
        nodes = [Node(unit.name, unit.kind, None, _shape(unit)) for unit in template.units]
        edges = [Edge(e.source, e.target, e.label, e.delay) for e in template.links]
        return UnrolledGraph(nodes, edges, dict(zip(names, range(len(names)), strict=True)), axes)
    if template.grid:
        return _over_pictures(template, nsteps, levels, axes)
    return UnrolledGraph(*_unrolled(template, nsteps), levels)


def _over_pictures(
    template: Template, n: int, levels: dict[str, int], axes: dict[str, str]
) -> UnrolledGraph:
    places = grid_places(template, n)
    units = {unit.name: unit for unit in template.units}
    nodes = [Node(at.id, at.unit.kind, _step(at.where), _shape(at.unit)) for at in places]
    edges = [
        Edge(node_id(units[link.source], source), at.id, link.label, link.delay)
        for at in places
        for link in template.links
        if link.target == at.unit.name
        for source in sources(link, units, at.where, n)
    ]
    return UnrolledGraph(nodes, edges, levels, axes, {at.id: at.centre for at in places})


def _step(index: tuple[int, ...]) -> Any:
    return index if len(index) == 2 else index[0] if index else None


def _unrolled(template: Template, nsteps: int) -> tuple[list[Node], list[Edge]]:
    outside = {
        (link.source, -1 if link.delay > 0 else nsteps)
        for link in template.links
        if link.delay and link.initial
    }
    nodes = [
        Node(f"{unit.name}[{t}]", unit.kind, t, _shape(unit))
        for t in range(-1, nsteps + 1)
        for unit in template.units
        if (unit.name, t) in outside or _exists(unit, t, nsteps)
    ]
    units = {unit.name: unit for unit in template.units}
    edges = [
        edge
        for t in range(nsteps)
        for link in template.links
        if _exists(units[link.target], t, nsteps)
        for edge in _edges(link, t)
    ]
    return nodes, edges


def _exists(unit: Unit, t: int, nsteps: int) -> bool:
    return 0 <= t < nsteps and (not unit.once or t == nsteps - 1)


def _edges(link: Link, t: int) -> Iterator[Edge]:
    for start in range(t + 1) if link.every else [t - link.delay]:
        if start >= 0 or link.initial:
            target = f"{link.target}[{t}]"
            yield Edge(f"{link.source}[{start}]", target, link.label, t - start)


def _shape(unit: Unit) -> tuple[int, ...] | None:
    return None if unit.size is None else (unit.size,)
