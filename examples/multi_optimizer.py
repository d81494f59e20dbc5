#!/usr/bin/env python
"""Different update rules for different parts of a network.

    python multi_optimizer.py -w DATA -e 5 -eval 1

`MultiOptimizer` chooses by the name of a layer, then by its class, then "default".
"""

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import MNIST
from neonlike.initializers import Constant, Gaussian
from neonlike.layers import Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum, MultiOptimizer, RMSProp
from neonlike.transforms import CrossEntropyBinary, Logistic, Rectlin
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1

dataset = MNIST(path=args.data_dir)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

init_norm = Gaussian(loc=0.0, scale=0.01)
layers = [
    Affine(nout=100, init=init_norm, bias=Constant(0), activation=Rectlin()),
    Affine(
        nout=10,
        init=init_norm,
        bias=Constant(0),
        activation=Logistic(shortcut=True),
        name="special_linear",
    ),
]
rms = RMSProp()
optimizer = MultiOptimizer(
    {
        "default": GradientDescentMomentum(0.1, momentum_coef=0.9),
        "Bias": rms,  # a class of layers
        "special_linear": rms,  # the name of one
    }
)
model = Model(layers=layers)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
cost = GeneralizedCost(costfunc=CrossEntropyBinary())
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)
