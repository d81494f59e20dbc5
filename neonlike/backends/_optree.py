"""Op-trees: lazy expressions on tensors (spec backend 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from numpy.typing import NDArray

from neonlike.backends._operations import OpCollection, Shape, as_operand, broadcast, node_shape

if TYPE_CHECKING:
    from neonlike.backends._tensor import Tensor


class Operand:
    """The Python operators, shared by tensors and op-trees: each builds an op-tree."""

    __slots__ = ()
    # NumPy then leaves mixed expressions to the reflected operators below
    __array_ufunc__ = None

    if TYPE_CHECKING:

        @property
        def shape(self) -> Shape: ...

    def __add__(self, other: Any) -> Any:
        return _infix("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _reflected("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _infix("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _reflected("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return _infix("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _reflected("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _infix("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _reflected("div", other, self)

    def __pow__(self, other: Any) -> Any:
        return _infix("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _reflected("pow", other, self)

    __div__ = __truediv__
    __rdiv__ = __rtruediv__

    def __neg__(self) -> Any:
        return OpTreeNode.build("neg", self, None)

    def __abs__(self) -> Any:
        return OpTreeNode.build("abs", self, None)

    def __eq__(self, other: object) -> Any:
        return _infix("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return _infix("ne", self, other)

    def __lt__(self, other: Any) -> Any:
        return _infix("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return _infix("le", self, other)

    def __gt__(self, other: Any) -> Any:
        return _infix("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return _infix("ge", self, other)


_new = tuple.__new__
INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}


class OpTreeNode(Operand, tuple[Any, Any, Any]):
    """One operation of a lazy expression: the immutable triple ``(op_dict, left, right)``.

    ``op_dict`` holds ``op`` and ``shape``, and ``axis`` for reductions. Nothing
    is computed until the tree is assigned (``out[:] = tree``), passed to a
    backend function with ``out=``, or asked for its value. Leaves are read
    when the tree runs, so a tree reflects later changes of its tensors.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # == builds a tree, so equality cannot be tested

    def __new__(cls, op: dict[str, Any], left: Any, right: Any) -> OpTreeNode:
        return _new(cls, (op, left, right))

    @staticmethod
    def build(op: str, a: Any, b: Any, out: Any = None, **kwargs: Any) -> Any:
        """Build the node ``op(a, b)``; with ``out`` (or op ``assign``) run it at once.

        Args:
            op: a name of ``OpCollection``.
            a: tensor, op-tree, number or None.
            b: as ``a``; None for operations on one operand.
            out: tensor to assign the result to.
            kwargs: further entries of the node's dictionary (``axis``, ``idx``).

        Returns:
            The node; ``out`` (for assign: the target) if it was run; or
            ``NotImplemented`` when an operand has an unsupported type.

        Raises:
            TypeError: unknown operation, or an ndarray operand.
            AssertionError: shapes that do not fit a matrix product.
            IndexError: reduction axis beyond the rank.
        """
        if type(a) not in PLAIN_TYPES and not isinstance(a, Operand):
            a = as_operand(a)
        if type(b) not in PLAIN_TYPES and not isinstance(b, Operand):
            b = as_operand(b)
        if a is NotImplemented or b is NotImplemented:
            return NotImplemented
        if op == "assign":
            return OpTreeNode({"op": op, "shape": a.shape}, a, b).execute()
        head = {"op": op, "shape": node_shape(op, a, b, kwargs), **kwargs}
        node = _new(OpTreeNode, (head, a, b))
        return node if out is None else out.backend.execute(assignment(out, node))

    @property
    def shape(self) -> Shape:
        """Shape of the result. The getter also accepts a tensor (``OpTreeNode.shape.fget(t)``)."""
        shape: Shape = self[0]["shape"] if type(self) is OpTreeNode else self.shape
        return shape

    @property
    def T(self) -> OpTreeNode:
        """The transposed expression (2-d)."""
        return cast(OpTreeNode, OpTreeNode.build("transpose", self, None))

    def transpose(self, out: Tensor | None = None) -> Any:
        """Return the transposed expression, or assign it to ``out`` and return ``out``."""
        return OpTreeNode.build("transpose", self, None, out=out)

    def execute(self) -> Any:
        """Run an assignment node on the backend of its target; return the target.

        Raises:
            AssertionError: the node is not an assignment.
        """
        assert self[0]["op"] == "assign", "only an assignment can be executed; assign the tree"
        return self[1].backend.execute(self)

    def astensor(self) -> Tensor:
        """Evaluate into a new tensor of the backend's default dtype.

        Raises:
            ValueError: the tree holds only numbers, so there is no backend to run it.
        """
        backend = first_tensor(self).backend
        return cast("Tensor", backend.evaluate(self))

    def asnumpyarray(self) -> NDArray[Any]:
        """Evaluate into a new ndarray of the backend's default dtype."""
        return self.astensor().get()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self.asnumpyarray().astype(dtype, copy=False)

    def traverse(self, stack: list[Any]) -> list[Any]:
        """Append the post-order (left, right, op dictionary; no None) to ``stack``; return it."""
        backwards: list[Any] = []
        pending: list[Any] = [self]
        while pending:
            item = pending.pop()
            if isinstance(item, OpTreeNode):
                backwards.append(item[0])
                pending += item[1:]
            elif item is not None:
                backwards.append(item)
        stack += reversed(backwards)
        return stack

    def key(self) -> tuple[Any, ...]:
        """Return the post-order with each dictionary replaced by its op, or ``(op, axis)``."""
        items = self.traverse([])
        return tuple(_op_key(item) if isinstance(item, dict) else item for item in items)

    def intrinsic_key_maps(self) -> tuple[tuple[Any, ...], dict[Any, int], dict[int, Any]]:
        """Return the key with tensors as ``(index, shape)``, and both maps tensor and index."""
        tensor_index: dict[Any, int] = {}
        index_tensor: dict[int, Any] = {}
        key: list[Any] = []
        for item in self.traverse([]):
            if isinstance(item, dict):
                key.append(_op_key(item))
            elif isinstance(item, Operand):
                index = tensor_index.setdefault(item, len(tensor_index))
                index_tensor[index] = item
                key.append((index, cast("Tensor", item).shape))
            else:
                key.append(item)
        return tuple(key), tensor_index, index_tensor

    def pp(self) -> str:
        """Return the expression as text, such as ``((tanh (x0 * x1)) + (2))``."""
        op = self[0]["op"]
        left, right = (_text(side) for side in self[1:])
        if right is None:
            return f"({op})" if left is None else f"({op} {left})"
        return f"({left} {INFIX[op]} {right})" if op in INFIX else f"({op} {left} {right})"

    def __str__(self) -> str:
        return f"({self[0]}, {self[1]}, {self[2]})"

    __repr__ = __str__

    @staticmethod
    def optree_to_list(optree: Any) -> Any:
        """Return the tree as nested lists (leaves unchanged)."""
        if not isinstance(optree, OpTreeNode):
            return optree
        return [OpTreeNode.optree_to_list(item) for item in optree]

    @staticmethod
    def list_to_optree(l: Any) -> Any:  # noqa: E741  # neon's argument name
        """Return nested lists as a tree: the inverse of ``optree_to_list``."""
        if not isinstance(l, list):
            return l
        return OpTreeNode(*(OpTreeNode.list_to_optree(item) for item in l))


