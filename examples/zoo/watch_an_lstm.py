#!/usr/bin/env python
"""How an LSTM learns to remember: gates, gradients and recurrent matrices, epoch by epoch.

    python watch_an_lstm.py
    python watch_an_lstm.py --lag 10 --out report
    python watch_an_lstm.py --quick

The first symbol of a sequence is x or y; twenty symbols that mean nothing follow, and at the end
the network has to say which it was. Callbacks record what happens inside during the training; the
report shows it, together with the graph of the network.
"""

import argparse
from pathlib import Path

import numpy as np

from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import LSTM, Affine, GeneralizedCost, RecurrentLast
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.transforms import Accuracy, CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.visualizations import Report, add_recurrent

SYMBOLS = 8  # without meaning

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("--lag", type=int, default=20, help="symbols in between")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--quick", action="store_true", help="a few short sequences, two epochs")
parser.add_argument("--out", type=Path, default=Path("watch_an_lstm"), help="folder of the report")
args = parser.parse_args()
count = 1024
if args.quick:
    args.lag, args.epochs, count = 5, 2, 64

gen_backend(backend="cpu", batch_size=32, rng_seed=0)


def sequences(seed):
    """Return a data set: symbols one-hot, (symbols, steps) each, and whether x or y came first."""
    rng = np.random.default_rng(seed)
    first = rng.integers(2, size=count)
    symbols = np.column_stack([SYMBOLS + first, rng.integers(SYMBOLS, size=(count, args.lag))])
    x = np.eye(SYMBOLS + 2)[symbols].transpose(0, 2, 1)
    return ArrayIterator(x.reshape(count, -1), first, nclass=2, lshape=x.shape[1:])


train, test = sequences(seed=0), sequences(seed=1)
init = GlorotUniform()
memory = LSTM(
    8, init, activation=Tanh(), gate_activation=Logistic(), reset_cells=True, name="memory"
)
model = Model([memory, RecurrentLast(), Affine(2, init, bias=Constant(0), activation=Softmax())])
args.out.mkdir(parents=True, exist_ok=True)
history = args.out / "history.h5"
history.unlink(missing_ok=True)
callbacks = Callbacks(model, output_file=history, eval_set=test, eval_freq=1)
callbacks.add_gate_activity_callback(test)
callbacks.add_recurrent_matrix_callback()
callbacks.add_grad_flow_callback()
cost = GeneralizedCost(CrossEntropyMulti())
model.fit(train, cost, Adam(learning_rate=0.01), args.epochs, callbacks)

right = 100 * float(model.eval(test, metric=Accuracy())[0])
report = Report("How an LSTM learns to remember", f"One symbol, over {args.lag} others.")
report.tiles([("test sequences told right", f"{right:.1f} %", f"of {count}")])
report.section("Inside")
add_recurrent(report, model, test, "x or y?", history)
print(f"test sequences told right: {right:.1f} %")
print(f"report: {report.write(args.out)}")
