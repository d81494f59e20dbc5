"""Description of fused element-wise work, neutral and hashable: what ``compile_nest`` compiles.

A nest is a list of groups, run one after the other; a group is a list of loops over 2-D spaces
(rows, columns). A loop evaluates its code, a straight-line program, for each place of the space,
stores results and folds results along an axis. Shapes, strides, addresses and numbers are
arguments of the compiled kernel, so one kernel serves all sizes.

A group may be cut into parts, each running all loops in order on its share: loop by loop, the
share is a range of rows (``axis`` 0) or columns (1), and all loops have the same extent there.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

# Unit stride along the columns; one element for the whole row; any stride (reading only)
Access = Literal["vector", "splat", "strided"]
# ("load", access), ("number", index), ("const", number), or (operation, operand values ...)
Instruction = tuple[Any, ...]


class Reference(NamedTuple):
    """How a loop touches an array: number of the array, and kind of access."""

    array: int
    access: Access


class Store(NamedTuple):
    """A value written at each place of the space; a truth value as 1 or 0.

    With ``stream`` past the caches, which needs rows that begin and end on whole lines of 64 bytes
    (the end of a single row does not matter).
    """

    value: int
    reference: int
    stream: bool = False


class Fold(NamedTuple):
    """A value reduced along an axis with ``sum``, ``max`` or ``min``.

    Along axis 0 the result has an element per column, of unit stride; along axis 1 one per row.
    """

    operation: str
    value: int
    axis: int
    reference: int


class Loop(NamedTuple):
    """One pass over a space; ``axis`` is where it may be cut, None if not.

    With ``whole`` the columns fill whole lines of 64 bytes: no vector of them needs a mask.
    """

    axis: int | None
    references: tuple[Reference, ...]
    code: tuple[Instruction, ...]
    stores: tuple[Store, ...]
    folds: tuple[Fold, ...]
    whole: bool = False


class Nest(NamedTuple):
    """All the work of a kernel on elements of one dtype, ``float32`` or ``float64``."""

    dtype: str
    arrays: int
    numbers: int
    groups: tuple[tuple[Loop, ...], ...]


class Extent(NamedTuple):
    """Sizes of a loop: space, and element strides (row, column) of its references."""

    rows: int
    columns: int
    strides: tuple[tuple[int, int], ...]
