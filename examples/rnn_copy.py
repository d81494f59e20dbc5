#!/usr/bin/env python
"""Read a row of bit vectors, then write it: a GRU learns to copy.

    python rnn_copy.py -e 50                           no data needed

Every minibatch has a length of its own, drawn anew. A mask tells the cost which steps count: only
those after the input has ended. The ticker shows a sequence with outputs and targets every epoch.
"""

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import CopyTask, Ticker
from neonlike.initializers import Uniform
from neonlike.layers import GRU, Affine, GeneralizedCostMask
from neonlike.models import Model
from neonlike.optimizers import RMSProp
from neonlike.transforms import CrossEntropyBinary, Logistic, Tanh
from neonlike.util.argparser import NeonArgparser

LONGEST, BITS = 5, 8

parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1

# the task draws from NumPy's global generator, which -r does not seed
train_set = Ticker(CopyTask(seq_len_max=LONGEST, vec_size=BITS))

init = Uniform(low=-0.08, high=0.08)
layers = [
    GRU(100, init, activation=Tanh(), gate_activation=Logistic()),
    Affine(train_set.nout, init, bias=init, activation=Logistic()),
]
model = Model(layers=layers)
cost = GeneralizedCostMask(costfunc=CrossEntropyBinary())
optimizer = RMSProp(gradient_clip_value=5, stochastic_round=args.rounding)
callbacks = Callbacks(model, **args.callback_args)
callbacks.add_watch_ticker_callback(train_set)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)
