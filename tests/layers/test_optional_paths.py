"""Every optional path of convolution and pooling trains, with equal curves on both kernel sets."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from compiled import compiled_only
from short_training import ShortTraining

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import LRN, Affine, Conv, Deconv, Pooling
from neonlike.transforms import Rectlin, Softmax, Tanh

INIT = GlorotUniform()
CONV: dict[str, Any] = {"init": INIT, "bias": Constant(0.1), "activation": Rectlin()}
BN: dict[str, Any] = {"init": INIT, "batch_norm": True, "activation": Rectlin()}
DECONV: dict[str, Any] = {"init": INIT, "bias": Constant(0), "activation": Tanh()}
BATCH = 8
STEPS = 5

Size = tuple[int, ...]


def whole_map(size: Size) -> list[Any]:
    return [Conv((*size[-2:], 6), **CONV)]


# name: (layers for a picture size, picture size, a larger one); all pictures have two maps
PATHS: dict[str, tuple[Callable[[Size], list[Any]], Size, Size]] = {
    "volume": (
        lambda size: [Conv((2, 3, 3, 4), padding={"pad_d": 1, "pad_h": 1}, **BN), Pooling((2, 2))],
        (4, 6, 6),
        (6, 9, 8),
    ),
    "volume_strided": (
        lambda size: [
            Conv((3, 3, 3, 4), strides={"str_d": 2, "str_h": 2, "str_w": 1}, **CONV),
            Pooling((1, 2, 2), strides=1, op="avg"),
        ],
        (5, 7, 6),
        (7, 9, 9),
    ),
    "dilation": (
        lambda size: [Conv((3, 3, 4), dilation=2, padding=2, **BN), Conv((3, 3, 4), **CONV)],
        (8, 8),
        (12, 11),
    ),
    "dilation_and_stride": (
        lambda size: [Conv((3, 2, 4), dilation={"dil_h": 2, "dil_w": 3}, strides=2, **CONV)],
        (9, 9),
        (13, 12),
    ),
    "caffe_pooling": (
        lambda size: [Conv((3, 3, 4), **CONV), Pooling(3, strides=2, padding=1)],
        (8, 8),
        (12, 10),
    ),
    "caffe_average": (
        lambda size: [Conv((3, 3, 4), **CONV), Pooling(3, strides=2, op="avg")],
        (8, 8),
        (12, 10),
    ),
    "stride_above_kernel": (
        lambda size: [Conv((2, 2, 4), strides=3, **CONV), Pooling(1, strides=2)],
        (9, 9),
        (15, 14),
    ),
    "one_by_one": (
        lambda size: [Conv((1, 1, 5), **BN), Conv((1, 1, 4), strides=2, **CONV)],
        (6, 6),
        (9, 11),
    ),
    "kernel_is_map": (whole_map, (5, 6), (9, 8)),
    "pooling_over_maps": (
        lambda size: [Conv((3, 3, 6), **CONV), Pooling({"J": 2, "R": 2, "S": 2}, strides=2)],
        (6, 6),
        (10, 9),
    ),
    "average_over_maps": (
        lambda size: [
            Conv((2, 3, 3, 6), **CONV),
            Pooling({"J": 3, "T": 2, "R": 2, "S": 1}, op="avg"),
        ],
        (3, 6, 6),
        (5, 9, 9),
    ),
    "overlapping_padded": (
        lambda size: [Conv((5, 5, 4), padding=4, **CONV), Pooling(3, strides=1, padding=2)],
        (6, 6),
        (9, 10),
    ),
    "pooling_all": (
        lambda size: [Conv((3, 3, 6), **BN), Pooling("all", op="avg")],
        (7, 7),
        (11, 9),
    ),
    "deconvolution": (
        lambda size: [Conv((3, 3, 3), **CONV), Deconv((3, 3, 4), strides=2, padding=1, **DECONV)],
        (6, 6),
        (8, 9),
    ),
    "deconvolution_of_volume": (
        lambda size: [
            Conv((2, 2, 2, 3), strides=2, **CONV),
            Deconv((2, 3, 2, 4), strides={"str_d": 2, "str_h": 2, "str_w": 3}, **DECONV),
        ],
        (4, 6, 6),
        (6, 8, 8),
    ),
    "response_normalization": (
        lambda size: [Conv((3, 3, 6), **CONV), LRN(5, ascale=0.1, bpower=0.75)],
        (6, 6),
        (9, 9),
    ),
}


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    cleanup_backend()


def training(kernel_set: str, path: str, size: Size) -> ShortTraining:
    mode = "caffe" if path.startswith("caffe") else None
    be = gen_backend(kernel_set, batch_size=BATCH, rng_seed=1, compat_mode=mode)
    layers = PATHS[path][0](size)
    layers.append(Affine(3, init=INIT, bias=Constant(0), activation=Softmax()))
    return ShortTraining(be, layers, (2, *size))


@pytest.mark.parametrize("path", PATHS)
def test_equal_curves(path: str) -> None:
    size = PATHS[path][1]
    curves, weights = [], []
    for kernel_set in ("cpu", "reference"):
        run = training(kernel_set, path, size)
        curves.append(run.run(STEPS))
        weights.append(run.weights())
    assert curves[0][-1] < curves[0][0]
    np.testing.assert_allclose(*curves, rtol=2e-4)
    for one, two in zip(*weights, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)


@compiled_only
@pytest.mark.parametrize("path", PATHS)
def test_no_python_loops_over_positions(path: str) -> None:
    """A larger picture needs not one Python call more."""
    counts = []
    for size in PATHS[path][1:]:
        run = training("cpu", path, size)
        run.run(6)  # compile, allocate, record
        counts.append(calls_of(run.step))
    assert counts[0] == counts[1]
    assert counts[0] < 5000


def calls_of(step: Callable[[], Any]) -> int:
    """Number of calls, of Python and C functions, that ``step`` makes."""
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    gc.disable()  # finalizers of other tests' garbage are no part of the step
    sys.setprofile(count)
    try:
        step()
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls
