"""Panels: the columns that one thread carries through all steps, in contiguous memory.

A panel holds ``width`` columns of an array, row after row, in a flat array; loops over panels
are long and aligned whatever the batch size, and products with them need no strides. Columns
``first`` to ``first + width`` count the sequences (o, k) of a sweep as ``o * inner + k``; their
place in an array at step t is ``(o * steps + t) * inner + k`` (header of ``reference.recurrent``).
"""

from __future__ import annotations

from neonlike.kernels._types import Array, Triple
from neonlike.kernels.numba._gemm import gemm
from neonlike.kernels.numba._jit import jit

_MAX_WIDTH = 64  # columns: a panel of 4 * 256 gate rows then fills a quarter of an L2 cache
_MIN_WIDTH = 16  # columns: half the batch is not worth a thread below
_ALIGNMENT = 8  # widths are multiples of it, so that all panels but the last have whole vectors


def panel_width(directions: int, columns: int, threads: int) -> int:
    """Columns per panel: at most 64, and as many panels as keep all threads busy."""
    panels = -(-columns // _MAX_WIDTH)
    while directions * panels % threads and columns >= (panels + 1) * _MIN_WIDTH:
        panels += 1
    return -(-columns // panels // _ALIGNMENT) * _ALIGNMENT


@jit
def load(
    x: Array,
    row: int,
    rows: int,
    panel: Array,
    start: int,
    geometry: Triple,
    t: int,
    first: int,
    width: int,
) -> None:
    """Copy ``rows`` rows of ``x`` at step ``t`` to ``panel[start:]``."""
    _, steps, inner = geometry
    done = 0
    while done < width:
        outer, k = divmod(first + done, inner)
        column, run = (outer * steps + t) * inner + k, min(inner - k, width - done)
        for r in range(rows):
            at = start + r * width + done
            for i in range(run):
                panel[at + i] = x[row + r, column + i]
        done += run


@jit
def add(
    x: Array,
    row: int,
    rows: int,
    panel: Array,
    start: int,
    geometry: Triple,
    t: int,
    first: int,
    width: int,
) -> None:
    """Add ``rows`` rows of ``x`` at step ``t`` to ``panel[start:]``."""
    _, steps, inner = geometry
    done = 0
    while done < width:
        outer, k = divmod(first + done, inner)
        column, run = (outer * steps + t) * inner + k, min(inner - k, width - done)
        for r in range(rows):
            at = start + r * width + done
            for i in range(run):
                panel[at + i] += x[row + r, column + i]
        done += run


@jit
def store(
    panel: Array,
    start: int,
    x: Array,
    row: int,
    rows: int,
    geometry: Triple,
    t: int,
    first: int,
    width: int,
) -> None:
    """Copy ``panel[start:]`` to ``rows`` rows of ``x`` at step ``t``."""
    _, steps, inner = geometry
    done = 0
    while done < width:
        outer, k = divmod(first + done, inner)
        column, run = (outer * steps + t) * inner + k, min(inner - k, width - done)
        for r in range(rows):
            at = start + r * width + done
            for i in range(run):
                x[row + r, column + i] = panel[at + i]
        done += run


@jit
def load_state(
    x: Array, row: int, rows: int, panel: Array, start: int, first: int, width: int
) -> None:
    """Fill ``panel[start:]`` from a state (rows, sequences); an empty state stands for zeros."""
    for r in range(rows):
        at = start + r * width
        for i in range(width):
            panel[at + i] = x[row + r, first + i] if x.size else 0


@jit
def store_state(
    panel: Array, start: int, x: Array, row: int, rows: int, first: int, width: int
) -> None:
    """Copy ``panel[start:]`` to a state (rows, sequences)."""
    for r in range(rows):
        at = start + r * width
        for i in range(width):
            x[row + r, first + i] = panel[at + i]


@jit
def add_bias(b: Array, row: int, rows: int, panel: Array, start: int, width: int) -> None:
    """Add ``b[row + r, 0]`` to row r of the panel."""
    for r in range(rows):
        at, bias = start + r * width, b[row + r, 0]
        for i in range(width):
            panel[at + i] += bias


@jit
def panels_of(geometry: Triple, width: int) -> int:
    """Panels per direction."""
    panels: int = (geometry[0] * geometry[2] + width - 1) // width
    return panels


@jit
def place(item: int, geometry: Triple, width: int) -> Triple:
    """Direction, first column and width of panel ``item``."""
    direction, panel = divmod(item, panels_of(geometry, width))
    first = panel * width
    return direction, first, min(width, geometry[0] * geometry[2] - first)


@jit
def time(step: int, direction: int, geometry: Triple) -> int:
    """The step that a direction takes as its ``step``-th."""
    return geometry[1] - 1 - step if direction else step


@jit
def accumulate(w: Array, panel: Array, x: int, out: int, width: int) -> None:
    """``panel[out:] += w @ panel[x:]`` for panels of ``width`` columns."""
    rows, k = w.shape
    factor = panel[x : x + k * width].reshape(k, width)
    gemm(w, factor, panel[out : out + rows * width].reshape(rows, width), 1.0, 1.0)
