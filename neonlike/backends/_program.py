"""From a graph of values to a program over array registers: the second half of evaluation.

A program is a list of stages. A small tree is one stage of whole-array steps.
A large tree is cut into stages at reductions, matrix products, transposes and
changes of shape; each stage walks over blocks of its index space that fit the
cache, so that temporaries stay small.

There is one register per value of the graph, and a last one for the target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neonlike.backends._casting import cast_into
from neonlike.backends._operations import Shape
from neonlike.kernels._types import Scratch

Registers = list[Any]
# (function, first operand, second operand or -1, result); function None transposes
Step = tuple[Callable[..., Any] | None, int, int, int]
ALL = slice(None)


class Stage(Protocol):
    """A part of a program."""

    def run(self, r: Registers) -> None:
        """Compute this part from and into the registers ``r``."""
        ...


@dataclass(slots=True)
class Whole:
    """Steps on whole arrays."""

    steps: list[Step]

    def run(self, r: Registers) -> None:
        for f, a, b, out in self.steps:
            if f is None:
                r[out] = r[a].T
            elif b < 0:
                f(r[a], r[out])
            else:
                f(r[a], r[b], r[out])


@dataclass(slots=True)
class Fold:
    """The reduction at the end of a blocked stage.

    Attributes:
        reduce: kernel ``(a, axis, out)``.
        combine: kernel ``(a, b, out)`` that joins two partial results.
        operand: register that is reduced.
        axis: axis along which.
        partial: memory for the result of one block.
    """

    reduce: Callable[..., Any]
    combine: Callable[..., Any]
    operand: int
    axis: int
    partial: NDArray[Any]

    def run(self, local: Registers, out: NDArray[Any], first: bool) -> None:
        """Reduce the current block into ``out``."""
        if first:
            self.reduce(local[self.operand], self.axis, out)
            return
        part = self.partial[tuple(slice(n) for n in out.shape)]
        self.reduce(local[self.operand], self.axis, part)
        self.combine(out, part, out)


@dataclass(slots=True)
class Blocked:
    """Element-wise steps block by block, optionally followed by a reduction.

    Attributes:
        space: shape of the index space.
        block: shape of one block; less at the edges.
        steps: what to do with a block.
        arrays: registers to cut into blocks, each with a flag per axis telling
            whether it extends along the axis (or is broadcast).
        temporaries: registers with memory for one block.
        root: register of the result.
        fold: reduction into ``root``, or None.
    """

    space: Shape
    block: Shape
    steps: Whole
    arrays: list[tuple[int, tuple[bool, ...]]]
    temporaries: list[tuple[int, NDArray[Any]]]
    root: int
    fold: Fold | None

    def run(self, r: Registers) -> None:
        local = r.copy()
        bound: Shape = ()
        for place in _blocks(self.space, self.block):
            shape = tuple(s.stop - s.start for s in place)
            if shape != bound:
                bound = shape
                part = tuple(slice(n) for n in shape)
                for register, memory in self.temporaries:
                    local[register] = memory[part]
            for register, extends in self.arrays:
                local[register] = r[register][_cut(place, extends)]
            self.steps.run(local)
            if self.fold is not None:
                self.fold.run(local, local[self.root], place[self.fold.axis].start == 0)


def _blocks(space: Shape, block: Shape) -> list[tuple[slice, ...]]:
    places: list[tuple[slice, ...]] = [()]
    for size, step in zip(space, block, strict=True):
        cuts = [slice(i, min(i + step, size)) for i in range(0, size, step)]
        places = [(*place, cut) for place in places for cut in cuts]
    return places


def _cut(place: tuple[slice, ...], extends: tuple[bool, ...]) -> tuple[slice, ...]:
    inner = place[len(place) - len(extends) :]
    return tuple(s if e else ALL for s, e in zip(inner, extends, strict=True))


@dataclass(slots=True)
class Program:
    """A compiled tree.

    Attributes:
        registers: initial registers: constants and memory of temporaries.
        leaves: (register, index) of the tree's tensors.
        scalars: (register, index) of the tree's numbers.
        number_steps: (function, operands, result) on numbers, run first.
        stages: the work.
        buffers: (register, shape, dtype) of full-size intermediate results.
        result: register into which the target is put when the last stage may
            write there directly; -1 if the stages themselves write register -1.
        aligned: leaves that the direct stage reads only at the place it writes.
        runs: how often it has run.
    """

    registers: Registers
    leaves: list[tuple[int, int]] = field(default_factory=list)
    scalars: list[tuple[int, int]] = field(default_factory=list)
    number_steps: list[tuple[Callable[..., Any], tuple[int, ...], int]] = field(
        default_factory=list
    )
    stages: list[Stage] = field(default_factory=list)
    buffers: list[tuple[int, Shape, np.dtype[Any]]] = field(default_factory=list)
    result: int = -1
    aligned: frozenset[int] = frozenset()
    runs: int = 0

    def run(self, target: Any, leaves: list[Any], scalars: list[Any], scratch: Scratch) -> None:
        """Evaluate for these tensors and numbers and write into the tensor ``target``."""
        r = self.registers.copy()
        r[-1] = target._tensor
        for register, index in self.leaves:
            r[register] = leaves[index]._tensor
        for register, index in self.scalars:
            r[register] = scalars[index]
        for function, operands, register in self.number_steps:
            r[register] = function(*[r[a] for a in operands])
        for i, (register, shape, dtype) in enumerate(self.buffers):
            r[register] = scratch(f"optree{i}", shape, dtype)
        if self.result < 0:
            self._run_stages(r)
        elif self._would_overwrite_operand(target, leaves):
            r[self.result] = scratch("optree_result", target.shape, target.dtype)
            self._run_stages(r)
            cast_into(r[self.result], target._tensor)
        else:
            r[self.result] = target._tensor
            self._run_stages(r)

    def _run_stages(self, r: Registers) -> None:
        for stage in self.stages:
            stage.run(r)

    def _would_overwrite_operand(self, target: Any, leaves: list[Any]) -> bool:
        """Whether a block written to the target may be read later as an operand."""
        return any(
            np.may_share_memory(target._tensor, leaf._tensor)
            and not (
                i in self.aligned and leaf.layout == target.layout and leaf.raw() == target.raw()
            )
            for i, leaf in enumerate(leaves)
        )
