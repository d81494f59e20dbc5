#!/usr/bin/env python
"""A network of convolutions only, without pooling in between and without dense layers.

    python allcnn.py --images IMAGES -e 90
    python allcnn.py --quick

Strided convolutions make the maps smaller, 1x1 convolutions take the place of dense layers, and
the mean over the last maps is the answer (Springenberg et al., "Striving for Simplicity",
arXiv 1412.6806).
"""

from script import make_parser, parse, train

from neonlike.backends import gen_backend
from neonlike.initializers import Constant, Gaussian
from neonlike.layers import Activation, Conv, DataTransform, Dropout, Pooling
from neonlike.optimizers import GradientDescentMomentum, MultiOptimizer, Schedule
from neonlike.transforms import Normalizer, Rectlin, Softmax
from neonlike.util.argparser import extract_valid_args

args = parse(make_parser(__doc__, epochs=90, batch_size=64))
gen_backend(**extract_valid_args(args, gen_backend))


def conv(fsize, maps, stride=1, padding=0):
    """Return a convolution with ReLU."""
    return Conv(
        (fsize, fsize, maps),
        init=Gaussian(scale=0.05),
        bias=Constant(0),
        strides=stride,
        padding=padding,
        activation=Rectlin(),
    )


layers = [
    DataTransform(Normalizer(divisor=128.0)),
    conv(11, 96, stride=4),
    conv(1, 96),
    conv(3, 96, stride=2),
    conv(5, 256),
    conv(1, 256),
    conv(3, 256, stride=2),
    conv(3, 384, padding=1),
    conv(1, 384),
    conv(3, 384, stride=2),
    Dropout(keep=0.5),
    conv(3, 1024, padding=1),
    conv(1, 1024),
    conv(1, args.nclass),
    Pooling("all", op="avg"),
    Activation(Softmax()),
]
schedule = Schedule([65, 75, 85], 0.1)
weights = GradientDescentMomentum(0.01 * args.rate, 0.9, wdecay=0.0005, schedule=schedule)
biases = GradientDescentMomentum(0.02 * args.rate, 0.9, schedule=schedule)
train(args, layers, MultiOptimizer({"default": weights, "Bias": biases}))
