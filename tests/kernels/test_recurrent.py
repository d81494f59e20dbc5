"""Recurrent sweeps: the kernel sets against each other, and gradients against differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neonlike import kernels
from neonlike.kernels._activation import (
    EXPLIN,
    IDENTITY,
    LOGISTIC,
    LOGISTIC_SHORTCUT,
    RECTLIN,
    RECTLINCLIP,
    TANH,
    Activation,
)

Array = NDArray[Any]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
TOLERANCE = {np.float32: 2e-5, np.float64: 1e-12}
TANH_ACT, LOGISTIC_ACT = Activation(TANH), Activation(LOGISTIC)
# outer, steps, inner: one panel, several panels, sweeps along image rows, single numbers
GEOMETRIES = [(1, 5, 7), (1, 3, 150), (3, 4, 5), (2, 3, 16), (1, 1, 1), (5, 2, 1)]


def scratch(name: str, shape: tuple[int, ...], dtype: Any) -> Array:
    """Fresh memory full of nan (or -1): nobody may rely on its content."""
    return np.full(shape, -1 if np.issubdtype(dtype, np.integer) else np.nan, dtype)


class Run:
    """The arrays of one sweep, and both passes over them."""

    def __init__(
        self,
        cell: str,
        geometry: tuple[int, int, int],
        n: int = 6,
        directions: int = 2,
        dtype: Any = np.float64,
        act: Activation = TANH_ACT,
        gate: Activation = LOGISTIC_ACT,
        states: bool = True,
        split: bool = False,
        scale: tuple[float, float] = (1.0, 0.0),
        seed: int = 0,
    ) -> None:
        rng = np.random.RandomState(seed)
        outer, steps, inner = geometry
        rows, columns, sequences = GATES[cell] * n, outer * steps * inner, outer * inner

        def draw(*shape: int) -> Array:
            return rng.standard_normal(shape).astype(dtype)

        self.cell, self.geometry, self.acts = cell, geometry, (act, gate)
        self.w, self.b = draw(directions * rows, n) * 0.5, draw(directions * rows, 1)
        self.w_in = draw(directions * rows, 5) * 0.5
        self.x: Array | None = draw(5 * directions if split else 5, columns)
        self.deltas: Array | None = draw(*self.x.shape)
        self.scale = scale
        self.projection = draw(directions * rows, columns)  # used in place of x if that is None
        self.err = draw(directions * n, columns)
        self.h0, self.c0 = (draw(directions * n, sequences) if states else None for _ in range(2))
        self.h, self.c, self.c_act, self.reset_h = (
            np.full((directions * n, columns), np.nan, dtype) for _ in range(4)
        )
        self.gates, self.delta = (np.full_like(self.projection, np.nan) for _ in range(2))
        self.dw_in, self.dw, self.db = (
            np.full_like(w, np.nan) for w in (self.w_in, self.w, self.b)
        )
        self.dh0 = np.full((directions * n, sequences), np.nan, dtype)

    def fprop(self, kernels: Any) -> Array:
        self.gates[...] = self.projection
        act, gate = self.acts
        if self.cell == "rnn":
            self.h[...] = self.projection
            kernels.rnn_fprop(
                *(self.w_in, self.w, self.b, self.x, self.h, self.h0, self.geometry, act, scratch)
            )
        elif self.cell == "gru":
            kernels.gru_fprop(
                *(self.w_in, self.w, self.b, self.x, self.gates, self.h, self.h0),
                *(self.geometry, act, gate, scratch),
            )
        else:
            kernels.lstm_fprop(
                *(self.w_in, self.w, self.b, self.x, self.gates, self.h, self.c, self.c_act),
                *(self.h0, self.c0, self.geometry, act, gate, scratch),
            )
        return self.h

    def bprop(self, kernels: Any) -> None:
        act, gate = self.acts
        if self.cell == "rnn":
            kernels.rnn_bprop(
                *(self.w_in, self.w, self.h, self.err, self.delta, self.dh0),
                *(self.deltas, *self.scale, self.geometry, act, scratch),
            )
        elif self.cell == "gru":
            kernels.gru_bprop(
                *(self.w_in, self.w, self.gates, self.h, self.h0, self.err, self.delta),
                *(self.reset_h, self.dh0, self.deltas, *self.scale),
                *(self.geometry, act, gate, scratch),
            )
        else:
            kernels.lstm_bprop(
                *(self.w_in, self.w, self.gates, self.c, self.c_act, self.c0, self.err),
                *(self.delta, self.dh0, self.deltas, *self.scale),
                *(self.geometry, act, gate, scratch),
            )

    def gradients(self, kernels: Any) -> None:
        reset_h = self.reset_h if self.cell == "gru" else None
        kernels.weight_gradients(
            *(self.delta, self.x, self.h, self.h0, reset_h, self.dw_in, self.dw, self.db),
            *(self.geometry, scratch),
        )

    def results(self) -> Iterator[tuple[str, Array]]:
        names = ["h", "delta", "dh0"]
        names += {"rnn": [], "gru": ["gates", "reset_h"], "lstm": ["gates", "c", "c_act"]}[
            self.cell
        ]
        names += ["dw", "db"] + ([] if self.deltas is None else ["deltas", "dw_in"])
        return ((name, getattr(self, name)) for name in names)


def compare(dtype: Any = np.float64, *, inputs: bool = True, **arguments: Any) -> None:
    """Run both passes in both sets and compare everything that they leave."""
    runs = {name: Run(dtype=dtype, **arguments) for name in kernels.SETS}
    for name, run in runs.items():
        err = run.err.copy()
        if not inputs:
            run.x = run.deltas = None
        run.fprop(kernels.load(name).recurrent)
        run.bprop(kernels.load(name).recurrent)
        run.gradients(kernels.load(name).recurrent)
        np.testing.assert_array_equal(run.err, err)
    fast, reference = (dict(runs[name].results()) for name in ("numba", "reference"))
    for name, expected in reference.items():
        tolerance = TOLERANCE[dtype]
        np.testing.assert_allclose(
            fast[name], expected, rtol=tolerance, atol=tolerance, err_msg=name
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("cell", GATES)
def test_sets_agree(cell: str, geometry: Any, directions: int, dtype: Any) -> None:
    for states in (True, False):
        compare(cell=cell, geometry=geometry, directions=directions, dtype=dtype, states=states)


@pytest.mark.parametrize("inner", [3, 16])
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("cell", GATES)
def test_inputs_and_deltas(cell: str, split: bool, inner: int) -> None:
    geometry = (2, 3, inner)
    compare(cell=cell, geometry=geometry, split=split, scale=(0.5, 2.0))
    compare(cell=cell, geometry=geometry, split=split, scale=(0.5, 0.0), dtype=np.float32)
    compare(cell=cell, geometry=geometry, inputs=False)


def test_old_deltas_are_not_read_when_overwritten(kernel_set: Any) -> None:
    for inner in (3, 16):
        run = Run("rnn", (1, 2, inner))
        assert run.deltas is not None
        run.deltas[...] = np.nan
        run.fprop(kernel_set.recurrent)
        run.bprop(kernel_set.recurrent)
        assert np.isfinite(run.deltas).all()


@pytest.mark.parametrize("n", [1, 3, 16, 19])
@pytest.mark.parametrize("cell", GATES)
def test_any_number_of_units(cell: str, n: int) -> None:
    compare(cell=cell, geometry=(1, 3, 9), n=n)
    compare(cell=cell, geometry=(2, 3, 11), n=n, dtype=np.float32)


@pytest.mark.parametrize(
    "act",
    [
        Activation(IDENTITY),
        TANH_ACT,
        LOGISTIC_ACT,
        Activation(LOGISTIC_SHORTCUT),
        Activation(RECTLIN, 0.0),
        Activation(RECTLIN, 0.1),
        Activation(RECTLINCLIP, 0.1, 0.5),
        Activation(EXPLIN, 0.7),
    ],
    ids=lambda act: f"{act.kind}-{act.slope}",
)
@pytest.mark.parametrize("cell", GATES)
def test_activations(cell: str, act: Activation) -> None:
    compare(cell=cell, geometry=(1, 3, 5), act=act)
    compare(cell=cell, geometry=(1, 3, 5), gate=act)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("cell", GATES)
def test_threads_change_no_bit(cell: str, threads: int) -> None:
    _threads = pytest.importorskip("neonlike.kernels.numba._threads")
    before = _threads.get_num_threads()
    if threads > before:
        pytest.skip("one processor")
    recurrent = kernels.load("numba").recurrent
    expected, run = (Run(cell, (1, 4, 40), n=64, dtype=np.float32) for _ in range(2))
    for sweep, count in ((expected, 1), (run, threads)):
        _threads.set_num_threads(count)
        try:
            sweep.fprop(recurrent)
            sweep.bprop(recurrent)
            sweep.gradients(recurrent)
        finally:
            _threads.set_num_threads(before)
    for (name, got), (_, wanted) in zip(run.results(), expected.results(), strict=True):
        np.testing.assert_array_equal(got, wanted, err_msg=name)


@pytest.mark.parametrize("cell", GATES)
def test_states_in_columns_of_a_wider_array(kernel_set: Any, cell: str) -> None:
    plain, slice_ = Run(cell, (1, 3, 4)), Run(cell, (1, 3, 4))
    wide = np.full((plain.h.shape[0], 40), 7.0)
    slice_.h = wide[:, 5:17]
    for run in (plain, slice_):
        run.fprop(kernel_set.recurrent)
        run.bprop(kernel_set.recurrent)
        run.gradients(kernel_set.recurrent)
    np.testing.assert_array_equal(slice_.h, plain.h)
    np.testing.assert_array_equal(slice_.delta, plain.delta)
    np.testing.assert_array_equal(slice_.dw, plain.dw)
    assert (wide[:, :5] == 7).all()
    assert (wide[:, 17:] == 7).all()


def differences(run: Run, kernels: Any, x: Array) -> Array:
    """Gradient of sum(h * err) with respect to ``x``, by central differences."""
    step, gradient = 1e-6, np.empty_like(x)
    for i in np.ndindex(x.shape):
        value, losses = x[i], []
        for shift in (step, -step):
            x[i] = value + shift
            losses.append(np.sum(run.fprop(kernels) * run.err))
        x[i], gradient[i] = value, (losses[0] - losses[1]) / (2 * step)
    return gradient


@pytest.mark.parametrize("geometry", [(1, 3, 2), (2, 3, 1)])
@pytest.mark.parametrize("cell", GATES)
def test_gradients(kernel_set: Any, cell: str, geometry: Any) -> None:
    run, recurrent = Run(cell, geometry, n=2), kernel_set.recurrent
    run.fprop(recurrent)
    run.bprop(recurrent)
    run.gradients(recurrent)
    dh0 = run.dh0.copy()
    close = {"rtol": 1e-6, "atol": 1e-8}
    assert run.h0 is not None
    assert run.x is not None
    assert run.deltas is not None
    deltas, numerical = run.deltas.copy(), differences(run, recurrent, run.x)
    np.testing.assert_allclose(deltas, numerical, **close)
    for gradient, weights in ((run.dw_in, run.w_in), (run.dw, run.w), (run.db, run.b)):
        numerical = differences(run, recurrent, weights)
        np.testing.assert_allclose(gradient, numerical, **close)
    np.testing.assert_allclose(dh0, differences(run, recurrent, run.h0), **close)


def test_nan_and_large_numbers(kernel_set: Any) -> None:
    run = Run("lstm", (1, 2, 4), directions=1, states=False, dtype=np.float32)
    run.x = None
    run.projection[0, 0], run.projection[:, 1] = np.nan, 1e30
    run.projection[:, 2] = -1e30
    h = run.fprop(kernel_set.recurrent)
    assert np.isnan(h[0, 0])
    assert np.isfinite(h[:, 1:4]).all()
    np.testing.assert_allclose(h[:, 1], np.tanh(1.0), rtol=1e-6)
    np.testing.assert_allclose(h[:, 2], 0, atol=1e-30)


@pytest.fixture(params=kernels.SETS)
def kernel_set(request: pytest.FixtureRequest) -> Any:
    """Each kernel set in turn."""
    return kernels.load(request.param)
