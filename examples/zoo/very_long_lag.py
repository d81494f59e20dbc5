#!/usr/bin/env python
"""Row 2: remember one symbol over more than fifty random ones, which come at no fixed distance.

    python very_long_lag.py --seeds 2
    python very_long_lag.py --quick

Task 2c of 1997, q = p = 50: LSTM with two blocks of one cell, without any bias.
"""

import argparse

from online import make_model, train, wrong

from neonlike.data.sequence_tasks import very_long_lag
from neonlike.initializers import Uniform
from neonlike.layers import LSTM97, Affine
from neonlike.transforms import Logistic

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("--seeds", type=int, default=2, help="trainings")
parser.add_argument("--limit", type=int, default=150_000, help="sequences of a training")
parser.add_argument("--quick", action="store_true", help="2000 sequences")
args = parser.parse_args()
if args.quick:
    args.seeds, args.limit = 1, 2000


def layers():
    """Return the network: 364 weights."""
    init = Uniform(-0.2, 0.2)
    return [LSTM97(2, init, bias="none"), Affine(2, init, activation=Logistic())]


test = very_long_lag(2560, seed=10_000)
for seed in range(args.seeds):
    model = make_model(layers, nin=54, seed=seed)
    seen, seconds = train(
        model,
        very_long_lag,
        learning_rate=0.01,
        limit=args.limit,
        tolerance=0.2,
        in_a_row=2000,
        seed=seed,
    )
    errors = wrong(model, test, 0.2)
    print(f"seed {seed}: {seen} sequences, {errors} of 2560 wrong, {seconds:.1f} s")
print("published: 30 000 sequences (10 000 right in a row)")
print("accepted:  at most 150 000 sequences (2000 right in a row) and 10 wrong")
