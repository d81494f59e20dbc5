#!/usr/bin/env python
"""AlexNet on photos of a thousand classes, or of any others.

    python alexnet.py --images IMAGES -e 90
    python alexnet.py --quick

Five convolutions and three dense layers (Krizhevsky, "One weird trick for parallelizing
convolutional neural networks", arXiv 1404.5997). Biases learn twice as fast as weights and are
not decayed; the learning rates fall at given epochs.
"""

from script import make_parser, parse, train

from neonlike.backends import gen_backend
from neonlike.initializers import Constant, Gaussian
from neonlike.layers import Affine, Conv, Dropout, Pooling
from neonlike.optimizers import GradientDescentMomentum, MultiOptimizer, Schedule
from neonlike.transforms import Rectlin, Softmax
from neonlike.util.argparser import extract_valid_args

args = parse(make_parser(__doc__, epochs=90, batch_size=128))
gen_backend(**extract_valid_args(args, gen_backend))


def conv(fshape, bias, scale=0.01, **geometry):
    """Return a convolution with ReLU."""
    init = Gaussian(scale=scale)
    return Conv(fshape, init=init, bias=Constant(bias), activation=Rectlin(), **geometry)


def dense(nout, bias, activation):
    """Return a dense layer."""
    return Affine(nout, init=Gaussian(scale=0.01), bias=Constant(bias), activation=activation)


layers = [
    conv((11, 11, 64), bias=0, padding=3, strides=4),
    Pooling(3, strides=2),
    conv((5, 5, 192), bias=1, padding=2),
    Pooling(3, strides=2),
    conv((3, 3, 384), bias=0, scale=0.03, padding=1),
    conv((3, 3, 256), bias=1, scale=0.03, padding=1),
    conv((3, 3, 256), bias=1, scale=0.03, padding=1),
    Pooling(3, strides=2),
    dense(4096, bias=1, activation=Rectlin()),
    Dropout(keep=0.5),
    dense(4096, bias=1, activation=Rectlin()),
    Dropout(keep=0.5),
    dense(args.nclass, bias=-7, activation=Softmax()),
]
weights = GradientDescentMomentum(
    0.01 * args.rate, 0.9, wdecay=0.0005, schedule=Schedule([22, 44, 65], 0.15874)
)
biases = GradientDescentMomentum(0.02 * args.rate, 0.9, schedule=Schedule([44], 0.1))
train(args, layers, MultiOptimizer({"default": weights, "Bias": biases}))
