#!/usr/bin/env python
"""Colour photos with a small convolutional network and batch normalization.

    python cifar10_conv.py -w DATA -e 3 -eval 1        CIFAR-10 in DATA

The pixels are whitened first: neighbouring pixels are nearly equal, and whitening takes out what
one tells of the other. With `-d f16` the cost is scaled up: small gradients vanish in 16 bits.
"""

import numpy as np

from neonlike import logger as neon_logger
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import CIFAR10
from neonlike.initializers import Uniform
from neonlike.layers import Affine, Conv, GeneralizedCost, Pooling
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1

scale = 10 if args.datatype is np.float16 else 1

dataset = CIFAR10(path=args.data_dir, normalize=False, contrast_normalize=True, whiten=True)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

init_uni = Uniform(low=-0.1, high=0.1)
block = {"init": init_uni, "activation": Rectlin(), "batch_norm": True}
layers = [
    Conv((5, 5, 16), **block),
    Pooling((2, 2)),
    Conv((5, 5, 32), **block),
    Pooling((2, 2)),
    Affine(nout=500, **block),
    Affine(nout=10, init=init_uni, activation=Softmax()),
]
model = Model(layers=layers)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(
    train_set,
    optimizer=GradientDescentMomentum(0.01 / scale, momentum_coef=0.9),
    num_epochs=args.epochs,
    cost=GeneralizedCost(costfunc=CrossEntropyMulti(scale=scale)),
    callbacks=callbacks,
)
error = float(model.eval(valid_set, metric=Misclassification())[0]) * 100
neon_logger.display(f"Misclassification error = {error:.1f}%")
