"""Index tables of a convolution, so that one kernel serves every geometry.

Along each axis a convolution reads, for output ``u`` and tap ``j``, the input
``u * step + delta[j]``, and writes place ``place[u]``; an input outside the image counts as zero.

    fprop         step = stride, delta[j] = j * dil - pad, place[u] = u; all taps
    bprop         the inputs h with (h + pad) % stride == f take part in the same taps: those with
                  j * dil % stride == f % stride. Each phase f is a convolution of the error with
                  step 1, delta[j] = first + (f - j * dil) / stride, place[u] = start + u * stride.

The tables of depth and height list whole rows. Along the width a packed row holds the inputs in
the order that makes consecutive outputs consecutive, zeros included: all inputs of one residue
modulo ``step`` after the other. A tap is then one fixed shift, whatever stride and dilation.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from neonlike.kernels._types import Array, Triple


@dataclass(frozen=True)
class Axis:
    """What a convolution does along one axis."""

    size: int  # of the input
    step: int
    taps: list[int]  # indices into the filter
    deltas: list[int]
    places: Array

    def read(self) -> Array:
        """Input index of each (output, tap); -1 outside."""
        at = np.arange(len(self.places))[:, None] * self.step + np.array(self.deltas, np.int64)
        return np.where((at >= 0) & (at < self.size), at, -1)

    def reach(self) -> Array:
        """First and last + 1 of the taps that meet an input, for each output."""
        inside = self.read() >= 0
        first = inside.argmax(1) if inside.size else np.zeros(len(inside), np.int64)
        return np.stack([first, first + inside.sum(1)], axis=1)

    def pack(self) -> tuple[Array, int, Array]:
        """Runs of a packed row, its number of positions, and the position of each tap."""
        taps = [divmod(delta, self.step) for delta in self.deltas]
        low = min((shift for shift, _ in taps), default=0)
        length = max((shift for shift, _ in taps), default=0) + len(self.places) - low
        residues = sorted({residue for _, residue in taps})
        runs = [self._run(low, length, n, residue) for n, residue in enumerate(residues)]
        shifts = [residues.index(residue) * length + shift - low for shift, residue in taps]
        table = np.array([run for run in runs if run[2] > 0], np.int64).reshape(-1, 4)
        return table, len(residues) * length, np.array(shifts, np.int64)

    def _run(self, low: int, length: int, number: int, residue: int) -> tuple[int, int, int, int]:
        """The inputs of one residue that lie in the image, as a row of ``Plan.runs``."""
        first = max(low, 0)
        stop = min(low + length, -(-(self.size - residue) // self.step))
        position = number * length + first - low
        return position, first * self.step + residue, stop - first, self.step


class Plan(NamedTuple):
    """Tables of one convolution, in the form that the kernels take."""

    taps: Array  # index of each tap among the T * R * S of the filter
    depth: Array  # (M, T) input planes, -1 outside
    height: Array  # (P, R) input rows, -1 outside
    reach: Array  # (Q, 2) range of the taps along the width that meet an input
    runs: Array  # (runs, 4) position in a packed row; first, number and step of the inputs there
    positions: int  # of a packed row
    shift: Array  # (S,) position where each tap of a row begins
    d_places: Array  # (M,) where the outputs go
    h_places: Array  # (P,)
    w_places: Array  # (Q,)
    span: int  # input rows that one output row can reach


def plan(axes: tuple[Axis, ...], filters: Triple) -> Plan:
    """The tables of a convolution with the given axes (d, h, w)."""
    d, h, w = axes
    taps = np.ravel_multi_index(np.ix_(d.taps, h.taps, w.taps), filters).ravel()
    height = h.read()
    last = height.max(1, initial=-1)
    first = np.where(height < 0, last[:, None], height).min(1, initial=h.size)
    span = max(1, int((last - first).max(initial=0)) + 1)
    places = (d.places, h.places, w.places)
    return Plan(taps, d.read(), height, w.reach(), *w.pack(), *places, span)


@functools.lru_cache(maxsize=1024)
def forward(
    sizes: Triple, filters: Triple, outputs: Triple, pad: Triple, stride: Triple, dil: Triple
) -> Plan:
    """Tables of fprop; triples (d, h, w) of inputs, filters, outputs, and of how they meet."""
    axes = (
        Axis(size, step, list(range(taps)), [j * e - p for j in range(taps)], np.arange(count))
        for size, taps, count, p, step, e in zip(
            sizes, filters, outputs, pad, stride, dil, strict=True
        )
    )
    return plan(tuple(axes), filters)


@functools.lru_cache(maxsize=1024)
def backward(
    sizes: Triple, filters: Triple, outputs: Triple, pad: Triple, stride: Triple, dil: Triple
) -> list[Plan]:
    """Tables of bprop, one for each phase; arguments as ``forward``."""
    phases = map(_phases, sizes, filters, outputs, pad, stride, dil)
    return [plan(axes, filters) for axes in itertools.product(*phases)]


def _phases(size: int, taps: int, outputs: int, pad: int, step: int, dil: int) -> Iterator[Axis]:
    for phase in range(min(step, size)):
        first, residue = divmod(phase + pad, step)
        reached = [j for j in range(taps) if (j * dil - residue) % step == 0]
        deltas = [first - (j * dil - residue) // step for j in reached]
        yield Axis(outputs, 1, reached, deltas, np.arange(phase, size, step))
