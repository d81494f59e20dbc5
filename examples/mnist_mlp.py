#!/usr/bin/env python
"""Digits with one hidden layer: the shortest complete script.

    python mnist_mlp.py -w DATA -e 10 -eval 1          MNIST in DATA
    python mnist_mlp.py --serialize 1 -s mlp.prm       save after every epoch
    python mnist_mlp.py --model_file mlp.prm           go on from there

What every script has: options, data, layers, cost, optimizer, callbacks, fit, a result.
"""

from neonlike import logger as neon_logger
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import MNIST
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyBinary, Logistic, Misclassification, Rectlin
from neonlike.util.argparser import NeonArgparser

# the options of all scripts; parse_args also makes the backend
parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1

dataset = MNIST(path=args.data_dir)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

init_norm = Gaussian(loc=0.0, scale=0.01)
layers = [
    Affine(nout=100, init=init_norm, activation=Rectlin()),
    # shortcut: the cost's derivative already holds that of the logistic function
    Affine(nout=10, init=init_norm, activation=Logistic(shortcut=True)),
]
cost = GeneralizedCost(costfunc=CrossEntropyBinary())
optimizer = GradientDescentMomentum(0.1, momentum_coef=0.9, stochastic_round=args.rounding)

mlp = Model(layers=layers)
callbacks = Callbacks(mlp, eval_set=valid_set, **args.callback_args)
mlp.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)

error = float(mlp.eval(valid_set, metric=Misclassification())[0]) * 100
neon_logger.display(f"Misclassification error = {error:.1f}%")
