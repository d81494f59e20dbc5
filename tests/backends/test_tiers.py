"""The two tiers of op-tree evaluation: the same results, whichever runs a tree."""

from __future__ import annotations

import logging
import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from compiled import compiled_only
from golden_cases import arrays, case_info, case_names, golden_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neonlike.backends import _evaluator, _fused, _tree_log, cleanup_backend, gen_backend
from neonlike.backends._threads import available_threads, get_num_threads, set_num_threads
from neonlike.kernels.numba import fused as kernels

pytestmark = compiled_only
ROWS, COLUMNS = 5, 37
FULL = (ROWS, COLUMNS)
SHAPES = {"x": FULL, "y": FULL, "row": (1, COLUMNS), "col": (ROWS, 1), "one": (1, 1)}
AXES = st.sampled_from([0, 1])


@pytest.fixture
def be() -> Iterator[Any]:
    yield gen_backend("cpu", batch_size=4, rng_seed=0)
    cleanup_backend()


def tier(be: Any) -> int:
    """Tier of the tree that ran for the first time, or changed its tier, last."""
    return 2 if be._evaluator._fused else 1


# ------------------------------------------------------------------ random trees
def binary(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    infix = st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner)
    divided = st.builds("({} / (y - {}))".format, inner, inner)
    compared = st.builds(
        "(1.0 * ({} {} {}))".format, inner, st.sampled_from(["<", ">=", "==", "!="]), inner
    )
    both = st.builds("(0.5 * ((x > {}) {} (y < {})))".format, inner, st.sampled_from("+*"), inner)
    two = st.builds("be.{}({}, {})".format, st.sampled_from(["maximum", "minimum"]), inner, inner)
    return infix | divided | compared | both | two


def exact(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Trees of operations with but one right result."""
    names = ["absolute", "square", "sgn", "rint", "sqrt", "negative", "finite"]
    one = st.builds("(1.0 * be.{}({}))".format, st.sampled_from(names), inner)
    extreme = st.builds(
        "be.{}(x + {}, axis={})".format,
        st.sampled_from(["max", "min"]),
        inner,
        st.sampled_from([0, 1]),
    )
    flipped = st.builds("((y + {}).T * (x - {}).T).T".format, inner, inner)
    return binary(inner) | one | extreme | flipped


def rounded(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Trees with functions and sums, continuous ones, so that rounding does not change much."""
    infix = st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner)
    divided = st.builds("({} / (1.5 + be.tanh({})))".format, inner, inner)
    two = st.builds("be.{}({}, {})".format, st.sampled_from(["maximum", "minimum"]), inner, inner)
    names = ["tanh", "sig", "sig2", "exp", "exp2", "safelog", "absolute", "square"]
    one = st.builds("be.{}(be.tanh({}))".format, st.sampled_from(names), inner)
    root = st.builds("be.sqrt(0.5 + be.square({}))".format, inner)
    reductions = st.sampled_from(["sum", "mean", "var", "max", "min"])
    reduced = st.builds("be.{}(x + {}, axis={})".format, reductions, inner, AXES)
    count = st.builds("be.mean(x < {}, axis={})".format, st.sampled_from(sorted(SHAPES)), AXES)
    flipped = st.builds("((y + {}).T * (x - {}).T).T".format, inner, inner)
    return infix | divided | two | one | root | reduced | count | flipped


LEAVES = st.sampled_from([*SHAPES, "0.5", "2.0", "-1.5", "x.T.T"])
EXACT = st.recursive(LEAVES, exact, max_leaves=10)
ROUNDED = st.recursive(LEAVES, rounded, max_leaves=10)
MANY = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def results(name: str, dtype: Any, expression: str, runs: int) -> list[Any]:
    """Values of a tree on fixed data, run by run, and at last in place of an operand."""
    be = gen_backend(name, datatype=dtype)
    rng = np.random.RandomState(0)
    tensors = {key: be.array(rng.uniform(-1, 1, shape)) for key, shape in SHAPES.items()}
    tree = eval(f"x + {expression}", {"be": be, **tensors})
    out = be.empty(SHAPES["x"])
    values = []
    for _ in range(runs):
        out.fill(7)
        out[:] = tree
        values.append(out.get())
    for target in ("y", "x"):
        tensors[target][:] = tree
        values.append(tensors[target].get())
    return values


