#!/usr/bin/env python
"""Which way does it move? Three-dimensional convolutions on short clips.

    python train.py
    python train.py --quick

A clip is a volume: channels, frames, rows, columns. Filters of (3, 3, 3, K) look at three frames at
once and can therefore see motion; the first pooling leaves the frames alone (Tran et al., "C3D",
arXiv 1412.0767: 16 frames of 112x112, eight convolutions, 101 classes; here the same pattern is
small enough for a minute). The clips are drawn: a spot among others that stand still moves left,
right, up or down, grows or shrinks. No single frame tells which.
"""

import numpy as np

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import Constant, Gaussian
from neonlike.layers import Affine, Conv, Dropout, GeneralizedCost, Pooling
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum, MultiOptimizer, Schedule
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax
from neonlike.util.argparser import NeonArgparser

FRAMES, SIZE = 8, 24
MOTIONS = ("left", "right", "up", "down", "grows", "shrinks")
STEPS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}

parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="a small network on few clips")
parser.set_defaults(epochs=6, batch_size=32, rng_seed=0)
args = parser.parse_args()
maps, train_count, test_count = 16, 1920, 480
if args.quick:
    args.epochs, maps, train_count, test_count = 1, 4, 192, 96


def spot(frame, x, y, radius):
    """Add a soft spot to a frame."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    frame += np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2))


def clip(rng, motion):
    """Return a clip (FRAMES, SIZE, SIZE)."""
    frames = rng.normal(0, 0.2, (FRAMES, SIZE, SIZE))
    still = rng.uniform(3, SIZE - 3, (2, 2))
    dx, dy = STEPS.get(motion, (0, 0))
    speed = rng.uniform(0.7, 1.5)
    growth = {"grows": 0.3, "shrinks": -0.3}.get(motion, 0.0) * speed
    x, y = rng.uniform(8, SIZE - 8, 2)
    for index, frame in enumerate(frames):
        for place in still:
            spot(frame, *place, 1.5)
        since = index - FRAMES / 2
        spot(frame, x + dx * speed * since, y + dy * speed * since, 2.5 + growth * since)
    return frames


def clips(seed, count):
    """Return an iterator of ``count`` clips."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(MOTIONS), count)
    x = np.stack([clip(rng, MOTIONS[label]) for label in labels]).reshape(count, -1)
    shape = (1, FRAMES, SIZE, SIZE)
    return ArrayIterator(x.astype(np.float32), labels, nclass=len(MOTIONS), lshape=shape)


train_set, valid_set = clips(1, train_count), clips(2, test_count)


def conv(maps, bias):
    """Return a convolution over 3 frames of 3x3 pixels."""
    return Conv(
        (3, 3, 3, maps),
        init=Gaussian(scale=0.1),
        bias=Constant(bias),
        padding={"pad_d": 1, "pad_h": 1, "pad_w": 1},
        activation=Rectlin(),
    )


def pool(frames):
    """Return a pooling over ``frames`` frames of 2x2 pixels."""
    strides = {"str_d": frames, "str_h": 2, "str_w": 2}
    return Pooling((frames, 2, 2), strides=strides)


def dense(nout, activation):
    """Return a dense layer."""
    return Affine(nout, init=Gaussian(scale=0.05), bias=Constant(0), activation=activation)


layers = [
    conv(maps, 0),
    pool(1),
    conv(2 * maps, 0),
    pool(2),
    conv(2 * maps, 0),
    pool(2),
    dense(64, Rectlin()),
    Dropout(keep=0.5),
    dense(len(MOTIONS), Softmax()),
]
model = Model(layers=layers)
cost = GeneralizedCost(costfunc=CrossEntropyMulti())
schedule = Schedule(step_config=[4], change=0.1)
weights = GradientDescentMomentum(0.01, 0.9, wdecay=0.005, schedule=schedule)
biases = GradientDescentMomentum(0.02, 0.9, schedule=schedule)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(
    train_set,
    optimizer=MultiOptimizer({"default": weights, "Bias": biases}),
    num_epochs=args.epochs,
    cost=cost,
    callbacks=callbacks,
)
error = float(model.eval(valid_set, metric=Misclassification())[0]) * 100
print(f"Misclassification error = {error:.1f}%")
