"""Winograd convolution: errors, choice, repeatability, whole nets against strict ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import compiled_only
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.initializers import Kaiming
from neonlike.kernels.numba import _threads, _winograd, _winograd_update, conv
from neonlike.kernels.numba._vector import LANES
from neonlike.kernels.reference import conv as reference
from neonlike.layers import Affine, Conv, Pooling
from neonlike.models import Model
from neonlike.transforms import Rectlin, Softmax

BOUNDS = {(2, 3): 5e-6, (4, 3): 1e-4, (4, 5): 1e-4}  # by (size, taps), of the largest output
ONES = (1, 1, 1)


def scratch(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Aligned memory full of nan."""
    nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.full(nbytes + 64, 255, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + nbytes].view(dtype).reshape(shape)


def arrays(
    channels: int,
    maps: int,
    height: int,
    width: int,
    pad: tuple[int, int],
    batch: int,
    taps: int = 3,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, filters and errors."""
    shapes = (
        (channels, 1, height, width, batch),
        (channels, 1, taps, taps, maps),
        (maps, 1, height + 2 * pad[0] - taps + 1, width + 2 * pad[1] - taps + 1, batch),
    )
    rng = np.random.RandomState(0)
    x, w, err = (rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    return x, w, err


def check(
    variant: tuple[int, int],
    channels: int,
    maps: int,
    height: int,
    width: int,
    pad: tuple[int, int],
    batch: int,
    alpha: float = 1.0,
    beta: float = 0.0,
) -> None:
    """All three passes in a variant, (size, taps), against the reference in float64."""
    size, taps = variant
    x, w, err = arrays(channels, maps, height, width, pad, batch, taps)
    back = (taps - 1 - pad[0], taps - 1 - pad[1])
    scale = alpha, beta, scratch

    def fprop(out: np.ndarray) -> None:
        _winograd.winograd(size, x, w, out, pad, *scale)

    def bprop(out: np.ndarray) -> None:
        _winograd.winograd(size, err, w, out, back, *scale, swap=True)

    def update(out: np.ndarray) -> None:
        bias = np.full((len(err), 1), np.nan, np.float32)
        _winograd_update.winograd_gradient(x, err, out, pad, *scale, bias)
        each = err.reshape(len(err), -1).astype(np.float64)
        bound = 1e-6 * np.abs(each).sum(axis=1).max()
        np.testing.assert_allclose(bias[:, 0], each.sum(axis=1), rtol=0, atol=bound)

    passes = [(fprop, x, w, err), (bprop, err, w, x)]
    if size == _winograd_update.SIZE:
        passes.append((update, x, err, w))
    for kernel, left, right, like in passes:
        got = np.full_like(like, 1 if beta else np.nan)
        kernel(got)
        expected = np.ones(like.shape)
        wide = left.astype(np.float64), right.astype(np.float64)
        getattr(reference, kernel.__name__)(*wide, expected, (0, *pad), ONES, ONES, *scale)
        bound = BOUNDS[size, taps] * max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(got, expected, rtol=0, atol=bound, err_msg=kernel.__name__)


@settings(max_examples=60, deadline=None)
@given(
    variant=st.sampled_from([(2, 3), (4, 3), (4, 5)]),
    channels=st.integers(1, 20),
    maps=st.integers(1, 40),
    height=st.integers(5, 11),
    width=st.integers(5, 11),
    pad=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    batch=st.sampled_from([1, 3, 8, 16, 20, 32, 50]),
    scale=st.sampled_from([(1.0, 0.0), (0.5, -2.0)]),
)
@example((4, 3), 128, 128, 8, 8, (1, 1), 16, (1.0, 0.0))
@example((2, 3), 128, 128, 8, 8, (1, 1), 16, (1.0, 0.0))
@example((4, 5), 128, 128, 8, 8, (2, 2), 16, (1.0, 0.0))
def test_any_geometry(
    variant: tuple[int, int],
    channels: int,
    maps: int,
    height: int,
    width: int,
    pad: tuple[int, int],
    batch: int,
    scale: tuple[float, float],
) -> None:
    check(variant, channels, maps, height, width, pad, batch, *scale)


@pytest.mark.parametrize("size", [2, 4])
def test_stores_past_the_caches(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, w, err = arrays(3, 20, 10, 9, (1, 1), 32)
    results = []
    for stream in (False, True):
        monkeypatch.setattr(_winograd, "streams", lambda out, stream=stream: stream)
        out = scratch("out", err.shape, np.float32)
        _winograd.winograd(size, x, w, out, (1, 1), 1.0, 0.0, scratch)
        results.append(out)
    np.testing.assert_array_equal(*results)


def test_nan_stays_in_its_column() -> None:
    x, w, err = arrays(16, 16, 8, 8, (1, 1), 16)
    x[..., 3] = np.nan
    _winograd.winograd(4, x, w, err, (1, 1), 1.0, 0.0, scratch)
    assert np.isnan(err[..., 3]).all()
    assert not np.isnan(np.delete(err, 3, axis=-1)).any()


def size_for(
    dtype: Any = np.float32,
    channels: int = 32,
    maps: int = 32,
    side: int = 16,
    batch: int = 32,
    filters: tuple[int, int, int] = (1, 3, 3),
    pad: tuple[int, int, int] = (0, 1, 1),
    stride: tuple[int, int, int] = ONES,
    dil: tuple[int, int, int] = ONES,
) -> int:
    x = np.empty((channels, 1, side, side, batch), dtype)
    w = np.empty((channels, *filters, maps), dtype)
    out = np.empty((maps, 1, side, side, batch), dtype)
    return _winograd.tile_size(x, w, out, pad, stride, dil)


def test_choice() -> None:
    assert size_for() == size_for(side=8) == size_for(batch=128) == 4
    assert size_for(side=6) == 2
    assert size_for(batch=1) == 0  # most of a line of columns would be idle
    assert size_for(side=2) == 0  # most taps lie in the padding
    assert size_for(channels=3) == 0  # transforms cost too much
    assert size_for(channels=1, filters=(1, 5, 5), pad=(0, 2, 2)) == 0
    assert size_for(channels=3, filters=(1, 5, 5), pad=(0, 2, 2)) == size_for(maps=8) == 4
    assert size_for(dtype=np.float64) == 0
    assert size_for(filters=(1, 5, 5), pad=(0, 2, 2)) == 4
    assert size_for(side=2, filters=(1, 5, 5), pad=(0, 2, 2)) == 0
    assert size_for(filters=(1, 3, 5)) == size_for(filters=(3, 3, 3)) == 0
    assert size_for(stride=(1, 2, 1)) == size_for(dil=(1, 1, 2)) == size_for(pad=(1, 1, 1)) == 0


def test_exact_rules_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w, err = arrays(16, 16, 12, 12, (1, 1), 16)
    y, dx = np.empty_like(err), np.empty_like(x)
    calls: list[int] = []
    monkeypatch.setattr(conv, "winograd", lambda size, *args, **kwargs: calls.append(size))
    monkeypatch.setattr(conv, "winograd_gradient", lambda *args: calls.append(0))
    for exact in (True, False):
        conv.fprop(x, w, y, (0, 1, 1), ONES, ONES, 1.0, 0.0, scratch, exact)
        conv.bprop(err, w, dx, (0, 1, 1), ONES, ONES, 1.0, 0.0, scratch, exact)
        conv.update(x, err, w, (0, 1, 1), ONES, ONES, 1.0, 0.0, scratch, exact)
        assert calls == ([] if exact else [4, 4, 0])


def test_threads() -> None:
    """Threads do not change the result at all, nor does repeating."""
    x, w, err = arrays(24, 40, 24, 24, (1, 1), 40)  # enough work for threads
    threads = _threads.get_num_threads()
    results = []
    try:
        for count in (1, threads, threads):
            _threads.set_num_threads(count)
            results.append(np.empty_like(err))
            _winograd.winograd(4, x, w, results[-1], (1, 1), 1.0, 0.0, scratch)
    finally:
        _threads.set_num_threads(threads)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_threads_of_the_gradient() -> None:
    """Each thread has sums of its own: the same number of threads gives the same bits."""
    x, w, err = arrays(24, 40, 24, 24, (1, 1), 40)
    threads = _threads.get_num_threads()
    results = []
    try:
        for count in (1, threads, threads):
            _threads.set_num_threads(count)
            results.append(np.empty_like(w))
            _winograd_update.winograd_gradient(x, err, results[-1], (1, 1), 1.0, 0.0, scratch)
    finally:
        _threads.set_num_threads(threads)
    np.testing.assert_array_equal(results[1], results[2])
    np.testing.assert_allclose(results[0], results[1], rtol=0, atol=1e-5 * np.abs(results[0]).max())


@pytest.fixture
def make_fast() -> Iterator[Callable[..., Any]]:
    """Return ``make_fast(**gen_backend_arguments)`` for the compiled kernels."""
    yield lambda **kwargs: gen_backend(**{"backend": "cpu", "rng_seed": 0, **kwargs})
    cleanup_backend()


def test_switch(make_fast: Callable[..., Any]) -> None:
    assert make_fast().numerics == "fast"
    assert make_fast(numerics="strict").numerics == "strict"
    with pytest.raises(ValueError, match=r"numerics must be one of .*'strict'.*, got 'exact'"):
        make_fast(numerics="exact")


@compiled_only
def test_whole_net(make_fast: Callable[..., Any]) -> None:
    """Outputs and gradients of a convolutional net, fast against strict."""
    results = {}
    for numerics in ("strict", "fast"):
        be = make_fast(numerics=numerics, batch_size=32)
        same = {"init": Kaiming(), "padding": 1, "activation": Rectlin()}
        layers = [
            Conv((3, 3, 16), **same),
            Conv((3, 3, 32), **same, batch_norm=True),
            Pooling(2),
            Conv((3, 3, 32), **same),
            Affine(10, init=Kaiming(), activation=Softmax()),
        ]
        model = Model(layers)
        model.initialize((3, 16, 16))
        rng = np.random.RandomState(0)
        outputs = model.fprop(be.array(rng.standard_normal((3 * 16 * 16, 32))))
        model.bprop(be.array(rng.standard_normal((10, 32))))
        (_, gradient), _ = model.layers.layers[0].get_params()
        results[numerics] = [outputs.get(), gradient.get()]
    for fast, strict in zip(results["fast"], results["strict"], strict=True):
        assert np.abs(fast - strict).max() <= 1e-4 * np.abs(strict).max()
    assert not np.array_equal(results["fast"][0], results["strict"][0])


@pytest.mark.parametrize("lanes", [n for n in (4, 8, 16) if n != LANES])
def test_other_vector_widths(lanes: int) -> None:
    """The widths of other machines are right too; a process of its own, as import fixes it."""
    here = Path(__file__).parent
    program = (
        f"import sys; sys.path[:0] = {[str(here), str(here.parent), str(here.parents[1])]!r}\n"
        "import test_winograd as t\n"
        "for variant in t.BOUNDS:\n"
        "    t.check(variant, 5, 27, 9, 7, (1, 0), 20)\n"
    )
    environment = {**os.environ, "NEONLIKE_VECTOR_LANES": str(lanes), "NUMBA_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
