"""Layers of the recurrent zoo: batches, and training with one sequence at a time."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from benchmarks.items._item import Item, Step
from benchmarks.items.kernels import layer_step

ONLINE = 200  # sequences per step
STEPS = 105  # per sequence, as in the temporal-order task of 1997


def zoo_layer(be: Any, kind: str, nin: int, nout: int, steps: int) -> Step:
    """Forward and backward of one layer, input deltas included."""
    import neonlike.layers as nl
    from neonlike.initializers import GlorotUniform

    init = GlorotUniform()
    makers = {
        "vanilla": functools.partial(nl.LSTMVariant, nout, init),
        "lstm97": functools.partial(nl.LSTM97, nout, init),
        "transition": functools.partial(
            nl.DeepTransitionRNN, nout, init, (nout,), shortcut=True, input_to="all"
        ),
        "jordan": functools.partial(nl.Jordan, nout, nout, init),
    }
    return layer_step(be, makers[kind](reset_cells=True), nin, steps)


def online(be: Any) -> Step:
    """Forward, backward and update of ``ONLINE`` sequences, one at a time: LSTM97 2x2."""
    from neonlike.initializers import Constant, Uniform
    from neonlike.layers import LSTM97, Affine
    from neonlike.models import Model, train_online
    from neonlike.transforms import Logistic

    init = Uniform(-0.1, 0.1)
    memory = LSTM97(2, init, block_size=2, input_gate_bias=[-2, -4])
    model = Model([memory, Affine(4, init, bias=Constant(0), activation=Logistic())])
    model.initialize((8, 1))
    rng, columns = np.random.RandomState(0), ONLINE * STEPS
    x = np.eye(8)[rng.randint(0, 8, columns)].T
    t = np.eye(4)[rng.randint(0, 4, columns)].T
    mask = np.arange(1, columns + 1) % STEPS == 0
    lengths = np.full(ONLINE, STEPS)
    return functools.partial(train_online, model, x, t, mask, lengths, 0.5)


ZOO = [
    *(
        Item(
            f"zoo_{kind}_f88_h100_t60_n8",
            8,
            functools.partial(zoo_layer, kind=kind, nin=88, nout=100, steps=60),
            None,
            "forward and backward of one layer",
        )
        for kind in ("vanilla", "lstm97", "transition", "jordan")
    ),
    Item(
        "zoo_online_lstm97_2x2_t105",
        1,
        online,
        None,
        f"{ONLINE} sequences one at a time: forward, backward, update",
    ),
]
