"""Every golden case ``quirk_*`` is reproduced, or repaired and then right by a float64 oracle.

``test_golden.py`` compares all cases with the original's numbers, except for what
``repaired_cases.py`` names. Here these parts of the same nets are compared with central differences
(on the second minibatch, so that nothing may be left over from the first) or with a formula.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from golden_cases import build, case_info, case_names, golden_file
from layer_runner import MakeBackend, close, run_layer, run_net, stand_alone
from repaired_cases import REPAIRED

from neonlike.initializers import Constant, Gaussian
from neonlike.layers import GRU, Deconv
from neonlike.testing._bench import Bench
from neonlike.testing._gradient import _compare, _differences, _shifted, _shifted_tensor
from neonlike.transforms import Logistic, Tanh

# repaired cases that a gradient alone cannot judge; each has a test of its own below
BY_FORMULA = {
    "quirk_linear_alpha_ignored_when_beta_zero",
    "quirk_conv_bias_not_added_when_beta_nonzero",
    "quirk_net_mergebroadcast_alphas",
    "quirk_net_tree_three_branches_alphas",
    "quirk_net_tree_two_branches_at_one_node_alphas",
}
REPRODUCED = {
    "quirk_bilstm_sequence_input_never_stateful",
    "quirk_birnn_sequence_input_never_stateful",
    "quirk_gru_image_input_never_stateful",
    "quirk_lstm_image_input_never_stateful",
    "quirk_net_seq2seq_two_lstm_layers",
    "quirk_recurrent_image_input_never_stateful",
}
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


def test_every_quirk_is_accounted_for() -> None:
    assert set(case_names("layers", "quirk_")) == REPRODUCED | REPAIRED.keys()
    assert not REPRODUCED & REPAIRED.keys()
    assert REPAIRED.keys() >= BY_FORMULA


def run(make_be: MakeBackend, name: str, skip: set[str]) -> Any:
    kind = case_info("layers", name)["kind"]
    return {"layer": run_layer, "net": run_net}[kind](make_be, name, skip)


@pytest.mark.parametrize("name", sorted(REPRODUCED))
def test_reproduced(make_be: MakeBackend, name: str) -> None:
    run(make_be, name, set())


@pytest.mark.parametrize(
    ("name", "part"), [(name, part) for name, parts in REPAIRED.items() for part in sorted(parts)]
)
def test_each_repaired_part_differs_from_the_original(
    make_be: MakeBackend, name: str, part: str
) -> None:
    """Nothing is left out of the comparison without need."""
    with pytest.raises(AssertionError):
        run(make_be, name, REPAIRED[name] - {part})


class Case:
    """The net of a case in float64 with random parameters, inputs and errors, after one batch."""

    def __init__(self, make_be: MakeBackend, name: str) -> None:
        info = case_info("layers", name)
        self.be = make_be(batch_size=info["batch_size"], datatype=np.float64)
        # errors come without a cost here, so activations must have their true derivatives
        text = json.dumps(info).replace('"Softmax"', '"Tanh"').replace('"shortcut": true', "")
        self.info = json.loads(text)
        self.bench = Bench(self._net(), build(self.info["in_shape"]))
        rng = np.random.RandomState(0)
        for _, param, _ in self.bench.parameters():
            param[:] = 0.5 * rng.standard_normal(param.shape)
        self.rows = self.be.iobuf(build(self.info["in_shape"])).shape
        self.train(rng)
        self.x, self.errors, self.deltas = self.train(rng)

    def _net(self) -> Any:
        if self.info["kind"] == "layer":
            return build({"class": self.info["class"], "kwargs": self.info["kwargs"]})
        return build(self.info["layers"])

    def train(self, rng: np.random.RandomState) -> tuple[Any, list[Any], Any]:
        x = rng.standard_normal(self.rows)
        errors = [rng.standard_normal(y.shape) for y in self.bench.fprop(x)]
        return x, errors, self.bench.bprop(errors)

    def numeric(self, param: Any, only: int | None = None) -> np.ndarray[Any, Any]:
        """Differences of outputs times errors, or of the output ``only``."""
        errors = [e if only in (None, i) else 0 * e for i, e in enumerate(self.errors)]
        return _differences(self.bench, self.x, errors, _shifted_tensor(param))


@pytest.mark.parametrize("name", sorted(REPAIRED.keys() - BY_FORMULA))
def test_gradient(make_be: MakeBackend, name: str) -> None:
    case = Case(make_be, name)
    assert case.deltas is not None
    numeric = _differences(case.bench, case.x, case.errors, _shifted(case.x))
    found = [(key, param, grad.get()) for key, param, grad in case.bench.parameters()]
    _compare("the inputs", case.deltas, numeric, **TOLERANCE)
    for key, param, grad in found:
        _compare(key, grad, case.numeric(param), **TOLERANCE)


@pytest.mark.parametrize("name", sorted(name for name in BY_FORMULA if "_tree_" in name))
def test_alphas_of_trees(make_be: MakeBackend, name: str) -> None:
    """Alphas weigh what the branches send into the trunk, and nothing inside of a branch."""
    case = Case(make_be, name)
    alphas = case.info["layers"]["kwargs"]["alphas"]
    trunk = {id(layer) for layer in case.bench.net.layers[-1].layers[0].layers}
    layers = case.bench.net.layers_to_optimize
    found = [grad.get() for _, _, grad in case.bench.parameters()]
    for layer, grad in zip(layers, found, strict=True):
        weights = alphas if id(layer) in trunk else [1.0] * len(alphas)
        parts = [w * case.numeric(layer.W, i) for i, w in enumerate(weights)]
        _compare(layer.name, grad, np.sum(parts, axis=0), **TOLERANCE)


def test_alphas_of_mergebroadcast(make_be: MakeBackend) -> None:
    """Alphas weigh what the branches send below the container."""
    case = Case(make_be, "quirk_net_mergebroadcast_alphas")
    layers: list[Any] = case.bench.net.layers_to_optimize
    below, *above = layers
    grads = [layer.dW.get() for layer in layers]
    for layer, grad in zip(above, grads[1:], strict=True):
        _compare(layer.name, grad, case.numeric(layer.W), **TOLERANCE)
    expected = np.zeros_like(grads[0])
    for alpha, other in zip((0.5, 0.25), (above[1], above[0]), strict=True):
        weights = other.W.get()
        other.W.fill(0.0)  # the branches are linear: only one is left
        expected += alpha * case.numeric(below.W)
        other.W.set(weights)
    _compare(below.name, grads[0], expected, **TOLERANCE)


def test_alpha_of_linear(make_be: MakeBackend) -> None:
    name = "quirk_linear_alpha_ignored_when_beta_zero"
    layer = run(make_be, name, REPAIRED[name])
    data = golden_file("layers")[name]
    weights, error = (data[key][()].astype(np.float64) for key in ("param/W", "error"))
    close(layer.deltas, 0.5 * weights.T @ error, "deltas")


def test_bias_of_convolution(make_be: MakeBackend) -> None:
    """The original's outputs lack the bias."""
    name = "quirk_conv_bias_not_added_when_beta_nonzero"
    layer = run(make_be, name, REPAIRED[name])
    data = golden_file("layers")[name]
    bias = np.repeat(data["param/weight_bias"][()], layer.outputs.shape[0] // 2, axis=0)
    close(layer.outputs, data["outputs"][()] + bias, "outputs")


def test_an_initial_state_of_gru_counts_once(make_be: MakeBackend) -> None:
    """The original kept the tensor for the gradients of later calls."""
    be = make_be(batch_size=2, datatype=np.float64)
    rng = np.random.RandomState(0)
    x, error, state = (be.array(rng.standard_normal(shape)) for shape in ((3, 4), (2, 4), (2, 2)))
    layer = GRU(2, Gaussian(scale=0.5), activation=Tanh(), gate_activation=Logistic())
    layer.reset_cells = True
    stand_alone(layer, (3, 2))
    grads = []
    for kwargs in ({}, {"init_state": state}, {}):
        layer.fprop(x, **kwargs)
        layer.bprop(be.array(error))
        grads.append(layer.dW.get())
    np.testing.assert_array_equal(grads[0], grads[2])
    assert np.abs(grads[0] - grads[1]).max() > 1e-3


def test_deconv_keeps_its_name_from_its_filter(make_be: MakeBackend) -> None:
    """Q18: names in saved models are the original's."""
    make_be()
    block = Deconv((2, 2, 1), Gaussian(), bias=Constant(0), activation=Tanh(), name="up")
    names = [layer.name for layer in block]
    assert names[0].startswith("Deconvolution_")
    assert names[1:] == ["up_bias", "up_Tanh"]
