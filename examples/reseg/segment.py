#!/usr/bin/env python
"""ReSeg: recurrent sweeps give every pixel of a picture its class.

    python segment.py --out results
    python segment.py --quick

A small convolution looks at pixels, a ReNet sweeps over the maps in four directions so that every
place sees the whole picture, a transposed convolution brings the maps back to full size. Rare
classes count more: by the square root of median frequency balancing, since the full weights reach
less IoU in as many epochs. ``overlays.png`` shows what was found: picture, truth, answer.
"""

import time
from pathlib import Path

import numpy as np
from figures import CLASSES, make_figures

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data.segmentation import SegmentationIterator
from neonlike.initializers import Constant, GlorotUniform
from neonlike.layers import Conv, GeneralizedCost, Pooling, ReSeg
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.transforms import (
    MeanIoU,
    PixelAccuracy,
    PixelwiseCrossEntropy,
    Rectlin,
    median_frequency_weights,
)
from neonlike.util.argparser import NeonArgparser

COLOURS = np.array([[0, 0, 0], [255, 160, 0], [0, 140, 255]], dtype=np.float32)
SIZE = 48
LEARNING_RATE = 0.003


def parse():
    """Return the arguments of the command line."""
    parser = NeonArgparser(__doc__)
    parser.add_argument("--quick", action="store_true", help="few pictures, one epoch")
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder of the pictures")
    parser.set_defaults(batch_size=16, epochs=10, rng_seed=0, eval_freq=1)
    args = parser.parse_args()
    args.count, args.units = 2400, 32
    if args.quick:
        args.count, args.units, args.epochs = 64, 8, 1
    return args


def network(units):
    """Return the layers: looking, sweeping, answering."""
    init = GlorotUniform()
    filters = {"init": init, "bias": Constant(0), "activation": Rectlin(), "padding": 1}
    return [
        Conv((3, 3, 16), **filters),
        Conv((3, 3, 16), **filters),
        Pooling(2, strides=2),
        Conv((3, 3, units), **filters),
        *ReSeg(len(CLASSES), (units,), patch=((1, 1),), up_filters=(units,)),
    ]


def overlay(picture, labels):
    """Return the picture (size, size, 3) with the classes as a veil of colour."""
    veil = 0.55 * (labels > 0)[..., None]
    return ((1 - veil) * picture.transpose(1, 2, 0) + veil * COLOURS[labels]).astype(np.uint8)


def save_overlays(path, data, found, count=8):
    """Write rows of pictures: as they are, with the truth, with the answers."""
    from PIL import Image

    answers = np.zeros_like(data.labels), data.labels, found
    rows = [[overlay(data.pictures[i], y[i]) for i in range(count)] for y in answers]
    sheet = Image.fromarray(np.vstack([np.hstack(row) for row in rows]))
    sheet.resize((3 * sheet.width, 3 * sheet.height), Image.Resampling.NEAREST).save(path)


args = parse()
train = make_figures(args.count, seed=1, size=SIZE)
valid = make_figures(args.count // 4, seed=2, size=SIZE)
train_set = SegmentationIterator(train, len(CLASSES), seed=args.rng_seed, mean=0.5)
valid_set = SegmentationIterator(valid, len(CLASSES), mean=0.5)
weights = median_frequency_weights(train.labels, len(CLASSES)) ** 0.5
print("weights of the classes:", dict(zip(CLASSES, weights.round(2).tolist(), strict=True)))

model = Model(network(args.units))
callbacks = Callbacks(model, eval_set=valid_set, metric=MeanIoU(len(CLASSES)), **args.callback_args)
start = time.perf_counter()
cost = GeneralizedCost(PixelwiseCrossEntropy(weights, len(CLASSES)))
model.fit(train_set, cost, Adam(learning_rate=LEARNING_RATE), args.epochs, callbacks)
seconds = time.perf_counter() - start

iou = MeanIoU(len(CLASSES))
mean = float(model.eval(valid_set, metric=iou))
accuracy = float(model.eval(valid_set, metric=PixelAccuracy(len(CLASSES))))
found = model.get_outputs(valid_set).reshape(-1, len(CLASSES), SIZE, SIZE).argmax(axis=1)
args.out.mkdir(parents=True, exist_ok=True)
save_overlays(args.out / "overlays.png", valid, found)
print("IoU by class:", dict(zip(CLASSES, iou.class_iou().round(3).tolist(), strict=True)))
print(f"mean IoU {mean:.3f}, pixel accuracy {accuracy:.3f}, trained for {seconds:.0f} s")
print(f"accepted: mean IoU at least 0.85; pictures in {args.out}")
