"""The fast convolution kernels against the reference kernels, on all kinds of geometry."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neonlike.kernels.numba import _threads, conv
from neonlike.kernels.numba._vector import LANES
from neonlike.kernels.reference import conv as reference

Triple = tuple[int, int, int]
OPERATIONS = ("fprop", "bprop", "update")
TOLERANCES = {np.float32: 1e-4, np.float64: 1e-12}


@dataclass(frozen=True)
class Case:
    """A convolution; triples are (d, h, w)."""

    channels: int
    maps: int
    sizes: Triple
    filters: Triple
    pad: Triple = (0, 0, 0)
    stride: Triple = (1, 1, 1)
    dil: Triple = (1, 1, 1)

    def outputs(self) -> Triple:
        axes = zip(self.sizes, self.filters, self.pad, self.stride, self.dil, strict=True)
        d, h, w = ((x + 2 * p - (e * (f - 1) + 1)) // s + 1 for x, f, p, s, e in axes)
        return d, h, w

    def arrays(self, batch: int, dtype: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs, filters and errors."""
        shapes = (
            (self.channels, *self.sizes, batch),
            (self.channels, *self.filters, self.maps),
            (self.maps, *self.outputs(), batch),
        )
        rng = np.random.RandomState(0)
        x, w, err = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
        return x, w, err


CASES = {
    "3x3_pad1": Case(3, 16, (1, 8, 8), (1, 3, 3), (0, 1, 1)),
    "5x5_stride2_many_maps": Case(5, 27, (1, 9, 7), (1, 5, 5), (0, 2, 2), (1, 2, 2)),
    "3d": Case(2, 3, (4, 6, 5), (2, 3, 3), (1, 1, 0), (1, 2, 1)),
    "3d_padded_planes": Case(2, 5, (3, 5, 5), (3, 3, 3), (1, 1, 1), (2, 1, 1)),
    "stride_larger_than_filter": Case(2, 7, (1, 8, 8), (1, 2, 2), stride=(1, 3, 3)),
    "pad_larger_than_filter": Case(2, 5, (1, 3, 3), (1, 2, 2), (0, 3, 2)),
    "dilation_and_stride": Case(3, 40, (1, 9, 9), (1, 3, 3), (0, 2, 2), (1, 2, 2), (1, 2, 2)),
    "dilation3_stride2": Case(3, 4, (1, 9, 10), (1, 3, 2), (0, 3, 1), (1, 2, 2), (1, 3, 3)),
    "3d_dilation": Case(3, 4, (5, 5, 5), (2, 2, 2), dil=(2, 3, 2)),
    "channels_that_clash_in_the_cache": Case(32, 8, (1, 4, 4), (1, 3, 3), (0, 1, 1)),
    "whole_image": Case(2, 3, (1, 4, 4), (1, 4, 4)),
    "1x1": Case(2, 3, (1, 4, 4), (1, 1, 1)),
    "1x1_stride2": Case(2, 3, (1, 5, 4), (1, 1, 1), stride=(1, 2, 2)),
    "1x1_pad1": Case(2, 3, (1, 5, 4), (1, 1, 1), (0, 1, 1)),
}