SAME_SHAPE = OpCollection.unary_ops - {"transpose"}
PLAIN_TYPES = frozenset({int, float, bool, type(None), OpTreeNode})


def function_of(op: str, a: Operand) -> OpTreeNode:
    """Build the node ``op(a)`` of an operation in ``SAME_SHAPE``."""
    shape = a[0]["shape"] if type(a) is OpTreeNode else a.shape
    return _new(OpTreeNode, ({"op": op, "shape": shape}, a, None))


def _infix(op: str, a: Any, b: Any) -> Any:
    """Build the node ``a op b`` of a tensor or tree ``a``; for usual operands without detour."""
    shape = a[0]["shape"] if type(a) is OpTreeNode else a.shape
    if type(b) is float or type(b) is int:
        return _new(OpTreeNode, ({"op": op, "shape": shape}, a, b))
    if isinstance(b, Operand):
        other = b[0]["shape"] if type(b) is OpTreeNode else b.shape
        if other != shape:
            shape = broadcast(shape, other)
        return _new(OpTreeNode, ({"op": op, "shape": shape}, a, b))
    return OpTreeNode.build(op, a, b)


def _reflected(op: str, a: Any, b: Any) -> Any:
    """The same for ``b``, where ``a`` does not know the operation."""
    if type(a) is float or type(a) is int:
        shape = b[0]["shape"] if type(b) is OpTreeNode else b.shape
        return _new(OpTreeNode, ({"op": op, "shape": shape}, a, b))
    return OpTreeNode.build(op, a, b)


def assignment(target: Tensor, value: Any) -> OpTreeNode:
    """Return the node ``target[:] = value`` without running it."""
    return OpTreeNode({"op": "assign", "shape": target.shape}, target, value)


def operands_first(tree: OpTreeNode) -> list[OpTreeNode]:
    """Return the distinct nodes of a tree, each after the nodes it is made of."""
    done: dict[int, OpTreeNode] = {}
    pending = [tree]
    while pending:
        node = pending[-1]
        missing = [
            side for side in node[1:] if isinstance(side, OpTreeNode) and id(side) not in done
        ]
        if missing and id(node) not in done:
            pending += reversed(missing)
        else:
            done[id(pending.pop())] = node
    return list(done.values())


def first_tensor(tree: OpTreeNode) -> Tensor:
    """Return any tensor of the tree.

    Raises:
        ValueError: there is none.
    """
    pending: list[Any] = [tree]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if isinstance(node, OpTreeNode):
            if id(node) not in seen:
                seen.add(id(node))
                pending += (node[0].get("idx"), node[1], node[2])
        elif isinstance(node, Operand):
            return cast("Tensor", node)
    raise ValueError("No tensor object in op_tree")


def _op_key(op: dict[str, Any]) -> Any:
    return (op["op"], op["axis"]) if "axis" in op else op["op"]


def _text(side: Any) -> str | None:
    if side is None:
        return None
    if isinstance(side, OpTreeNode):
        return side.pp()
    if isinstance(side, Operand):
        return getattr(side, "name", None) or f"tensor-{id(side):#x}"
    return f"({side})"
