"""Small networks that between them use every kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neonlike import layers as nl
from neonlike.initializers import Constant, GlorotUniform
from neonlike.models import Model
from neonlike.optimizers import RMSProp
from neonlike.transforms import CrossEntropyMulti, Logistic, Rectlin, Softmax, Tanh

Shape = int | tuple[int, ...]
Layers = list[Any]

CLASSES, WORDS = 3, 5
IMAGE, VOLUME, SEQUENCE, TOKENS = (3, 12, 12), (2, 5, 6, 6), (6, 5), (7, 1)


def _affine() -> Layers:
    return [
        nl.Affine(16, _init(), bias=Constant(0), activation=Rectlin()),
        nl.Affine(16, _init(), batch_norm=True, activation=Tanh()),
        nl.Dropout(0.5),
    ]


def _conv() -> Layers:
    return [
        nl.Conv((3, 3, 8), _init(), padding=1, bias=Constant(0), activation=Rectlin()),
        nl.Conv((3, 3, 8), _init(), padding=1, batch_norm=True, activation=Rectlin()),
        nl.Conv((3, 3, 16), _init(), strides=2, activation=Logistic()),
        nl.Conv((1, 1, 8), _init()),
    ]


def _conv3d() -> Layers:
    return [nl.Conv((2, 3, 3, 4), _init(), activation=Rectlin()), nl.Pooling((2, 2, 2))]


def _deconv() -> Layers:
    return [nl.Deconv((3, 3, 4), _init(), bias=Constant(0)), nl.Deconv((2, 2, 2), _init())]


def _pooling() -> Layers:
    return [nl.Pooling(3, strides=2), nl.Pooling(2, op="avg"), nl.LRN(3, ascale=1e-4, bpower=0.75)]


def _merge() -> Layers:
    block = [nl.Conv((3, 3, 3), _init(), padding=1)]
    return [
        nl.MergeSum([nl.SkipNode(), block]),
        nl.MergeBroadcast([nl.Conv((1, 1, 2), _init()), nl.Conv((1, 1, 3), _init())], "depth"),
    ]


def _recurrent() -> Layers:
    return [nl.Recurrent(8, _init(), activation=Tanh(), reset_cells=True), nl.RecurrentSum()]


def _lstm() -> Layers:
    return [nl.LSTM(8, _init(), **_gates()), nl.RecurrentMean()]


def _gru() -> Layers:
    return [nl.GRU(8, _init(), **_gates()), nl.RecurrentLast()]


def _bidirectional() -> Layers:
    return [
        nl.DeepBiRNN(8, _init(), activation=Tanh(), reset_cells=True, batch_norm=True),
        nl.DeepBiLSTM(8, _init(), depth=1, **_gates()),
        nl.RecurrentSum(),
    ]


def _renet() -> Layers:
    return [nl.ReNet(8, _init(), patch=(2, 2)), nl.ReNet(8, _init(), cell="rnn")]


def _lookup() -> Layers:
    return [nl.LookupTable(WORDS, 8, _init()), nl.RecurrentSum()]


def _init() -> GlorotUniform:
    return GlorotUniform()


def _gates() -> dict[str, Any]:
    return {"activation": Tanh(), "gate_activation": Logistic(), "reset_cells": True}


KINDS: dict[str, tuple[Callable[[], Layers], Shape]] = {
    "affine": (_affine, 20),
    "conv": (_conv, IMAGE),
    "conv3d": (_conv3d, VOLUME),
    "deconv": (_deconv, IMAGE),
    "pooling": (_pooling, IMAGE),
    "merge": (_merge, IMAGE),
    "recurrent": (_recurrent, SEQUENCE),
    "lstm": (_lstm, SEQUENCE),
    "gru": (_gru, SEQUENCE),
    "bidirectional": (_bidirectional, SEQUENCE),
    "renet": (_renet, IMAGE),
    "lookup": (_lookup, TOKENS),
}


def train(kind: str) -> None:
    """Train a network of one kind on two random minibatches, then let it predict.

    Args:
        kind: key of ``KINDS``.
    """
    make, shape = KINDS[kind]
    output = nl.Affine(CLASSES, _init(), bias=Constant(0), activation=Softmax())
    model = Model([*make(), output], optimizer=RMSProp(gradient_clip_value=5))
    model.initialize(shape, cost=nl.GeneralizedCost(CrossEntropyMulti()))
    be = model.be
    tokens = shape == TOKENS
    x = be.iobuf(shape, dtype=np.int32 if tokens else None)
    t = be.iobuf(CLASSES)
    t[:] = np.eye(CLASSES)[:, np.arange(be.bsz) % CLASSES]
    for _ in range(2):
        x[:] = be.rng.randint(0, WORDS, x.shape) if tokens else be.rng.uniform(size=x.shape)
        model.train_step(x, t)
    model.fprop(x, inference=True)
