#!/usr/bin/env python
"""Photos with a deep residual network, normalized before its activations.

    python data.py -w DATA --out_dir cifar10_png
    python train.py -c cifar10_png/train.cfg --depth 2

The network has 9 * depth + 2 layers. Its modules add what they compute to what they are given, so
that gradients reach the first layers of any number of them (He et al., "Identity Mappings in Deep
Residual Networks", arXiv 1603.05027). The training sees every photo shifted and mirrored at random.
"""

import tempfile

import numpy as np
from data import write_pictures

from neonlike import logger as neon_logger
from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import BatchNormTuneCallback, Callbacks
from neonlike.data.aeon_shim import AeonDataLoader
from neonlike.data.dataloader_transformers import BGRMeanSubtract, OneHot, TypeCast
from neonlike.initializers import Kaiming
from neonlike.layers import (
    Activation,
    Affine,
    BatchNorm,
    Conv,
    GeneralizedCost,
    MergeSum,
    Pooling,
    SkipNode,
)
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum, Schedule
from neonlike.transforms import CrossEntropyMulti, Rectlin, Softmax, TopKMisclassification
from neonlike.util.argparser import NeonArgparser, extract_valid_args

parser = NeonArgparser(__doc__)
parser.add_argument("--depth", type=int, default=2, help="modules of each size of maps")
parser.add_argument("--subset_pct", type=float, default=100, help="percent of the photos")
parser.add_argument("--quick", action="store_true", help="a tenth of the photos, one epoch")
args = parser.parse_args(gen_be=False)
if args.quick:
    args.depth, args.subset_pct, args.epochs, args.batch_size = 1, 10, 1, 32
    folder = tempfile.mkdtemp()
    write_pictures(args.data_dir, folder)
    args.manifest = {name: f"{folder}/{name}-index.tsv" for name in ("train", "val")}
elif not {"train", "val"} <= set(args.manifest):
    parser.error("give the file that data.py has written, -c FOLDER/train.cfg")
gen_backend(**extract_valid_args(args, gen_backend))


def loader(name, subset_pct=100.0, augment=False, shuffle=False):
    """Return an iterator over photos, 32 x 32 out of the padded 40 x 40, and one-hot classes.

    Args:
        name: 'train' or 'val'.
        subset_pct: percent of the photos.
        augment: random crops and flips, otherwise the middle.
        shuffle: a new order every epoch.
    """
    crop = {"type": "image", "scale": [0.8, 0.8], "center": not augment, "flip_enable": augment}
    config = {
        "manifest_filename": args.manifest[name],
        "manifest_root": args.manifest_root,
        "subset_fraction": subset_pct / 100,
        "shuffle_enable": shuffle,
        "shuffle_manifest": shuffle,
        "etl": [{"type": "image", "height": 32, "width": 32}, {"type": "label"}],
        "augmentation": [crop],
    }
    photos = TypeCast(AeonDataLoader(config), index=0, dtype=np.float32)
    return OneHot(BGRMeanSubtract(photos, index=0), index=1, nclasses=10)


def conv(fsize, maps, stride=1, act=True):
    """Return a convolution; ``act``: with batch normalization and activation."""
    return Conv(
        (fsize, fsize, maps),
        init=Kaiming(local=True),
        strides=stride,
        padding=fsize // 2,
        batch_norm=act,
        activation=Rectlin() if act else None,
    )


def bottleneck(maps, stride=1):
    """Return what a module computes: 3x3 between two 1x1 convolutions."""
    return [conv(1, maps, stride), conv(3, maps), conv(1, 4 * maps, act=False)]


def module(maps, stride):
    """Return a module; ``stride`` 2: with half the size of its input and twice the maps."""
    normalized = [BatchNorm(), Activation(Rectlin())]
    if stride == 1:
        return [MergeSum([SkipNode(), [*normalized, *bottleneck(maps)]])]
    side = conv(1, 4 * maps, stride, act=False)
    return [*normalized, MergeSum([side, bottleneck(maps, stride)])]


def network(depth):
    """Return the layers."""
    widths = [maps for maps in (16, 32, 64) for _ in range(depth)]
    layers = [conv(3, 16), MergeSum([conv(1, 64, act=False), bottleneck(16)])]
    for before, maps in zip(widths, widths[1:], strict=False):
        layers += module(maps, 1 if maps == before else 2)
    head = Affine(10, init=Kaiming(local=False), batch_norm=True, activation=Softmax())
    return [*layers, BatchNorm(), Activation(Rectlin()), Pooling("all", op="avg"), head]


train_set = loader("train", args.subset_pct, augment=True, shuffle=True)
# the statistics of batch normalization are averaged over these after every epoch
tune_set = loader("train", args.subset_pct / 5, shuffle=True)
valid_set = loader("val")

model = Model(layers=network(args.depth))
metric = TopKMisclassification(k=5)
callbacks = Callbacks(model, eval_set=valid_set, metric=metric, **args.callback_args)
callbacks.add_callback(BatchNormTuneCallback(tune_set), insert_pos=0)
schedule = Schedule([82, 124], 0.1)
model.fit(
    train_set,
    optimizer=GradientDescentMomentum(0.1, 0.9, wdecay=0.0001, schedule=schedule),
    num_epochs=args.epochs,
    cost=GeneralizedCost(costfunc=CrossEntropyMulti()),
    callbacks=callbacks,
)
logloss, top1, top5 = model.eval(valid_set, metric=metric)
neon_logger.display(f"log loss {logloss:.3f}, error {top1:.1%}, among the first five {top5:.1%}")
