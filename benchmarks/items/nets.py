"""Nets: one training step (forward, backward, update) on fixed random data."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.items import _torch_nets as twins
from benchmarks.items._item import Item

Step = Callable[[], Any]


def training_step(be: Any, layers: list[Any], in_shape: Any, classes: int, optimizer: Any) -> Step:
    """Return one step of training ``layers`` on a random batch with softmax cross-entropy."""
    from neonlike.layers import GeneralizedCost
    from neonlike.models import Model
    from neonlike.transforms import CrossEntropyMulti

    model, cost = Model(layers), GeneralizedCost(CrossEntropyMulti())
    model.initialize(in_shape, cost)
    rng = np.random.RandomState(0)
    x = be.iobuf(in_shape)
    x[:] = rng.uniform(-1, 1, x.shape).astype(np.float32)
    columns = model.layers.out_shape[1] if isinstance(model.layers.out_shape, tuple) else 1
    t = be.iobuf((classes, columns) if columns > 1 else classes)
    t[:] = np.eye(classes, dtype=np.float32)[:, rng.randint(classes, size=t.shape[1])]

    def step() -> None:
        y = model.fprop(x)
        cost.get_cost(y, t)
        model.bprop(cost.get_errors(y, t))
        optimizer.optimize(model.layers_to_optimize, epoch=0)

    return step


def mnist_mlp(be: Any) -> Step:
    """784-100-10, ReLU and softmax, momentum."""
    from neonlike.initializers import Gaussian
    from neonlike.layers import Affine
    from neonlike.optimizers import GradientDescentMomentum
    from neonlike.transforms import Rectlin, Softmax

    init = Gaussian(scale=0.01)
    layers = [Affine(100, init, activation=Rectlin()), Affine(10, init, activation=Softmax())]
    return training_step(be, layers, 784, 10, GradientDescentMomentum(0.1, 0.9))


def cifar_conv(be: Any, batch_norm: bool) -> Step:
    """conv5x5x16, pool2, conv5x5x32, pool2, 500, 10, without padding."""
    from neonlike.initializers import Uniform
    from neonlike.layers import Affine, Conv, Pooling
    from neonlike.optimizers import GradientDescentMomentum
    from neonlike.transforms import Rectlin, Softmax

    common = {"init": Uniform(-0.1, 0.1), "activation": Rectlin(), "batch_norm": batch_norm}
    layers = [
        Conv((5, 5, 16), **common),
        Pooling(2, strides=2),
        Conv((5, 5, 32), **common),
        Pooling(2, strides=2),
        Affine(500, **common),
        Affine(10, init=Uniform(-0.1, 0.1), activation=Softmax()),
    ]
    return training_step(be, layers, (3, 32, 32), 10, GradientDescentMomentum(0.01, 0.9))


def char_lstm(be: Any, hidden: int) -> Step:
    """Vocabulary 67, 50 steps, LSTM, softmax at every step, RMSProp with clipping."""
    from neonlike.initializers import Uniform
    from neonlike.layers import LSTM, Affine
    from neonlike.optimizers import RMSProp
    from neonlike.transforms import Logistic, Softmax, Tanh

    init = Uniform(-0.08, 0.08)
    layers = [
        LSTM(hidden, init, activation=Tanh(), gate_activation=Logistic()),
        Affine(67, init, activation=Softmax()),
    ]
    return training_step(be, layers, (67, 50), 67, RMSProp(gradient_clip_value=5))


def _gender_stem() -> list[Any]:
    from neonlike.initializers import Constant, GlorotUniform
    from neonlike.layers import Conv, Pooling
    from neonlike.transforms import Rectlin

    common = {"init": GlorotUniform(), "bias": Constant(0), "activation": Rectlin()}
    return [
        Conv((5, 5, 16), padding=2, **common),
        Pooling(2, strides=2),
        Conv((3, 3, 32), padding=1, **common),
        Pooling(2, strides=2),
    ]


def gender_birnn(be: Any, size: int) -> Step:
    """Two convolutions, two bidirectional recurrent layers along the width, mean over steps."""
    from neonlike.initializers import GlorotUniform
    from neonlike.layers import Affine, DeepBiRNN, RecurrentMean
    from neonlike.optimizers import GradientDescentMomentum
    from neonlike.transforms import Softmax, Tanh

    init = GlorotUniform()
    layers = [
        *_gender_stem(),
        DeepBiRNN(100, init, activation=Tanh(), reset_cells=True, depth=2),
        RecurrentMean(),
        Affine(2, init, activation=Softmax()),
    ]
    return training_step(be, layers, (3, size, size), 2, GradientDescentMomentum(0.01, 0.9))


def gender_renet(be: Any, size: int, cell: str) -> Step:
    """Two convolutions, two ReNet blocks (2x2 patches), global mean."""
    from neonlike.initializers import GlorotUniform
    from neonlike.layers import Affine, Pooling, ReNet
    from neonlike.optimizers import GradientDescentMomentum
    from neonlike.transforms import Softmax

    init = GlorotUniform()
    layers = [
        *_gender_stem(),
        ReNet(100, init, patch=(2, 2), cell=cell),
        ReNet(100, init, patch=(2, 2), cell=cell),
        Pooling("all", op="avg"),
        Affine(2, init, activation=Softmax()),
    ]
    return training_step(be, layers, (3, size, size), 2, GradientDescentMomentum(0.01, 0.9))


def _net(item_id: str, batch: int, ours: Any, theirs: Any, what: str) -> Item:
    return Item(item_id, batch, ours, functools.partial(theirs, batch), what)


NETS = [
    *(
        _net(f"net_mnist_mlp_n{n}", n, mnist_mlp, twins.mnist_mlp, "784-100-10, momentum")
        for n in (32, 128)
    ),
    *(
        _net(
            f"net_cifar_conv{'_bn' if bn else ''}_n{n}",
            n,
            functools.partial(cifar_conv, batch_norm=bn),
            functools.partial(twins.cifar_conv, batch_norm=bn),
            "two 5x5 convolutions, 500, 10" + (", batch norm" if bn else ""),
        )
        for bn in (False, True)
        for n in (32, 128)
    ),
    *(
        _net(
            f"net_char_lstm_h{h}",
            50,
            functools.partial(char_lstm, hidden=h),
            functools.partial(twins.char_lstm, hidden=h),
            f"character LSTM of {h} units, 50 steps",
        )
        for h in (128, 512)
    ),
    *(
        _net(
            f"net_gender_birnn_s{s}_n{n}",
            n,
            functools.partial(gender_birnn, size=s),
            functools.partial(twins.gender_birnn, size=s),
            f"photo classifier, {s} pixels, two bidirectional layers",
        )
        for s, n in ((64, 32), (64, 128), (128, 32))
    ),
    *(
        _net(
            f"net_gender_renet_{cell}_s{s}_n32",
            32,
            functools.partial(gender_renet, size=s, cell=cell),
            functools.partial(twins.gender_renet, size=s, cell=cell),
            f"photo classifier, {s} pixels, two ReNet blocks of {cell}",
        )
        for cell in ("rnn", "gru")
        for s in (64, 128)
    ),
]
