#!/usr/bin/env python
"""Photos with convolutions only: strides in place of pooling, an average in place of dense layers.

    python cifar10_allcnn.py -w DATA -e 350 -eval 1    CIFAR-10 in DATA
    python cifar10_allcnn.py --deconv -o data.h5       and what filters see: neonlike plot data.h5

Springenberg et al., "Striving for Simplicity", arXiv 1412.6806.
"""

from neonlike import logger as neon_logger
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import CIFAR10
from neonlike.initializers import Gaussian
from neonlike.layers import Activation, Conv, Dropout, GeneralizedCost, Pooling
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum, Schedule
from neonlike.transforms import CrossEntropyMulti, Misclassification, Rectlin, Softmax
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--learning_rate", type=float, default=0.05, help="initial learning rate")
parser.add_argument("--weight_decay", type=float, default=0.001, help="weight decay")
parser.add_argument("--deconv", action="store_true", help="save deconvolution pictures")
parser.add_argument("--width", type=int, default=96, help="feature maps of the first layers")
parser.add_argument("--quick", action="store_true", help="8 feature maps, one epoch")
args = parser.parse_args()
if args.quick:
    args.width, args.epochs = 8, 1

dataset = CIFAR10(
    path=args.data_dir,
    normalize=False,
    contrast_normalize=True,
    whiten=True,
    pad_classes=True,  # 16 outputs, of which 10 are used
)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

block = {"init": Gaussian(scale=0.05), "activation": Rectlin()}
same = {**block, "padding": 1}  # 3x3, height and width stay
halve = {**same, "strides": 2}
layers = [
    Dropout(keep=0.8),
    Conv((3, 3, args.width), **same),
    Conv((3, 3, args.width), **same),
    Conv((3, 3, args.width), **halve),
    Dropout(keep=0.5),
    Conv((3, 3, 2 * args.width), **same),
    Conv((3, 3, 2 * args.width), **same),
    Conv((3, 3, 2 * args.width), **halve),
    Dropout(keep=0.5),
    Conv((3, 3, 2 * args.width), **same),
    Conv((1, 1, 2 * args.width), **block),
    Conv((1, 1, 16), **block),
    Pooling(8, op="avg"),  # a map per class, 8 x 8
    Activation(Softmax()),
]
model = Model(layers=layers)
if args.model_file:
    model.load_params(args.model_file)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
if args.deconv:
    callbacks.add_deconv_callback(train_set, valid_set)
optimizer = GradientDescentMomentum(
    args.learning_rate,
    momentum_coef=0.9,
    wdecay=args.weight_decay,
    schedule=Schedule([200, 250, 300], 0.1),
    stochastic_round=args.rounding,
)
model.fit(
    train_set,
    optimizer=optimizer,
    num_epochs=args.epochs,
    cost=GeneralizedCost(costfunc=CrossEntropyMulti()),
    callbacks=callbacks,
)
error = float(model.eval(valid_set, metric=Misclassification())[0]) * 100
neon_logger.display(f"Misclassification error = {error:.1f}%")
