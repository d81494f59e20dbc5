"""Running assignments of op-trees: one program per tree structure, cached.

Evaluation has two tiers with the same results, but for rounding: an interpreter of any tree, and
fused kernels for trees of element-wise operations, sums, maxima, minima and transposes on float32
or float64, where the kernel set compiles such. Compiling takes milliseconds, or one if the kernel
is found on disk. So that the results of a step do not depend on how often it has run before, a
tree starts in the first tier only if both tiers give it the same bits; it is compiled when it
proves hot. Functions and sums are rounded differently, and trees with them are compiled at once.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from neonlike.backends._buffers import Arena
from neonlike.backends._compile import compile_program
from neonlike.backends._flatten import Assignments, Flat, NotOneProgram
from neonlike.backends._fused import FusedProgram, fuse
from neonlike.backends._fusion import is_exact
from neonlike.backends._graph import Graph
from neonlike.backends._optree import OpTreeNode
from neonlike.backends._program import Program
from neonlike.kernels import _launch
from neonlike.kernels._types import Scratch

MAX_PROGRAMS = 2048
HOT = 2  # the run at which a tree moves to the second tier
Key = tuple[Any, ...]


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
        self._several: dict[Key, int] = {}  # assignments run one by one, and how often

    def assign(self, *work: tuple[Any, OpTreeNode]) -> bool:
        """Write the values of trees, broadcast and cast, into tensors, one after the other.

        Several assignments are one pass over memory, once they have proved hot, if that gives the
        same: element-wise trees of one shape and dtype.

        Args:
            work: pairs (target, tree).

        Returns:
            False if nothing was done, since several assignments are to be done one by one.

        Raises:
            ValueError: shapes that do not fit together.
            TypeError: operations that NumPy does not define for the dtypes.
        """
        try:
            flat = Flat(work)
        except NotOneProgram:
            return False
        key = tuple(flat.key)
        done = self._run(key, flat, work)
        if done and _launch.is_recording():
            self._note(key, flat, work)
        return done

    def _note(self, key: Key, flat: Flat, work: Assignments) -> None:
        """Record the assignments that were just done, if they are the call of a kernel."""
        fused, targets = self._fused.get(key), [target for target, _ in work]
        frozen = None
        if fused and "rand" not in key:  # which means new numbers every time
            frozen = fused.freeze(targets, flat.leaves, flat.scalars, self._scratch)
        if frozen:
            _launch.note(*frozen)
        else:
            _launch.give_up()

    def _run(self, key: Key, flat: Flat, work: Assignments) -> bool:
        """Run assignments; return False if that is to be done one by one."""
        fused = self._fused.get(key)
        if fused is None:
            with np.errstate(all="ignore"):
                return (self._run_first_tier if len(work) == 1 else self._try)(key, flat, work)
        if fused.run([target for target, _ in work], flat.leaves, flat.scalars, self._scratch):
            return True
        return len(work) == 1 and self._fuse(key, flat, work, direct=False)

    def _run_first_tier(self, key: Key, flat: Flat, work: Assignments) -> bool:
        """Run a tree that is not compiled, unless it is to be compiled now."""
        program = self._programs.get(key)
        target = work[0][0]
        if program is None:
            graph, (result,) = _lower(flat, work)
            if not is_exact(graph.values) and self._fuse(key, flat, work):
                return True
            _make_room(self._programs)
            program = compile_program(graph, result, target, self._kernels, self._arena)
            self._programs[key] = program
        program.runs += 1
        if program.runs == HOT and self._fuse(key, flat, work):
            del self._programs[key]
        else:
            program.run(target, flat.leaves, flat.scalars, self._scratch)
        return True

    def _try(self, key: Key, flat: Flat, work: Assignments) -> bool:
        """Compile several assignments in the run in which they are hot; return whether it did."""
        runs = self._several.pop(key, 0) + 1
        _make_room(self._several)
        self._several[key] = runs
        return runs == HOT and self._fuse(key, flat, work)

    def _fuse(self, key: Key, flat: Flat, work: Assignments, direct: bool = True) -> bool:
        """Make and run the fused program of assignments; return whether it has run."""
        targets = [target for target, _ in work]
        graph, results = _lower(flat, work)
        fused = fuse(graph.values, results, targets, flat, self._kernels, self._arena, direct)
        if fused is None:
            return False
        _make_room(self._fused)
        self._fused[key] = fused
        if fused.run(targets, flat.leaves, flat.scalars, self._scratch):
            return True
        return len(work) == 1 and self._fuse(key, flat, work, direct=False)


def _lower(flat: Flat, work: Assignments) -> tuple[Graph, list[int]]:
    graph = Graph(flat, [target for target, _ in work])
    return graph, [graph.assign(target, tree) for target, tree in work]


def _make_room(programs: dict[Key, Any]) -> None:
    if len(programs) >= MAX_PROGRAMS:
        programs.pop(next(iter(programs)))
