"""Programs of the second tier: a tree as one call of a compiled kernel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.lib.array_utils import byte_bounds

from neonlike.backends._buffers import SLOT_BYTES, Arena, address
from neonlike.backends._casting import cast_into
from neonlike.backends._flatten import Number
from neonlike.backends._fusion import FOLDS, NotFusible, Placement, common_dtype
from neonlike.backends._fusion_loops import Memory, NestPlan
from neonlike.backends._graph import DType, Value, apply_to_numbers
from neonlike.kernels._types import Scratch


def fuse(
    values: Sequence[Value],
    result: int,
    target: Any,
    leaves: Sequence[Any],
    kernels: ModuleType,
    arena: Arena,
    direct: bool,
) -> FusedProgram | None:
    """Compile the assignment of value ``result`` to a tensor like ``target``.

    Args:
        values: those of the tree's graph.
        result: number of a value.
        target: the tensor.
        leaves: the tensors of the tree.
        kernels: kernel set; its module ``fused`` is optional.
        arena: memory for small intermediate results.
        direct: whether to write to the target itself; the program does not run then where that
            could change operands that are still to be read.

    Returns:
        The program, or None if the tree stays with the interpreter.
    """
    if not hasattr(kernels, "fused"):
        return None
    try:
        if not target._tensor.flags.writeable:
            raise NotFusible  # the interpreter raises the error
        values = list(values)
        dtype = common_dtype(values, result)
        result = _as_target(values, result, target, dtype)
        places = [_memory(n + 1, leaf) for n, leaf in enumerate(leaves)]
        placement = Placement(values, result)
        plan = _plan(values, placement, dtype, places, target if direct else None)
    except NotFusible:
        return None
    kernel = kernels.fused.compile_nest(plan.nest)
    if kernel is None:
        return None
    call = kernel.bind(plan.sizes)
    overlap = Overlap(target, leaves, _moved(values)) if plan.result_buffer is None else None
    return FusedProgram(call, plan, values, dtype, arena, overlap)


def _as_target(values: list[Value], result: int, target: Any, dtype: DType) -> int:
    """Return a value of the target's shape that can be stored: a copy of the result if need be."""
    value = values[result]
    if value.shape == target.shape and (value.is_elementwise or value.op in FOLDS):
        return result
    assert value.shape is not None
    fits = zip(reversed(value.shape), reversed(target.shape), strict=False)
    if len(value.shape) > len(target.shape) or any(n not in (1, m) for n, m in fits):
        raise NotFusible
    values.append(Value("cast", (result,), dtype, target.shape, dtype))
    return len(values) - 1


