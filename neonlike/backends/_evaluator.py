"""Running assignments of op-trees: one program per tree structure, cached."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from neonlike.backends._buffers import Arena
from neonlike.backends._compile import compile_program
from neonlike.backends._flatten import Flat
from neonlike.backends._graph import Graph
from neonlike.backends._optree import OpTreeNode
from neonlike.backends._program import Program
from neonlike.kernels._types import Scratch

MAX_PROGRAMS = 2048


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
        self._programs: dict[tuple[Any, ...], Program] = {}

    def assign(self, target: Any, tree: OpTreeNode) -> None:
        """Write the value of ``tree``, broadcast and cast, into the tensor ``target``.

        Raises:
            ValueError: shapes that do not fit together.
            TypeError: operations that NumPy does not define for the dtypes.
        """
        flat = Flat(target, tree)
        key = tuple(flat.key)
        with np.errstate(all="ignore"):
            program = self._programs.get(key)
            if program is None:
                program = self._programs[key] = self._compile(flat, target, tree)
            program.run(target, flat.leaves, flat.scalars, self._scratch)

    def _compile(self, flat: Flat, target: Any, tree: OpTreeNode) -> Program:
        if len(self._programs) >= MAX_PROGRAMS:
            self._programs.pop(next(iter(self._programs)))
        graph = Graph(flat, target)
        result = graph.lower(tree)
        return compile_program(graph, result, target, self._kernels, self._arena)
