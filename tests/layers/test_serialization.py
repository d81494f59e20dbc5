"""Describing, rebuilding and loading layers (spec layers 4, util 3)."""

from __future__ import annotations

import copy
import logging
from typing import Any

import numpy as np
import pytest

from neonlike.initializers import Constant, Gaussian, IdentityInit
from neonlike.layers import (
    GRU,
    Affine,
    BatchNorm,
    Bias,
    Conv,
    Convolution,
    GeneralizedCost,
    Linear,
    LookupTable,
    MergeBroadcast,
    Multicost,
    Seq2Seq,
    Sequential,
    SkipThought,
)
from neonlike.layers.container import GenerativeAdversarial
from neonlike.layers.layer import Convolution_bias
from neonlike.optimizers.optimizer import get_param_list
from neonlike.serialization._registry import load_class
from neonlike.transforms import CrossEntropyMulti, Logistic, SumSquared, Tanh

INIT = Gaussian(scale=0.5)


def ready(layers: Any, in_shape: Any) -> Sequential:
    net = layers if isinstance(layers, Sequential) else Sequential(layers)
    net.configure(in_shape)
    net.allocate()
    net.allocate_deltas()
    return net


def rebuilt(description: dict[str, Any]) -> Any:
    """A container from its description, as ``Model`` does it."""
    return load_class(description["type"]).gen_class(description["config"])


def conv_net() -> list[Any]:
    return [
        Conv((2, 2, 3), init=INIT, bias=INIT, activation=Tanh()),
        Conv((2, 2, 2), init=INIT, batch_norm=True),
        Affine(2, init=INIT, bias=INIT),
    ]


def test_loading_leaves_the_description_unchanged(be: Any) -> None:
    net = ready(conv_net(), (1, 4, 4))
    saved = net.get_description(get_weights=True, keep_states=True)
    before = copy.deepcopy(saved)
    x = be.array(np.random.RandomState(0).standard_normal((16, 4)))
    y = net.fprop(x, inference=True).get()
    for _ in range(2):  # twice from the same dictionary
        other = rebuilt(saved)
        other.load_weights(saved)
        ready(other, (1, 4, 4))
        np.testing.assert_array_equal(other.fprop(x, inference=True).get(), y)
    assert repr(saved) == repr(before)


def test_loading_before_allocate_draws_no_random_numbers(be: Any) -> None:
    saved = ready([Affine(2, init=INIT, bias=INIT)], 3).get_description(get_weights=True)
    other = rebuilt(saved)
    other.load_weights(saved)
    state = be.rng.get_state()[1].copy()
    ready(other, 3)
    np.testing.assert_array_equal(be.rng.get_state()[1], state)


@pytest.mark.parametrize("load_states", [True, False])
def test_states(be: Any, load_states: bool) -> None:
    net = ready(conv_net(), (1, 4, 4))
    for (_, grad), states in get_param_list(net.layers_to_optimize):
        states.append(be.zeros_like(grad))
    saved = net.get_description(get_weights=True, keep_states=True)
    other = rebuilt(saved)
    other.load_weights(saved, load_states=load_states)
    for config in saved["config"]["layers"]:
        assert "params" not in config or "states" in config
    conv = other.layers[0]
    assert [len(s) for s in conv.states] == ([1, 1] if load_states else [0, 0])


def test_state_lists_stay_the_same_objects(be: Any) -> None:
    """Optimizers keep adding to the lists they were handed."""
    layer = Linear(2, INIT)
    ready([layer], 3)
    (_, handed) = layer.get_params()
    layer.set_states({"states": [np.ones((2, 3))]})
    assert layer.get_params()[1] is handed
    assert handed[0].get().sum() == 6
    layer.set_states({})
    assert handed == []


@pytest.mark.parametrize(
    "layer", [BatchNorm, lambda: Convolution_bias((1, 1, 2), init=INIT, bias=INIT)]
)
def test_missing_states_mean_untrained(be: Any, layer: Any) -> None:
    net = ready([layer()], (2, 2, 2))
    saved = net.get_description(get_weights=True, keep_states=False)
    assert "states" not in saved["config"]["layers"][0]
    net.load_weights(saved, load_states=True)
    assert net.layers[0].states == [[], []]


def test_batch_norm_list_of_old_files(be: Any, caplog: pytest.LogCaptureFixture) -> None:
    layer = BatchNorm()
    values = [np.full((2, 1), float(i)) for i in range(4)]
    with caplog.at_level(logging.ERROR):
        layer.load_weights({"params": values}, load_states=False)
    assert "old format" in caplog.text
    ready([layer], (2, 3))
    assert [p.get()[0, 0] for p in (layer.beta, layer.gamma, layer.gmean, layer.gvar)] == [
        0,
        1,
        2,
        3,
    ]


def test_bare_array_of_old_files(be: Any) -> None:
    layer = Linear(2, INIT)
    ready([layer], 3)
    layer.load_weights({"params": np.ones((2, 3)), "states": []})
    assert layer.W.get().sum() == 6


def unfused() -> dict[str, Any]:
    net = ready([Convolution((1, 1, 2), init=INIT), Bias(INIT)], (1, 2, 2))
    return net.get_description(get_weights=True, keep_states=True)