@MANY
@given(expression=EXACT)
def test_exact_trees_have_the_same_bits_in_both_tiers(expression: str) -> None:
    first, second, third, *_ = results("cpu", np.float32, expression, _evaluator.HOT + 1)
    np.testing.assert_array_equal(second, first)
    np.testing.assert_array_equal(third, first)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@MANY
@given(expression=ROUNDED)
def test_random_trees_have_numpys_values(dtype: Any, expression: str) -> None:
    tolerance = 1e-4 if dtype == np.float32 else 1e-11
    ours, theirs = (results(name, dtype, expression, 2) for name in ("cpu", "reference"))
    for got, expected in zip(ours, theirs, strict=True):
        limit = tolerance * np.abs(expected).max()
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=limit)


# ------------------------------------------------------------------- golden cases
GOLDEN = [n for n in case_names("backend") if case_info("backend", n)["kind"] == "expr"]


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_expressions_when_hot(name: str) -> None:
    info, group = case_info("backend", name), golden_file("backend")[name]
    dtype = np.dtype(info.get("datatype", "float32"))
    be = gen_backend("cpu", datatype=dtype.type)
    values, dtypes = arrays(group["in"]), info.get("dtypes", {})
    tensors = {n: be.array(values[n], dtype=np.dtype(dtypes.get(n, dtype))) for n in info["inputs"]}
    out = be.empty(tuple(info["shape"]), dtype=np.dtype(info.get("out_dtype", dtype)))
    bounds = {"float16": (1e-2, 3e-2), "float32": (2e-5, 2e-6), "float64": (1e-10, 1e-12)}
    rtol, atol = bounds[dtype.name]
    for _ in range(4):
        out.fill(3)
        out[:] = eval(info["expr"], {"be": be, **tensors})
        np.testing.assert_allclose(out.get(), group["out"][()], rtol=rtol, atol=atol)


# -------------------------------------------------------------------------- tiers
def test_a_tree_whose_bits_the_tiers_share_is_compiled_when_hot(be: Any) -> None:
    x, out = be.ones((3, 4)), be.empty((3, 4))
    for run in range(1, 4):
        out[:] = x * 2 + 1
        assert tier(be) == (2 if run >= _evaluator.HOT else 1)
    assert not be._evaluator._programs


@pytest.mark.parametrize(
    "expression", ["be.tanh(x)", "be.sum(x, axis=1)", "x ** 3", "x / be.exp(x)"]
)
def test_a_tree_with_rounding_is_compiled_at_once(be: Any, expression: str) -> None:
    x, out = be.ones((3, 4)), be.empty((3, 4))
    out[:] = eval(expression, {"be": be, "x": x})
    assert tier(be) == 2


@pytest.mark.parametrize(
    "expression",
    [
        "be.dot(x, x)",
        "x + be.argmax(x, axis=0)",
        "be.power(x, x)",
        "x ** 2.7",
        "x + n",
        "x + half",
        "be.sum(x > 0, axis=0) == be.sum(x > 1, axis=0)",
        "be.max(x > 0, axis=0) + (x > 1)",
        "((x > 0).T + (x > 1).T).T",
        "1 / 2.0 + be.exp(0)",
        "volume * be.tanh(x.reshape(1, 4, 4)) + be.sum(volume, axis=2)",
    ],
)
def test_what_stays_with_the_interpreter(be: Any, expression: str) -> None:
    x, n = be.ones((4, 4)), be.ones((4, 4), dtype=np.int32)
    half, volume = be.ones((4, 4), dtype=np.float16), be.ones((4, 4, 4))
    names = {"be": be, "x": x, "n": n, "half": half, "volume": volume}
    out = be.empty((4, 4, 4) if "volume" in expression else (4, 4))
    for _ in range(4):
        out[:] = eval(expression, names)
        assert tier(be) == 1


