"""Every layer class keeps the contract of layers: ``neonlike.testing.check_layer``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import neonlike.layers.container
import neonlike.layers.layer
import neonlike.layers.recurrent
from neonlike.initializers import Gaussian
from neonlike.layers import (
    GRU,
    LRN,
    LSTM,
    Activation,
    Affine,
    BatchNorm,
    BatchNormAutodiff,
    Bias,
    BiBNRNN,
    BiLSTM,
    BinaryAffine,
    BinaryLinear,
    BiRNN,
    Conv,
    Convolution,
    DataTransform,
    Deconv,
    Deconvolution,
    DeepBiLSTM,
    DeepBiRNN,
    Dropout,
    Layer,
    Linear,
    LookupTable,
    MergeBroadcast,
    MergeSum,
    Pooling,
    Recurrent,
    RecurrentLast,
    RecurrentMean,
    RecurrentSum,
    Reshape,
    Sequential,
    ShiftBatchNorm,
    SkipNode,
)
from neonlike.layers.layer import Convolution_bias
from neonlike.layers.recurrent import BiSum
from neonlike.testing import check_layer
from neonlike.transforms import Logistic, Normalizer, Softmax, Tanh

INIT = Gaussian(scale=0.5)
RNN: dict[str, Any] = {"init": INIT, "activation": Tanh(), "reset_cells": True}
GATED: dict[str, Any] = {**RNN, "gate_activation": Logistic()}


def indices(in_shape: Any, bsz: int, rng: np.random.RandomState) -> np.ndarray:
    return rng.randint(0, 5, (in_shape[0], bsz)).astype(float)


def signs(in_shape: Any, bsz: int, rng: np.random.RandomState) -> np.ndarray:
    return np.sign(rng.standard_normal((in_shape[0], in_shape[1] * bsz)))


NO_GRADIENT: dict[str, Any] = {"gradient": False}
CASES: dict[str, tuple[Callable[[], Any], Any, dict[str, Any]]] = {
    "Linear": (lambda: Linear(3, INIT), (4, 2), {}),
    "Affine": (lambda: Affine(3, INIT, bias=INIT, activation=Tanh()), (2, 3, 2), {}),
    "Affine_bn": (lambda: Affine(3, INIT, batch_norm=True, activation=Tanh()), (4, 1), {}),
    "BinaryLinear": (lambda: BinaryLinear(3, INIT), (4, 2), NO_GRADIENT),
    "BinaryAffine": (
        lambda: BinaryAffine(3, INIT, batch_norm=True, activation=Tanh()),
        (4, 2),
        {**NO_GRADIENT, "make_inputs": signs},
    ),
    "Bias": (lambda: Bias(INIT), (2, 3, 2), {}),
    "Activation": (lambda: Activation(Tanh()), (2, 3), {}),
    # the error of a softmax comes from its cost: its own derivative is 1
    "Softmax": (lambda: Activation(Softmax()), (2, 3), NO_GRADIENT),
    "Dropout": (lambda: Dropout(0.6), (2, 3), {}),
    "Reshape": (lambda: Reshape((4, -1)), (2, 3, 2), {}),
    "SkipNode": (lambda: SkipNode(), (2, 3), {}),
    "Convolution": (lambda: Convolution((2, 3, 2), init=INIT, padding=1), (2, 3, 4), {}),
    "Convolution_strided": (
        lambda: Convolution((2, 2, 2), init=INIT, strides=2, dilation={"dil_w": 2}),
        (1, 5, 6),
        {},
    ),
    "Convolution_3d": (lambda: Convolution((2, 2, 2, 2), init=INIT), (1, 3, 3, 3), {}),
    "Convolution_bias": (
        lambda: Convolution_bias((2, 2, 2), init=INIT, bias=INIT, padding=1),
        (1, 3, 3),
        {},
    ),
    "Conv_bn": (
        lambda: Conv((2, 2, 2), INIT, batch_norm=True, activation=Tanh()),
        (1, 4, 3),
        {},
    ),
    "Deconvolution": (lambda: Deconvolution((2, 3, 2), init=INIT, strides=2), (2, 2, 3), {}),
    "Deconv": (lambda: Deconv((3, 3, 2), INIT, padding=1, bias=INIT), (1, 3, 3), {}),
    "Pooling": (lambda: Pooling(2, strides=1, padding=1), (2, 3, 4), {}),
    "Pooling_avg": (lambda: Pooling((3, 2), op="avg", padding=1), (2, 3, 4), {}),
    "Pooling_all": (lambda: Pooling("all", op="avg"), (2, 3, 4), {}),
    "LRN": (lambda: LRN(3, ascale=0.5, bpower=0.75), (4, 2, 2), {}),
    "BatchNorm": (lambda: BatchNorm(), (2, 3, 2), {}),
    "BatchNorm_steps": (lambda: BatchNorm(rho=0.5), (2, 3), {}),
    "BatchNormAutodiff": (lambda: BatchNormAutodiff(), (2, 3), {}),
    "ShiftBatchNorm": (lambda: ShiftBatchNorm(), (2, 3), NO_GRADIENT),
    "LookupTable": (
        lambda: LookupTable(5, 3, INIT, pad_idx=0),
        (4, 1),
        {**NO_GRADIENT, "make_inputs": indices},
    ),
    "Recurrent": (lambda: Recurrent(3, **RNN), (2, 4), {}),
    "LSTM": (lambda: LSTM(3, **GATED), (2, 4), {}),
    "GRU": (lambda: GRU(3, **GATED), (2, 4), {}),
    "BiRNN": (lambda: BiRNN(3, **RNN), (2, 4), {}),
    "BiLSTM": (lambda: BiLSTM(3, **GATED), (2, 4), {}),
    "BiBNRNN": (lambda: BiBNRNN(3, **RNN), (2, 4), {}),
    "DeepBiRNN": (lambda: DeepBiRNN(2, depth=2, **RNN), (2, 3), {}),
    "DeepBiRNN_sum": (lambda: DeepBiRNN(2, depth=2, bi_sum=True, **RNN), (2, 3), {}),
    "DeepBiRNN_bn": (lambda: DeepBiRNN(2, depth=2, batch_norm=True, **RNN), (2, 3), {}),
    "DeepBiLSTM": (lambda: DeepBiLSTM(2, depth=2, **GATED), (2, 3), {}),
    "BiSum": (lambda: BiSum(), (4, 3), {}),
    "RecurrentSum": (lambda: RecurrentSum(), (2, 3), {}),
    "RecurrentMean": (lambda: RecurrentMean(), (2, 3), {}),
    "RecurrentLast": (lambda: RecurrentLast(), (2, 3), {}),
    "Recurrent_on_pictures": (
        lambda: [Conv((2, 2, 2), INIT), GRU(2, **GATED), RecurrentMean()],
        (1, 3, 4),
        {},
    ),
    "Sequential": (
        lambda: Sequential([Linear(3, INIT), Sequential([Linear(2, INIT)])]),
        (2, 2),
        {},
    ),
    "MergeSum": (
        lambda: MergeSum([SkipNode(), [Affine(3, INIT, bias=INIT, activation=Tanh())]]),
        (3, 2),
        {},
    ),
    "MergeBroadcast_stack": (
        lambda: MergeBroadcast([Linear(2, INIT), [Affine(3, INIT, bias=INIT)]], merge="stack"),
        (3, 2),
        {},
    ),
    "MergeBroadcast_depth": (
        lambda: MergeBroadcast(
            [Conv((1, 1, 2), INIT), [Conv((1, 1, 1), INIT, activation=Tanh())]],
            merge="depth",
            alphas=[1.0, 1.0],
        ),
        (1, 2, 3),
        {},
    ),
    "MergeBroadcast_recurrent": (
        lambda: MergeBroadcast([Linear(2, INIT), GRU(2, **GATED)], merge="recurrent"),
        (3, 2),
        {},
    ),
    "MergeBroadcast_bidirectional": (
        lambda: MergeBroadcast([BiRNN(2, **RNN), [Linear(4, INIT)]], merge="recurrent"),
        (3, 2),
        {},
    ),
}

# classes that are no layer of their own (bases) or have tests of their own
ELSEWHERE = {
    "Layer",
    "ParameterLayer",
    "CompoundLayer",
    "RecurrentOutput",
    "LayerContainer",
    "Broadcast",
    "BranchNode",  # with Tree, in tests/layers
    "DataTransform",
    "RoiPooling",
    "MergeMultistream",
    "Tree",
    "SingleOutputTree",
    "Encoder",
    "Decoder",
    "Seq2Seq",
    "SkipThought",
    "GenerativeAdversarial",
    "GeneralizedCost",
    "GeneralizedCostMask",
    "GeneralizedGANCost",
    "Multicost",
    "DeltasTree",
}


@pytest.mark.parametrize("name", list(CASES))
def test_contract(be: Any, name: str) -> None:
    make, in_shape, options = CASES[name]
    check_layer(make(), in_shape, **options)


def test_every_layer_class_is_listed() -> None:
    modules = (neonlike.layers.layer, neonlike.layers.container, neonlike.layers.recurrent)
    classes = {
        name
        for module in modules
        for name, item in vars(module).items()
        if inspect.isclass(item) and issubclass(item, Layer | list)
    }
    covered = {name.partition("_")[0] for name in CASES} | set(CASES) | ELSEWHERE
    assert classes - covered == set()


def test_data_transform(be: Any) -> None:
    net = Sequential([DataTransform(Normalizer(divisor=4.0)), Linear(2, INIT)])
    again = type(net).gen_class(net.get_description()["config"])
    again.configure(3)
    again.allocate()
    x = be.ones((3, 4))
    again.fprop(x)
    assert x.get()[0, 0] == 0.25