def test_convolution_and_bias_of_old_files(be: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A separate bias is fused where the target is a Convolution_bias, and only there."""
    saved = unfused()
    conv, bias = (layer["params"]["W"] for layer in saved["config"]["layers"])
    fused = ready([Conv((1, 1, 2), init=Constant(0), bias=Constant(0))], (1, 2, 2))
    with caplog.at_level(logging.ERROR):
        fused.load_weights(saved)
    assert "separate bias" in caplog.text
    np.testing.assert_array_equal(fused.layers[0].W.get(), conv)
    np.testing.assert_array_equal(fused.layers[0].weight_bias.get(), bias)
    separate = rebuilt(saved)
    separate.load_weights(saved)
    np.testing.assert_array_equal(separate.layers[1].W.get(), bias)
    assert len(saved["config"]["layers"]) == 2
    merged = fused.layers[0].convert_format(saved["config"]["layers"])
    assert merged["config"]["bias"]["type"].endswith("Gaussian")
    assert len(fused.fusion_pass(saved["config"]["layers"])[0]) == 2


def test_frozen_identity(be: Any) -> None:
    net = ready([Linear(3, IdentityInit()), Linear(2, INIT)], 3)
    assert net.layers_to_optimize == [net.layers[1]]


def test_lookup_pad_row(be: Any) -> None:
    layer = LookupTable(4, 2, Constant(1.0), pad_idx=1)
    ready([layer], 3)
    assert layer.W.get()[1].tolist() == [0, 0]
    assert layer.W.get().sum() == 6


def gru() -> GRU:
    return GRU(2, init=INIT, activation=Tanh(), gate_activation=Logistic(), reset_cells=True)


def test_seq2seq(be: Any) -> None:
    net = Seq2Seq([[gru()], [gru(), Affine(3, init=INIT)]], decoder_connections=[0])
    net.configure((3, 2, 3, 2))
    net.allocate()
    saved = net.get_description(get_weights=True)
    assert saved["config"]["num_encoder_layers"] == 1
    other = rebuilt(saved)
    other.load_weights(saved)
    other.configure((3, 2, 3, 2))
    other.allocate()
    other.allocate_deltas()
    net.allocate_deltas()
    x = be.array(np.random.RandomState(0).standard_normal((3, 8)))
    np.testing.assert_array_equal(net.fprop((x, x)).get(), other.fprop((x, x)).get())
    names = [layer.name for layer in net.layers]
    generated = net.fprop(x, inference=True).get()
    np.testing.assert_array_equal(other.fprop((x, x), inference=True).get(), generated)
    net.fprop((x, x))
    assert [layer.name for layer in net.layers] == names  # Q21: no growing names
    net.bprop(be.ones((3, 8)))


def test_skipthought(be: Any) -> None:
    net = SkipThought(5, 2, INIT, 3, GRU, INIT, Tanh(), Logistic(), INIT, Constant(0.0))
    net.configure([(2, 1)] * 3)
    net.allocate()
    saved = net.get_description(get_weights=True)
    assert saved["config"]["rec_layer"].endswith("recurrent.GRU")
    other = rebuilt(saved)
    other.load_weights(saved)
    assert len(other.layers) == 12
    np.testing.assert_array_equal(other.affine_n[0].W.get(), net.affine_n[0].W.get())


def test_generative_adversarial(be: Any) -> None:
    net = GenerativeAdversarial(
        Sequential([Affine(3, init=INIT)]), Sequential([Affine(1, init=INIT)])
    )
    net.configure(2)
    net.allocate()
    saved = net.get_description(get_weights=True)
    other = rebuilt(saved)
    other.load_weights(saved)
    np.testing.assert_array_equal(other.discriminator.layers[0].W.get(), net.layers[1].W.get())
    assert net.nested_str().splitlines()[1] == "  Generator"


def test_cost_descriptions(be: Any) -> None:
    cost = Multicost(
        [GeneralizedCost(CrossEntropyMulti(), name="a"), GeneralizedCost(SumSquared(), name="b")],
        weights=[1.0, 0.5],
        name="m",
    )
    again = rebuilt(cost.get_description())
    assert again.get_description() == cost.get_description()
    assert again.costs[1].costfunc.classnm == "SumSquared"


def test_merge_description(be: Any) -> None:
    net = MergeBroadcast([Linear(1, INIT), Linear(2, INIT)], merge="stack")
    config = net.get_description()["config"]
    assert config["alphas"] == [1.0, 1.0]
    assert config["merge"] == "stack"


def test_walking(be: Any) -> None:
    inner = MergeBroadcast([[Linear(1, INIT)], [Linear(2, INIT)]], merge="stack")
    net = Sequential([Linear(3, INIT), inner])
    forward = [layer.classnm for layer in net.layers_fprop()]
    assert forward == ["Linear", "MergeBroadcast", "Sequential", "Linear", "Sequential", "Linear"]
    backward = list(net.layers_bprop())
    assert backward[-1] is net.layers[0]
    assert backward[-2] is inner
    net.revert_tensors()
    assert net.serialize() is None
    net.set_batch_size(2)
    net.set_seq_len(1)
    assert inner.layers[0].layers[0].actual_bsz == 2
