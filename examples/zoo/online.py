"""What the scripts with the tasks of 1997 share: train until it is learnt, then test.

The networks are trained as they were then: one sequence, one step down the gradient. Thousands of
sequences a second pass through `train_online`.
"""

import time

import numpy as np

from neonlike.backends import gen_backend
from neonlike.models import Model, train_online

CHUNK = 500  # sequences between two looks at the results


def make_model(layers, nin, seed):
    """Return an initialized network for one sequence at a time."""
    gen_backend(backend="cpu", batch_size=1, rng_seed=seed)
    model = Model(layers())
    model.initialize((nin, 1))
    return model


def at_ends(outputs, data):
    """Return the largest error of each sequence: |output - target| at its last step."""
    ends = np.cumsum(data.lengths) - 1
    return np.abs(outputs[:, ends] - data.end_to_end()[1][:, ends]).max(axis=0)


def train(model, draw, learning_rate, limit, tolerance, in_a_row, seed, mean_below=np.inf):
    """Train on fresh sequences; return how many, and the seconds.

    Stops when ``in_a_row`` sequences were right, with a mean error below ``mean_below``, or at
    ``limit``. A sequence is right when no output is off by ``tolerance``.

    Args:
        model: from ``make_model``.
        draw: ``f(n, seed)`` gives sequences.
        learning_rate: of the descent.
        limit, tolerance, in_a_row, mean_below: see above.
        seed: of the sequences.
    """
    start, seen, errors = time.perf_counter(), 0, np.zeros(0)
    while seen < limit:
        data = draw(CHUNK, (seed, seen))
        outputs = train_online(model, *data.end_to_end(), data.lengths, learning_rate)
        seen += CHUNK
        errors = np.concatenate([errors, at_ends(outputs, data)])[-in_a_row:]
        print(f"\r{seen:8d} sequences, largest error {errors[-CHUNK:].max():.3f}", end="")
        if len(errors) == in_a_row and errors.max() < tolerance and errors.mean() < mean_below:
            break
    print()
    return seen, time.perf_counter() - start


def wrong(model, data, tolerance):
    """Return how many sequences are answered wrongly."""
    # a learning rate of zero: outputs, and no change
    outputs = train_online(model, *data.end_to_end(), data.lengths, 0.0)
    return int((at_ends(outputs, data) >= tolerance).sum())
