"""Building a program from the graph of a tree."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.backends._buffers import Arena
from neonlike.backends._casting import cast_into, fill_with
from neonlike.backends._graph import REDUCTIONS, Graph, Value, apply_to_numbers
from neonlike.backends._program import Program, Step, Whole
from neonlike.backends._slots import allocate_slots
from neonlike.backends._stages import Stages

# Elements of a block: a few blocks of float32 fit the second-level cache
BLOCK = 32 * 1024


def compile_program(
    graph: Graph, result: int, target: Any, kernels: ModuleType, arena: Arena
) -> Program:
    """Compile the assignment of value ``result`` to a tensor like ``target``."""
    return _Compiler(graph, result, target, kernels, arena).compile()


class _Compiler:
    def __init__(
        self, graph: Graph, result: int, target: Any, kernels: ModuleType, arena: Arena
    ) -> None:
        self.values = graph.values
        self.result = result
        self.kernels = kernels
        self.functions = kernels.elementwise.UNARY | kernels.elementwise.BINARY
        self.arena = arena
        self.target = len(self.values)  # register of the target
        self.program = Program([None] * (len(self.values) + 1))
        self.work: list[int] = []  # values to compute by array steps
        last = self.values[result]
        self.fits = (last.shape, last.dtype) == (target.shape, target.dtype)

    def compile(self) -> Program:
        for number, value in enumerate(self.values):
            self._place(number, value)
        if self.values[self.result].shape is None:
            self.program.stages.append(Whole([(_fill_from, self.result, -1, self.target)]))
        elif all(self.values[v].size <= BLOCK for v in self.work):
            self._compile_small()
        else:
            self._compile_large()
        return self.program

    def _place(self, number: int, value: Value) -> None:
        """Give inputs their registers, and numbers their steps."""
        program = self.program
        if value.op == "leaf":
            program.leaves.append((number, value.param))
        elif value.op == "scalar":
            program.scalars.append((number, value.param))
        elif value.op == "const":
            program.registers[number] = value.param
        elif value.op == "typed":
            program.number_steps.append((value.param.type, value.args, number))
        elif value.shape is None:
            function = partial(apply_to_numbers, value.op)
            program.number_steps.append((function, value.args, number))
        else:
            self.work.append(number)

    def _step(self, number: int, out: int | None = None) -> Step:
        """Return the step that computes a value into the register ``out``, or its own."""
        value = self.values[number]
        out = number if out is None else out
        a, b = (*value.args, -1)[:2]
        if value.op == "transpose":
            return (None, a, -1, out)
        return (self._function(value), a, b, out)

    def _function(self, value: Value) -> Callable[..., Any]:
        if value.op == "cast":
            return cast_into
        if value.op in REDUCTIONS:
            return _along(self.kernels.reduce.REDUCE[value.op], value.param)
        if value.op == "dot":
            assert value.dtype is not None
            gemm: Callable[..., Any] = self.kernels.blas.gemm
            return gemm if value.dtype.kind == "f" else np.matmul
        function: Callable[..., Any] = self.functions[value.op]
        return function

    def _compile_small(self) -> None:
        """One stage on whole arrays; the last step writes to the target if it can."""
        direct = self.fits and (
            self.values[self.result].is_elementwise or self.values[self.result].op in REDUCTIONS
        )
        wanted = set(self.work)
        steps = [self._step(v) for v in self.work]
        if direct:
            wanted.remove(self.result)
            steps[-1] = self._step(self.result, self.target)
        else:
            steps.append((cast_into, self.result, -1, self.target))
        memory, _ = allocate_slots(self.values, self.work, wanted, self.result, self.arena)
        for number, array in memory.items():
            self.program.registers[number] = array
        self.program.stages.append(Whole(steps))

    def _compile_large(self) -> None:
        """Stages over blocks; the last stage writes to the target if it can."""
        direct = self.fits and self.values[self.result].is_elementwise
        stages = Stages(
            self.values,
            self.work,
            self.result,
            self._step,
            self.kernels.reduce,
            self.arena,
            BLOCK,
        )
        for root in stages.roots:
            value = self.values[root]
            if value.op != "transpose" and not (direct and root == self.result):
                assert value.shape is not None
                assert value.dtype is not None
                self.program.buffers.append((root, value.shape, value.dtype))
            self.program.stages.append(stages.stage(root))
        if direct:
            self.program.result = self.result
            self.program.aligned = stages.aligned_leaves()
        else:
            self.program.stages.append(Whole([(cast_into, self.result, -1, self.target)]))


def _along(reduce: Callable[..., Any], axis: int) -> Callable[..., Any]:
    return lambda a, out: reduce(a, axis, out)


def _fill_from(number: Any, out: NDArray[Any]) -> None:
    fill_with(out, number)
