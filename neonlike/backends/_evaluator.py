"""Running assignments of op-trees: one program per tree structure, cached.

Evaluation has two tiers with the same results, but for rounding: an interpreter of any tree, and
fused kernels for trees of element-wise operations, sums, maxima, minima and transposes on float32
or float64, where the kernel set compiles such. Compiling takes milliseconds, or one if the kernel
is found on disk. So that the results of a step do not depend on how often it has run before, a
tree starts in the first tier only if both tiers give it the same bits; it is compiled when it
proves hot. Functions and sums are rounded differently, and trees with them are compiled at once.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from neonlike.backends._buffers import Arena
from neonlike.backends._compile import compile_program
from neonlike.backends._flatten import Flat
from neonlike.backends._fused import FusedProgram, fuse
from neonlike.backends._fusion import is_exact
from neonlike.backends._graph import Graph
from neonlike.backends._optree import OpTreeNode
from neonlike.backends._program import Program
from neonlike.kernels._types import Scratch

MAX_PROGRAMS = 2048
HOT = 2  # the run at which a tree moves to the second tier
Key = tuple[Any, ...]


class Frozen(NamedTuple):
    """An assignment that can be repeated, on the same memory with the same numbers.

    Attributes:
        call: does it.
        keeps: whose memory it needs.
    """

    call: Callable[[], None]
    keeps: tuple[Any, ...]


class Evaluator:
    """Evaluates op-trees with the kernels of one set.

    Args:
        kernels: kernel set with the tables of ``elementwise`` and ``reduce``.
        scratch: pool for full-size intermediate results.
    """

    def __init__(self, kernels: ModuleType, scratch: Scratch) -> None:
        self._kernels = kernels
        self._scratch = scratch
        self._arena = Arena()
        self._programs: dict[Key, Program] = {}
        self._fused: dict[Key, FusedProgram] = {}
        self._record: list[tuple[Key, Flat, Any]] | None = None

    def assign(self, target: Any, tree: OpTreeNode) -> None:
        """Write the value of ``tree``, broadcast and cast, into the tensor ``target``.

        Raises:
            ValueError: shapes that do not fit together.
            TypeError: operations that NumPy does not define for the dtypes.
        """
        flat = Flat(target, tree)
        key = tuple(flat.key)
        self._run(key, flat, target, tree)
        if self._record is not None:
            self._record.append((key, flat, target))

    def record(self, work: Callable[[], None]) -> list[Frozen] | None:
        """Do ``work``; return what its assignments do, if each is the call of a kernel."""
        self._record = []
        try:
            work()
            frozen = [self._freeze(*assignment) for assignment in self._record]
        finally:
            self._record = None
        return None if None in frozen else [f for f in frozen if f is not None]

    def _freeze(self, key: Key, flat: Flat, target: Any) -> Frozen | None:
        fused = self._fused.get(key)
        call = fused and fused.freeze(target, flat.leaves, flat.scalars)
        return Frozen(call, (fused, target, flat.leaves)) if call else None

    def _run(self, key: Key, flat: Flat, target: Any, tree: OpTreeNode) -> None:
        fused = self._fused.get(key)
        if fused is None:
            with np.errstate(all="ignore"):
                self._run_first_tier(key, flat, target, tree)
        elif not fused.run(target, flat.leaves, flat.scalars, self._scratch):
            self._fuse(key, flat, target, tree, direct=False)

    def _run_first_tier(self, key: Key, flat: Flat, target: Any, tree: OpTreeNode) -> None:
        """Run a tree that is not compiled, unless it is to be compiled now."""
        program = self._programs.get(key)
        if program is None:
            graph, result = _lower(flat, target, tree)
            if not is_exact(graph.values) and self._fuse(key, flat, target, tree):
                return
            _make_room(self._programs)
            program = compile_program(graph, result, target, self._kernels, self._arena)
            self._programs[key] = program
        program.runs += 1
        if program.runs == HOT and self._fuse(key, flat, target, tree):
            del self._programs[key]
        else:
            program.run(target, flat.leaves, flat.scalars, self._scratch)

    def _fuse(
        self, key: Key, flat: Flat, target: Any, tree: OpTreeNode, direct: bool = True
    ) -> bool:
        """Make and run the fused program of a tree; return whether there is one."""
        graph, result = _lower(flat, target, tree)
        fused = fuse(graph.values, result, target, flat.leaves, self._kernels, self._arena, direct)
        if fused is None:
            return False
        _make_room(self._fused)
        self._fused[key] = fused
        if not fused.run(target, flat.leaves, flat.scalars, self._scratch):
            return self._fuse(key, flat, target, tree, direct=False)
        return True


def _lower(flat: Flat, target: Any, tree: OpTreeNode) -> tuple[Graph, int]:
    graph = Graph(flat, target)
    return graph, graph.lower(tree)


def _make_room(programs: dict[Key, Any]) -> None:
    if len(programs) >= MAX_PROGRAMS:
        programs.pop(next(iter(programs)))
