"""Fused kernels: functions against float64, operations and folds against NumPy, cache, threads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neonlike.kernels._nest import Access, Extent, Fold, Instruction, Loop, Nest, Reference, Store
from neonlike.kernels.numba import _fused_code, _threads, fused
from neonlike.kernels.reference import fused as reference
from neonlike.kernels.reference.elementwise import BINARY, SAFELOG_FLOOR, UNARY

Array = NDArray[Any]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-40, -1e-40, np.inf, -np.inf, np.nan, 1e30, -7e5]


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def elementwise(code: list[Instruction], inputs: list[Array], *numbers: float) -> Array:
    """Run one loop on equal shapes; the last value is the result."""
    out = np.full_like(inputs[0], 7)
    arrays = [*inputs, out]
    references = tuple(Reference(n, "vector") for n in range(len(arrays)))
    store = Store(len(code) - 1, len(inputs))
    loop = Loop(1, references, tuple(code), (store,), ())
    kernel = fused.compile_nest(Nest(out.dtype.name, len(arrays), len(numbers), ((loop,),)))
    assert kernel is not None
    call = kernel.bind([[Extent(1, out.size, ((0, 1),) * len(arrays))]])
    call(*map(address, arrays), *numbers)
    return out


def unary(operation: str, x: Array) -> Array:
    return elementwise([("load", 0), (operation, 0)], [x])


def all_floats(dtype: Any) -> Array:
    """Numbers of all magnitudes, among them denormals, and the special ones."""
    rng = np.random.RandomState(0)
    integers = np.int32 if dtype == np.float32 else np.int64
    bits = rng.randint(np.iinfo(integers).min, np.iinfo(integers).max, 200_000, integers)
    usual = rng.uniform(-110, 110, 100_000), rng.uniform(-2, 2, 100_000)
    near_one = 1 + rng.uniform(-1e-3, 1e-3, 10_000)
    parts = [bits.view(dtype), *usual, near_one, SPECIAL, np.arange(-20, 20) / 2]
    return np.concatenate([np.asarray(p, dtype) for p in parts])


def sigmoid(power: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda x: 1 / (1 + power(-x))


FUNCTIONS: dict[str, tuple[Callable[[Array], Array], float]] = {
    "exp": (np.exp, 1.0),
    "exp2": (np.exp2, 1.0),
    "log": (np.log, 1.0),
    "log2": (np.log2, 1.7),
    "tanh": (np.tanh, 2.5),
    "sig": (sigmoid(np.exp), 3.1),
    "sig2": (sigmoid(np.exp2), 2.5),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_over_the_whole_range(name: str, dtype: Any) -> None:
    function, limit = FUNCTIONS[name]
    x = all_floats(dtype)
    wide = np.longdouble if np.finfo(np.longdouble).nmant > 52 else np.float64
    exact = function(x.astype(wide))
    expected, got = exact.astype(dtype), unary(name, x)
    special = ~np.isfinite(expected) | ~np.isfinite(got)
    np.testing.assert_array_equal(got[special], expected[special])
    unit = np.spacing(np.maximum(np.abs(expected), np.finfo(dtype).tiny)).astype(wide)
    error = (np.abs(got.astype(wide) - exact) / unit)[~special]
    vanishing = (np.abs(expected) < 2 * np.finfo(dtype).tiny)[~special]
    if name.startswith("sig"):  # 1 / inf
        error = error[~vanishing]
    assert error.max() <= (limit if wide != dtype else limit + 1)


def test_exact_values_of_functions() -> None:
    integers = np.arange(-126, 128, dtype=np.float32)
    powers = unary("exp2", integers)
    np.testing.assert_array_equal(powers, 2.0**integers)
    np.testing.assert_array_equal(unary("log2", powers), integers)
    zeros = np.array([0.0, -0.0], np.float32)
    np.testing.assert_array_equal(np.signbit(unary("tanh", zeros)), [False, True])
    assert unary("tanh", np.float32([20, -20])).tolist() == [1, -1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["abs", "neg", "rint", "sgn", "sqr", "sqrt", "finite"])
def test_exact_operations(name: str, dtype: Any) -> None:
    x = all_floats(dtype)[:, np.newaxis][::7, 0].copy()
    expected = np.empty(x.shape, bool if name == "finite" else dtype)
    UNARY[name](x, expected)
    np.testing.assert_array_equal(unary(name, x), expected)


def test_safelog() -> None:
    x = all_floats(np.float32)
    exact = np.log(np.maximum(x.astype(np.float64), np.float32(SAFELOG_FLOOR)))
    np.testing.assert_allclose(unary("safelog", x), exact, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(set(BINARY) - {"pow"}))
def test_operations_on_two_operands(name: str, dtype: Any) -> None:
    a, b = (g.ravel().astype(dtype) for g in np.meshgrid(SPECIAL, SPECIAL))
    comparison = name in ("eq", "ge", "gt", "le", "lt", "ne")
    expected = np.empty(a.shape, bool if comparison else dtype)
    BINARY[name](a, b, expected)
    np.testing.assert_array_equal(
        elementwise([("load", 0), ("load", 1), (name, 0, 1)], [a, b]), expected
    )
    for c in (0.0, -2.5, np.inf, np.nan):  # constants and arguments, on either side
        for number, values in ((("const", c), ()), (("number", 0), (c,))):
            with_right = elementwise([("load", 0), number, (name, 0, 1)], [a], *values)
            with_left = elementwise([("load", 0), number, (name, 1, 0)], [a], *values)
            BINARY[name](a, dtype(c), expected)
            np.testing.assert_array_equal(with_right, expected)
            BINARY[name](dtype(c), a, expected)
            np.testing.assert_array_equal(with_left, expected)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 7, 8, -1, -2, -3, 0.5, -0.5])
def test_powers(exponent: float) -> None:
    x = np.float32([0.0, 1.0, -1.5, 2.0, 3.7, 1e-3, np.inf, -np.inf, np.nan, -0.0])
    if exponent == 0.5:
        x = x[x != -np.inf]  # versions of NumPy differ
    got = elementwise([("load", 0), ("const", exponent), ("pow", 0, 1)], [x])
    np.testing.assert_allclose(got, np.power(x, np.float32(exponent)), rtol=1e-6)


@pytest.mark.parametrize("name", ["add", "mul", "maximum", "minimum", "eq", "ne", "lt", "ge"])
def test_truth_values_follow_numpy(name: str) -> None:
    a, b = np.float32([1, 1, -1, -1] * 5), np.float32([1, -1, 1, -1] * 5)
    code = [("load", 0), ("load", 1), ("const", 0.0), ("gt", 0, 2), ("gt", 1, 2), (name, 3, 4)]
    function = {"maximum": np.maximum, "minimum": np.minimum}.get(name, BINARY[name])
    np.testing.assert_array_equal(elementwise(code, [a, b]), function(a > 0, b > 0))
    mixed = elementwise([*code[:4], ("mul", 3, 1)], [a, b])
    np.testing.assert_array_equal(mixed, (a > 0) * b)


@pytest.mark.parametrize(
    "code",
    [
        [("load", 0), ("argmax", 0)],
        [("load", 0), ("number", 0), ("pow", 0, 1)],
        [("load", 0), ("const", 2.5), ("pow", 0, 1)],
        [("load", 0), ("gt", 0, 0), ("neg", 1)],
        [("load", 0), ("gt", 0, 0), ("const", 2.0), ("pow", 1, 2)],
    ],
)
def test_what_cannot_be_compiled(code: list[Instruction]) -> None:
    loop = Loop(1, (Reference(0, "vector"),), tuple(code), (Store(len(code) - 1, 0),), ())
    assert fused.compile_nest(Nest("float32", 1, 1, ((loop,),))) is None
    assert fused.compile_nest(Nest("float16", 1, 1, ())) is None
    assert reference.compile_nest(Nest("float32", 1, 1, ())) is None


def test_vectors_are_put_aside_in_whole_lines() -> None:
    loop = Loop(1, (Reference(0, "vector"),), (("load", 0), ("exp", 0)), (Store(1, 0),), ())
    assert "alignstack(64)" in str(_fused_code.build(Nest("float32", 1, 0, ((loop,),)), "kernel"))


FOLDS = {"sum": np.sum, "max": np.max, "min": np.min}


def fold(x: Array, operation: str, axis: int, square: bool = False, whole: bool = False) -> Array:
    """Reduce a 2-D array whose rows have unit stride; guard the memory around the result."""
    rows, columns = x.shape
    result = np.full((rows if axis else columns) + 2, 7, x.dtype)
    code = (("load", 0), ("sqr", 0)) if square else (("load", 0),)
    folds = (Fold(operation, len(code) - 1, axis, 1),)
    vectors = (Reference(0, "vector"), Reference(1, "vector"))
    loop = Loop(1 - axis, vectors, code, (), folds, whole)
    kernel = fused.compile_nest(Nest(x.dtype.name, 2, 0, ((loop,),)))
    assert kernel is not None
    stride = (1, 0) if axis else (0, 1)
    call = kernel.bind([[Extent(rows, columns, ((x.strides[0] // x.itemsize, 1), stride))]])
    call(address(x), address(result[1:]))
    assert result[0] == result[-1] == 7
    return result[1:-1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("operation", FOLDS)
def test_folds(operation: str, axis: int, dtype: Any) -> None:
    rng = np.random.RandomState(0)
    shapes = [(1, 1), (3, 5), (2, 16), (5, 17), (7, 63), (4, 70), (127, 3), (129, 33), (300, 600)]
    for shape in shapes:
        x = rng.uniform(-1, 1, shape).astype(dtype)
        expected = FOLDS[operation](x.astype(np.float64), axis=axis)
        tolerance = 4 * np.finfo(dtype).eps * np.sqrt(x.shape[axis])
        np.testing.assert_allclose(
            fold(x, operation, axis), expected, atol=tolerance if operation == "sum" else 0
        )
        padded = np.full((shape[0], shape[1] + 3), np.nan, dtype)  # rows with gaps
        padded[:, : shape[1]] = x
        np.testing.assert_array_equal(
            fold(padded[:, : shape[1]], operation, axis), fold(x, operation, axis)
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("operation", FOLDS)
def test_folds_of_whole_lines_have_the_same_bits(operation: str, axis: int, dtype: Any) -> None:
    rng = np.random.RandomState(0)
    for shape in ((1, 16), (5, 48), (129, 64), (33, 112), (300, 8208)):
        x = rng.uniform(-1, 1, shape).astype(dtype)
        for square in (False, True):
            expected = fold(x, operation, axis, square)
            found = fold(x, operation, axis, square, whole=True)
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("operation", FOLDS)
def test_nan_wins(operation: str, axis: int) -> None:
    for place in ((0, 0), (3, 17), (5, 40), (2, 41)):
        x = np.ones((6, 42), np.float32)
        x[place] = np.nan
        expected = np.isnan(x).any(axis=axis)
        np.testing.assert_array_equal(np.isnan(fold(x, operation, axis)), expected)


@pytest.mark.parametrize("axis", [0, 1])
def test_sums_are_accurate(axis: int) -> None:
    x = np.full((1, 200_000) if axis else (200_000, 1), 0.1, np.float32)
    exact = 200_000 * np.float64(np.float32(0.1))
    np.testing.assert_allclose(fold(x, "sum", axis), exact, rtol=3e-7)
    square = 200_000 * np.float64(np.float32(0.1) ** 2)
    np.testing.assert_allclose(fold(x, "sum", axis, square=True), square, rtol=3e-7)


@pytest.mark.parametrize(
    ("columns", "whole"),
    [(n, False) for n in (1, 2, 15, 16, 17, 31, 50, 64)] + [(n, True) for n in (16, 48, 64, 80)],
)
def test_nothing_is_written_beyond_the_columns(columns: int, whole: bool) -> None:
    x = np.arange(3 * columns, dtype=np.float32).reshape(3, columns)
    out = np.full((3, columns + 5), 7, np.float32)
    kinds: list[Access] = ["vector", "splat", "strided", "vector"]
    references = tuple(Reference(n, kind) for n, kind in enumerate(kinds))
    code = (("load", 0), ("load", 1), ("load", 2), ("add", 0, 1), ("mul", 3, 2))
    loop = Loop(0, references, code, (Store(4, 3),), (), whole)
    kernel = fused.compile_nest(Nest("float32", 4, 0, ((loop,),)))
    assert kernel is not None
    column, turned = np.float32([10, 20, 30]), np.asfortranarray(x + 1)
    strides = ((columns, 1), (1, 0), (1, 3), (columns + 5, 1))
    kernel.bind([[Extent(3, columns, strides)]])(*map(address, (x, column, turned, out)))
    np.testing.assert_array_equal(out[:, :columns], (x + column[:, np.newaxis]) * (x + 1))
    assert (out[:, columns:] == 7).all()


def softmax(x: Array, whole: bool) -> Array:
    """Three loops in one group: maxima, exponentials and their sums, quotients."""
    out, top, total = np.empty_like(x), np.empty_like(x[0]), np.empty_like(x[0])
    vectors = tuple(Reference(n, "vector") for n in range(4))  # x, out, top, total
    loops = (
        Loop(1, vectors, (("load", 0),), (), (Fold("max", 0, 0, 2),), whole),
        Loop(
            1, vectors, (("load", 0), ("load", 2), ("sub", 0, 1), ("exp", 2)), (Store(3, 1),),
            (Fold("sum", 3, 0, 3),), whole,
        ),
        Loop(1, vectors, (("load", 1), ("load", 3), ("div", 0, 1)), (Store(2, 1),), (), whole),
    )  # fmt: skip
    kernel = fused.compile_nest(Nest("float32", 4, 0, (loops,)))
    assert kernel is not None
    rows, columns = x.shape
    extent = Extent(rows, columns, ((columns, 1), (columns, 1), (0, 1), (0, 1)))
    kernel.bind([[extent] * 3])(*map(address, (x, out, top, total)))
    return out


@pytest.mark.parametrize(("columns", "whole"), [(1111, False), (1104, False), (1104, True)])
def test_any_number_of_threads_gives_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, columns: int, whole: bool
) -> None:
    x = np.random.RandomState(0).normal(size=(130, columns)).astype(np.float32)
    e = np.exp(x - x.max(axis=0, keepdims=True))
    results = []
    before = _threads.get_num_threads()
    try:
        for threads in range(1, before + 1):
            _threads.set_num_threads(threads)
            for work in (1, 1 << 40):  # in parts, and in one piece
                monkeypatch.setattr(fused, "PARALLEL_WORK", work)
                monkeypatch.setattr(fused, "_PART_BYTES", 1)
                results.append(softmax(x, whole))
    finally:
        _threads.set_num_threads(before)
    np.testing.assert_allclose(results[0], e / e.sum(axis=0, keepdims=True), rtol=3e-6)
    for result in results:
        np.testing.assert_array_equal(result, results[0])


class TestCache:
    """The files of kernels, in processes of their own."""

    CODE = """
