#!/usr/bin/env python
"""Row 2: remember one symbol over more than fifty random ones, which come at no fixed distance.

    python very_long_lag.py --seeds 2
    python very_long_lag.py --quick

Task 2c of 1997, q = p = 50: LSTM with two blocks of one cell, without any bias.
"""

from online import Task, run

from neonlike.data.sequence_tasks import very_long_lag
from neonlike.initializers import Uniform
from neonlike.layers import LSTM97, Affine
from neonlike.transforms import Logistic


def layers():
    """Return the network: 364 weights."""
    init = Uniform(-0.2, 0.2)
    return [LSTM97(2, init, bias="none"), Affine(2, init, activation=Logistic())]


TASK = Task(layers, very_long_lag, learning_rate=0.01, limit=150_000, tolerance=0.2)
RESULTS = """\
published: 30 000 sequences (10 000 right in a row)
accepted:  at most 150 000 sequences (2000 right in a row) and 10 wrong"""

if __name__ == "__main__":
    run(TASK, __doc__, seeds=2, results=RESULTS)