def test_reference_set_compiles_nothing() -> None:
    be = gen_backend("reference", batch_size=4)
    x, out = be.ones((4, 4)), be.empty((4, 4))
    for _ in range(4):
        out[:] = be.tanh(x) + 1
    assert tier(be) == 1
    cleanup_backend()


def test_kernel_set_without_fused_kernels(be: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = {name: getattr(be.kernels, name) for name in ("elementwise", "reduce")}
    monkeypatch.setattr(be._evaluator, "_kernels", SimpleNamespace(**rest))
    x, out = be.ones((4, 4)), be.empty((4, 4))
    out[:] = be.tanh(x) + 1
    assert tier(be) == 1


def test_very_long_trees_are_interpreted(be: Any) -> None:
    x, out = be.ones((1, 1)), be.empty((1, 1))
    tree = be.tanh(x)
    for _ in range(300):
        tree = tree + x
    out[:] = tree
    assert tier(be) == 1


def test_errors_stay_errors_when_hot(be: Any) -> None:
    x, small = be.ones((3, 4)), be.empty((2, 4))
    for _ in range(4):
        with pytest.raises(ValueError, match="broadcast"):
            small[:] = x * 2
        with pytest.raises(ValueError, match="broadcast"):
            small[:] = be.tanh(x)


def test_read_only_memory_is_refused(be: Any) -> None:
    locked, x = np.zeros((2, 3), np.float32), be.ones((2, 3))
    locked.flags.writeable = False
    target, out = be.tensor(locked), be.empty((2, 3))
    for _ in range(3):
        out[:] = be.tanh(x) * x
        with pytest.raises(ValueError, match="read-only"):
            target[:] = be.tanh(x) * x
    out[:] = be.tanh(target) + x  # reading is fine
    assert out.get().tolist() == [[1] * 3] * 2
    assert not locked.any()


# ------------------------------------------------------------------------ memory
@pytest.mark.parametrize(
    "statement",
    [
        "x[:] = be.tanh(x) * 2",
        "x[:] = x - x[:, 0:1]",
        "x[:] = x[0:1] + be.exp(x)",
        "x[1:] = x[:-1] * 2",
        "x[:-1] = x[1:] + be.tanh(x[:-1])",
        "x[:] = be.sig(x.T)",
        "x[:] = (x + 1).T * x",
        "x[:] = x / be.sum(x, axis=0)",
        "x[:] = x - be.mean(x, axis=1)",
        "x[:, 0:1] = be.sum(x, axis=1)",
        "x[2:3] = be.max(x, axis=0) * x[2:3]",
        "x[:, 1:3] = be.sum(x, axis=0)[:, 1:3] if False else be.square(x[:, 2:4])",
        "x.T[:] = x * 3",
        "x[::2] = x[1::2] * x[::2] + be.min(x, axis=0)",
        "x[:, ::2] = be.exp(x[:, 1::2]) + x[:, ::2]",
    ],
)
def test_right_side_is_complete_before_the_write(statement: str) -> None:
    start = np.random.RandomState(1).uniform(0.5, 1, (38, 38)).astype(np.float32)
    states = []
    for name in ("cpu", "reference"):
        be = gen_backend(name)
        x = be.array(start)
        for _ in range(3):
            exec(statement, {"x": x, "be": be})
        states.append(x.get())
    np.testing.assert_allclose(*states, rtol=3e-5)


def test_overlap_that_appears_later(be: Any) -> None:
    memory = be.array(np.arange(40.0).reshape(10, 4))
    a, b, expected = memory[:5], memory[5:], memory.get()
    for source, first, target in ((a, 0, b), (b, 5, a), (memory[1:6], 1, a), (a, 0, memory[2:7])):
        target[:] = be.exp(source * 0) + source
        start = (target.raw() - memory.raw()) // 16
        expected[start : start + 5] = 1 + expected[first : first + 5]
        np.testing.assert_array_equal(memory.get(), expected)


@pytest.mark.parametrize("shape", [(1, 70), (70, 1), (3, 4, 50), (2, 3, 1), (6, 1, 7)])
def test_shapes(be: Any, shape: tuple[int, ...]) -> None:
    rng = np.random.RandomState(0)
    x, y = (be.array(rng.uniform(size=shape)) for _ in range(2))
    row = be.array(y.get()[0])  # broadcast along the first axis
    out = be.empty(shape)
    for _ in range(3):
        out[:] = be.tanh(x) * 2 - y
        np.testing.assert_allclose(out.get(), np.tanh(x.get()) * 2 - y.get(), rtol=1e-5, atol=1e-6)
        if len(shape) == 3:
            out[:] = be.tanh(x) * row
            np.testing.assert_allclose(out.get(), np.tanh(x.get()) * row.get(), rtol=1e-5)
    assert tier(be) == 2


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32, np.uint8])
def test_targets_of_other_dtypes(be: Any, dtype: Any) -> None:
    x, out = be.array(np.linspace(0, 50, 12).reshape(3, 4)), be.empty((3, 4), dtype=dtype)
    for _ in range(3):
        out.fill(3)
        out[:] = be.sqrt(x) * be.exp(x * 0)
        expected = np.sqrt(x.get())
        np.testing.assert_allclose(out.get(), expected.astype(dtype), rtol=1e-3)
        out[:] = x > 20
        np.testing.assert_array_equal(out.get(), x.get() > 20)


