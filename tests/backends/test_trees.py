"""Op-trees: random ones against plain NumPy, dtypes, aliasing, memory, structure."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neonlike.backends import Autodiff, _compile, gen_backend
from neonlike.backends.backend import OpTreeNode
from neonlike.backends.nervanacpu import numpy_call_dict_cpu

SHAPES = {"x": (5, 7), "y": (5, 7), "row": (1, 7), "col": (5, 1), "one": (1, 1)}


class Oracle:
    """The functions of a backend on ndarrays, by NumPy."""

    maximum, minimum, tanh, absolute, square = (
        np.maximum, np.minimum, np.tanh, np.absolute, np.square,
    )  # fmt: skip
    dot = np.dot

    @staticmethod
    def sig(a: Any) -> Any:
        return 1 / (1 + np.exp(-a))

    @staticmethod
    def sum(a: Any, axis: int) -> Any:
        return np.sum(a, axis=axis, keepdims=True)

    @staticmethod
    def max(a: Any, axis: int) -> Any:
        return np.max(a, axis=axis, keepdims=True)

    @staticmethod
    def min(a: Any, axis: int) -> Any:
        return np.min(a, axis=axis, keepdims=True)

    @staticmethod
    def argmax(a: Any, axis: int) -> Any:
        return np.argmax(a, axis=axis, keepdims=True)

    @staticmethod
    def mean(a: Any, axis: int) -> Any:
        return np.mean(a, axis=axis, keepdims=True)

    @staticmethod
    def var(a: Any, axis: int) -> Any:
        return np.var(a, axis=axis, keepdims=True)


def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    infix = st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner)
    # not with each other: two sums of the same numbers may differ in the last digit
    difference = "(1.0 * ({} - {} {} 0.0123))".format
    compared = st.builds(difference, inner, inner, st.sampled_from(["<", ">="]))
    two = st.builds("be.{}({}, {})".format, st.sampled_from(["maximum", "minimum"]), inner, inner)
    one = st.builds("be.{}({})".format, st.sampled_from(["tanh", "sig", "absolute"]), inner)
    functions = st.sampled_from(["sum", "max", "min", "mean", "var", "argmax"])
    reduced = st.builds("be.{}(x + {}, axis={})".format, functions, inner, st.sampled_from([0, 1]))
    flipped = st.builds("((y + {}).T * (x - {}).T).T".format, inner, inner)
    product = st.builds("be.dot(be.dot(x, (y * {}).T), be.tanh(x + {}))".format, inner, inner)
    return infix | compared | two | one | reduced | flipped | product


NUMBERS = ["0.5", "2.0", "-1.5"]
EXPRESSIONS = st.recursive(st.sampled_from([*SHAPES, *NUMBERS]), extend, max_leaves=8)


@pytest.mark.parametrize("block", [_compile.BLOCK, 6, 1])
@pytest.mark.parametrize("name", ["cpu", "reference"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(expression=EXPRESSIONS)
def test_random_tree(
    monkeypatch: pytest.MonkeyPatch, name: str, block: int, expression: str
) -> None:
    monkeypatch.setattr(_compile, "BLOCK", block)
    be = gen_backend(name, datatype=np.float64)
    rng = np.random.RandomState(0)
    arrays = {key: rng.uniform(-1, 1, shape) for key, shape in SHAPES.items()}
    tensors = {key: be.array(value) for key, value in arrays.items()}
    expression = f"x + {expression}"
    expected = eval(expression, {"be": Oracle, **arrays})
    tree = eval(expression, {"be": be, **tensors})
    assert tree.shape == expected.shape
    out = be.empty((5, 7))
    for _ in range(2):  # the second time by the cached program
        out[:] = tree
        np.testing.assert_allclose(out.get(), expected, rtol=1e-9, atol=1e-9)
    tensors["y"][:] = tree  # the target is an operand
    np.testing.assert_allclose(tensors["y"].get(), expected, rtol=1e-9, atol=1e-9)
    plain = be.empty((5, 7))
    be.execute(OpTreeNode({"op": "assign"}, plain, out + 0), dict(numpy_call_dict_cpu))
    np.testing.assert_array_equal(plain.get(), out.get())


@pytest.mark.parametrize(
    "statement",
    [
        "x[:] = x[:, 0:1] - x",
        "x[:] = x[0:1] + x",
        "x[1:] = x[:-1] * 2",
        "x[:-1] = x[1:] + x[:-1]",
        "x[:] = be.sig(x.T)",
        "x[:] = x.T.reshape(90, 90) + be.max(x, axis=0)",
        "x[:] = be.dot(x, x)",
        "x[:] = be.tanh(x * 2) - x",
        "x[:] = (x + 1).T * x",
    ],
)
@pytest.mark.parametrize("block", [_compile.BLOCK, 100])
def test_right_side_is_complete_before_the_write(
    monkeypatch: pytest.MonkeyPatch, make_be: Any, block: int, statement: str
) -> None:
    monkeypatch.setattr(_compile, "BLOCK", block)
    be = make_be(datatype=np.float64)
    start = np.random.RandomState(1).uniform(-1, 1, (90, 90))
    x, expected = be.array(start), start.copy()
    exec(statement, {"x": x, "be": be})
    exec(statement.replace("= ", "= 0 + "), {"x": expected, "be": Oracle})
    np.testing.assert_allclose(x.get(), expected, rtol=1e-9)


def test_three_axes(be: Any) -> None:
    values = np.random.RandomState(0).uniform(size=(3, 4, 5)).astype(np.float32)
    x, row = be.array(values), be.array(values[0])
    out = be.empty((3, 4, 5))
    out[:] = be.tanh(x) * row + be.max(x, axis=2)
    expected = np.tanh(values) * values[0] + values.max(axis=2, keepdims=True)
    np.testing.assert_allclose(out.get(), expected, rtol=1e-5)
    assert (x * row).shape == (3, 4, 5)
    assert be.mean(x, axis=1).shape == (3, 1, 5)


def test_large_arrays(be: Any) -> None:
    values = np.random.RandomState(0).uniform(-1, 1, (300, 400)).astype(np.float32)
    x, out = be.array(values), be.empty((300, 400))
    out[:] = (x - be.mean(x, axis=1)) / be.sqrt(be.var(x, axis=1) + 1e-6)
    mean, var = values.mean(axis=1, keepdims=True), values.var(axis=1, keepdims=True)
    np.testing.assert_allclose(out.get(), (values - mean) / np.sqrt(var + 1e-6), atol=1e-4)
    wide = be.array(values.reshape(1, -1))
    total = be.sum(be.exp(wide) * 2, axis=1).asnumpyarray()
    np.testing.assert_allclose(total, [[2 * np.exp(values).sum()]], rtol=1e-4)
    index = be.empty((1, 400), dtype=np.int32)
    index[:] = be.argmax(x * 2, axis=0)
    np.testing.assert_array_equal(index.get()[0], values.argmax(axis=0))


def test_evaluation_allocates_nothing_large(be: Any) -> None:
    x, y, out = (be.ones((300, 400)) for _ in range(3))
    small = be.ones((300, 1))

    def evaluate() -> None:
        out[:] = be.sig(x * 0.5 + y) - be.mean(be.exp(x), axis=1) * small
        small[:] = be.sum(out * out, axis=1) / 400
        out[:] = be.tanh(out) * (x > 0) + be.power(y, 2)

    evaluate()
    tracemalloc.start()
    try:
        evaluate()
        assert tracemalloc.get_traced_memory()[1] < 50_000
    finally:
        tracemalloc.stop()


def test_leaves_are_read_when_the_tree_runs(be: Any) -> None:
    x = be.ones((2, 2))
    tree = x * 3
    x[:] = 2
    assert tree.asnumpyarray().tolist() == [[6, 6], [6, 6]]


def test_float32_stays_float32(be: Any) -> None:
    x = be.ones((2, 3))
    factor = np.float64(0.1)
    for tree in (
        x * factor,
        factor * x,
        x * be.log(2.0),
        (x > 0) * 0.1 + 0.3,
        be.mean(x > 0, axis=0) * x,
        (be.argmax(x, axis=0) + 0.5) * x,
    ):
        out = be.empty((2, 3))
        out[:] = tree
        program = next(reversed(be._evaluator._programs.values()))
        wide = [r for r in program.registers if getattr(r, "dtype", None) == np.float64]
        assert not wide


@pytest.mark.parametrize(
    ("number", "expected"), [(1000, 1005), (-1, 4), (2.5, 7.5), (True, 6), (3_000_000_000, 3e9)]
)
def test_small_integers_meet_numbers(be: Any, number: Any, expected: float) -> None:
    x = be.array([[5]], dtype=np.uint8)
    assert (x + number).asnumpyarray().item() == expected
    assert (number + x).asnumpyarray().item() == expected


def test_integer_functions(be: Any) -> None:
    x = be.array([[1, 4, 200]], dtype=np.uint8)
    np.testing.assert_allclose(
        be.sqrt(x).asnumpyarray(), np.sqrt(np.array([[1, 4, 200]])), rtol=1e-6
    )
    np.testing.assert_allclose(be.sig(-1.0 * x).asnumpyarray()[0, 0], 0.26894142, rtol=1e-6)
    wide = be.array([[16_777_217]], dtype=np.int32)
    out = be.empty((1, 1), dtype=np.float64)
    out[:] = be.log(wide)
    assert out.get().item() == np.log(16_777_217)


def test_float16_sum_does_not_overflow(make_be: Any) -> None:
    be = make_be(datatype=np.float16)
    x = be.ones((300, 300))
    assert be.mean(x).asnumpyarray().item() == 1


def test_truth_values(be: Any) -> None:
    x = be.array([[1.0, -1.0]])
    assert ((x > 0) * (x < 0)).asnumpyarray().tolist() == [[0, 0]]
    assert ((x > 0) + True).asnumpyarray().tolist() == [[1, 1]]
    assert ((x > 0) + 1).asnumpyarray().tolist() == [[2, 1]]
    with pytest.raises(TypeError):
        ((x > 0) - (x < 0)).asnumpyarray()
    with pytest.raises(TypeError):
        (-(x > 0)).asnumpyarray()


def test_zeros_of_both_signs_are_different_numbers(be: Any) -> None:
    x = be.ones((1, 1))
    assert ((x / 0.0) + (x / -0.0)).asnumpyarray().item() != np.inf
    assert np.isnan(((x / 0.0) + (x / -0.0)).asnumpyarray().item())


def test_non_finite_values_pass_silently(be: Any) -> None:
    x = be.array([[0.0, -1.0, np.inf, np.nan]])
    assert np.isinf((1 / x).asnumpyarray()[0, 0])
    assert np.isnan(be.log(x).asnumpyarray()[0, 1])
    assert np.isnan(be.maximum(x, 0).asnumpyarray()[0, 3])
    assert be.finite(x).asnumpyarray().tolist() == [[1, 1, 0, 0]]
    out = be.empty((1, 4), dtype=np.int8)
    out[:] = x


def test_shift_and_binarize_inside_a_tree(be: Any) -> None:
    x, s = be.array([[1.0, -3.0]]), be.array([[3.0, -0.3]])
    eager = be.shift(x, s).get()
    np.testing.assert_allclose(
        (2 * OpTreeNode.build("shift", x, s)).asnumpyarray(), 2 * eager, rtol=1e-6
    )
    assert OpTreeNode.build("binarize", x, None).asnumpyarray().tolist() == [[1, -1]]
    assert be.shift(2.0, 4.0).get().tolist() == [[8]]
    out = be.empty((1, 2))
    assert be.shift(x, 1, value=False, out=out) is out
    assert out.get().tolist() == [[2, -6]]


def test_rand_draws_from_the_stream_at_run_time(make_be: Any) -> None:
    be = make_be(rng_seed=3)
    out = be.empty((2, 3))
    tree = be.rand() < 0.5
    out[:] = tree
    stream = np.random.RandomState(3)
    np.testing.assert_array_equal(out.get(), stream.uniform(size=(2, 3)).astype("f4") < 0.5)
    out[:] = be.rand()
    np.testing.assert_array_equal(out.get(), stream.uniform(size=(2, 3)).astype("f4"))


def test_equal_structure_shares_one_program(be: Any) -> None:
    x, y, out = be.ones((2, 3)), be.ones((2, 3)), be.empty((2, 3))
    for rate in (0.1, 0.2, 0.3):
        out[:] = x * rate + y
    evaluator = be._evaluator
    assert len(evaluator._programs) + len(evaluator._fused) == 1
    out[:] = x * 0.1 + x
    assert len(evaluator._programs) + len(evaluator._fused) == 2


def test_shared_nodes_are_walked_once(be: Any) -> None:
    x = be.ones((1, 1))
    tree = x * 0.5
    for _ in range(60):
        tree = tree + tree  # 2^60 paths
    assert tree.asnumpyarray().item() == 2.0**59


def test_deep_trees(be: Any) -> None:
    x = be.ones((1, 1))
    tree = x + 0
    for _ in range(5000):
        tree = tree + x
    assert tree.asnumpyarray().item() == 5001
    assert Autodiff(tree, be).get_grad_asnumpyarray([x])[0].item() == 5001
    assert len(tree.traverse([])) == 10003


class TestStructure:
    def test_node(self, be: Any) -> None:
        x = be.array([[1.0, 2.0]], name="x0")
        node = be.tanh(x * x) + 2
        assert isinstance(node, tuple)
        assert len(node) == 3
        assert node[0] == {"op": "add", "shape": (1, 2)}
        assert node.pp() == "((tanh (x0 * x0)) + (2))"
        assert str(x + 1) == f"({{'op': 'add', 'shape': (1, 2)}}, {x}, 1)"
        with pytest.raises(TypeError):
            hash(node)
        assert bool(node)
        assert OpTreeNode.shape.fget(x) == (1, 2)

    def test_traverse_and_keys(self, be: Any) -> None:
        x, y = be.ones((2, 3)), be.ones((1, 3))
        node = be.sum(x * y + x, axis=0)
        ops = [item["op"] for item in node.traverse([]) if isinstance(item, dict)]
        assert ops == ["mul", "add", "sum"]
        key = node.key()
        assert key[0] is x
        assert key[-1] == ("sum", 0)
        intrinsic, index, tensor = node.intrinsic_key_maps()
        assert intrinsic == (
            (0, (2, 3)), (1, (1, 3)), "mul", (0, (2, 3)), "add", ("sum", 0),
        )  # fmt: skip
        assert index == {x: 0, y: 1}
        assert tensor[1] is y

    def test_lists(self, be: Any) -> None:
        x = be.ones((2, 3))
        node = be.exp(x + 1) * 2
        as_list = OpTreeNode.optree_to_list(node)
        assert as_list[1][1][1] is x
        again = OpTreeNode.list_to_optree(as_list)
        assert isinstance(again, OpTreeNode)
        assert str(again) == str(node)

    def test_transposes(self, be: Any) -> None:
        x = be.array([[1.0, 2.0, 3.0]])
        out = be.empty((3, 1))
        assert (x * 2).transpose(out=out) is out
        assert out.get().tolist() == [[2], [4], [6]]
        assert (x * 2).T.shape == (3, 1)
        assert (x + 0).transpose().asnumpyarray().shape == (3, 1)

    def test_out_and_execute(self, be: Any) -> None:
        x, out = be.ones((2, 2)), be.empty((2, 2))
        assert be.add(x, 1, out=out) is out
        assign = OpTreeNode({"op": "assign", "shape": (2, 2)}, out, x * 5)
        assert assign.execute() is out
        assert be.execute(assign) is out
        assert OpTreeNode.build("assign", out, 7) is out
        assert out.get().tolist() == [[7, 7], [7, 7]]
        with pytest.raises(AssertionError, match="only an assignment"):
            (x + 1).execute()
        assert be.clip(x, 2, 3, out=out) is out
        assert be.std(x, out=be.ones((1, 1))).get().item() == 0


def test_standard_deviation_into_a_target(be: Any) -> None:
    """The original left the variance there."""
    x, out = be.array([[1.0, 3.0], [2.0, 8.0]]), be.empty((2, 1))
    assert be.std(x, axis=1, out=out) is out
    assert out.get().tolist() == [[1], [3]]


class TestErrors:
    def test_operands(self, be: Any) -> None:
        x = be.ones((2, 3))
        assert OpTreeNode.build("add", x, "text") is NotImplemented
        assert x != "text"
        with pytest.raises(TypeError):
            x + "text"
        with pytest.raises(TypeError, match="add takes tensors, op-trees and numbers"):
            be.add(x, [1, 2])
        with pytest.raises(TypeError, match="nonsense is not a valid operation"):
            OpTreeNode.build("nonsense", x, x)
        with pytest.raises(TypeError, match="missing"):
            (x == None).asnumpyarray()  # noqa: E711  # builds a tree, as in neon
        for left, right in itertools.permutations([x, np.ones((2, 3))]):
            with pytest.raises(TypeError, match="be.array"):
                left + right

    def test_shapes(self, be: Any) -> None:
        x, y = be.ones((2, 3)), be.ones((3, 2))
        tree = x + y
        with pytest.raises(ValueError, match="do not fit together"):
            tree.asnumpyarray()
        with pytest.raises(ValueError, match="broadcast"):
            be.empty((2, 2))[:] = x * 2
        with pytest.raises(AssertionError, match="dot needs"):
            be.dot(x, x)
        with pytest.raises(AssertionError, match="2-d"):
            be.dot(be.ones((2, 2, 2)), x)

    def test_reductions(self, be: Any) -> None:
        x = be.ones((2, 3))
        for reduce in (be.sum, be.max, be.argmin, be.mean, be.std):
            with pytest.raises(IndexError, match=r"axis 2 of .* shape \(2, 3\): axis must be"):
                reduce(x, axis=2)
        with pytest.raises(TypeError):
            be.sum(x, axis=(0, 1))
        with pytest.raises(TypeError):
            be.argmax(x, axis=None)
        with pytest.raises(IndexError, match="from 0 to 1, or from -2 to -1"):
            be.sum(x * 2, axis=-3)

    def test_values(self, be: Any) -> None:
        with pytest.raises(ValueError, match="No tensor object in op_tree"):
            be.exp(1.0).astensor()
        indices = be.array([[0, 1]], dtype=np.int32)
        with pytest.raises(TypeError, match="whole right side"):
            (be.onehot(indices, axis=0) + be.ones((2, 2))).asnumpyarray()

    def test_onehot(self, be: Any) -> None:
        with pytest.raises(AssertionError, match="should be int32 or uint32"):
            be.onehot(be.ones((1, 2)), axis=0)
        indices = be.array([[0, 5]], dtype=np.int32)
        with pytest.raises(ValueError, match="bad axis"):
            be.onehot(indices, axis=2)
        with pytest.raises(IndexError):
            be.empty((3, 2))[:] = be.onehot(indices, axis=0)
