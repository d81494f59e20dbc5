"""From an op-tree to a graph of typed values: the first half of evaluation.

Each distinct subexpression becomes one value with shape and dtype. The graph
depends only on the key of the flattened tree, so that programs built from it
are cached by the key.

Dtypes follow NumPy, with Python numbers weak. Deviations keep float32 work in
float32: truth values and small integers that meet a Python number, and counts
and indices that meet floats, take the float dtype of the tree's tensors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neonlike.backends._flatten import Flat, Number, is_power, number_class
from neonlike.backends._numpy_ops import numpy_call_dict_cpu
from neonlike.backends._operations import OpCollection, Shape
from neonlike.backends._optree import OpTreeNode, operands_first

DType = np.dtype[Any]

REDUCTIONS = frozenset(OpCollection.reduction_ops)
INPUTS = frozenset({"leaf", "scalar", "const", "typed"})
NOT_ELEMENTWISE = INPUTS | REDUCTIONS | {"dot", "transpose"}
# Operations whose result on integers is a float
FLOAT_FUNCTIONS = frozenset(
    {"exp", "exp2", "log", "log2", "rint", "safelog", "sig", "sig2", "sqrt", "tanh"}
)
SMALL_INT_BYTES = 2


@dataclass(slots=True, eq=False)
class Value:
    """A subexpression: ``op`` on other values (by number).

    Attributes:
        op: an operation, or one of leaf, scalar, const, typed, cast.
        args: numbers of the operand values.
        param: axis; index of a leaf or scalar; value of a const; dtype of typed and cast.
        shape: None for plain numbers.
        dtype: None for Python numbers, which are weak in promotion.
        sample: a number that promotes like this one.
    """

    op: str
    args: tuple[int, ...]
    param: Any
    shape: Shape | None
    dtype: DType | None
    sample: Any = None

    @property
    def size(self) -> int:
        """Number of elements."""
        return 1 if self.shape is None else math.prod(self.shape)

    @property
    def kind(self) -> str:
        """Kind of the dtype; empty for numbers."""
        return "" if self.shape is None or self.dtype is None else self.dtype.kind

    @property
    def is_elementwise(self) -> bool:
        """Whether it is computed element by element (a cast is)."""
        return self.op not in NOT_ELEMENTWISE

    def prototype(self) -> Any:
        """An operand that promotes like this value and has no elements."""
        return self.sample if self.shape is None else np.empty((0,), self.dtype)


class Graph:
    """The values of trees, operands before results."""

    def __init__(self, flat: Flat, targets: Sequence[Any]) -> None:
        self.values: list[Value] = []
        self._flat = flat
        self._interned: dict[Any, int] = {}
        self._nodes: dict[int, int] = {}
        self._assigned: dict[int, int] = {}  # tensors that have a value of these trees by now
        floats = [t.dtype for t in (*flat.leaves, *targets) if t.dtype.kind == "f"]
        self._float: DType | None = np.result_type(*floats) if floats else None

    def lower(self, tree: OpTreeNode) -> int:
        """Add a tree; return the number of its value."""
        for node in operands_first(tree):
            self._nodes[id(node)] = self._lower_node(node)
        return self._nodes[id(tree)]

    def assign(self, target: Any, tree: OpTreeNode) -> int:
        """Add a tree whose value the trees after it read in ``target``; return its number."""
        number = self._assigned[id(target)] = self.lower(tree)
        return number

    def _lower_node(self, node: OpTreeNode) -> int:
        op, left, right = node
        name = op["op"]
        if name == "rand":
            return self._leaf(node)
        if name not in numpy_call_dict_cpu:
            raise TypeError(f"{name} can only be the whole right side of an assignment")
        if name == "pow" and is_power(right):
            return self.emit(name, self._operand(left), self.const(right))
        sides = (left, right) if name in OpCollection.binary_ops else (left,)
        return self.emit(name, *map(self._operand, sides), axis=op.get("axis"))

    def _operand(self, x: Any) -> int:
        if isinstance(x, OpTreeNode):
            return self._nodes[id(x)]
        if isinstance(x, int | float):
            index = self._flat.scalar_index(x)
            return self._intern(Value("scalar", (), index, None, None, x))
        if x is None:
            raise TypeError("an operand of the op-tree is missing (None)")
        return self._leaf(x)

    def _leaf(self, x: Any) -> int:
        if id(x) in self._assigned:
            return self._assigned[id(x)]
        index = self._flat.leaf_index(x)
        tensor = self._flat.leaves[index]
        return self._intern(Value("leaf", (), index, tensor.shape, tensor.dtype))

    def const(self, number: Number) -> int:
        """Add a number that is part of the program, not an argument."""
        return self._intern(Value("const", (), number, None, None, number))

    def emit(self, op: str, *args: int, axis: int | None = None) -> int:
        """Add ``op`` on values; return the number of the result."""
        if all(self.values[a].shape is None for a in args):
            return self._emit_on_numbers(op, args)
        if op in LOWERED:
            lowered: int = LOWERED[op](self, *args)
            return lowered
        if op in REDUCTIONS:
            return self._emit_reduction(op, args[0], axis)
        if op == "dot":
            return self._emit_dot(*args)
        if op == "transpose":
            value = self.values[args[0]]
            assert value.shape is not None
            return self._intern(Value(op, args, None, value.shape[::-1], value.dtype))
        return self._emit_elementwise(op, args)

    def _intern(self, value: Value) -> int:
        key = (value.op, value.args, type(value.param), value.param)
        number = self._interned.setdefault(key, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number

    def _emit_on_numbers(self, op: str, args: tuple[int, ...]) -> int:
        if op in REDUCTIONS or op == "transpose":
            return args[0] if not op.startswith("arg") else self.const(0)
        sample = apply_to_numbers(op, *(self.values[a].sample for a in args))
        return self._intern(Value(op, args, None, None, None, sample))

    def _emit_reduction(self, op: str, arg: int, axis: int | None) -> int:
        value = self.values[arg]
        assert value.shape is not None
        assert axis is not None
        axis %= len(value.shape)
        if op == "sum" and value.dtype == np.float16:
            dtype = np.dtype(np.float32)
        else:
            dtype = numpy_call_dict_cpu[op](np.zeros((1, 1), value.dtype), axis=0).dtype
        shape = tuple(1 if i == axis else n for i, n in enumerate(value.shape))
        return self._intern(Value(op, (arg,), axis, shape, dtype))

    def _emit_dot(self, a: int, b: int) -> int:
        va, vb = self.values[a], self.values[b]
        if va.shape is None or vb.shape is None:
            return self.emit("mul", a, b)
        dtype = np.result_type(va.prototype(), vb.prototype())
        if dtype.kind == "f":
            dtype = np.promote_types(dtype, np.float32)
            a, b = self._cast(a, dtype), self._cast(b, dtype)
        return self._intern(Value("dot", (a, b), None, (va.shape[0], vb.shape[1]), dtype))

    def _emit_elementwise(self, op: str, args: tuple[int, ...]) -> int:
        if len(args) == 2:
            a, b = args
            args = (self._adapt(a, b), self._adapt(b, a))
        elif op in FLOAT_FUNCTIONS and self.values[args[0]].kind in "biu":
            args = (self._cast(args[0], self._float_for(self.values[args[0]])),)
        operands = [self.values[a] for a in args]
        dtype = numpy_call_dict_cpu[op](*(v.prototype() for v in operands)).dtype
        shape = broadcast_shape([v.shape for v in operands if v.shape is not None])
        return self._intern(Value(op, args, None, shape, dtype))

    def _adapt(self, arg: int, other: int) -> int:
        """Return ``arg`` with the dtype in which it is to meet ``other``."""
        x, y = self.values[arg], self.values[other]
        if x.shape is not None:
            if self._is_count(x) and (y.kind == "f" or isinstance(y.sample, float)):
                return self._cast(arg, y.dtype or self._float or np.dtype(np.float64))
            return arg
        if x.dtype is not None or y.kind not in "biu" or isinstance(x.sample, bool):
            return arg
        small = y.dtype is not None and y.dtype.itemsize <= SMALL_INT_BYTES
        if self._float and (y.kind == "b" or (small and isinstance(x.sample, float))):
            return self._typed(arg, self._float)
        if number_class(x.sample) not in ("#f", "#b", "#i") and y.kind in "iu":
            return self._typed(arg, np.min_scalar_type(x.sample))
        return arg

    def _is_count(self, x: Value) -> bool:
        return x.op in ("argmax", "argmin") or (
            x.op == "sum" and self.values[x.args[0]].kind == "b"
        )

    def _float_for(self, x: Value) -> DType:
        assert x.dtype is not None
        if self._float and x.dtype.itemsize <= SMALL_INT_BYTES:
            return np.promote_types(self._float, np.float32)
        return np.dtype(np.float64)

    def _typed(self, arg: int, dtype: DType) -> int:
        sample = dtype.type(self.values[arg].sample)
        return self._intern(Value("typed", (arg,), dtype, None, dtype, sample))

    def _cast(self, arg: int, dtype: DType) -> int:
        value = self.values[arg]
        if value.dtype == dtype:
            return arg
        return self._intern(Value("cast", (arg,), dtype, value.shape, dtype))


def _lower_tanh2(graph: Graph, a: int) -> int:
    power = graph.emit("exp2", graph.emit("mul", a, graph.const(2.0)))
    one = graph.const(1)
    return graph.emit("div", graph.emit("sub", power, one), graph.emit("add", power, one))


def _lower_shift(graph: Graph, a: int, b: int) -> int:
    logarithm = graph.emit("safelog", graph.emit("abs", b))
    exponent = graph.emit("rint", graph.emit("div", logarithm, graph.const(math.log(2.0))))
    power = graph.emit("mul", graph.emit("sgn", b), graph.emit("exp2", exponent))
    return graph.emit("mul", a, power)


def _lower_binarize(graph: Graph, a: int) -> int:
    positive = graph.emit("ge", a, graph.const(0.0))
    return graph.emit("sub", graph.emit("mul", positive, graph.const(2.0)), graph.const(1.0))


LOWERED: dict[str, Any] = {
    "binarize": _lower_binarize,
    "shift": _lower_shift,
    "tanh2": _lower_tanh2,
}


def apply_to_numbers(op: str, *numbers: Any) -> Any:
    """Return ``op`` on Python numbers as a Python number."""
    result = numpy_call_dict_cpu[op](*numbers)
    return result.item() if isinstance(result, np.generic | np.ndarray) else result


def broadcast_shape(shapes: list[Shape]) -> Shape:
    """Return the common shape of element-wise operands.

    Raises:
        ValueError: there is none.
    """
    if len(shapes) == 1 or shapes[0] == shapes[1]:
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(
            f"shapes {shapes[0]} and {shapes[1]} do not fit together in an op-tree: "
            "each axis must be equal, or 1 on one side"
        ) from None
