"""What the scripts with the tasks of 1997 share: train until it is learnt, then test.

The networks are trained as they were then: one sequence, one step down the gradient. Thousands of
sequences a second pass through `train_online`.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import progress

from neonlike.backends import gen_backend
from neonlike.data.sequence_tasks import Sequences
from neonlike.models import Model, train_online

CHUNK = 500  # sequences between two looks at the results
IN_A_ROW = 2000  # right sequences that end a training
TEST = 2560  # sequences of the test


@dataclass(frozen=True)
class Task:
    """A task with its network.

    Attributes:
        layers: makes the network.
        draw: ``f(n, seed)`` gives sequences.
        learning_rate: of the descent.
        limit: sequences of a training at the most.
        tolerance: a sequence is right when no output at its end is off by that much.
        mean_below: a training also goes on until the mean error is below.
    """

    layers: Callable[[], list]
    draw: Callable[..., Sequences]
    learning_rate: float
    limit: int
    tolerance: float
    mean_below: float = np.inf


def run(task, description, seeds, results):
    """Train and test for every seed of the command line, then print what others reached.

    Args:
        task: what to learn.
        description: of the script, for its help.
        seeds: number of trainings by default.
        results: lines to print at the end.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=seeds, help="trainings")
    parser.add_argument("--limit", type=int, default=task.limit, help="sequences of a training")
    parser.add_argument("--quick", action="store_true", help="2000 sequences")
    args = parser.parse_args()
    if args.quick:
        args.seeds, args.limit = 1, 2000
    test = task.draw(TEST, seed=10_000)
    for seed in range(args.seeds):
        model = make_model(task.layers, test.x.shape[0], seed)
        seen, seconds = train(model, task, args.limit, seed)
        # a learning rate of zero: outputs, and no change
        wrong = int((errors_of(model, test, 0.0) >= task.tolerance).sum())
        print(f"seed {seed}: {seen} sequences, {wrong} of {TEST} wrong, {seconds:.1f} s")
    print(results)


def make_model(layers, nin, seed):
    """Return an initialized network for one sequence at a time."""
    gen_backend(backend="cpu", batch_size=1, rng_seed=seed)
    model = Model(layers())
    model.initialize((nin, 1))
    return model


def train(model, task, limit, seed):
    """Train on fresh sequences until the task is learnt; return how many, and the seconds."""
    start, seen, errors = time.perf_counter(), 0, np.zeros(0)
    while seen < limit:
        data = task.draw(CHUNK, (seed, seen))
        seen += CHUNK
        errors = np.concatenate([errors, errors_of(model, data, task.learning_rate)])[-IN_A_ROW:]
        progress.show(f"{seen:8d} sequences, largest error {errors[-CHUNK:].max():.3f}")
        learnt = errors.max() < task.tolerance and errors.mean() < task.mean_below
        if learnt and len(errors) == IN_A_ROW:
            break
    progress.done()
    return seen, time.perf_counter() - start


def errors_of(model, data, learning_rate):
    """Train on the sequences; return the largest error of each, |output - target| at its end."""
    x, t, mask = data.end_to_end()
    outputs = train_online(model, x, t, mask, data.lengths, learning_rate)
    ends = np.cumsum(data.lengths) - 1
    return np.abs(outputs[:, ends] - t[:, ends]).max(axis=0)
