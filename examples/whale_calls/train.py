#!/usr/bin/env python
"""Does a whale call in these two seconds?

    python train.py                                    synthetic clips
    python train.py --clips FOLDER                     WAV files and labels.csv
    python train.py --quick

A clip becomes a picture: frequencies upwards, time to the right. Convolutions look at it like at
any picture; then a bidirectional recurrent network reads it column by column, and its last step
answers. The same design, with the columns of a photo, is examples/gender.
"""

import numpy as np
from sounds import draw, pictures, read_folder

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.initializers import GlorotUniform
from neonlike.layers import Affine, Conv, DeepBiRNN, GeneralizedCost, Pooling, RecurrentLast
from neonlike.models import Model
from neonlike.optimizers import RMSProp
from neonlike.transforms import CrossEntropyBinary, Misclassification, Rectlin, Softmax
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--clips", help="folder of WAV files with labels.csv; else synthetic clips")
parser.add_argument("--maps", type=int, default=16, help="maps of the first convolution")
parser.add_argument("--quick", action="store_true", help="a small network on few clips")
parser.set_defaults(epochs=5, batch_size=64, rng_seed=0)
args = parser.parse_args()
train_count, test_count = 8192, 1024
if args.quick:
    args.epochs, args.maps, train_count, test_count = 1, 8, 256, 128

if args.clips:
    clips, labels = read_folder(args.clips)
    split = len(clips) * 4 // 5
    train, test = (clips[:split], labels[:split]), (clips[split:], labels[split:])
else:
    train, test = draw(1, train_count), draw(2, test_count)


def iterator(clips, labels, name):
    """Return the spectrograms of ``clips`` as minibatches."""
    x, shape = pictures(np.asarray(clips))
    return ArrayIterator(x, labels, nclass=2, lshape=shape, name=name)


train_set, valid_set = iterator(*train, "train"), iterator(*test, "valid")

init = GlorotUniform()
maps = args.maps
layers = [
    Conv((3, 3, maps), init=init, activation=Rectlin(), strides={"str_h": 1, "str_w": 2}),
    Conv((3, 3, 2 * maps), init=init, batch_norm=True, activation=Rectlin()),
    Pooling(2, strides=2),
    Conv((2, 2, 4 * maps), init=init, batch_norm=True, activation=Rectlin()),
    DeepBiRNN(32, init=init, activation=Rectlin(), reset_cells=True, depth=3),
    RecurrentLast(),
    Affine(32, init=init, batch_norm=True, activation=Rectlin()),
    Affine(2, init=init, activation=Softmax()),
]
model = Model(layers=layers)
cost = GeneralizedCost(costfunc=CrossEntropyBinary())
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(
    train_set,
    optimizer=RMSProp(learning_rate=5e-4),
    num_epochs=args.epochs,
    cost=cost,
    callbacks=callbacks,
)
error = float(model.eval(valid_set, metric=Misclassification())[0]) * 100
print(f"Misclassification error = {error:.1f}%")
