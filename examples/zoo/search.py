"""The random search of ``lstm_odyssey.py --search``: settings, trials, table and picture."""

import csv
from functools import partial

import numpy as np
from chorales import GATED, INIT, train
from matplotlib.figure import Figure

from neonlike.data.sequence_tasks import SequenceIterator
from neonlike.layers import LSTMVariant
from neonlike.optimizers import GradientDescentMomentum

COLUMNS = "trial", "variant", "units", "learning_rate", "momentum", "noise", "valid", "test"
BEST = 0.1  # share of a variant's trials that the boxes show, at least one


class NoisySequences(SequenceIterator):
    """Sequences with Gaussian noise on their inputs."""

    def __init__(self, noise, sequences, seed):
        super().__init__(sequences, seed)
        self.noise, self._noise_rng = noise, np.random.default_rng((seed, 1))

    def __iter__(self):
        for x, t in super().__iter__():
            x.set(x.get() + self.noise * self._noise_rng.normal(size=x.shape))
            yield x, t


def settings(count):
    """Draw the settings of the trials, from the ranges of the paper."""
    rng = np.random.default_rng(0)

    def log_uniform(low, high):
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    for _ in range(count):
        units, rate = round(log_uniform(20, 200)), log_uniform(1e-6, 1e-2)
        yield units, rate, 1 - log_uniform(0.01, 1), float(rng.uniform(0, 1))


def search(rolls, variants, count, epochs, path):
    """Train every variant with the same random settings, write a table; yield its rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for trial, (units, rate, momentum, noise) in enumerate(settings(count)):
            for name in variants:
                layer = partial(LSTMVariant, units, INIT, variant=name, **GATED)
                optimizer = GradientDescentMomentum(rate * (1 - momentum), momentum, nesterov=True)
                data = partial(NoisySequences, noise)
                (valid, test, _), seconds = train(
                    lambda layer=layer: [layer()], rolls, optimizer, 1, epochs, trial, data
                )
                row = trial, name, units, rate, momentum, noise, valid, test
                table.writerow([f"{v:.6g}" if isinstance(v, float) else v for v in row])
                file.flush()
                print(f"trial {trial} {name:8} rate {rate:.1e} test {test:.2f}, {seconds:.0f} s")
                yield row


def picture(rows):
    """Return the figure: the best trials of each variant, and all results by learning rate."""
    figure = Figure(figsize=(10, 4), dpi=150, layout="constrained")
    boxes, scatter = figure.subplots(1, 2)
    names = list(dict.fromkeys(row[1] for row in rows))
    best = [np.sort([row[-1] for row in rows if row[1] == name]) for name in names]
    boxes.boxplot([tests[: max(1, round(BEST * len(tests)))] for tests in best])
    boxes.set_xticks(range(1, len(names) + 1), names)
    boxes.set_title(f"best {BEST:.0%} of the trials of each variant", loc="left")
    for name in names:
        points = [(row[3], row[-1]) for row in rows if row[1] == name and np.isfinite(row[-1])]
        scatter.plot(*zip(*points, strict=True), "o", alpha=0.7, label=name)
    scatter.set_xscale("log")
    scatter.set_title("all trials by learning rate", loc="left")
    scatter.legend(fontsize=7)
    for ax in (boxes, scatter):
        ax.set_ylabel("negative log-likelihood, test")
        ax.grid(axis="y", color="#e3e7ed")
    return figure