def _memory(array: int, tensor: Any) -> Memory:
    item, strides = tensor.dtype.itemsize, tensor._tensor.strides
    if any(s % item for s in strides) or not tensor._tensor.flags.aligned:
        raise NotFusible
    return Memory(array, tensor.shape, tuple(s // item for s in strides))


def _plan(
    values: Sequence[Value],
    placement: Placement,
    dtype: DType,
    leaves: Sequence[Memory],
    target: Any,
) -> NestPlan:
    """The plan, with the result in a buffer where it cannot go to the target."""
    if target is not None and target.dtype == dtype:
        try:
            return NestPlan(values, placement, dtype, leaves, _memory(0, target))
        except NotFusible:
            pass  # strides that only a copy can follow
    return NestPlan(values, placement, dtype, leaves, None)


class BoundKernel(Protocol):
    """A compiled kernel with fixed sizes, ``call(*addresses, *numbers)``."""

    def __call__(self, *words: Any) -> None:
        """Run."""

    def freeze(self, *words: Any) -> Callable[[], None]:
        """Return a function that runs with these arguments."""


class FusedProgram:
    """A tree whose structure, shapes and memory layouts are compiled.

    Args:
        call: the kernel, bound to sizes.
        plan: what it does.
        values: values of the graph.
        dtype: of the work.
        arena: memory for small intermediate results.
        overlap: None if the program may write over its operands.
    """

    def __init__(
        self,
        call: BoundKernel,
        plan: NestPlan,
        values: Sequence[Value],
        dtype: DType,
        arena: Arena,
        overlap: Overlap | None,
    ) -> None:
        self._call = call
        self._numbers = _numbers(values, plan.numbers)
        self._overlap = overlap
        self._result = plan.result_buffer
        self._dtype = dtype
        self._shapes = plan.buffers
        self._fixed: list[Any] | None = None  # all buffers, if they are small
        if all(math.prod(shape) * dtype.itemsize <= SLOT_BYTES for shape in plan.buffers):
            self._fixed = [arena.view(n, shape, dtype) for n, shape in enumerate(plan.buffers)]
            self._addresses = [address(array) for array in self._fixed]

    def run(self, target: Any, leaves: list[Any], scalars: list[Number], scratch: Scratch) -> bool:
        """Evaluate for these tensors and numbers and write into ``target``.

        Returns:
            False if nothing was done, since target and operands overlap.
        """
        at = target.raw()
        words = [leaf.raw() for leaf in leaves]
        if self._overlap is not None and self._overlap.between(at, words):
            return False
        if self._fixed is not None:
            self._call(at, *words, *self._addresses, *self._numbers(scalars))
            if self._result is None:
                return True
        buffers = self._fixed
        if buffers is None:
            buffers = [
                scratch(f"optree{n}", shape, self._dtype) for n, shape in enumerate(self._shapes)
            ]
            self._call(at, *words, *map(address, buffers), *self._numbers(scalars))
        if self._result is not None:
            with np.errstate(all="ignore"):
                cast_into(buffers[self._result], target._tensor)
        return True

    def freeze(
        self, target: Any, leaves: list[Any], scalars: list[Number]
    ) -> Callable[[], None] | None:
        """Return a function that does the same as ``run``; None if it needs more than a kernel."""
        at = target.raw()
        words = [leaf.raw() for leaf in leaves]
        overlaps = self._overlap is not None and self._overlap.between(at, words)
        if overlaps or self._fixed is None or self._result is not None:
            return None
        return self._call.freeze(at, *words, *self._addresses, *self._numbers(scalars))


# (lowest, highest distance of first elements at which arrays overlap, whether 0 is harmless)
Zone = tuple[int, int, bool]


class Overlap:
    """Tells whether writing the target could change operands that are still to be read.

    Args:
        target: the tensor that is written.
        leaves: those that are read.
        moved: numbers of the leaves of which an element is read at another place than its own.
    """

    def __init__(self, target: Any, leaves: Sequence[Any], moved: set[int]) -> None:
        first, last = _bounds(target)
        self._zones: list[Zone] = []
        for number, leaf in enumerate(leaves):
            low, high = _bounds(leaf)
            harmless = leaf.layout == target.layout and number not in moved
            self._zones.append((first - high, last - low, harmless))

    def between(self, target: int, leaves: Sequence[int]) -> bool:
        """Whether it could, with the first elements at these addresses."""
        for leaf, (low, high, harmless) in zip(leaves, self._zones, strict=True):
            if low < leaf - target < high and not (harmless and leaf == target):
                return True
        return False


def _bounds(tensor: Any) -> tuple[int, int]:
    """Where the bytes of a tensor begin and end, counted from its first element."""
    low, high = byte_bounds(tensor._tensor)
    return low - tensor.raw(), high - tensor.raw()


def _moved(values: Sequence[Value]) -> set[int]:
    """Numbers of the leaves that are read through a transpose."""
    sources = {v.args[0] for v in values if v.op == "transpose"}
    return {values[n].param for n in sources if values[n].op == "leaf"}


def _numbers(
    values: Sequence[Value], wanted: Sequence[int]
) -> Callable[[list[Number]], Sequence[Number]]:
    """A function from the numbers of a tree to those of its kernel."""
    indices = [values[n].param for n in wanted if values[n].op == "scalar"]
    if len(indices) == len(wanted):
        if indices == list(range(len(wanted))):
            return lambda scalars: scalars[: len(indices)]
        return lambda scalars: [scalars[i] for i in indices]
    steps = [(n, v) for n, v in enumerate(values) if v.shape is None]

    def evaluate(scalars: list[Number]) -> list[Number]:
        known: dict[int, Any] = {}
        with np.errstate(all="ignore"):
            for number, value in steps:
                known[number] = _evaluate(value, scalars, known)
        return [known[n] for n in wanted]

    return evaluate


def _evaluate(value: Value, scalars: list[Number], known: dict[int, Any]) -> Any:
    if value.op == "scalar":
        return scalars[value.param]
    if value.op == "const":
        return value.param
    if value.op == "typed":
        return float(value.param.type(known[value.args[0]]))
    return apply_to_numbers(value.op, *(known[a] for a in value.args))
