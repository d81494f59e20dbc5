"""ReNet against the zoo's golden numbers, BiRNN, finite differences, and set against set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden_cases import arrays, build, case_info, case_names, golden_file
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_runner import MakeBackend, stand_alone

from neonlike.backends import cleanup_backend, gen_backend
from neonlike.initializers import Constant, Gaussian, GlorotUniform
from neonlike.layers import Activation, Affine, BiRNN, Conv, ReNet, Sequential
from neonlike.models import Model
from neonlike.testing import check_gradient
from neonlike.transforms import Rectlin, Tanh

TOLERANCES = {
    np.float32: {"rtol": 1e-4, "atol": 2e-5},
    np.float64: {"rtol": 1e-9, "atol": 1e-11},
}
CASES = [name for name in case_names("recurrent_zoo", "renet") if name != "renet_two_layers"]
INIT = Gaussian(scale=0.5)


def golden_layer(info: dict[str, Any]) -> ReNet:
    """The stand-alone layer of a case."""
    kwargs = {key: build(value) for key, value in info["kwargs"].items()}
    layer = ReNet(init=Constant(0.0), **kwargs)
    stand_alone(layer, tuple(info["in_shape"]))
    return layer


def backward(layer: Any, x: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, ...]:
    """Outputs, deltas and dW for these inputs and errors."""
    be = layer.be
    outputs, e = layer.fprop(be.array(x)), be.array(error)
    deltas = layer.bprop(e)
    np.testing.assert_array_equal(e.get(), error.astype(e.dtype))
    return outputs.get(), deltas.get(), layer.dW.get()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_golden(make_be: MakeBackend, name: str, dtype: Any) -> None:
    info, group = case_info("recurrent_zoo", name), golden_file("recurrent_zoo")[name]
    make_be(batch_size=info["batch_size"], datatype=dtype)
    layer = golden_layer(info)
    assert layer.out_shape == tuple(info["out_shape"])
    layer.W[:] = group["W"][()]
    close = TOLERANCES[dtype]
    for parameter, expected in arrays(group["param"]).items():
        np.testing.assert_allclose(getattr(layer, parameter).get(), expected, **close)
    for _ in range(2):  # nothing may be left over from the first call
        results = backward(layer, group["inputs"][()], group["error_in"][()])
        for got, what in zip(results, ("outputs", "deltas_out", "dW"), strict=True):
            np.testing.assert_allclose(got, group[what][()], err_msg=what, **close)
    for parameter, expected in arrays(group["grad"]).items():
        np.testing.assert_allclose(getattr(layer, f"d{parameter}").get(), expected, **close)
    first = layer.trace()["vertical" if layer.order == "vh" else "horizontal"]
    expected = group["state/first"][()]
    np.testing.assert_allclose(first.reshape(expected.shape), expected, **close)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_golden_two_layers(make_be: MakeBackend, dtype: Any) -> None:
    name = "renet_two_layers"
    info, group = case_info("recurrent_zoo", name), golden_file("recurrent_zoo")[name]
    be = make_be(batch_size=info["batch_size"], datatype=dtype)
    layers = [
        ReNet(size, Constant(0.0), tuple(info["patch"]), cell=info["cell"], order=info["order"])
        for size in info["sizes"]
    ]
    net = Sequential(layers)
    net.configure(tuple(info["in_shape"]))
    layers[0].prev_layer = True  # forces deltas
    net.allocate()
    net.allocate_deltas()
    weights, first = group["W"][()], layers[0].W.size
    for layer, part in zip(layers, (weights[:first], weights[first:]), strict=True):
        layer.W[:] = part
    close = TOLERANCES[dtype]
    outputs = net.fprop(be.array(group["inputs"][()]))
    np.testing.assert_allclose(outputs.get(), group["outputs"][()], **close)
    net.bprop(be.array(group["error_in"][()]))
    np.testing.assert_allclose(layers[0].deltas.get(), group["deltas_out"][()], **close)
    gradient = np.concatenate([layer.dW.get() for layer in layers])
    np.testing.assert_allclose(gradient, group["dW"][()], **close)


def test_horizontal_sweep_over_whole_columns_is_birnn(make_be: MakeBackend) -> None:
    make_be(batch_size=3, datatype=np.float64)
    shape = (2, 4, 5)
    birnn = BiRNN(3, INIT, activation=Tanh())
    renet = ReNet(3, INIT, patch=(4, 1), cell="rnn", order="hv")
    for layer in (birnn, renet):
        stand_alone(layer, shape)
    birnn.W.set(renet.W.get()[: birnn.W.size].reshape(birnn.W.shape))
    x = np.random.RandomState(0).standard_normal((40, 3))
    expected = birnn.fprop(birnn.be.array(x)).get()
    renet.fprop(renet.be.array(x))
    np.testing.assert_allclose(renet.trace()["horizontal"].reshape(expected.shape), expected)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(
    "options",
    [
        {"mode": "parallel", "order": "hv", "patch": (1, 2)},
        {"patch": 2, "pad": True, "batch_norm": True},
        {"mode": "parallel", "patch": 2, "pad": True, "batch_norm": True},
        {"activation": Rectlin(), "order": "hv"},
    ],
    ids=lambda options: "-".join(options),
)
def test_gradients(make_be: MakeBackend, cell: str, options: dict[str, Any]) -> None:
    make_be(batch_size=2, datatype=np.float64)
    in_shape = (2, 3, 5) if options.get("pad") else (2, 2, 4)
    check_gradient(ReNet(2, INIT, cell=cell, **options), in_shape)


@pytest.mark.parametrize("mode", ["stacked", "parallel"])
@pytest.mark.parametrize("patch", [1, 2])
def test_deltas_are_scaled_and_added(make_be: MakeBackend, mode: Any, patch: int) -> None:
    be = make_be(batch_size=2, datatype=np.float64)
    layer = ReNet(2, INIT, patch, mode=mode)
    stand_alone(layer, (2, 4, 2))
    rng = np.random.RandomState(0)
    x, error = be.array(rng.randn(16, 2)), be.array(rng.randn(*layer.outputs.shape))
    layer.fprop(x)
    plain = layer.bprop(error).get()
    before = layer.deltas.get()
    np.testing.assert_allclose(layer.bprop(error, 0.5, 2.0).get(), 0.5 * plain + 2 * before)


GEOMETRIES = st.fixed_dictionaries(
    {
        "in_shape": st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)),
        "patch": st.tuples(st.integers(1, 3), st.integers(1, 3)),
        "output_size": st.integers(1, 5),
        "batch_size": st.integers(1, 9),
        "cell": st.sampled_from(["rnn", "lstm", "gru"]),
        "order": st.sampled_from(["vh", "hv"]),
        "mode": st.sampled_from(["stacked", "parallel"]),
    }
)


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(GEOMETRIES)
def test_sets_agree(case: dict[str, Any]) -> None:
    case = dict(case)
    in_shape, batch_size = case.pop("in_shape"), case.pop("batch_size")
    results = []
    for name in ("reference", "cpu"):
        gen_backend(name, batch_size=batch_size, rng_seed=0, datatype=np.float64)
        layer = ReNet(init=INIT, pad=True, **case)
        stand_alone(layer, in_shape)
        rng = np.random.RandomState(1)
        x = rng.standard_normal(layer.deltas.shape)
        results.append(backward(layer, x, rng.standard_normal(layer.outputs.shape)))
    cleanup_backend()
    for expected, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11)


def test_initialization_draws_block_by_block(make_be: MakeBackend) -> None:
    be = make_be(rng_seed=7, datatype=np.float64)
    layer = ReNet(2, GlorotUniform(), patch=(1, 2), init_inner=Gaussian(scale=0.1), order="hv")
    stand_alone(layer, (3, 2, 4))
    be.rng.seed(7)
    for way, nin in (("h", 6), ("v", 4)):
        for name, init, columns in (
            ("W_input", GlorotUniform(), nin),
            ("W_recur", Gaussian(scale=0.1), 2),
        ):
            for direction in "fb":
                block = be.empty((2, columns))
                for gate in range(3):
                    init.fill(block)
                    got = getattr(layer, f"{name}_{way}{direction}")[2 * gate : 2 * gate + 2]
                    np.testing.assert_array_equal(got.get(), block.get())
        assert not getattr(layer, f"b_{way}f").get().any()


def test_description_and_weights_round_trip(make_be: MakeBackend) -> None:
    make_be(batch_size=2)
    model = Model([Conv((1, 1, 2), INIT), ReNet(2, INIT, (2, 1), batch_norm=True), Affine(2, INIT)])
    model.initialize((1, 4, 2))
    x = model.be.array(np.random.RandomState(0).randn(8, 2))
    model.fprop(x)
    expected = model.fprop(x, inference=True).get()
    described = model.get_description(get_weights=True, keep_states=True)
    restored = Model(described)
    restored.initialize((1, 4, 2))
    restored.deserialize(described, load_states=True)
    np.testing.assert_array_equal(restored.fprop(x, inference=True).get(), expected)


@pytest.mark.parametrize("cell", ["rnn", "gru"])
def test_a_following_in_place_layer_spoils_no_gradient(make_be: MakeBackend, cell: str) -> None:
    make_be(batch_size=2, datatype=np.float64)
    check_gradient([ReNet(2, INIT, cell=cell), Activation(Tanh())], (1, 2, 3))


def test_ends_and_starts_a_branch(make_be: MakeBackend) -> None:
    from neonlike.layers import MergeBroadcast

    make_be(batch_size=2, datatype=np.float64)
    branches = [[ReNet(2, INIT)], [Conv((1, 1, 3), INIT), ReNet(1, INIT, cell="lstm")]]
    check_gradient(MergeBroadcast(branches, merge="depth"), (2, 2, 3))


@pytest.mark.parametrize(
    ("arguments", "in_shape", "message"),
    [
        ({"patch": (2, 2)}, (1, 5, 4), r"'r'.*\(1, 5, 4\).*pad=True"),
        ({"patch": (1, 3)}, (1, 6, 4), r"patches of 1 x 3.*pad=True"),
        ({}, (4, 5), r"needs? a picture|sweeps need a picture"),
        ({"cell": "elman"}, (1, 2, 2), "cell must be one of 'rnn', 'lstm', 'gru', got 'elman'"),
        ({"order": "hh"}, (1, 2, 2), "order must be one of"),
        ({"mode": "serial"}, (1, 2, 2), "mode must be one of"),
    ],
)
def test_refusals(
    make_be: MakeBackend, arguments: dict[str, Any], in_shape: Any, message: str
) -> None:
    make_be()
    with pytest.raises(ValueError, match=message):
        ReNet(2, INIT, name="r", **arguments).configure(in_shape)


def test_wrong_input_size(make_be: MakeBackend) -> None:
    be = make_be(batch_size=2)
    layer = ReNet(2, INIT)
    stand_alone(layer, (1, 2, 2))
    with pytest.raises(ValueError, match="the inputs do not fit"):
        layer.fprop(be.zeros((5, 2)))


def test_trace_before_and_after_bprop(make_be: MakeBackend) -> None:
    be = make_be(batch_size=2)
    layer = ReNet(3, INIT, (2, 2))
    layer.configure((1, 4, 6))
    layer.allocate()
    layer.fprop(be.ones((24, 2)))
    assert {name: v.shape for name, v in layer.trace().items()} == {
        "vertical": (6, 2, 3, 2),
        "horizontal": (6, 2, 3, 2),
    }
    stand_alone(layer, (1, 4, 6))
    layer.fprop(be.ones((24, 2)))
    layer.bprop(be.ones(layer.outputs.shape))
    trace = layer.trace()
    assert trace["vertical_deltas"].shape == (18, 2, 3, 2)
    assert trace["map_error"].any()