def test_numbers_are_arguments(be: Any) -> None:
    x, out = be.ones((2, 3)), be.empty((2, 3))
    for n in (1, 2, 2.5, -0.25, 10**20, 1e-50, float("inf"), float("nan")):
        out[:] = be.tanh(x * 0) + x * n
        np.testing.assert_array_equal(out.get(), np.full((2, 3), n, np.float32))
        out[:] = be.exp(x * 0) + x * be.square(be.absolute(n))  # a number made of numbers
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(out.get(), np.full((2, 3), 1 + np.float32(n * n)))
    assert len(be._evaluator._fused) == 6  # for floats, ints, and long ints


def test_what_is_run_again_reads_memory_and_numbers_anew(be: Any) -> None:
    pairs = [(be.zeros((2, 3)), be.zeros((2, 3))) for _ in range(2)]
    numbers = [n for n in (2.0, 3.0, 0.0, -0.0, np.nan, 2.0) for _ in range(4)]
    for source, target in (*pairs, *pairs):
        for step, number in enumerate(numbers):
            source.fill(1 + step)
            target[:] = source * number
            np.testing.assert_array_equal(target.get(), (1 + step) * number)
            assert np.isnan(number) or (np.signbit(target.get()) == np.signbit(number)).all()


def test_integer_powers_keep_their_type(be: Any) -> None:
    n, out = be.array([[3]], dtype=np.int32), be.empty((1, 1))
    out[:] = be.power(n, 2) / 2
    assert out.get().item() == 4.5
    out[:] = be.power(n, 0.5)
    np.testing.assert_allclose(out.get(), np.sqrt(3), rtol=1e-6)


