"""What one step of each recurrent layer looks like as a graph: the parts of ``unroll_graph``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    Linear,
    LookupTable,
    LSTMVariant,
    Recurrent,
    RecurrentLast,
    ReNet,
)
from neonlike.layers._rnn_output import RecurrentOutput

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
    """

    name: str
    kind: str
    size: int | None
    once: bool = False


@dataclass(frozen=True)
class Link:
    """``target`` reads ``source``, of ``delay`` steps before (of steps after, if negative).

    Attributes:
        initial: the state before the first step is a node of its own.
        every: ``target`` exists once and reads all steps of ``source``.
    """

    source: str
    target: str
    label: str
    delay: int = 0
    initial: bool = True
    every: bool = False


@dataclass
class Template:
    """One step of a network, bottom to top."""

    units: list[Unit]
    links: list[Link]

    @property
    def top(self) -> Unit:
        """The unit that the next layer reads."""
        return self.units[-1]


def build_template(layers: Any) -> Template:
    """Return one step of ``layers``: a model, a container or a (nested) list.

    Layers that make no new vector at each step (activations, dropout, convolutions) are left out.

    Raises:
        ValueError: a layer that sweeps over pictures, or no layers.
    """
    leaves = list(_leaves(layers))
    if not leaves:
        raise ValueError("unroll_graph: expected a model or a list of layers, got no layers")
    shape = getattr(leaves[0], "in_shape", None)
    nin = shape[0] if isinstance(shape, tuple) else shape
    template = Template([Unit("x", "input", nin)], [])
    vectors = [layer for layer in leaves if _cell(layer) or isinstance(layer, Linear | LookupTable)]
    recurrent = dense = 0
    for layer in leaves:
        cell = _cell(layer)
        if cell:
            recurrent += 1
            cell(template, layer, recurrent)
        elif isinstance(layer, RecurrentOutput):
            _reduce_steps(template, layer)
        elif layer in vectors:
            dense += 1
            last = layer is vectors[-1]
            _dense(template, layer, "y" if last else f"r{dense}", "W_out" if last else None)
    return template


def _leaves(layers: Any) -> Iterator[Any]:
    for layer in getattr(layers, "layers", layers):
        if isinstance(layer, list) or hasattr(layer, "layers"):
            yield from _leaves(layer)
        else:
            yield layer


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
        part = Template([template.top], [])
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


def _dense(template: Template, layer: Any, name: str, label: str | None) -> None:
    below = template.top
    kind = "output" if name == "y" else "hidden"
    size = layer.embedding_dim if isinstance(layer, LookupTable) else layer.nout
    template.units.append(Unit(name, kind, size, below.once))
    template.links.append(Link(below.name, name, label or f"{name}.W"))


def _reduce_steps(template: Template, layer: Any) -> None:
    last, below = isinstance(layer, RecurrentLast), template.top
    name = "last" if last else type(layer).__name__.removeprefix("Recurrent").lower()
    template.units.append(Unit(name, "summary", below.size, once=True))
    template.links.append(Link(below.name, name, IDENTITY if last else name, every=not last))


CELLS: tuple[tuple[Any, Callable[[Template, Any, int], None]], ...] = (
    (BiRNN, _both_ways),
    ((LSTM, LSTM97, LSTMVariant), _lstm),
    (GRU, _recurrent),
    (Recurrent, _recurrent),
    (Jordan, _jordan),
    (DeepTransitionRNN, _transition),
)


def _cell(layer: Any) -> Callable[[Template, Any, int], None] | None:
    """Return what adds the layer to a template, None for layers without a state."""
    if isinstance(layer, ReNet):
        raise ValueError(
            f"unroll_graph: layer {layer.name!r} (ReNet) sweeps over pictures; a graph is drawn of "
            "layers that go along a sequence"
        )
    return next((add for kinds, add in CELLS if isinstance(layer, kinds)), None)
