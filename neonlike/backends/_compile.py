"""Building a program from the graph of a tree."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.backends._buffers import aligned_zeros
from neonlike.backends._casting import cast_into, fill_with
from neonlike.backends._graph import REDUCTIONS, DType, Graph, Value, apply_to_numbers
from neonlike.backends._operations import Shape
from neonlike.backends._program import Blocked, Fold, Program, Stage, Step, Whole

# Elements of a block: three or four blocks of float32 fit a second-level cache
BLOCK = 32 * 1024
SLOT_BYTES = 8 * BLOCK
INPUTS = frozenset({"leaf", "scalar", "const", "typed"})
EXPENSIVE = frozenset({"exp", "exp2", "log", "log2", "pow", "safelog", "sig", "sig2", "tanh"})


class Arena:
    """Memory for the temporaries of all programs of a backend: numbered slots of block size."""

    def __init__(self) -> None:
        self._slots: list[NDArray[Any]] = []

    def view(self, slot: int, shape: Shape, dtype: DType) -> NDArray[Any]:
        """Return slot ``slot`` as an array; the slots do not overlap."""
        nbytes = math.prod(shape) * dtype.itemsize
        if nbytes > SLOT_BYTES:
            return aligned_zeros(shape, dtype)
        while len(self._slots) <= slot:
            self._slots.append(aligned_zeros((SLOT_BYTES,), np.uint8))
        return self._slots[slot][:nbytes].view(dtype).reshape(shape)


def compile_program(
    graph: Graph, result: int, target: Any, kernels: ModuleType, arena: Arena
) -> Program:
    """Compile the assignment of value ``result`` to ``target``."""
    return _Compiler(graph, result, target, kernels, arena).compile()


class _Compiler:
    def __init__(
        self, graph: Graph, result: int, target: Any, kernels: ModuleType, arena: Arena
    ) -> None:
        self.values = graph.values
        self.result = result
        self.target = target
        self.kernels = kernels
        self.arena = arena
        self.program = Program([None] * (len(self.values) + 1))
        self.work: list[int] = []  # values to compute with array steps
        self.users: dict[int, list[int]] = defaultdict(list)

    def compile(self) -> Program:
        for number, value in enumerate(self.values):
            self._place(number, value)
        if self.values[self.result].shape is None:
            self.program.stages.append(Whole([(_fill_from, self.result, -1, self._target)]))
        elif all(self.values[v].size <= BLOCK for v in self.work):
            self._compile_small()
        else:
            self._compile_large()
        return self.program

    @property
    def _target(self) -> int:
        return len(self.values)

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
            for arg in value.args:
                self.users[arg].append(number)

    def _step(self, number: int, out: int) -> Step:
        """Return the step that computes a value into the register ``out``."""
        value = self.values[number]
        a, b = (*value.args, -1)[:2]
        if value.op == "transpose":
            return (None, a, -1, out)
        if value.op in REDUCTIONS:
            return (_along(self.kernels.reduce.REDUCE[value.op], value.param), a, -1, out)
        return (self._function(value), a, b, out)

    def _function(self, value: Value) -> Callable[..., Any]:
        if value.op == "cast":
            return cast_into
        if value.op == "dot":
            assert value.dtype is not None
            gemm: Callable[..., Any] = self.kernels.blas.gemm
            return gemm if value.dtype.kind == "f" else np.matmul
        tables = self.kernels.elementwise
        function: Callable[..., Any] = (tables.UNARY | tables.BINARY)[value.op]
        return function

    def _is_elementwise(self, number: int) -> bool:
        op = self.values[number].op
        return not (op in REDUCTIONS or op in INPUTS or op in ("dot", "transpose"))

    # small trees

    def _compile_small(self) -> None:
        last = self.values[self.result]
        direct = (
            self.result in self.work
            and last.op not in ("dot", "transpose")
            and (last.shape, last.dtype) == (self.target.shape, self.target.dtype)
        )
        steps = [
            self._step(v, self._target if direct and v == self.result else v) for v in self.work
        ]
        if not direct:
            steps.append((cast_into, self.result, -1, self._target))
        self.program.stages.append(Whole(steps))
        self._allocate([v for v in self.work if not (direct and v == self.result)], self.work)

    def _allocate(
        self, wanted: list[int], order: list[int], block: Shape | None = None
    ) -> list[tuple[int, NDArray[Any]]]:
        """Give the values ``wanted`` memory in as few slots as their life times allow.

        Args:
            wanted: values that need temporary memory.
            order: values in the order of execution.
            block: shape of the temporaries; None for the whole arrays.
        """
        death = self._deaths(order)
        free: list[int] = []
        slot_of: dict[int, int] = {}
        slots = 0
        memories = []
        for time, number in enumerate(order):
            value = self.values[number]
            dying = [a for a in dict.fromkeys(value.args) if death.get(a) == time and a in slot_of]
            early = [a for a in dying if self._can_overwrite(number, a)]
            free += [slot_of.pop(a) for a in early]
            if number in wanted and value.op != "transpose":
                if not free:
                    free.append(slots)
                    slots += 1
                slot_of[number] = free.pop()
                assert value.dtype is not None
                assert value.shape is not None
                memory = self.arena.view(slot_of[number], block or value.shape, value.dtype)
                self.program.registers[number] = memory
                memories.append((number, memory))
            free += [slot_of.pop(a) for a in dying if a not in early]
        self._next_slot = slots
        return memories

    def _deaths(self, order: list[int]) -> dict[int, int]:
        """Return the time of the last use of each value; a view keeps its operand alive."""
        death = {self.result: len(order)}
        for time in reversed(range(len(order))):
            number = order[time]
            until = death.get(number, time) if self.values[number].op == "transpose" else time
            for arg in self.values[number].args:
                death[arg] = max(death.get(arg, until), until)
        return death

    def _can_overwrite(self, number: int, arg: int) -> bool:
        """Whether the result of ``number`` may stand in the memory of its operand ``arg``."""
        new, old = self.values[number], self.values[arg]
        if not self._is_elementwise(number) or new.shape != old.shape:
            return False
        assert new.dtype is not None
        assert old.dtype is not None
        return new.dtype.itemsize == old.dtype.itemsize

    # large trees

    def _compile_large(self) -> None:
        last = self.values[self.result]
        direct = self._is_elementwise(self.result) and (
            (last.shape, last.dtype) == (self.target.shape, self.target.dtype)
        )
        hosts = self._assign_to_stages()
        for root in self.work:
            if root not in hosts[root]:
                continue
            if root != self.result or not direct:
                self._add_buffer(root)
            self.program.stages.append(self._stage(root, hosts))
        if direct:
            self.program.result = self.result
            self.program.aligned = self._aligned_leaves(hosts)
        else:
            self.program.stages.append(Whole([(cast_into, self.result, -1, self._target)]))

    def _add_buffer(self, number: int) -> None:
        value = self.values[number]
        if value.op != "transpose":
            assert value.shape is not None
            assert value.dtype is not None
            self.program.buffers.append((number, value.shape, value.dtype))

    def _assign_to_stages(self) -> dict[int, set[int]]:
        """Return for each value the roots of the stages that compute it.

        A root's stage stores it in full. Other values are computed, block by
        block, in each stage that uses them; expensive ones only once.
        """
        hosts: dict[int, set[int]] = {}
        for number in reversed(self.work):
            hosts[number] = self._hosts(number, hosts)
        return hosts

    def _hosts(self, number: int, hosts: dict[int, set[int]]) -> set[int]:
        own = {number}
        if number == self.result or not self._is_elementwise(number):
            return own
        found: set[int] = set()
        for user in self.users[number]:
            if self.values[user].op in self.kernels.reduce.COMBINE:
                found.add(user)
            elif self._is_elementwise(user) and (
                self.values[user].shape == self.values[number].shape
            ):
                found |= hosts[user]
            else:
                return own
        return own if len(found) > 1 and self.values[number].op in EXPENSIVE else found

    def _stage(self, root: int, hosts: dict[int, set[int]]) -> Stage:
        members = [v for v in self.work if root in hosts[v]]
        if not self._is_elementwise(root):
            members.remove(root)
            if not members:
                return Whole([self._step(root, root)])
        return self._blocked(root, members)

    def _blocked(self, root: int, members: list[int]) -> Blocked:
        space = self.values[members[-1]].shape
        assert space is not None
        block = block_shape(space)
        temporaries = self._allocate([v for v in members if v != root], members, block)
        fold = None if members[-1] == root else self._fold(root, block)
        used = {a for v in members for a in self.values[v].args} - set(members) | {root}
        if fold is not None and fold.operand not in members:
            used.add(fold.operand)
        arrays = [
            (v, extent(shape, space)) for v in sorted(used) if (shape := self.values[v].shape)
        ]
        steps = Whole([self._step(v, v) for v in members])
        return Blocked(space, block, steps, arrays, temporaries, root, fold)

    def _fold(self, root: int, block: Shape) -> Fold:
        value = self.values[root]
        tables = self.kernels.reduce
        assert value.dtype is not None
        shape = tuple(1 if i == value.param else n for i, n in enumerate(block))
        partial_result = self.arena.view(self._next_slot, shape, value.dtype)
        return Fold(
            tables.REDUCE[value.op],
            tables.COMBINE[value.op],
            value.args[0],
            value.param,
            partial_result,
        )

    def _aligned_leaves(self, hosts: dict[int, set[int]]) -> frozenset[int]:
        """Return the leaves that no stage reads while the target is written, except in place."""
        final = [v for v in self.work if self.result in hosts[v]]
        read = {a for v in final for a in self.values[v].args}
        shape = self.values[self.result].shape
        moved = {v for v in read if self.values[v].op == "transpose"}
        unsafe = {a for v in moved for a in self._leaves_below(v)}
        return frozenset(
            value.param
            for number, value in enumerate(self.values)
            if value.op == "leaf"
            and (number not in read or value.shape == shape)
            and number not in unsafe
        )

    def _leaves_below(self, number: int) -> set[int]:
        value = self.values[number]
        while value.op == "transpose":
            number = value.args[0]
            value = self.values[number]
        return {number}


def block_shape(space: Shape) -> Shape:
    """Return the shape of blocks of about ``BLOCK`` elements: rows, or pieces of one row."""
    block = list(space)
    inner = math.prod(space)
    for axis, size in enumerate(space):
        inner //= max(size, 1)
        block[axis] = max(1, min(size, BLOCK // max(inner, 1)))
        if inner <= BLOCK:
            break
    return tuple(block)


def extent(shape: Shape, space: Shape) -> tuple[bool, ...]:
    """Return for each axis of an operand whether it extends along the space's axis."""
    return tuple(n == m for n, m in zip(shape, space[len(space) - len(shape) :], strict=True))


def _along(reduce: Callable[..., Any], axis: int) -> Callable[..., Any]:
    return lambda a, out: reduce(a, axis, out)


def _fill_from(number: Any, out: NDArray[Any]) -> None:
    fill_with(out, number)