import logging, sys
import numpy as np
from neonlike.kernels._nest import *
from neonlike.kernels.numba import _fused_store, fused
if sys.argv[1] == "read":
    _fused_store._machine = None  # nothing is compiled
logging.basicConfig(level=logging.WARNING, format="%(message)s", force=True, stream=sys.stdout)
both = Reference(0, "vector"), Reference(1, "vector")
loop = Loop(1, both, (("load", 0), ("tanh", 0)), (Store(1, 1),), ())
kernel = fused.compile_nest(Nest("float32", 2, 0, ((loop,),)))
x, out = np.ones(9, np.float32), np.empty(9, np.float32)
kernel.bind([[Extent(1, 9, ((0, 1), (0, 1)))]])(x.ctypes.data, out.ctypes.data)
assert np.allclose(out, np.tanh(x)), out
"""

    def run(self, folder: Path, mode: str, **variables: str) -> str:
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), **variables}
        command = [sys.executable, "-c", self.CODE, mode]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def test_files(self, tmp_path: Path) -> None:
        assert self.run(tmp_path, "compile") == ""
        (path,) = tmp_path.rglob("*.o")
        content = path.read_bytes()
        assert self.run(tmp_path, "read") == ""
        for damaged in (b"", content[:-1], content[:40] + b"?" + content[41:]):
            path.write_bytes(damaged)
            assert "is damaged: compiling anew" in self.run(tmp_path, "compile")
            assert path.read_bytes() == content
        assert [p.name for p in path.parent.glob("*.o*")] == [path.name]

    @pytest.mark.parametrize("lanes", ["4", "8"])
    def test_shorter_vectors(self, tmp_path: Path, lanes: str) -> None:
        assert self.run(tmp_path, "compile", NEONLIKE_VECTOR_LANES=lanes) == ""


def test_vectors_of_any_width_give_the_same_bits() -> None:
    """Functions of numbers do not depend on the machine; sums along rows may."""
    script = """
import numpy as np
from neonlike.backends import gen_backend
be = gen_backend("cpu", batch_size=37)
x = be.array(np.random.RandomState(0).uniform(-90, 90, (50, 37)))
y, found = be.zeros(x.shape), []
for f in (be.sig, be.sig2, be.tanh, be.exp, be.exp2, be.log, be.log2, be.safelog):
    y[:] = f(x) * 1.5
    found.append(y.get())
print(np.stack(found).tobytes().hex())
"""
    found = set()
    for lanes in ("4", "8", ""):
        environment = dict(os.environ, NEONLIKE_VECTOR_LANES=lanes)
        if not lanes:
            del environment["NEONLIKE_VECTOR_LANES"]
        command = [sys.executable, "-c", script]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found.add(run.stdout)
    assert len(found) == 1
