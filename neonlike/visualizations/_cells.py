"""What one step of each recurrent layer looks like as a graph: the parts of ``unroll_graph``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from neonlike.layers import (
    GRU,
    LSTM,
    LSTM97,
    BiLSTM,
    BiRNN,
    DeepTransitionRNN,
    Jordan,
    LSTMVariant,
    Recurrent,
    ReNet,
)

IDENTITY = "identity"


class Way(NamedTuple):
    """Which way in time a net goes: the ending of its parameters, and what it sees."""

    ending: str
    delay: int


WAYS = {"": Way("", 1), "f": Way("_f", 1), "b": Way("_b", -1)}


@dataclass(frozen=True)
class Unit:
    """A vector that each step has: its name, what it is, its length if that is known.

    Attributes:
        once: it is there after the last step only.
        grid: it is there once per patch of a picture, not once per step.
        cells: rows and columns of the input's patches that one of its cells covers.
    """

    name: str
    kind: str
    size: int | None
    once: bool = False
    grid: bool = False
    cells: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Link:
    """``target`` reads ``source``, of ``delay`` steps before (of steps after, if negative).

    Attributes:
        initial: the state before the first step is a node of its own.
        every: ``target`` exists once and reads all steps of ``source``.
        rows: the delay is one in rows of patches.
    """

    source: str
    target: str
    label: str
    delay: int = 0
    initial: bool = True
    every: bool = False
    rows: bool = False


@dataclass
class Template:
    """One step of a network, bottom to top; of a picture, one patch."""

    units: list[Unit]
    links: list[Link]

    @property
    def grid(self) -> bool:
        """Whether the network sweeps over pictures."""
        return any(unit.grid for unit in self.units)

    def named(self, name: str) -> Unit | None:
        """Return the unit of this name, if there is one."""
        return next((unit for unit in self.units if unit.name == name), None)

    @property
    def top(self) -> Unit:
        """The unit that the next layer reads."""
        return self.units[-1]


def _prefix(number: int) -> str:
    """Parameters of the second recurrent layer and later ones carry its name."""
    return "" if number == 1 else f"h{number}."


def _recurrent(template: Template, layer: Any, number: int, way: str = "") -> None:
    h, below, prefix = f"h{number}{way}", template.top, _prefix(number)
    template.units.append(Unit(h, "state", layer.output_size, below.once))
    template.links += [
        Link(below.name, h, f"{prefix}W_input{WAYS[way].ending}"),
        Link(h, h, f"{prefix}W_recur{WAYS[way].ending}", WAYS[way].delay),
    ]


def _lstm(template: Template, layer: Any, number: int, way: str = "") -> None:
    h, c, below, prefix = f"h{number}{way}", f"c{number}{way}", template.top, _prefix(number)
    size, old, (ending, delay) = layer.output_size, isinstance(layer, LSTM97), WAYS[way]
    kept = old or getattr(layer, "variant", "") == "NFG"
    gated = getattr(layer, "variant", "") != "NOG"
    template.units += [Unit(c, "cell", size), Unit(h, "state", size)]
    template.links += [
        Link(below.name, c, f"{prefix}W_input{ending}"),
        Link(h, c, f"{prefix}W_recur{ending}", delay),
        Link(c, c, IDENTITY if kept else "forget gate", delay),
        Link(c, h, "output gate" if gated else IDENTITY),
    ]


def _both_ways(template: Template, layer: Any, number: int) -> None:
    """A net forwards and one backwards in time, and their outputs stacked."""
    cell, h = (_lstm if isinstance(layer, BiLSTM) else _recurrent), f"h{number}"
    parts = []
    for way in "fb":
        below = template.top
        if layer.split_inputs:  # each net reads the states of its own direction
            below = template.named(below.name + way) or below
        part = Template([below], [])
        cell(part, layer, number, way)
        parts.append(part)
    for part in parts:
        template.units += part.units[1:]
        template.links += part.links
    template.units.append(Unit(h, "state", 2 * layer.output_size))
    template.links += [Link(h + way, h, IDENTITY) for way in "fb"]


def _jordan(template: Template, layer: Any, number: int) -> None:
    tail = "" if number == 1 else str(number)
    s, h, y, below, prefix = f"s{tail}", f"h{number}", f"y{tail}", template.top, _prefix(number)
    template.units += [
        Unit(s, "state", layer.output_size),
        Unit(h, "hidden", layer.hidden_size),
        Unit(y, "output", layer.output_size),
    ]
    template.links += [
        Link(below.name, h, prefix + "W_input"),
        Link(s, h, prefix + "W_state"),
        Link(h, y, prefix + "W_out"),
        Link(y, s, IDENTITY, 1, initial=False),
    ]
    if layer.alpha:
        template.links.append(Link(s, s, f"alpha = {layer.alpha:g}", 1, initial=False))


def _transition(template: Template, layer: Any, number: int) -> None:
    h, below, prefix, count = f"h{number}", template.top, _prefix(number), len(layer.sizes)
    names = [*(f"z{number}_{level}" for level in range(1, count)), h]
    for level, (name, size) in enumerate(zip(names, layer.sizes, strict=True), 1):
        template.units.append(Unit(name, "state" if name == h else "hidden", size))
        if level == 1 or layer.input_to == "all":
            template.links.append(Link(below.name, name, f"{prefix}U_{level}"))
        if level == 1:
            template.links.append(Link(h, name, f"{prefix}W_1", 1))
            continue
        template.links.append(Link(names[level - 2], name, f"{prefix}W_{level}"))
        if layer.shortcut:
            template.links.append(Link(h, name, f"{prefix}S_{level}", 1))


def _renet(template: Template, layer: Any, number: int) -> None:
    """Two sweeps over a picture: each two nets in opposite directions, outputs stacked."""
    below = template.top
    if below.kind == "input":
        size = getattr(layer, "features", None)
        below = template.units[-1] = Unit(below.name, "input", size, grid=True)
        cells = below.cells
    else:
        cells = below.cells[0] * layer.patch[0], below.cells[1] * layer.patch[1]
    source = below
    for way in layer.order:
        stem = f"{way}{number}"
        *kinds, whole = ("down", "up", "columns") if way == "v" else ("right", "left", "rows")
        for ending, kind, delay in zip("fb", kinds, (1, -1), strict=True):
            name = stem + ending
            weights = f"{_prefix(number)}{{}}_{way}{ending}"
            template.units.append(Unit(name, kind, layer.output_size, grid=True, cells=cells))
            template.links += [
                Link(source.name, name, weights.format("W_input")),
                Link(name, name, weights.format("W_recur"), delay, False, rows=way == "v"),
            ]
        template.units.append(Unit(stem, whole, 2 * layer.output_size, grid=True, cells=cells))
        template.links += [Link(stem + ending, stem, IDENTITY) for ending in "fb"]
        source = template.top if layer.mode == "stacked" else below
    if layer.mode == "parallel":
        ways = [f"{way}{number}" for way in layer.order]
        template.units.append(
            Unit(f"p{number}", "map", 4 * layer.output_size, grid=True, cells=cells)
        )
        template.links += [Link(way, template.top.name, IDENTITY) for way in ways]


CELLS: tuple[tuple[Any, Callable[[Template, Any, int], None]], ...] = (
    (BiRNN, _both_ways),
    ((LSTM, LSTM97, LSTMVariant), _lstm),
    (GRU, _recurrent),
    (Recurrent, _recurrent),
    (Jordan, _jordan),
    (DeepTransitionRNN, _transition),
    (ReNet, _renet),
)


def cell_of(layer: Any) -> Callable[[Template, Any, int], None] | None:
    """Return what adds the layer to a template, None for layers without a state."""
    return next((add for kinds, add in CELLS if isinstance(layer, kinds)), None)
