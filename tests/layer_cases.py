"""The layers that the contract suite checks, and those that it cannot check like all others."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from neonlike.initializers import Gaussian
from neonlike.layers import (
    GRU,
    LRN,
    LSTM,
    LSTM97,
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
    BranchNode,
    CompoundLayer,
    Conv,
    Convolution,
    DataTransform,
    Deconv,
    Deconvolution,
    DeepBiLSTM,
    DeepBiRNN,
    DeepTransitionRNN,
    Dropout,
    ElmanLayer,
    GeneralizedCost,
    GeneralizedCostMask,
    GeneralizedGANCost,
    Jordan,
    Layer,
    Linear,
    LookupTable,
    LSTMVariant,
    MergeBroadcast,
    MergeMultistream,
    MergeSum,
    Multicost,
    ParameterLayer,
    Pooling,
    Recurrent,
    RecurrentLast,
    RecurrentMean,
    RecurrentSum,
    ReNet,
    Reshape,
    RoiPooling,
    Seq2Seq,
    Sequential,
    ShiftBatchNorm,
    SingleOutputTree,
    SkipNode,
    SkipThought,
    Tree,
    TruncatedRecurrent,
)
from neonlike.layers.container import (
    Broadcast,
    Decoder,
    DeltasTree,
    Encoder,
    GenerativeAdversarial,
    LayerContainer,
)
from neonlike.layers.layer import Convolution_bias
from neonlike.layers.recurrent import BiSum, RecurrentOutput
from neonlike.transforms import Logistic, Normalizer, Softmax, Tanh

INIT = Gaussian(scale=0.5)
RNN: dict[str, Any] = {"init": INIT, "activation": Tanh(), "reset_cells": True}
VARIANTS = ("vanilla", "NIG", "NFG", "NOG", "NIAF", "NOAF", "NP", "CIFG", "CFIG", "FGR")
GATED: dict[str, Any] = {**RNN, "gate_activation": Logistic()}


def indices(in_shape: Any, bsz: int, rng: np.random.RandomState) -> np.ndarray:
    return rng.randint(0, 5, (in_shape[0], bsz)).astype(float)


def signs(in_shape: Any, bsz: int, rng: np.random.RandomState) -> np.ndarray:
    return np.sign(rng.standard_normal((in_shape[0], in_shape[1] * bsz)))


def words(shapes: Any, bsz: int, rng: np.random.RandomState) -> list[np.ndarray]:
    """Word numbers for a list of sentences."""
    return [indices(shape, bsz, rng) for shape in shapes]


def sequence_pairs(in_shape: Any, bsz: int, rng: np.random.RandomState) -> list[np.ndarray]:
    """What encoder and decoder read: word numbers if there is one step, else vectors."""
    pair = in_shape[:2], in_shape[2:]
    if pair[0][1] == 1:
        return words(pair, bsz, rng)
    return [rng.standard_normal((rows, steps * bsz)) for rows, steps in pair]


def branches() -> list[list[Layer]]:
    """A trunk with a branch, which has a branch itself."""
    lower, upper = BranchNode(), BranchNode()
    trunk = [Affine(4, INIT, activation=Tanh()), lower, Linear(2, INIT)]
    return [trunk, [lower, Affine(3, INIT), upper, Linear(1, INIT)], [upper, Linear(2, INIT)]]


def picture_branches() -> list[list[Layer]]:
    """A trunk of a convolution, with a branch."""
    node = BranchNode()
    return [[Conv((2, 2, 2), INIT), node, Affine(2, INIT)], [node, Affine(1, INIT)]]


def skip_thought() -> SkipThought:
    return SkipThought(5, 2, INIT, 3, GRU, INIT, Tanh(), Logistic(), INIT, INIT)


# the operation underneath returns new arrays
TEMPORARIES: dict[str, Any] = {"temporaries": True}
NO_GRADIENT: dict[str, Any] = {"gradient": False}
FIRST: dict[str, Any] = {"input_gradient": False}
CASES: dict[str, tuple[Callable[[], Any], Any, dict[str, Any]]] = {
    "Linear": (lambda: Linear(3, INIT), (4, 2), {}),
    "Affine": (lambda: Affine(3, INIT, bias=INIT, activation=Tanh()), (2, 3, 2), {}),
    "Affine_bn": (lambda: Affine(3, INIT, batch_norm=True, activation=Tanh()), (4, 1), {}),
    "BinaryLinear": (lambda: BinaryLinear(3, INIT), (4, 2), NO_GRADIENT),
    "BinaryAffine": (
        lambda: BinaryAffine(3, INIT, batch_norm=True, activation=Tanh()),
        (4, 2),
        # binary batch norm is the reference formula in both kernel sets
        {**NO_GRADIENT, **TEMPORARIES, "make_inputs": signs},
    ),
    "Bias": (lambda: Bias(INIT), (2, 3, 2), {}),
    "Activation": (lambda: Activation(Tanh()), (2, 3), {}),
    # the error of a softmax comes from its cost: its own derivative is 1
    "Softmax": (lambda: Activation(Softmax()), (2, 3), NO_GRADIENT),
    "Dropout": (lambda: Dropout(0.6), (2, 3), TEMPORARIES),
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
    "ShiftBatchNorm": (lambda: ShiftBatchNorm(), (2, 3), {**NO_GRADIENT, **TEMPORARIES}),
    "LookupTable": (
        lambda: LookupTable(5, 3, INIT),
        (4, 1),
        {**FIRST, **TEMPORARIES, "make_inputs": indices},
    ),
    # the vector of the padding is kept at zero, whatever its gradient
    "LookupTable_padded": (
        lambda: LookupTable(5, 3, INIT, pad_idx=0),
        (4, 1),
        {**NO_GRADIENT, **TEMPORARIES, "make_inputs": indices},
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
    "ReNet": (lambda: ReNet(2, INIT, patch=(1, 2)), (2, 2, 4), {}),
    "ReNet_bn": (lambda: ReNet(2, INIT, mode="parallel", batch_norm=True), (2, 2, 2), {}),
    "ElmanLayer": (lambda: ElmanLayer(3, **RNN), (2, 4), {}),
    # a truncated gradient is not the gradient, unless nothing is cut
    "TruncatedRecurrent": (lambda: TruncatedRecurrent(3, k=2, **RNN), (2, 4), NO_GRADIENT),
    "TruncatedRecurrent_deep": (
        lambda: TruncatedRecurrent(3, mode="depth", k=4, **RNN),
        (2, 4),
        {},
    ),
    "Jordan": (lambda: Jordan(2, 3, INIT, alpha=0.5), (2, 4), {}),
    "DeepTransitionRNN": (
        lambda: DeepTransitionRNN(2, INIT, (4, 3), shortcut=True, input_to="all", reset_cells=True),
        (2, 4),
        {},
    ),
    "LSTM97": (lambda: LSTM97(2, INIT, block_size=2, truncate=False), (2, 4), {}),
    "LSTM97_truncated": (
        lambda: LSTM97(2, INIT, bias="gates", input_gate_bias=[-1, -2]),
        (2, 4),
        NO_GRADIENT,
    ),
    **{
        f"LSTMVariant_{variant}": (
            functools.partial(LSTMVariant, 3, INIT, variant=variant, reset_cells=True),
            (2, 4),
            {},
        )
        for variant in VARIANTS
    },
    "LSTMVariant_truncated": (
        lambda: LSTMVariant(3, INIT, gate_bias={"f": 1.0}, truncate=True, reset_cells=True),
        (2, 4),
        NO_GRADIENT,
    ),
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
    "Tree": (lambda: Tree(branches(), alphas=[1.0, 1.0, 1.0]), (3, 1), FIRST),
    "Tree_on_pictures": (
        lambda: Tree(picture_branches()),
        (1, 3, 3),
        FIRST,
    ),
    "SingleOutputTree": (lambda: SingleOutputTree(branches()), (3, 1), FIRST),
    "MergeMultistream_stack": (
        lambda: MergeMultistream([Affine(2, INIT, bias=INIT), Linear(3, INIT)], merge="stack"),
        [(3, 1), (2, 1)],
        FIRST,
    ),
    "MergeMultistream_recurrent": (
        lambda: MergeMultistream([GRU(2, **GATED), Linear(2, INIT)], merge="recurrent"),
        [(3, 2), (2, 3)],
        FIRST,
    ),
    "Seq2Seq": (
        lambda: Seq2Seq([[GRU(3, **GATED)], [GRU(3, **GATED), Affine(2, INIT, bias=INIT)]]),
        (4, 3, 2, 3),
        {**FIRST, "make_inputs": sequence_pairs},
    ),
    "Seq2Seq_deep": (
        lambda: Seq2Seq(
            [
                [LookupTable(5, 2, INIT), GRU(3, **GATED), GRU(3, **GATED)],
                [LookupTable(5, 2, INIT), GRU(3, **GATED), Affine(5, INIT)],
            ],
            decoder_connections=[1],
        ),
        (4, 1, 4, 1),
        {**FIRST, **TEMPORARIES, "make_inputs": sequence_pairs},
    ),
    # tied layers share the mean of their gradients: test_skip_thought_ties_gradients
    "SkipThought": (
        skip_thought,
        [(4, 1), (3, 1), (3, 1)],
        {**FIRST, **NO_GRADIENT, **TEMPORARIES, "make_inputs": words},
    ),
    # works in place on the data
    "DataTransform": (
        lambda: [DataTransform(Normalizer(divisor=4.0)), Linear(2, INIT)],
        (3, 2),
        FIRST,
    ),
    "GenerativeAdversarial": (
        lambda: GenerativeAdversarial(
            Sequential([Affine(4, INIT, activation=Tanh())]),
            Sequential([Affine(1, INIT, bias=INIT)]),
        ),
        (3, 1),
        FIRST,
    ),
}

# class: why it is not in the table
EXEMPT = {
    **dict.fromkeys(
        (
            Layer,
            ParameterLayer,
            CompoundLayer,
            LayerContainer,
            Broadcast,
            RecurrentOutput,
        ),
        "a base, which computes nothing",
    ),
    BranchNode: "computes nothing outside a tree; in the cases of Tree",
    Encoder: "starts from a decoder's errors; in the cases of Seq2Seq",
    Decoder: "hands errors to an encoder; in the cases of Seq2Seq",
    DeltasTree: "buffers, no layer",
    RoiPooling: "a single picture and its regions instead of a batch; test_roi_pooling",
    **dict.fromkeys(
        (GeneralizedCost, GeneralizedCostMask, GeneralizedGANCost, Multicost),
        "a cost, no layer; test_costs.py",
    ),
}
