"""Drawn geometries of convolution, deconvolution, pooling and LRN: both sets give one result.

The oracle is the reference set in float64. The Numba set is tried in float32 with both kinds of
numerics, the reference set in float32 too. All results start as nan (or as old values that count,
where ``beta`` is not 0), all calls go through the backend as layers make them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neonlike.backends.backend import Backend

# what is tried: kernel set, numerics, bound relative to the largest number of a result
TRIED = [("cpu", "strict", 2e-5), ("cpu", "fast", 1e-4), ("reference", "strict", 2e-5)]
BATCHES = st.sampled_from([1, 3, 8, 15, 16, 17, 33])
SEEDS = st.integers(0, 9)
MODEST = settings(max_examples=100, deadline=None, derandomize=True, database=None)

Axis = tuple[int, int, int, int, int]
Results = dict[str, np.ndarray[Any, Any]]


@cache
def backend(kernel_set: str, numerics: str) -> Any:
    """A backend beside the current one; they are made once, since nothing here is stateful."""
    return Backend.allocate_backend(kernel_set, rng_seed=0, numerics=numerics)


def compare(run: Callable[[Any, Any], Results]) -> None:
    """``run(backend, dtype)`` gives on every backend what the oracle gives."""
    expected = run(backend("reference", "strict"), np.float64)
    for kernel_set, numerics, tolerance in TRIED:
        results = run(backend(kernel_set, numerics), np.float32)
        for name, wanted in expected.items():
            bound = tolerance * max(1.0, np.abs(wanted).max(initial=0))
            np.testing.assert_allclose(
                results[name], wanted, rtol=0, atol=bound, err_msg=f"{kernel_set} {numerics} {name}"
            )


class Numbers:
    """Tensors of one backend with reproducible contents."""

    def __init__(self, be: Any, dtype: Any, seed: int) -> None:
        self.be, self.dtype, self.rng = be, dtype, np.random.RandomState(seed)

    def normal(self, shape: tuple[int, int]) -> Any:
        values = self.rng.standard_normal(shape).astype(np.float32)
        return self.be.array(values, dtype=self.dtype)

    def old(self, shape: tuple[int, int], beta: float) -> Any:
        """What is in a result before: numbers where they count, else nan."""
        return self.be.array(np.full(shape, 0.5 if beta else np.nan), dtype=self.dtype)

    def empty(self, shape: tuple[int, int], dtype: Any = None) -> Any:
        return self.be.empty(shape, dtype=dtype or self.dtype)


# ----------------------------------------------------------- convolution, deconvolution
@st.composite
def axes(draw: st.DrawFn, filters: int, strides: int) -> Axis:
    """Size, filter, padding, stride, dilation: fitting, up to ``strides`` > filter."""
    size, step = draw(st.integers(1, filters)), draw(st.integers(1, strides))
    dilation = draw(st.integers(1, 3 if size > 1 else 1))
    extent = dilation * (size - 1) + 1
    if draw(st.booleans()) and draw(st.booleans()):  # one in four: the filter is the map
        return extent, size, 0, step, dilation
    pad = draw(st.integers(0, 3))
    least = max(1, extent - 2 * pad)
    return draw(st.integers(least, least + 6)), size, pad, step, dilation


FLAT: Axis = (1, 1, 0, 1, 1)
SMALL = st.tuples(st.just(FLAT) | axes(2, 2), axes(4, 5), axes(4, 5))
# where ``fast`` may mean Winograd's algorithm
SQUARE = st.tuples(
    *[st.tuples(st.integers(5, 13), st.sampled_from([3, 5]), st.integers(0, 2))] * 2
).map(lambda hw: (FLAT, *((*axis, 1, 1) for axis in hw)))
MAPS = st.integers(1, 5), st.integers(1, 18)
MANY_MAPS = st.integers(14, 34), st.integers(14, 34)
CONVOLUTIONS = st.tuples(SMALL, *MAPS) | st.tuples(SQUARE, *MANY_MAPS)


def keywords(geometry: tuple[Axis, ...]) -> dict[str, int]:
    """Filter, padding, stride and dilation as ``conv_layer`` names them."""
    names = ("T", "pad_d", "str_d", "dil_d"), ("R", "pad_h", "str_h", "dil_h")
    named = zip((*names, ("S", "pad_w", "str_w", "dil_w")), geometry, strict=True)
    return {key: n for keys, axis in named for key, n in zip(keys, axis[1:], strict=True)}


@MODEST
@given(
    case=CONVOLUTIONS,
    batch=BATCHES,
    seed=SEEDS,
    blend=st.sampled_from([(1.0, 0.0), (0.5, 0.0), (1.0, 1.0), (-2.0, 0.5)]),
    after=st.sampled_from(["", "bias", "bsum", "bias relu bsum", "relu leaky", "brelu leaky"]),
)
def test_convolution(
    case: tuple[Any, int, int], batch: int, seed: int, blend: tuple[float, float], after: str
) -> None:
    geometry, channels, maps = case
    sizes = dict(zip("DHW", (axis[0] for axis in geometry), strict=True))
    alpha, beta = blend

    def run(be: Any, dtype: Any) -> Results:
        layer = be.conv_layer(dtype, batch, channels, maps, **sizes, **keywords(geometry))
        numbers = Numbers(be, dtype, seed)
        x, w, err = map(numbers.normal, (layer.dimI2, layer.dimF2, layer.dimO2))
        out, grad, update = (numbers.old(t.shape, beta) for t in (err, x, w))
        column = numbers.empty((maps, 1))
        options = {
            "bias": numbers.normal((maps, 1)) if "bias" in after else None,
            "bsum": column if "bsum" in after else None,
            "relu": " relu" in f" {after}",
            "slope": 0.25 if "leaky" in after else 0.0,
        }
        if "brelu" in after:
            options |= {"relu": False, "brelu": True, "X": err if beta == 0 else None}
        be.fprop_conv(layer, x, w, out, alpha=alpha, beta=beta, **options)
        be.bprop_conv(layer, w, err, grad, alpha=alpha, beta=beta)
        sums = numbers.empty((maps, 1))
        be.update_conv(layer, x, err, update, alpha=alpha, beta=beta, grad_bias=sums)
        named = {"out": out, "grad": grad, "update": update, "bsum": column, "grad_bias": sums}
        return {name: tensor.get() for name, tensor in named.items()}

    compare(run)


@MODEST
@given(case=st.tuples(SMALL, *MAPS), batch=BATCHES, seed=SEEDS, beta=st.sampled_from([0.0, 1.0]))
def test_deconvolution(case: tuple[Any, int, int], batch: int, seed: int, beta: float) -> None:
    geometry, maps, channels = case
    sizes = dict(zip("MPQ", (min(axis[0], 5) for axis in geometry), strict=True))

    def run(be: Any, dtype: Any) -> Results:
        layer = be.deconv_layer(dtype, batch, maps, channels, **sizes, **keywords(geometry))
        if min(layer.DHW) < 1:  # the padding leaves nothing
            return {}
        numbers = Numbers(be, dtype, seed)
        x, w, err = map(numbers.normal, (layer.dimO2, layer.dimF2, layer.dimI2))
        out, delta, update = (
            numbers.empty(err.shape),
            numbers.old(x.shape, beta),
            numbers.empty(w.shape),
        )
        sums = numbers.empty((maps, 1))
        be.bprop_conv(layer, w, x, out, bsum=sums)
        be.fprop_conv(layer, err, w, delta, alpha=0.5, beta=beta)
        be.update_conv(layer, err, x, update)
        named = {"out": out, "delta": delta, "update": update, "bsum": sums}
        return {name: tensor.get() for name, tensor in named.items()}

    compare(run)


# ---------------------------------------------------------------------- pooling and LRN
@st.composite
def pooled_axes(draw: st.DrawFn, windows: int) -> tuple[int, int, int, int]:
    """Size, window, padding, stride, such that no window lies in the padding alone."""
    window = draw(st.integers(1, windows))
    pad = draw(st.integers(0, window - 1))
    least = max(1, window - pad)
    size = draw(st.integers(least, least + 6))
    step = draw(st.integers(1, 4))
    while ((size + 2 * pad - window) // step) * step - pad >= size:
        step += 1
    return size, window, pad, step


POOLINGS = st.tuples(pooled_axes(3), pooled_axes(2), pooled_axes(4), pooled_axes(4))


@MODEST
@given(
    geometry=POOLINGS,
    op=st.sampled_from(["max", "avg", "l2"]),
    batch=BATCHES,
    seed=SEEDS,
    beta=st.sampled_from([0.0, 0.5]),
)
def test_pooling(geometry: Any, op: str, batch: int, seed: int, beta: float) -> None:
    letters = zip("CDHW", "JTRS", "cdhw", geometry, strict=True)
    sizes = {
        key: number
        for size, window, axis, numbers in letters
        for key, number in zip((size, window, f"pad_{axis}", f"str_{axis}"), numbers, strict=True)
    }

    def run(be: Any, dtype: Any) -> Results:
        layer = be.pool_layer(dtype, op, batch, **sizes)
        numbers = Numbers(be, dtype, seed)
        x, err = map(numbers.normal, (layer.dimI2, layer.dimO2))
        x[:] = be.rint(x * 2)  # ties
        out, delta = numbers.old(err.shape, beta), numbers.old(x.shape, beta)
        argmax = numbers.empty(err.shape, np.uint8)
        be.fprop_pool(layer, x, out, argmax, beta=beta)
        if op != "l2":
            be.bprop_pool(layer, err, delta, argmax, alpha=0.5, beta=beta)
        named = {"out": out, "argmax": argmax} | ({} if op == "l2" else {"delta": delta})
        return {name: tensor.get().astype(np.float64) for name, tensor in named.items()}

    compare(run)


@settings(MODEST, max_examples=30)
@given(
    shape=st.tuples(st.integers(1, 9), *[st.integers(1, 4)] * 3),
    depth=st.sampled_from([1, 3, 5, 7]),
    batch=BATCHES,
    bpower=st.sampled_from([0.5, 0.75, 1.0]),
)
def test_response_normalization(shape: Any, depth: int, batch: int, bpower: float) -> None:
    options = {"ascale": 0.7, "bpower": bpower}

    def run(be: Any, dtype: Any) -> Results:
        layer = be.lrn_layer(dtype, batch, *shape, J=depth)
        numbers = Numbers(be, dtype, 0)
        x, err = map(numbers.normal, [layer.dimI2] * 2)
        out, denom, delta = (numbers.old(x.shape, 0.0) for _ in range(3))
        be.fprop_lrn(layer, x, out, denom, **options)
        be.bprop_lrn(layer, x, out, err, delta, denom, **options)
        return {"out": out.get(), "denom": denom.get(), "delta": delta.get()}

    compare(run)
