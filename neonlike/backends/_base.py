"""What all topic mixins of the backend share: attributes, and assignment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neonlike.backends._buffers import BufferPool, aligned_zeros
from neonlike.backends._casting import cast_into, fill_with
from neonlike.backends._cpu_tensor import CPUTensor
from neonlike.backends._evaluator import Evaluator
from neonlike.backends._exclusive import enter, exclusive, leave, refusal
from neonlike.backends._operations import as_operand
from neonlike.backends._optree import SAME_SHAPE, Operand, OpTreeNode, function_of
from neonlike.backends._replay import Replay
from neonlike.kernels import _launch

SAFE_IN_ALL_FLOATS = 65504  # the largest number of float16


class BackendBase:
    """Shared state of a backend.

    Attributes:
        kernels: the kernel set, a module with ``conv``, ``pool``, ... as attributes.
        scratch: ``scratch(name, shape, dtype)`` gives named, reused memory.
        bsz: batch size; writable, None before ``gen_backend`` sets it.
        default_dtype: dtype of new tensors, as passed.
        rng: ``numpy.random.RandomState`` that initializers and masks draw from.
        rng_seed: its seed.
        compat_mode: None or ``'caffe'``.
        numerics: ``'fast'`` or ``'strict'``, see ``gen_backend``; writable.
        tensor_cls: class of this backend's tensors.
    """

    kernels: ModuleType
    scratch: BufferPool
    bsz: int
    default_dtype: Any
    rng: np.random.RandomState
    rng_seed: int | None
    compat_mode: str | None
    numerics: str
    tensor_cls: type[CPUTensor] = CPUTensor
    _evaluator: Evaluator

    def tensor(self, array: NDArray[Any], name: str | None = None) -> CPUTensor:
        """Wrap an ndarray (no copy) as a tensor of this backend."""
        return self.tensor_cls(self, dtype=array.dtype, ary=array, name=name)

    def build(self, op: str, a: Any, b: Any = None, out: Any = None, **kwargs: Any) -> Any:
        """Return the op-tree ``op(a, b)``, or run it into ``out`` and return ``out``.

        Raises:
            TypeError: an operand that is not a tensor, op-tree or number.
        """
        if b is None and out is None and op in SAME_SHAPE and isinstance(a, Operand):
            return function_of(op, a)
        node = OpTreeNode.build(op, a, b, out=out, **kwargs)
        if node is NotImplemented:
            types = ", ".join(type(x).__name__ for x in (a, b) if x is not None)
            raise TypeError(f"{op} takes tensors, op-trees and numbers, got {types}")
        return node

    def run(self, target: CPUTensor, value: Any) -> None:
        """Assign ``value`` (op-tree, tensor or number), broadcast and cast, to ``target``.

        Raises:
            TypeError: a value that cannot be assigned.
            ValueError: shapes that do not fit together.
            RuntimeError: another Python thread is at work.
        """
        if not enter(False):
            raise refusal("an assignment to a tensor")
        try:
            self._run(target, value)
        finally:
            leave()

    def _run(self, target: CPUTensor, value: Any) -> None:
        if type(value) is OpTreeNode:
            if value[0]["op"] == "onehot":
                self._assign_onehot(target, value[0]["idx"], value[0]["axis"])
            else:
                self._evaluator.assign((target, value))
        elif isinstance(value, CPUTensor):
            self.assign_array(target._tensor, value._tensor)
        else:
            self._assign_number(target, value)

    def assign_all(self, *work: tuple[CPUTensor, Any]) -> None:
        """Assign values to tensors, one after the other, as ``target[:] = value`` does.

        Element-wise op-trees of one shape become one pass over memory where that gives the same
        numbers: the update of a state and of the parameter that depends on it, say, reads and
        writes each array once.

        Args:
            work: pairs (target, value); values see the targets of the pairs before them.

        Raises:
            TypeError: a value that cannot be assigned.
            ValueError: shapes that do not fit together.
        """
        if not enter(False):
            raise refusal("assign_all")
        try:
            are_trees = len(work) > 1 and all([type(value) is OpTreeNode for _, value in work])
            if not (are_trees and self._evaluator.assign(*work)):
                for target, value in work:
                    self._run(target, value)
        finally:
            leave()

    @exclusive
    def again(
        self,
        replay: Replay,
        key: tuple[Hashable, ...],
        tensors: Sequence[CPUTensor | None],
        work: Callable[[], None],
    ) -> None:
        """Do ``work``, from memory if it was done before with the same key on the same memory.

        Args:
            replay: where it is kept.
            key: what the work depends on beside ``tensors`` and the settings of the backend.
            tensors: all that it reads and writes.
            work: assigns op-trees, or does what the backend's methods for convolution, pooling,
                products, batch norm and sweeps do; nothing else that changes memory.
        """
        threads = getattr(self.kernels, "get_num_threads", None)
        if threads is None or _launch.is_recording():  # kernels that are not prepared, or inside
            work()
            return
        places = [t if t is None else t._place or t.place for t in tensors]  # a call less, mostly
        settings = threads(), self.numerics, self.bsz, self.scratch.generation
        full_key = (key, *places)
        known = replay.recall(full_key, settings)
        if known is None:
            replay.learn(full_key, tensors, work)
            return
        for function, arguments in known.calls:
            function(*arguments)

    def again_at(
        self,
        target: CPUTensor,
        key: tuple[Hashable, ...],
        tensors: Sequence[CPUTensor | None],
        work: Callable[[], None],
    ) -> None:
        """``again`` for work that writes ``target``, where it is kept from the second time on."""
        replay = getattr(target, "replay", None)
        if replay is not None and all([t is None or isinstance(t, CPUTensor) for t in tensors]):
            self.again(replay, key, tensors, work)
            return
        work()
        target.replay = Replay(most=2)

    def evaluate(self, tree: OpTreeNode) -> CPUTensor:
        """Return the value of ``tree`` as a new tensor of the default dtype."""
        target = self.tensor(aligned_zeros(tree.shape, self.default_dtype))
        self.run(target, tree)
        return target

    def assign_array(self, target: NDArray[Any], value: NDArray[Any]) -> None:
        """Copy ``value``, broadcast and cast, into ``target``; overflow is silent."""
        _launch.give_up()
        if target.dtype == value.dtype:
            np.copyto(target, value)
            return
        with np.errstate(all="ignore"):
            cast_into(value, target)

    def _assign_number(self, target: CPUTensor, value: Any) -> None:
        number = as_operand(value)
        if number is NotImplemented:
            raise TypeError(f"Invalid type for assignment: {type(value)}")
        _launch.give_up()
        array = target._tensor
        if array.dtype.kind == "f" and abs(number) <= SAFE_IN_ALL_FLOATS:
            array.fill(number)
            return
        with np.errstate(all="ignore"):
            fill_with(array, number)

    def _assign_onehot(self, target: CPUTensor, indices: CPUTensor, axis: int) -> None:
        _launch.give_up()
        chosen = indices._tensor.reshape(-1)
        place = np.arange(chosen.size)
        target._tensor.fill(0)
        target._tensor[(chosen, place) if axis == 0 else (place, chosen)] = 1

    def single_precision(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """Return a float32 copy, in scratch memory ``name``, of a float16 array; others unchanged.

        Kernels compute in float32 or float64; float16 is for storage.
        """
        return self.in_dtype(name, array, np.float32) if array.dtype == np.float16 else array

    def in_dtype(self, name: str, array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
        """Return ``array``, or a copy in scratch memory ``name`` if it has another dtype."""
        if array.dtype == dtype:
            return array
        copy = self.scratch(name, array.shape, dtype)
        self.assign_array(copy, array)
        return copy

    def draw(self, shape: tuple[int, ...]) -> CPUTensor:
        """Return a new tensor of numbers drawn uniformly from [0, 1) by ``rng``."""
        dtype: DTypeLike = self.default_dtype
        return self.tensor(self.rng.uniform(size=shape).astype(dtype))
