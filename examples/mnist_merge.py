#!/usr/bin/env python
"""Two inputs, a path for each, and what they have found put together.

    python mnist_merge.py -w DATA -e 5 -eval 1

An iterator may deliver several inputs; `MergeMultistream` has one path for each of them and stacks
their outputs. Here both inputs are the same digit.
"""

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import MNIST, ArrayIterator
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost, MergeMultistream, Sequential
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyBinary, Logistic, Rectlin
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1

(X_train, y_train), (X_test, y_test), nclass = MNIST(path=args.data_dir).load_data()
train_set = ArrayIterator([X_train, X_train], y_train, nclass=nclass, lshape=(1, 28, 28))
valid_set = ArrayIterator([X_test, X_test], y_test, nclass=nclass, lshape=(1, 28, 28))

init_norm = Gaussian(loc=0.0, scale=0.01)


def path():
    """Return the layers of one input."""
    hidden = {"nout": 100, "init": init_norm, "activation": Rectlin()}
    return Sequential(layers=[Affine(**hidden), Affine(**hidden)])


layers = [
    MergeMultistream(layers=[path(), path()], merge="stack"),
    Affine(nout=10, init=init_norm, activation=Logistic(shortcut=True)),
]
model = Model(layers=layers)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(
    train_set,
    optimizer=GradientDescentMomentum(0.1, momentum_coef=0.9),
    num_epochs=args.epochs,
    cost=GeneralizedCost(costfunc=CrossEntropyBinary()),
    callbacks=callbacks,
)
