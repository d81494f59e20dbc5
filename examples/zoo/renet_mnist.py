#!/usr/bin/env python
"""Row 10: recurrent networks read digits as pictures, without any convolution.

    python renet_mnist.py -w DATA -e 8
    python renet_mnist.py --quick

Two ReNet layers sweep over the picture in four directions, each over 2x2 patches of what the layer
before has left; then a hidden layer answers. 8000 digits to train, 2000 to test.
"""

import numpy as np

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import MNIST, ArrayIterator
from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import Affine, Dropout, GeneralizedCost, ReNet
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="few digits, a small network, one epoch")
parser.set_defaults(batch_size=64, epochs=8, rng_seed=0, eval_freq=1)
args = parser.parse_args()
units, train_count, test_count = 32, 8000, 2000
if args.quick:
    args.epochs, units, train_count, test_count = 1, 8, 640, 256

(x, y), (x_test, y_test), nclass = MNIST(path=args.data_dir).load_data()
chosen = np.random.default_rng(0).permutation(len(x))[:train_count]
shape = {"nclass": nclass, "lshape": (1, 28, 28)}
train_set = ArrayIterator(x[chosen], y[chosen], **shape)
valid_set = ArrayIterator(x_test[:test_count], y_test[:test_count], **shape)

init = GlorotUniform()
layers = [
    ReNet(units, init, patch=(2, 2), cell="gru"),
    Dropout(keep=0.8),
    ReNet(units, init, patch=(2, 2), cell="gru"),
    Dropout(keep=0.8),
    Affine(128, init, bias=Constant(0), activation=Rectlin()),
    Dropout(keep=0.8),
    Affine(10, init, bias=Constant(0), activation=Softmax()),
]
model = Model(layers)
callbacks = Callbacks(model, eval_set=valid_set, metric=Misclassification(), **args.callback_args)
cost = GeneralizedCost(CrossEntropyMulti())
model.fit(train_set, cost, Adam(learning_rate=0.001), args.epochs, callbacks)
error = float(model.eval(valid_set, metric=Misclassification())[0])
print(f"error after {args.epochs} epochs: {error:.1%}")
print("accepted: at most 6 % after 3 epochs and 4 % after 8")