def test_threads_do_not_change_bits(be: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "PARALLEL_WORK", 1)
    monkeypatch.setattr(kernels, "_PART_BYTES", 1)
    x, out = be.array(np.random.RandomState(0).normal(size=(130, 90))), be.empty((130, 90))
    row, one = be.empty((1, 90)), be.empty((1, 1))
    before, found = get_num_threads(), []
    try:
        for threads in range(1, available_threads() + 1):
            set_num_threads(threads)
            out[:] = be.exp(x - be.max(x, axis=0)) / be.sum(be.exp(x - be.max(x, axis=0)), axis=0)
            row[:] = be.sum(out * out, axis=0)
            out[:] = (out - be.mean(x, axis=1)) / be.sqrt(be.var(x, axis=1))
            one[:] = be.sum(out)
            found.append([t.get() for t in (out, row, one)])
    finally:
        set_num_threads(before)
    for other in found[1:]:
        for mine, first in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(mine, first)


@pytest.mark.parametrize("columns", [64, 37])
def test_large_results_bypass_the_caches(
    be: Any, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_fused, "STREAM_BYTES", 1)
    nests: list[Any] = []
    original = kernels.compile_nest
    monkeypatch.setattr(kernels, "compile_nest", lambda n: nests.append(n) or original(n))
    shape = (70, columns)
    x, y, out, flat = (be.array(np.random.RandomState(0).normal(size=shape)) for _ in range(4))
    expected = np.tanh(x.get()) * 2
    out[:] = be.tanh(x) * 2
    y[:] = y + be.tanh(x) * 2  # read and written
    flat.reshape(1, -1)[:] = be.tanh(x.reshape(1, -1)) * 2
    np.testing.assert_allclose(out.get(), expected, rtol=1e-5)
    np.testing.assert_allclose(y.get(), x.get() + expected, rtol=1e-5)
    np.testing.assert_array_equal(flat.get(), out.get())
    streamed = [nest.groups[0][0].stores[0].stream for nest in nests]
    whole_lines = columns * 4 % 64 == 0
    assert streamed == [whole_lines, False, whole_lines]


def test_steady_state_allocates_nothing_large(be: Any) -> None:
    x, y, out = (be.ones((300, 400)) for _ in range(3))
    column, row = be.ones((300, 1)), be.ones((1, 400))

    def step() -> None:
        out[:] = be.exp(x - be.max(x, axis=0)) / be.sum(be.exp(x - be.max(x, axis=0)), axis=0)
        column[:] = be.mean(be.tanh(x * y), axis=1)
        row[:] = be.sum(out * column, axis=0)
        x[:] = x - x[:, 0:1] * 0.5
        y[:] = (y * 2 + x) * 0.25

    for _ in range(_evaluator.HOT):
        step()
    tracemalloc.start()
    try:
        step()
        assert tracemalloc.get_traced_memory()[1] < 20_000
    finally:
        tracemalloc.stop()


# ---------------------------------------------------------------------------- log
def test_log_of_trees(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv(_tree_log.VARIABLE, "other,trees")
    monkeypatch.setattr(_tree_log.atexit, "register", lambda function: None)
    with caplog.at_level(logging.INFO, logger=_tree_log.logger.name):
        be = gen_backend("cpu", batch_size=4)
        x, out = be.array([[1.0, 2.0]], name="x"), be.empty((1, 2))
        shared = x * 2
        for _ in range(4):
            out[:] = x * 2 + 1
            out[:] = be.tanh(shared) * shared
        be._evaluator.report()
    messages = [r.getMessage() for r in caplog.records]
    found = [m.split(" in ")[0] for m in messages if " in " in m]
    assert found == ["tree 1 interpreted", "tree 2 fused", "tree 1 fused"]
    assert messages[0].endswith("(1, 2) = ((x * (2)) + (1))")
    assert messages[1].endswith("(1, 2) = 2 mul 1 tanh")  # what is shared would be written twice
    assert messages[3].startswith("2 op-trees")
    assert {m.split()[1] for m in messages[4:]} == {"4"}
    cleanup_backend()
    monkeypatch.delenv(_tree_log.VARIABLE)
    assert type(gen_backend("cpu", batch_size=4)._evaluator) is _evaluator.Evaluator
    cleanup_backend()