def scratch(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Memory full of nan, or of huge numbers, so that nothing uninitialised is used unseen."""
    nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.full(nbytes + 64, 255, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + nbytes].view(dtype).reshape(shape)


def run(
    kernels: ModuleType,
    operation: str,
    case: Case,
    arrays: tuple[np.ndarray, np.ndarray, np.ndarray],
    alpha: float = 1.0,
    beta: float = 0.0,
) -> np.ndarray:
    """The result of ``operation``; with ``beta`` blended into ones, else written over nan."""
    x, w, err = arrays
    operands = {"fprop": (x, w, err), "bprop": (err, w, x), "update": (x, err, w)}[operation]
    out = np.full_like(operands[2], 1 if beta else np.nan)
    geometry = (case.pad, case.stride, case.dil)
    getattr(kernels, operation)(*operands[:2], out, *geometry, alpha, beta, scratch)
    return out


def check(case: Case, batch: int, dtype: Any, alpha: float = 1.0, beta: float = 0.0) -> None:
    arrays = case.arrays(batch, dtype)
    wide = tuple(array.astype(np.float64) for array in arrays)
    for operation in OPERATIONS:
        got = run(conv, operation, case, arrays, alpha, beta)
        expected = run(reference, operation, case, wide, alpha, beta)
        bound = TOLERANCES[dtype] * max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(got, expected, rtol=0, atol=bound, err_msg=operation)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [1, 3, 16, 50, 64])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_matches_reference(case: Case, batch: int, dtype: Any) -> None:
    check(case, batch, dtype)


@pytest.mark.parametrize("batch", [3, 20, 32])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_alpha_beta(case: Case, batch: int) -> None:
    check(case, batch, np.float32, alpha=0.5, beta=-2.0)


@st.composite
def geometries(draw: st.DrawFn) -> Case:
    axis = st.tuples(
        *(st.integers(1, n) for n in (7, 4)), st.integers(0, 4), *[st.integers(1, 3)] * 2
    )
    d, h, w = draw(st.tuples(axis.map(lambda a: (min(a[0], 3), min(a[1], 2), *a[2:])), axis, axis))
    sizes, filters, pad, stride, dil = zip(d, h, w, strict=True)
    return Case(draw(st.integers(1, 6)), draw(st.integers(1, 21)), sizes, filters, pad, stride, dil)


@settings(max_examples=60, deadline=None)
@given(case=geometries(), batch=st.sampled_from([1, 2, 8, 16, 17, 32]))
def test_any_geometry(case: Case, batch: int) -> None:
    if min(case.outputs()) > 0:
        check(case, batch, np.float32)


@pytest.mark.parametrize("kernels", [conv, reference], ids=["numba", "reference"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_adjoint(kernels: ModuleType, case: Case) -> None:
    """<fprop(x, w), e> is linear in each of the three: bprop and update give the same number."""
    x, w, err = arrays = case.arrays(4, np.float64)
    expected = np.vdot(run(kernels, "fprop", case, arrays), err)
    assert np.vdot(run(kernels, "bprop", case, arrays), x) == pytest.approx(expected, rel=1e-10)
    assert np.vdot(run(kernels, "update", case, arrays), w) == pytest.approx(expected, rel=1e-10)


def test_threads() -> None:
    """Threads do not change fprop and bprop at all; repeating a call changes nothing."""
    case = Case(8, 20, (1, 16, 16), (1, 3, 3), (0, 1, 1))  # enough work for threads
    threads = _threads.get_num_threads()
    arrays = case.arrays(20, np.float32)
    results: dict[int, list[np.ndarray]] = {}
    try:
        for count in {1, threads}:
            _threads.set_num_threads(count)
            results[count] = [run(conv, op, case, arrays) for op in OPERATIONS]
            for first, operation in zip(results[count], OPERATIONS, strict=True):
                np.testing.assert_array_equal(run(conv, operation, case, arrays), first)
    finally:
        _threads.set_num_threads(threads)
    for one, many in zip(results[1][:2], results[threads][:2], strict=True):
        np.testing.assert_array_equal(one, many)


OPTIONS = {
    "bias": {"bias": True},
    "bsum": {"bsum": True},
    "relu": {"bias": True, "relu": True, "bsum": True},
    "leaky": {"relu": True, "slope": 0.2},
    "brelu": {"brelu": True, "source": True},
    "brelu_leaky_of_itself": {"bias": True, "brelu": True, "slope": 0.3, "bsum": True},
}


@pytest.mark.parametrize("shape", [(1, 3), (3, 50), (5, 40000)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_epilogue(options: dict[str, Any], dtype: Any, shape: tuple[int, int]) -> None:
    rng = np.random.RandomState(0)
    given, source = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    source[0, 0] = 0
    bias = rng.standard_normal((shape[0], 1)).astype(dtype)
    results = []
    for kernels, kind in ((conv, dtype), (reference, np.float64)):
        out = given.astype(kind)
        sums = np.full((shape[0], 1), np.nan, kind) if "bsum" in options else None
        kernels.epilogue(
            out,
            source.astype(kind) if "source" in options else None,
            bias.astype(kind) if "bias" in options else None,
            sums,
            options.get("relu", False),
            options.get("brelu", False),
            options.get("slope", 0.0),
        )
        results.append((out, out[:, :1] if sums is None else sums))
    bound = 1e-6 if dtype == np.float32 else 1e-12
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=bound, atol=bound * 10)


@pytest.mark.parametrize("lanes", [n for n in (4, 8, 16) if n != LANES])
def test_other_vector_widths(lanes: int) -> None:
    """The widths of other machines are right too; a process of its own, as import fixes it."""
    here = Path(__file__).parent
    program = (
        f"import sys; sys.path[:0] = [{str(here)!r}, {str(here.parents[1])!r}]\n"
        "import numpy as np, test_conv as t\n"
        "for name in ('3x3_pad1', '5x5_stride2_many_maps', '3d'):\n"
        "    for batch in (3, 16):\n"
        "        t.check(t.CASES[name], batch, np.float32)\n"
    )
    environment = {**os.environ, "NEONLIKE_VECTOR_LANES": str(lanes), "NUMBA_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
