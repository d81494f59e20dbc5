"""The layers of the recurrent zoo against the golden numbers (ReNet: test_renet.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import arrays, build, case_info, case_names, golden_file, lookup
from layer_runner import MakeBackend

from neonlike.initializers import Constant
from neonlike.layers import (
    Affine,
    DeepTransitionRNN,
    Elman,
    ElmanLayer,
    Jordan,
    Sequential,
    TruncatedRecurrent,
)

AREA = "recurrent_zoo"
TOLERANCES = {
    np.float32: {"rtol": 1e-4, "atol": 2e-5},
    np.float64: {"rtol": 1e-9, "atol": 1e-11},
}
FAMILIES = ("elman", "gradflow", "jordan", "dt", "do", "dots", "srnn", "lstm", "lstm97")
CASES = [name for name in case_names(AREA) if name.split("_")[0] in {*FAMILIES, "dts"}]
ZERO = Constant(0.0)


def layers_of(info: dict[str, Any]) -> list[Any]:
    """The layers that the JSON of a case describes."""
    if "class" in info:
        kwargs = {key: build(value) for key, value in info["kwargs"].items()}
        layer = lookup(info["class"])(init=ZERO, **kwargs)
        readout = [
            Affine(part["nout"], ZERO, bias=ZERO, activation=lookup(part["activation"])())
            for part in info.get("readout", [])
        ]
        return [layer, *readout]
    options = {"activation": lookup(info["activation"])(), "reset_cells": info["reset_cells"]}
    if "tbptt" in info:
        return [TruncatedRecurrent(info["nhid"], ZERO, **options, **info["tbptt"])]
    if info["layers"] == ["Recurrent", "Affine"]:
        options["out_activation"] = lookup(info["out_activation"])()
        return Elman(info["nhid"], info["nout"], ZERO, **options)
    return [ElmanLayer(size, ZERO, **options) for size in info.get("sizes", [info.get("nhid")])]


class Run:
    """The network of a case, with the weights of the file."""

    def __init__(self, make_be: MakeBackend, name: str, dtype: Any) -> None:
        self.info, self.group = case_info(AREA, name), golden_file(AREA)[name]
        self.be = make_be(batch_size=self.info["batch_size"], datatype=dtype)
        self.close = TOLERANCES[dtype]
        self.layers = layers_of(self.info)
        self.net = Sequential(self.layers)
        shape = self.info.get("in_shape") or (self.info["nin"], self.info["steps"])
        self.net.configure(tuple(shape))
        self.net.layers[0].prev_layer = True  # so that it computes deltas
        self.net.allocate()
        self.net.allocate_deltas()
        self.weighted = [layer for layer in self.net.layers if layer.has_params]
        start = 0
        for layer in self.weighted:
            flat = layer.W.reshape((layer.W.size, 1))
            flat[:] = self.group["W"][start : start + layer.W.size]
            start += layer.W.size
        assert start == len(self.group["W"])
        self.x = self.be.array(self.group["inputs"][()])

    def equal(self, got: Any, what: str) -> None:
        values = got.get() if hasattr(got, "get") else got
        expected = self.group[what][()]
        np.testing.assert_allclose(
            values.reshape(expected.shape), expected, err_msg=what, **self.close
        )

    def first_call(self) -> None:
        """The call before, in the cases where a state is carried."""
        if "inputs_first" in self.group:
            self.x.set(self.group["inputs_first"][()])
            self.equal(self.net.fprop(self.x), "outputs_first")
            self.x.set(self.group["inputs"][()])

    def passes(self) -> None:
        """Forward and backward; all numbers of the case."""
        layer = self.layers[0]
        if isinstance(layer, Jordan) and layer.teacher_forcing:
            layer.set_teacher(self.be.array(self.group["teacher"][()]))
        self.first_call()
        self.equal(self.net.fprop(self.x), "outputs")
        error = self.be.array(self.group["error_in"][()])
        self.net.bprop(error)
        np.testing.assert_array_equal(error.get(), self.group["error_in"][()].astype(error.dtype))
        self.equal(self.net.layers[0].deltas, "deltas_out")
        gradient = np.concatenate([one.dW.get().reshape(-1, 1) for one in self.weighted])
        self.equal(gradient, "dW")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_golden(make_be: MakeBackend, name: str, dtype: Any) -> None:
    run = Run(make_be, name, dtype)
    run.passes()
    if "inputs_first" not in run.group:
        run.x = run.be.array(run.group["inputs"][()])  # another tensor: nothing is carried over
        run.passes()
    layer = run.layers[0]
    for parameter, expected in arrays(run.group["grad"]).items():
        if hasattr(layer, f"d{parameter}"):
            got = getattr(layer, f"d{parameter}").get()
            np.testing.assert_allclose(got, expected, err_msg=parameter, **run.close)


@pytest.mark.parametrize("name", [name for name in CASES if "state" in golden_file(AREA)[name]])
def test_trace_gives_the_signals_of_the_file(make_be: MakeBackend, name: str) -> None:
    run = Run(make_be, name, np.float64)
    layer = run.layers[0]
    if isinstance(layer, Jordan) and layer.teacher_forcing:
        layer.set_teacher(run.be.array(run.group["teacher"][()]))
    run.first_call()
    traced = layer.trace(run.x)
    for signal in set(arrays(run.group["state"])) & {
        *("h", "s", "c", "i", "f", "o", "g", "inp_gate", "out_gate", "z_1", "z_2", "z_3")
    }:
        assert traced[signal].ndim == 3
        run.equal(traced[signal], f"state/{signal}")


def test_all_cases_of_the_file_are_tested() -> None:
    others = {name for name in case_names(AREA) if name.startswith(("renet", "centered", "reseg"))}
    assert others | set(CASES) == set(case_names(AREA))
    assert len(CASES) + len(others) == 51


@pytest.mark.parametrize(("rho", "name"), [(0.5, "vanish"), (1.5, "explode")])
def test_gradient_of_a_linear_net_is_a_power(make_be: MakeBackend, rho: float, name: str) -> None:
    run = Run(make_be, f"gradflow_{name}_linear", np.float64)
    run.passes()
    layer = run.layers[0]
    # identity activation: the deltas are the gradients of the states
    flow = layer.sweep.tensors.delta.get().reshape(5, 12, 3)
    norms = np.linalg.norm(flow, axis=0)
    np.testing.assert_allclose(norms, run.group["grad_norm"][()], rtol=1e-9)
    expected = norms[-1] * rho ** np.arange(11, -1, -1)[:, None]
    np.testing.assert_allclose(norms, expected, rtol=1e-9)


def test_one_level_is_the_plain_recurrent_layer(make_be: MakeBackend) -> None:
    run = Run(make_be, "elman_carry", np.float64)
    run.passes()
    flat = run.weighted[0]
    layer = DeepTransitionRNN(5, ZERO, reset_cells=True)
    net = Sequential([layer])
    net.configure((3, 6))
    net.allocate()
    layer.W[:] = flat.W.get().reshape(-1, 1)
    start = run.be.array(run.group["state_init"][()])
    np.testing.assert_allclose(
        layer.fprop(run.x, init_state=start).get(), run.group["outputs"][()], rtol=1e-9
    )
