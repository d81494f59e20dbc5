"""The computation graph of a recurrent network, folded (one step) or unrolled in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from neonlike.visualizations._cells import Link, Template, Unit, build_template
from neonlike.visualizations._theme import LIGHT, Theme
from neonlike.visualizations._unroll_drawing import draw, svg_text


class Node(NamedTuple):
    """A vector: ``id`` such as "h1[3]", ``kind``, step (None when folded), shape or None."""

    id: str
    kind: str
    t: int | None
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
    """

    nodes: list[Node]
    edges: list[Edge]
    levels: dict[str, int]

    def to_text(self) -> str:
        """Return one line per step: what is computed from what."""
        steps: dict[int | None, list[str]] = {}
        for node in self.nodes:
            terms = [f"{e.parameter} {_delayed(e)}" for e in self.edges if e.target == node.id]
            text = f"{node.id} = {' + '.join(terms)}" if terms else node.id
            steps.setdefault(node.t, []).append(text)
        return "".join(
            f"{'each step' if t is None else f't={t}'}: {'; '.join(parts)}\n"
            for t, parts in steps.items()
        )

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

    Args:
        layers: a model, a container or a list of layers, configured or not.
        nsteps: steps to unroll.
        folded: one node per vector instead, recurrent edges with delay 1 (backwards -1).

    Raises:
        ValueError: no step, no layers, or a layer that sweeps over pictures.
    """
    if nsteps < 1:
        raise ValueError(f"unroll_graph: nsteps must be at least 1, got {nsteps}")
    template = build_template(layers)
    levels = {unit.name: level for level, unit in enumerate(template.units)}
    if folded:
        nodes = [Node(unit.name, unit.kind, None, _shape(unit)) for unit in template.units]
        edges = [Edge(e.source, e.target, e.label, e.delay) for e in template.links]
        return UnrolledGraph(nodes, edges, levels)
    return UnrolledGraph(*_unrolled(template, nsteps), levels)


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


def _delayed(edge: Edge) -> str:
    folded = "[" not in edge.source
    return f"{edge.source}(t{-edge.delay:+d})" if folded and edge.delay else edge.source
