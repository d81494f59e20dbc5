#!/usr/bin/env python
"""Deep residual networks of 18 to 152 layers on photos.

    python i1k_msra.py --images IMAGES --depth 50 -e 90
    python i1k_msra.py --quick

Every module adds what it computes to what it was given, so that signals and gradients pass through
any number of modules (He et al., "Deep Residual Learning", arXiv 1512.03385). From 50 layers on a
module is a bottleneck: 1x1, 3x3 and 1x1 convolutions, the last one with four times the maps.
"""

from script import make_parser, parse, train

from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import BatchNormTuneCallback
from neonlike.initializers import Kaiming
from neonlike.layers import Activation, Affine, Conv, MergeSum, Pooling, SkipNode
from neonlike.optimizers import GradientDescentMomentum, Schedule
from neonlike.transforms import Rectlin, Softmax
from neonlike.util.argparser import extract_valid_args

# modules in the stages of 64, 128, 256 and 512 maps
STAGES = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}

parser = make_parser(__doc__, epochs=90, batch_size=64)
parser.add_argument("--depth", type=int, default=50, choices=sorted(STAGES), help="of the network")
args = parse(parser)
if args.quick:
    args.depth = 18
gen_backend(**extract_valid_args(args, gen_backend))


def conv(fsize, maps, stride=1, relu=True):
    """Return a convolution with batch normalization."""
    return Conv(
        (fsize, fsize, maps),
        init=Kaiming(local=True),
        batch_norm=True,
        strides=stride,
        padding=fsize // 2,
        activation=Rectlin() if relu else None,
    )


def module(maps, stride, widen, bottleneck):
    """Return a module; ``widen``: its sum has other maps than its input."""
    out = 4 * maps if bottleneck else maps
    if bottleneck:
        main = [conv(1, maps, stride), conv(3, maps), conv(1, out, relu=False)]
    else:
        main = [conv(3, maps, stride), conv(3, maps, relu=False)]
    side = conv(1, out, stride, relu=False) if widen else SkipNode()
    return [MergeSum([side, main]), Activation(Rectlin())]


def network(depth, nclass):
    """Return the layers."""
    bottleneck = depth >= 50
    layers = [conv(7, 64, stride=2), Pooling(3, strides=2)]
    for stage, modules in enumerate(STAGES[depth]):
        for index in range(modules):
            first = index == 0
            stride = 2 if first and stage else 1
            widen = first and (stage > 0 or bottleneck)
            layers += module(64 * 2**stage, stride, widen, bottleneck)
    head = Affine(nclass, init=Kaiming(local=False), batch_norm=True, activation=Softmax())
    return [*layers, Pooling("all", op="avg"), head]


optimizer = GradientDescentMomentum(
    0.1 * args.rate, 0.9, wdecay=0.0001, schedule=Schedule([30, 60], 0.1)
)
train(args, network(args.depth, args.nclass), optimizer, first_callbacks=[BatchNormTuneCallback])
