#!/usr/bin/env python
"""Rows 5 to 8: what comes next in a chorale by Bach? LSTM, GRU, plain and deep-transition networks.

    python chorales.py FILE --model lstm
    python chorales.py FILE --model rnn
    python chorales.py FILE --quick

FILE is jsb-chorales-quarter.json, or one of the well-known .pickle and .mat files.

88 inputs, the keys of a piano, at every quarter note; 88 logistic outputs, the next quarter. The
figure of merit is the negative log-likelihood of a step, the mean over all steps of the test set of
the network that did best on the validation set. Guessing each key by its frequency gives 11.1.

Gradients are scaled down to norm 1 before Adam averages them: small ones late in the training then
weigh as much as the first ones; without, the LSTM ends at 8.96 and not at 8.62.
"""

import argparse
import time

import numpy as np
import progress

from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.callbacks.callbacks import Callback
from neonlike.data.sequence_tasks import SequenceIterator, load_piano_rolls, next_chords
from neonlike.initializers import Constant, Uniform
from neonlike.layers import (
    DTSRNN,
    GRU,
    Affine,
    GeneralizedCostMask,
    LSTMVariant,
    Recurrent,
)
from neonlike.models import Model
from neonlike.optimizers.optimizer import Adam, get_param_list
from neonlike.transforms import CrossEntropyBinary, Logistic, Tanh

INIT = Uniform(-0.1, 0.1)
TANH = {"activation": Tanh(), "reset_cells": True}
GATED = {**TANH, "gate_activation": Logistic()}
CLIP = 1.0  # largest norm of the gradients

# name: layers, learning rate, batch size, epochs, published, accepted
MODELS = {
    "lstm": (lambda: [LSTMVariant(100, INIT, variant="NP", **GATED)], 3e-3, 8, 60, 8.45, 8.65),
    "gru": (lambda: [GRU(100, INIT, **GATED)], 3e-3, 8, 60, 8.43, 9.1),
    "rnn": (lambda: [Recurrent(200, INIT, **TANH)], 1e-3, 8, 60, 8.91, 9.0),
    "dts": (lambda: DTSRNN(200, INIT, [200], **TANH), 3e-3, 16, 40, None, 9.4),
}


class ClippedAdam(Adam):
    """Adam on clipped gradients; ``Adam(gradient_clip_norm)`` shortens, as in neon, the steps."""

    def optimize(self, layer_list, epoch):
        """Scale the gradients, then update."""
        layers = list(layer_list)
        params = get_param_list(layers)
        scale = self.clip_gradient_norm(params, CLIP)
        for (_, gradient), _ in params:
            gradient[:] = gradient * scale
        super().optimize(layers, epoch)


def negative_log_likelihood(model, data):
    """Return the negative log-likelihood of a step, over all steps of a set."""
    total = steps = 0.0
    for x, (t, mask) in data:
        y, t, mask = model.fprop(x, inference=True).get(), t.get(), mask.get()
        y = np.clip(y.astype(np.float64), 1e-7, 1 - 1e-7)
        total -= (mask * (t * np.log(y) + (1 - t) * np.log(1 - y))).sum()
        steps += mask[0].sum()
    return total / steps


class Best(Callback):
    """Keeps the test result of the epoch with the best validation result."""

    def __init__(self, valid, test):
        super().__init__(epoch_freq=1)
        self.valid, self.test = valid, test
        self.best = (np.inf, np.inf, 0)

    def on_epoch_end(self, callback_data, model, epoch):
        """Evaluate."""
        valid = negative_log_likelihood(model, self.valid)
        if valid < self.best[0]:
            self.best = (valid, negative_log_likelihood(model, self.test), epoch + 1)
        progress.show(f"epoch {epoch + 1:3d}  validation {valid:.3f}  best {self.best[0]:.3f}")


def train(recurrent, rolls, optimizer, batch_size, epochs, seed, training_data=SequenceIterator):
    """Train the recurrent layers with a read-out; return (validation, test, epoch) and seconds."""
    gen_backend(backend="cpu", batch_size=batch_size, rng_seed=seed)
    sequences = {name: next_chords(pieces) for name, pieces in rolls.items()}
    steps = max(part.x.shape[1] for part in sequences.values())
    sets = {}
    for name, part in sequences.items():
        count = len(part) if name == "train" else -(-len(part) // batch_size) * batch_size
        part = part.padded(steps, count)
        sets[name] = training_data(part, seed) if name == "train" else SequenceIterator(part)
    layers = [*recurrent(), Affine(88, INIT, bias=Constant(0), activation=Logistic())]
    model = Model(layers)
    cost = GeneralizedCostMask(CrossEntropyBinary())
    best = Best(sets["valid"], sets["test"])
    callbacks = Callbacks(model, progress_bar=False)
    callbacks.add_callback(best)
    start = time.perf_counter()
    model.fit(sets["train"], cost, optimizer, epochs, callbacks)
    progress.done()
    return best.best, time.perf_counter() - start


def main():
    """Train the chosen networks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", help="the chorales")
    parser.add_argument("--model", choices=MODELS, action="append", help="default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="instead of 60 (dts: 40)")
    parser.add_argument("--quick", action="store_true", help="a few short pieces, one epoch")
    args = parser.parse_args()
    rolls = load_piano_rolls(args.file)
    if args.quick:
        rolls = {name: [p[:, :12] for p in pieces[:16]] for name, pieces in rolls.items()}
    for name in args.model or MODELS:
        recurrent, rate, batch, epochs, published, accepted = MODELS[name]
        epochs = 1 if args.quick else args.epochs or epochs
        (valid, test, epoch), seconds = train(
            recurrent, rolls, ClippedAdam(learning_rate=rate), batch, epochs, args.seed
        )
        print(f"{name}: test {test:.2f} (validation {valid:.2f}, epoch {epoch}), {seconds:.0f} s")
        known = "not known from a source we have read" if published is None else f"{published:.2f}"
        print(f"published: {known}; accepted: at most {accepted:.2f}")


if __name__ == "__main__":
    main()
