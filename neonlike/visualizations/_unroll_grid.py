"""Computation graphs of networks that sweep over a picture: their nodes, edges and places.

Units of a ReNet are there once per patch (row i, column j), those of layers that read its maps
column by column once per column, and what reads whole maps exists once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from neonlike.visualizations._cells import Link, Template, Unit

Index = tuple[int, ...]
Point = tuple[float, float]
COLUMN = 2.0  # from column to column of patches
ROW = 0.9  # from row to row, upwards
PLANE = 1.5  # between the planes of two sweeps
ASIDE = {  # from the middle of its patch, by the kind of unit
    "down": (-0.25, 0.2),
    "up": (0.25, -0.2),
    "columns": (0.37, 0.34),
    "right": (-0.25, 0.2),
    "left": (0.25, -0.2),
    "rows": (0.2, 0.45),
}
SAME_PLANE = ("up", "columns", "left", "rows")  # as the unit before


class Place(NamedTuple):
    """A node: its unit, its index (row and column, column, or none) and where it is drawn."""

    unit: Unit
    where: Index
    centre: Point

    @property
    def id(self) -> str:
        """Name and index."""
        return node_id(self.unit, self.where)


def node_id(unit: Unit, index: Index) -> str:
    """The name of a node."""
    return f"{unit.name}[{','.join(map(str, index))}]" if index else unit.name


def axes_of(unit: Unit) -> str:
    """The axes along which there is more than one of a unit: rows i and columns j."""
    return "" if unit.once else "ij" if unit.grid else "j"


def size_of(unit: Unit, n: int) -> Index:
    """How often a unit is there, by axis: a cell of a later ReNet may hold several patches."""
    return tuple(-(-n // unit.cells["ij".index(axis)]) for axis in axes_of(unit))


def grid_places(template: Template, n: int) -> list[Place]:
    """Return all nodes of n x n patches, row by row, then what exists by column, then the rest."""
    places = [
        Place(unit, index, _centre(unit, index, level, n))
        for unit, level in zip(template.units, planes(template), strict=True)
        for index in product(*map(range, size_of(unit, n)))
    ]
    return sorted(places, key=lambda place: (-len(place.where), place.where))


def planes(template: Template) -> list[int]:
    """The plane of each unit: those of one sweep share theirs."""
    levels, level = [], -1
    for unit in template.units:
        level += unit.kind not in SAME_PLANE
        levels.append(level)
    return levels


def _centre(unit: Unit, index: Index, level: int, n: int) -> Point:
    """Where to draw a node: rows lie behind each other, the first one farthest away."""
    middle = dict.fromkeys("ij", (n - 1) / 2)
    for axis, place in zip(axes_of(unit), index, strict=True):
        middle[axis] = (place + 0.5) * unit.cells["ij".index(axis)] - 0.5
    right, up = ASIDE.get(unit.kind, (0.0, 0.0))
    behind = n - 1 - middle["i"]
    width = max(COLUMN, 0.7 * n)
    x = width * middle["j"] + width / n * behind + right
    return x, level * (PLANE + ROW * (n - 1)) + ROW * behind + up


def sources(link: Link, units: dict[str, Unit], index: Index, n: int) -> Iterator[Index]:
    """Yield which nodes of its source a link leads from, to the node ``index`` of its target."""
    source, target = units[link.source], units[link.target]
    if link.delay:
        before = list(index)
        before[0 if link.rows else -1] -= link.delay
        if all(0 <= k < size for k, size in zip(before, size_of(source, n), strict=True)):
            yield tuple(before)
        return
    given = dict(zip(axes_of(target), index, strict=True))
    ranges = []
    for axis, size in zip(axes_of(source), size_of(source, n), strict=True):
        if axis in given:
            below, above = (unit.cells["ij".index(axis)] for unit in (source, target))
            count = above // below
            first = given[axis] * count
            ranges.append(range(first, min(first + count, size)))
        else:
            whole = axis == "i" or link.every  # else only the last column
            ranges.append(range(0 if whole else size - 1, size))
    yield from product(*ranges)
