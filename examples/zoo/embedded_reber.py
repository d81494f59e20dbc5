#!/usr/bin/env python
"""Row 4: strings of the embedded Reber grammar, with LSTM, GRU and plain recurrent units.

    python embedded_reber.py --seeds 4
    python embedded_reber.py --of-1997
    python embedded_reber.py --quick

Predict the next symbol. The last but one is the second one again, so a string has to be remembered
to its end. A network has learnt it when at every step of all 256 training and 256 other strings
the most active outputs are the symbols that may follow.

``--of-1997`` trains, instead of today's cells with Adam, the two networks of the paper as it says:
one string, one step down the gradient. Something that it does not say must have been different:
of four trainings of each network, none learnt the grammar in 60 000 strings.
"""

import argparse
import time

import numpy as np

from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.callbacks.callbacks import Callback
from neonlike.data.sequence_tasks import (
    SequenceIterator,
    reber_sequences,
    reber_strings,
    reber_successors,
)
from neonlike.initializers import Constant, GlorotUniform, Uniform
from neonlike.layers import GRU, LSTM, LSTM97, Affine, GeneralizedCostMask, Recurrent
from neonlike.models import Model, train_online
from neonlike.optimizers import Adam
from neonlike.transforms import CrossEntropyMulti, Logistic, Softmax, Tanh

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("--seeds", type=int, default=4, help="trainings of each network")
parser.add_argument("--limit", type=int, default=60_000, help="strings of a training")
parser.add_argument("--units", type=int, default=12, help="of the recurrent layer")
parser.add_argument("--of-1997", action="store_true", help="networks and training of 1997")
parser.add_argument("--quick", action="store_true", help="1024 strings")
args = parser.parse_args()
if args.quick:
    args.seeds, args.limit = 1, 1024

COUNT, BATCH = 256, 16
CELLS = {
    "LSTM": lambda **a: LSTM(args.units, gate_activation=Logistic(), **a),
    "GRU": lambda **a: GRU(args.units, gate_activation=Logistic(), **a),
    "RNN": lambda **a: Recurrent(args.units, **a),
}
OLD = {"3x2": (3, 2, 0.5), "4x1": (4, 1, 0.1)}  # blocks, cells in each, learning rate


class Learnt(Exception):
    """Every string is predicted as well as it can be."""


class Examiner(Callback):
    """Ends the training when all strings are predicted."""

    def __init__(self, strings, data):
        super().__init__(epoch_freq=1)
        self.legal = [reber_successors(string) for string in strings]
        self.data = data
        self.seen = 0

    def on_epoch_end(self, callback_data, model, epoch):
        """Look at all strings."""
        self.seen += COUNT
        if self.right(model) == len(self.legal):
            raise Learnt

    def right(self, model):
        """Return how many strings are predicted."""
        outputs = [model.fprop(x, inference=True).get() for x, _ in self.data]
        steps = self.data.sequences.x.shape[1]
        y = np.concatenate([o.reshape(7, steps, -1) for o in outputs], axis=2)
        return sum(predicted(y[..., number], legal) for number, legal in enumerate(self.legal))


def predicted(y, legal):
    """Tell whether at every step the k legal symbols are the k most active ones."""
    y = y[:, : legal.shape[1]]
    lowest_legal = np.where(legal, y, np.inf).min(axis=0)
    return bool((lowest_legal > np.where(legal, -np.inf, y).max(axis=0)).all())


def all_strings(seed):
    """Return the strings of training, and as many others."""
    strings = reber_strings(COUNT, seed)
    return strings + reber_strings(COUNT, seed + 1000, exclude=strings)


def train(cell, seed):
    """Return the strings of training, whether they sufficed, and the seconds."""
    gen_backend(backend="cpu", batch_size=BATCH, rng_seed=seed)
    strings = all_strings(seed)
    everything = reber_sequences(strings)
    train_set = SequenceIterator(everything[:COUNT], seed=seed)
    init = GlorotUniform()
    layers = [
        CELLS[cell](init=init, activation=Tanh(), reset_cells=True),
        Affine(7, init, bias=Constant(0), activation=Softmax()),
    ]
    model = Model(layers)
    examiner = Examiner(strings, SequenceIterator(everything))
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_callback(examiner)
    cost = GeneralizedCostMask(CrossEntropyMulti())
    start, learnt = time.perf_counter(), False
    try:
        model.fit(train_set, cost, Adam(learning_rate=0.01), args.limit // COUNT, callbacks)
    except Learnt:
        learnt = True
    return examiner.seen, learnt, time.perf_counter() - start


def train_as_in_1997(network, seed):
    """Return what ``train`` does, for one of the networks of 1997."""
    blocks, size, rate = OLD[network]
    gen_backend(backend="cpu", batch_size=1, rng_seed=seed)
    init, biases = Uniform(-0.2, 0.2), [-1, -2, -3, -4][:blocks]
    memory = LSTM97(blocks, init, block_size=size, bias="gates", output_gate_bias=biases)
    model = Model([memory, Affine(7, init, activation=Logistic())])
    model.initialize((7, 1))
    strings = all_strings(seed)
    everything, rng = reber_sequences(strings), np.random.default_rng(seed)
    start, seen, learnt = time.perf_counter(), 0, False
    while seen < args.limit and not learnt:
        part = everything[rng.permutation(COUNT)]
        train_online(model, *part.end_to_end(), part.lengths, rate)
        seen += COUNT
        learnt = knows(model, everything, strings)
    return seen, learnt, time.perf_counter() - start


def knows(model, sequences, strings):
    """Tell whether all strings are predicted, in one pass with a learning rate of zero."""
    outputs = train_online(model, *sequences.end_to_end(), sequences.lengths, 0.0)
    parts = np.split(outputs, np.cumsum(sequences.lengths)[:-1], axis=1)
    legal = map(reber_successors, strings)
    return all(predicted(y, symbols) for y, symbols in zip(parts, legal, strict=True))


for cell in OLD if args.of_1997 else CELLS:
    for seed in range(args.seeds):
        trained = train_as_in_1997(cell, seed) if args.of_1997 else train(cell, seed)
        seen, learnt, seconds = trained
        state = "learnt" if learnt else "not learnt"
        print(f"{cell:4} seed {seed}: {state} after {seen} strings, {seconds:.1f} s")
print("published: LSTM of 1997 8440 strings (3x2, all of 30 trainings), 39 740 (4x1); Elman never")
print("accepted:  LSTM at most 25 000 in 3 of 4 trainings, fewer than plain units (medians)")
