"""Weight gradients of recurrent sweeps: one pass over the gate deltas for all weights.

    [dw_in, dw] = delta [x, before]^T,    db = row sums of delta

with ``before`` the states one step before (candidate rows of the GRU: the reset states). A chunk of
columns at a time, the rows of x and before, the *operands*, are turned so that a line holds 16 of
them for one column:

    operands[group of a line of rows][square of a line of columns][column][line of rows]

This settles steps without a predecessor, and columns that are no neighbours in memory. Then blocks
of rows of ``delta`` are packed in squares and meet each group in ``outer_tile``. Operands of
candidate rows share the groups that are all x with the others, and have their own after them.
Threads share the blocks, so no sum depends on their number.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from neonlike.kernels._memory import apart
from neonlike.kernels._types import Array, Scratch, Triple
from neonlike.kernels.numba._conv_direct import row_blocks
from neonlike.kernels.numba._jit import inline, inner, jit
from neonlike.kernels.numba._norm_sums import block_sum
from neonlike.kernels.numba._outer import WIDE, add_outer
from neonlike.kernels.numba._recurrent_panel import LINE_BYTES, clear, copy_rows
from neonlike.kernels.numba._share import share
from neonlike.kernels.numba._span import span
from neonlike.kernels.numba._vector import copy_line, turn_lines
from neonlike.kernels.numba._winograd_transform import fetch

fetch_16 = fetch(4)  # as many lines as are turned together
_CHUNK_LINES = 16  # columns at a time, in lines: a packed block of delta stays in the first cache
_CHUNK_BYTES = 640 << 10  # for the turned operands of a chunk: they stay in the second cache


class Plan(NamedTuple):
    """Sizes of the pass.

    Attributes:
        geometry: (outer, steps, inner).
        directions: 1 or 2.
        units: n.
        features, split: rows of x that each direction reads (0: no input gradient), and their
            distance from one direction to the next.
        rows: gate rows per direction.
        blocks: blocks of gate rows of a direction: the first, the height, how many of that are
            rows, and whether they are candidates.
        groups: of the operands, without those of the candidates' own.
        shared: how many of them are all x.
        chunk: columns at a time.
        pitch: elements from row to row of the operands before they are turned.
        turned, packed: where in a thread's memory the turned operands and the deltas begin.
        memory: scratch, (threads, elements).
        sums: scratch, (blocks of all directions, groups, rows of a block, line).
        totals: scratch, (blocks of all directions, rows of a block).
    """

    geometry: Triple
    directions: int
    units: int
    features: int
    split: int
    rows: int
    blocks: Array
    groups: int
    shared: int
    chunk: int
    pitch: int
    turned: int
    packed: int
    memory: Array
    sums: Array
    totals: Array


def make_plan(
    dw: Array,
    features: int,
    nin: int,
    candidates: bool,
    directions: int,
    geometry: Triple,
    threads: int,
    scratch: Scratch,
) -> Plan:
    """The sizes for gradients ``dw`` (directions * rows, n).

    Args:
        dw: its shape and dtype count.
        features, nin: rows of x (0: no input gradient), and those that each direction reads.
        candidates: whether the last n rows of each direction use the reset states.
        directions, geometry, threads: of the sweep.
        scratch: where operands and sums go.
    """
    sizes = dw.shape, dw.itemsize, features, nin, candidates, directions, geometry, threads
    numbers, shapes = _layout(*sizes)
    names = "gradient operands", "gradient sums", "gradient totals"
    memory = (scratch(*named, dw.dtype) for named in zip(names, shapes, strict=True))
    return Plan._make((*numbers, *memory))


@functools.lru_cache(maxsize=1024)
def _layout(
    shape: tuple[int, int],
    itemsize: int,
    features: int,
    nin: int,
    candidates: bool,
    directions: int,
    geometry: Triple,
    threads: int,
) -> tuple[tuple[Any, ...], list[tuple[int, ...]]]:
    """All of a plan but its scratch, and the shapes of that."""
    rows, n, line = shape[0] // directions, shape[1], LINE_BYTES // itemsize
    nin = nin if features else 0
    plain = rows - n if candidates else rows
    blocks = _blocks(0, plain, False)
    if candidates:
        blocks += _blocks(plain, n, True)
    groups, shared = -(-(nin + n) // line), nin // line
    all_groups = groups + (groups - shared if candidates else 0)
    columns = geometry[0] * geometry[1] * geometry[2]
    lines = min(_CHUNK_LINES, max(8, _CHUNK_BYTES // LINE_BYTES // (all_groups * line)))
    chunk = _up(-(-columns // -(-columns // (lines * line))), line)
    pitch = chunk + line  # an odd number of lines: rows meet in few places of the caches otherwise
    turned = line * pitch
    packed = turned + all_groups * chunk * line
    split = nin if features > nin else 0
    numbers = (
        geometry, directions, n, nin, split, rows, np.array(blocks), groups, shared,
        chunk, pitch, turned, packed,
    )  # fmt: skip
    count = directions * len(blocks)
    memory = min(threads, count), apart(packed + WIDE * chunk, itemsize)
    return numbers, [memory, (count, groups, WIDE, line), (count, WIDE)]


def _up(size: int, unit: int) -> int:
    return -(-size // unit) * unit


def _blocks(start: int, rows: int, candidates: bool) -> list[tuple[int, int, int, bool]]:
    """See ``Plan.blocks``."""
    return [
        (start + first, height, min(height, rows - first), candidates)
        for first, height in row_blocks(rows)
    ]


@jit
def gradients(
    delta: Array,
    x: Array,
    h: Array,
    h0: Array,
    reset_h: Array,
    dw_in: Array,
    dw: Array,
    db: Array,
    plan: Plan,
) -> None:
    """Share the blocks among threads; empty arrays stand for what is None in the reference set."""
    arguments = (delta, x, h, h0, reset_h, dw_in, dw, db, plan)
    share(_part, plan.memory.shape[0], arguments)


@inner
def _part(
    part: int,
    delta: Array,
    x: Array,
    h: Array,
    h0: Array,
    reset_h: Array,
    dw_in: Array,
    dw: Array,
    db: Array,
    plan: Plan,
) -> None:
    outer, steps, inner = plan.geometry
    memory, columns, blocks = plan.memory[part], outer * steps * inner, plan.blocks.shape[0]
    first, last = span(part, plan.memory.shape[0], plan.directions * blocks, 1)
    plan.sums[first:last] = 0
    plan.totals[first:last] = 0
    for column in range(0, columns, plan.chunk):
        width, known = min(plan.chunk, columns - column), 0  # groups that are there already
        for d in range(first // blocks, (last + blocks - 1) // blocks):
            _take_operands(x, h, h0, reset_h, d, column, width, memory, known, plan)
            known = plan.shared if plan.split == 0 else 0
            for number in range(max(first, d * blocks), min(last, (d + 1) * blocks)):
                _add(delta, d, number, column, width, memory, plan)
    for number in range(first, last):
        _put(number // blocks, number, dw_in, dw, db, plan)


@inner
def _take_operands(
    x: Array,
    h: Array,
    h0: Array,
    reset_h: Array,
    d: int,
    column: int,
    width: int,
    memory: Array,
    known: int,
    plan: Plan,
) -> None:
    """Turn the operands of direction ``d`` for ``width`` columns, zeros beyond rows and columns.

    The first ``known`` groups are those of the direction before: inputs that both read.
    """
    line, f, n = LINE_BYTES // memory.itemsize, plan.features, plan.units
    groups = plan.groups + (plan.groups - plan.shared if reset_h.size else 0)
    for group in range(known, groups):
        own = group >= plan.groups  # of candidates
        first = (group - plan.groups + plan.shared if own else group) * line
        from_x = max(0, min(line, f - first))
        states = max(0, min(line, f + n - first)) - from_x
        row, at = d * n + first + from_x - f, plan.turned + group * plan.chunk * line
        whole = width % line == 0 and from_x + states == line
        if whole and from_x == line:
            _turn(x, d * plan.split + first, column, width, memory, at)
        elif whole and from_x == 0 and own:
            _turn(reset_h, row, column, width, memory, at)
        elif whole and from_x == 0 and plan.geometry[2] % line == 0:
            _turn_before(h, h0, d, row, column, width, memory, at, plan)
        else:
            pitch = plan.pitch
            clear(memory, 0 * d, line * pitch)
            if from_x:
                copy_rows(x, d * plan.split + first, column, memory, 0 * d, pitch, from_x, width)
            target = from_x * pitch
            if states and own:
                copy_rows(reset_h, row, column, memory, target, pitch, states, width)
            elif states:
                _take_before(h, h0, d, row, states, column, width, memory, target, plan)
            for square in range(0, width, line):
                source = memory.ctypes.data + square * memory.itemsize
                place = memory.ctypes.data + (at + square * line) * memory.itemsize
                turn_lines(source, pitch, place, memory.dtype.type(0))


@inner
def _turn(x: Array, row: int, column: int, width: int, memory: Array, at: int) -> None:
    """Turn a line of rows of ``x`` from ``x[row, column]`` on, whole squares."""
    line, item, zero = LINE_BYTES // memory.itemsize, memory.itemsize, memory.dtype.type(0)
    stride = x.shape[1]
    source = x.ctypes.data + (row * stride + column) * item
    target = memory.ctypes.data + at * item
    for square in range(0, width, line):
        fetch_16(source + (square + 2 * line) * item, 4 * stride, stride, zero)
        turn_lines(source + square * item, stride, target + square * line * item, zero)


@inner
def _turn_before(
    h: Array,
    h0: Array,
    d: int,
    row: int,
    column: int,
    width: int,
    memory: Array,
    at: int,
    plan: Plan,
) -> None:
    """Turn the states that the steps of a chunk start from; no square lies in two steps."""
    _, steps, inner = plan.geometry
    line, shift = LINE_BYTES // memory.itemsize, inner if d else -inner
    for square in range(0, width, line):
        outer, place = divmod(column + square, steps * inner)
        t, k = divmod(place, inner)
        target = at + square * line
        if t != (steps - 1 if d else 0):
            _turn(h, row, column + square + shift, line, memory, target)
        elif h0.size:
            _turn(h0, row, outer * inner + k, line, memory, target)
        else:
            clear(memory, target, line * line)


@inner
def _take_before(
    h: Array,
    h0: Array,
    d: int,
    row: int,
    rows: int,
    column: int,
    width: int,
    memory: Array,
    start: int,
    plan: Plan,
) -> None:
    """Copy the states that the steps of a chunk start from, run by run of neighbouring columns."""
    _, steps, inner = plan.geometry
    pitch, sequence = plan.pitch, steps * inner
    done = 0
    while done < width:
        outer, place = divmod(column + done, sequence)
        t, k = divmod(place, inner)
        target = start + done
        starts = t == (steps - 1 if d else 0)
        if starts:
            run = min(inner - k, width - done)
            if h0.size:
                copy_rows(h0, row, outer * inner + k, memory, target, pitch, rows, run)
            else:
                for r in range(rows):
                    memory[target + r * pitch : target + r * pitch + run] = 0
        else:
            run = min((sequence if d == 0 else sequence - inner) - place, width - done)
            source = column + done + (inner if d else -inner)
            copy_rows(h, row, source, memory, target, pitch, rows, run)
        done += run


@inner
def _add(
    delta: Array, d: int, number: int, column: int, width: int, memory: Array, plan: Plan
) -> None:
    """Add the products of a block of rows of ``delta`` with all operands to the sums."""
    first, height, inside, candidate = plan.blocks[number % plan.blocks.shape[0]]
    item, line, zero = memory.itemsize, LINE_BYTES // memory.itemsize, memory.dtype.type(0)
    _pack(delta, d * plan.rows + first, inside, height, column, width, memory, plan.packed)
    for r in range(inside):
        segment = delta[d * plan.rows + first + r, column : column + width]
        plan.totals[number, r] += memory.dtype.type(block_sum(segment))
    squares, rows = (width + line - 1) // line, memory.ctypes.data + plan.packed * item
    out, stride = plan.sums[number].ctypes.data, delta.shape[1]
    following = delta.ctypes.data + ((d * plan.rows + first + height) * stride + column) * item
    for group in range(plan.groups):
        own = candidate and group >= plan.shared
        at = group + plan.groups - plan.shared if own else group
        operands = memory.ctypes.data + (plan.turned + at * plan.chunk * line) * item
        if group < squares:  # of the block after this one
            fetch_16(following + group * LINE_BYTES, 4 * stride, stride, zero)
        add_outer(height, rows, height * line, operands, line * line, squares, out, zero)
        out += WIDE * LINE_BYTES


@inline
def _pack(
    delta: Array,
    row: int,
    inside: int,
    height: int,
    column: int,
    width: int,
    memory: Array,
    start: int,
) -> None:
    """Order ``inside`` rows as squares of ``height`` lines; zeros beyond rows and columns."""
    line, item = LINE_BYTES // memory.itemsize, memory.itemsize
    whole = width // line
    if inside < height or whole * line < width:
        clear(memory, start, (width + line - 1) // line * height * line)
    for r in range(inside):
        source = delta.ctypes.data + ((row + r) * delta.shape[1] + column) * item
        target = memory.ctypes.data + (start + r * line) * item
        for square in range(whole):
            copy_line(source + square * LINE_BYTES, target + square * height * LINE_BYTES)
        for c in range(whole * line, width):
            at = start + (whole * height + r) * line + c - whole * line
            memory[at] = delta[row + r, column + c]


@inner
def _put(d: int, number: int, dw_in: Array, dw: Array, db: Array, plan: Plan) -> None:
    """Write the sums of a block to the gradients."""
    first, _, inside, _ = plan.blocks[number % plan.blocks.shape[0]]
    line, sums = plan.sums.shape[3], plan.sums[number]
    f, end = plan.features, plan.features + plan.units
    for r in range(inside):
        row = d * plan.rows + first + r
        for group in range(plan.groups):
            start, stop = group * line, (group + 1) * line
            if stop <= f:
                copy_line(sums[group, r].ctypes.data, dw_in[row, start:].ctypes.data)
            elif start >= f and stop <= end:
                copy_line(sums[group, r].ctypes.data, dw[row, start - f :].ctypes.data)
            else:
                for c in range(start, min(f, stop)):
                    dw_in[row, c] = sums[group, r, c - start]
                for c in range(max(f, start), min(end, stop)):
                    dw[row, c - f] = sums[group, r, c - start]
        db[row, 0] = plan.totals[number, r]
