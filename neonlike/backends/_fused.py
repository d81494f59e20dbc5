"""Programs of the second tier: a tree, or several, as one call of a compiled kernel."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from neonlike.backends._buffers import ALIGNMENT, SLOT_BYTES, Arena, address
from neonlike.backends._casting import cast_into
from neonlike.backends._flatten import Flat, Number
from neonlike.backends._fusion import FOLDS, NotFusible, Placement, common_dtype
from neonlike.backends._fusion_loops import Memory, NestPlan
from neonlike.backends._graph import DType, Value, apply_to_numbers
from neonlike.backends._overlap import Overlap, overlap_of
from neonlike.kernels._memory import STREAM_BYTES
from neonlike.kernels._types import Scratch


def fuse(
    values: Sequence[Value],
    results: Sequence[int],
    targets: Sequence[Any],
    flat: Flat,
    kernels: ModuleType,
    arena: Arena,
    direct: bool,
) -> FusedProgram | None:
    """Compile the assignment of the values ``results`` to tensors like ``targets``.

    Args:
        values: those of the trees' graph.
        results: numbers of values, in the order of the assignments.
        targets: the tensors.
        flat: the trees.
        kernels: kernel set; its module ``fused`` is optional.
        arena: memory for small intermediate results.
        direct: whether to write to the target itself; the program does not run then where that
            could change operands that are still to be read.

    Returns:
        The program, or None if the trees stay with the interpreter.
    """
    if not hasattr(kernels, "fused"):
        return None
    try:
        if not all(target._tensor.flags.writeable for target in targets):
            raise NotFusible  # the interpreter raises the error
        values = list(values)
        dtype = common_dtype(values, results)
        if len(targets) > 1:
            _check_one_loop(values, results, targets, dtype)
        results = _as_targets(values, results, targets, dtype)
        plan = _plan(values, results, dtype, flat, targets if direct else [None])
    except NotFusible:
        return None
    kernel = kernels.fused.compile_nest(plan.nest)
    if kernel is None:
        return None
    call = kernel.bind(plan.sizes)
    overlap = overlap_of(values, targets, flat) if plan.result_buffer is None else None
    return FusedProgram(call, plan, values, dtype, arena, overlap)


def _check_one_loop(
    values: Sequence[Value], results: Sequence[int], targets: Sequence[Any], dtype: DType
) -> None:
    """Refuse several assignments that are not one walk over elements, in the dtype of the work.

    Raises:
        NotFusible: they are not.
    """
    if any(t.shape != targets[0].shape or t.dtype != dtype for t in targets):
        raise NotFusible
    if any(values[n].kind != "f" for n in results) or len(set(map(id, targets))) < len(targets):
        raise NotFusible
    if any(v.op in FOLDS or v.op == "transpose" for v in values):
        raise NotFusible


def _as_targets(
    values: list[Value], results: Sequence[int], targets: Sequence[Any], dtype: DType
) -> list[int]:
    """Distinct values of the targets' shapes that can be stored: copies of results if need be."""
    found: list[int] = []
    for result, target in zip(results, targets, strict=True):
        found.append(_as_target(values, result, target, dtype, result in found))
    return found


def _as_target(values: list[Value], result: int, target: Any, dtype: DType, is_taken: bool) -> int:
    value = values[result]
    storable = value.is_elementwise or value.op in FOLDS
    if value.shape == target.shape and storable and not is_taken:
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
    results: Sequence[int],
    dtype: DType,
    flat: Flat,
    targets: Sequence[Any],
) -> NestPlan:
    """The plan, with a single result in a buffer where it cannot go to the target."""
    places = [_memory(n + len(targets), leaf) for n, leaf in enumerate(flat.leaves)]
    placement = Placement(values, results)
    if all(target is not None and target.dtype == dtype for target in targets):
        try:
            homes = [_memory(n, target) for n, target in enumerate(targets)]
            assigned = zip(results, targets, strict=True)
            streamed = {n for n, t in assigned if _streams(t) and flat.find(t) is None}
            return NestPlan(values, placement, dtype, homes, places, streamed)
        except NotFusible:
            if len(targets) > 1:
                raise
            # strides that only a copy can follow
    return NestPlan(values, placement, dtype, [None], places)


def _streams(target: Any) -> bool:
    """Whether to write a target past the caches, if it is not read at the same time."""
    array = target._tensor
    rows_are_lines = array.shape[-1] * array.itemsize % ALIGNMENT == 0
    is_large = array.nbytes >= STREAM_BYTES and target.raw() % ALIGNMENT == 0
    return bool(is_large and rows_are_lines and array.flags.c_contiguous)


class BoundKernel(Protocol):
    """A compiled kernel with fixed sizes, ``call(*addresses, *numbers)``."""

    def __call__(self, *words: Any) -> None:
        """Run."""

    def freeze(self, *words: Any) -> Callable[[], None]:
        """Return a function that runs with these arguments."""


class FusedProgram:
    """Trees whose structure, shapes and memory layouts are compiled.

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
        self._latest: tuple[list[int], list[Number]] = [], []  # of run: addresses, numbers
        self._same: Callable[[], None] | None = None  # runs with these again

    def run(
        self, targets: Sequence[Any], leaves: list[Any], scalars: list[Number], scratch: Scratch
    ) -> bool:
        """Evaluate for these tensors and numbers and write into ``targets``.

        Returns:
            False if nothing was done, since targets and operands overlap.
        """
        words = [tensor.raw() for tensor in (*targets, *leaves)]
        is_same = (words, scalars) == self._latest
        if is_same and self._same is not None:
            self._same()
            return True
        if self._overlap is not None and self._overlap.among(words):
            return False
        self._latest, self._same = (words, scalars), None
        if self._fixed is not None:
            numbers = self._numbers(scalars)
            self._call(*words, *self._addresses, *numbers)
            if self._result is None:
                if is_same and 0 not in scalars:  # 0.0 == -0.0
                    self._same = self._call.freeze(*words, *self._addresses, *numbers)
                return True
        buffers = self._fixed
        if buffers is None:
            buffers = self._from(scratch)
            self._call(*words, *map(address, buffers), *self._numbers(scalars))
        if self._result is not None:
            with np.errstate(all="ignore"):
                cast_into(buffers[self._result], targets[0]._tensor)
        return True

    def _from(self, scratch: Scratch) -> list[Any]:
        """Buffers that are too large to be kept."""
        return [scratch(f"optree{n}", shape, self._dtype) for n, shape in enumerate(self._shapes)]

    def freeze(
        self, targets: Sequence[Any], leaves: list[Any], scalars: list[Number], scratch: Scratch
    ) -> tuple[Callable[[], None], Sequence[Any], Any] | None:
        """Return a function that does the same as ``run``, what it reads, and what must exist.

        None: it needs more than a kernel.
        """
        words = [tensor.raw() for tensor in (*targets, *leaves)]
        overlaps = self._overlap is not None and self._overlap.among(words)
        if overlaps or self._result is not None:
            return None
        buffers = self._from(scratch) if self._fixed is None else self._fixed
        call = self._call.freeze(*words, *map(address, buffers), *self._numbers(scalars))
        return call, leaves, (self, targets, buffers)


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
