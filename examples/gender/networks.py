"""The eight networks of the gender example, each a plain list of layers.

Input: (3, S, S) images minus their channel means; output: two probabilities.
Conv carries batch normalisation instead of a bias. A recurrent layer that
follows a convolution reads the image from left to right: one step per column,
all channels and rows of the column as its features.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import (
    LSTM,
    Affine,
    Conv,
    DataTransform,
    DeepBiLSTM,
    DeepBiRNN,
    Dropout,
    Pooling,
    RecurrentLast,
    RecurrentMean,
    ReNet,
)
from neonlike.transforms import Logistic, Normalizer, Rectlin, Softmax, Tanh

init = GlorotUniform()
relu = Rectlin()
conv: dict[str, Any] = {"init": init, "batch_norm": True, "activation": relu}
dense: dict[str, Any] = {"init": init, "bias": Constant(0)}


def mlp() -> list[Any]:
    """No idea of an image: every pixel has its own weight."""
    return [
        DataTransform(Normalizer(divisor=128.0)),
        Affine(128, **dense, activation=relu),
        Affine(64, **dense, activation=relu),
        Affine(2, **dense, activation=Softmax()),
    ]


def cnn() -> list[Any]:
    """Three convolutions, each followed by pooling: the classic answer."""
    return [
        DataTransform(Normalizer(divisor=128.0)),
        Conv((5, 5, 16), padding=2, **conv),
        Pooling(2, strides=2),
        Conv((3, 3, 32), padding=1, **conv),
        Pooling(2, strides=2),
        Conv((3, 3, 32), padding=1, **conv),
        Pooling(2, strides=2),
        Affine(64, **dense, activation=relu),
        Dropout(0.5),
        Affine(2, **dense, activation=Softmax()),
    ]


def birnn() -> list[Any]:
    """Two bidirectional recurrent layers read the columns; their mean over the steps answers."""
    return [
        DataTransform(Normalizer(divisor=128.0)),
        Conv((5, 5, 16), padding=2, **conv),
        Pooling(2, strides=2),
        Pooling(2, strides=2),
        DeepBiRNN(64, init=init, activation=Tanh(), reset_cells=True, depth=2),
        RecurrentMean(),
        Affine(2, **dense, activation=Softmax()),
    ]


def birnn_last() -> list[Any]:
    """As birnn, but only the last step answers: the left of the photo is a long way back."""
    return [
        DataTransform(Normalizer(divisor=128.0)),
        Conv((5, 5, 16), padding=2, **conv),
        Pooling(2, strides=2),
        Pooling(2, strides=2),
        DeepBiRNN(64, init=init, activation=Tanh(), reset_cells=True, depth=2),
        RecurrentLast(),
        Affine(2, **dense, activation=Softmax()),
    ]


def lstm_last() -> list[Any]:
    """One LSTM from left to right, whose gates can carry the left of the photo to the last step."""
    return [
        DataTransform(Normalizer(divisor=128.0)),
        Conv((5, 5, 16), padding=2, **conv),
        Pooling(2, strides=2),
        Pooling(2, strides=2),
        LSTM(64, init=init, activation=Tanh(), gate_activation=Logistic(), reset_cells=True),
        RecurrentLast(),
        Affine(2, **dense, activation=Softmax()),
    ]


def bilstm() -> list[Any]:
    """As birnn, with LSTM cells."""
    return [
        DataTransform(Normalizer(divisor=128.0)),
        Conv((5, 5, 16), padding=2, **conv),
        Pooling(2, strides=2),
        Pooling(2, strides=2),
        DeepBiLSTM(
            64, init=init, activation=Tanh(), gate_activation=Logistic(), reset_cells=True, depth=2
        ),
        RecurrentMean(),
        Affine(2, **dense, activation=Softmax()),
    ]


def renet() -> list[Any]:
    """The lecture's design: convolutions, then two ReNet blocks that sweep in four directions."""
    return [
        DataTransform(Normalizer(divisor=128.0)),
        Conv((5, 5, 16), padding=2, **conv),
        Pooling(2, strides=2),
        Conv((3, 3, 32), padding=1, **conv),
        Pooling(2, strides=2),
        ReNet(32, init, patch=(2, 2), cell="gru"),
        ReNet(32, init, patch=(2, 2), cell="gru"),
        Affine(64, **dense, activation=relu),
        Dropout(0.5),
        Affine(2, **dense, activation=Softmax()),
    ]


def renet_reseg() -> list[Any]:
    """As renet with 1x1 patches, the way ReSeg keeps the resolution of its maps."""
    return [
        DataTransform(Normalizer(divisor=128.0)),
        Conv((5, 5, 16), padding=2, **conv),
        Pooling(2, strides=2),
        Conv((3, 3, 32), padding=1, **conv),
        Pooling(2, strides=2),
        ReNet(32, init, patch=(1, 1), cell="gru"),
        ReNet(32, init, patch=(1, 1), cell="gru"),
        Pooling(2, strides=2),
        Affine(64, **dense, activation=relu),
        Dropout(0.5),
        Affine(2, **dense, activation=Softmax()),
    ]


NETWORKS: dict[str, Callable[[], list[Any]]] = {
    network.__name__: network
    for network in (mlp, cnn, birnn, birnn_last, lstm_last, bilstm, renet, renet_reseg)
}
