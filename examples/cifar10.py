#!/usr/bin/env python
"""Colour photos with a dense network, to see how far that goes.

python cifar10.py -w DATA -e 10 -eval 1            CIFAR-10 in DATA
"""

from neonlike import logger as neon_logger
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import CIFAR10
from neonlike.initializers import Uniform
from neonlike.layers import Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyBinary, Logistic, Misclassification, Rectlin
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1

dataset = CIFAR10(path=args.data_dir, normalize=True, contrast_normalize=False, whiten=False)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

init_uni = Uniform(low=-0.1, high=0.1)
layers = [
    Affine(nout=200, init=init_uni, activation=Rectlin()),
    Affine(nout=10, init=init_uni, activation=Logistic(shortcut=True)),
]
mlp = Model(layers=layers)
callbacks = Callbacks(mlp, eval_set=valid_set, **args.callback_args)
mlp.fit(
    train_set,
    optimizer=GradientDescentMomentum(learning_rate=0.01, momentum_coef=0.9),
    num_epochs=args.epochs,
    cost=GeneralizedCost(costfunc=CrossEntropyBinary()),
    callbacks=callbacks,
)
error = float(mlp.eval(valid_set, metric=Misclassification())[0]) * 100
neon_logger.display(f"Misclassification error = {error:.1f}%")
