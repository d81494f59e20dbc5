#!/usr/bin/env python
"""Squeeze digits through a few numbers, and draw them again.

    python conv_autoencoder.py -w DATA -e 3            MNIST in DATA; writes Reconstructed.png

Convolutions and poolings make the picture smaller, transposed convolutions bring it back to its
size; the target is the input. Without targets, `ArrayIterator` does just that.
"""

from neonlike import logger as neon_logger
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import MNIST, ArrayIterator
from neonlike.initializers import Uniform
from neonlike.layers import Conv, Deconv, GeneralizedCost, Pooling
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import Rectlin, SumSquared
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1

(X_train, _), _, _ = MNIST(path=args.data_dir).load_data()
train = ArrayIterator(X_train, lshape=(1, 28, 28))

init_uni = Uniform(low=-0.1, high=0.1)
relu = {"init": init_uni, "activation": Rectlin()}
layers = [
    Conv((4, 4, 8), **relu),
    Pooling(2),
    Conv((4, 4, 32), **relu),
    Pooling(2),
    Deconv((4, 4, 8), **relu),
    Deconv((3, 3, 8), strides=2, **relu),
    Deconv((2, 2, 1), init=init_uni, strides=2, padding=1),
]
model = Model(layers=layers)
callbacks = Callbacks(model, **args.callback_args)
model.fit(
    train,
    optimizer=GradientDescentMomentum(learning_rate=0.001, momentum_coef=0.9),
    num_epochs=args.epochs,
    cost=GeneralizedCost(costfunc=SumSquared()),
    callbacks=callbacks,
)

try:
    import matplotlib.pyplot as plt
except ImportError:
    neon_logger.display("no picture: pip install 'neonlike[viz]'")
else:
    pictures = model.layers.layers[-1].outputs.get()
    figure, axes = plt.subplots(10, 12, figsize=(6, 5), layout="tight")
    for axis, picture in zip(axes.ravel(), pictures.T, strict=False):
        axis.imshow(picture.reshape(28, 28), cmap="gray")
        axis.axis("off")
    figure.savefig("Reconstructed.png")
    neon_logger.display("Reconstructed.png written")
