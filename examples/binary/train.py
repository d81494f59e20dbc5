#!/usr/bin/env python
"""Digits with one-bit weights and activations: a binarized multilayer perceptron.

    python train.py -e 20 -w DATA                      MNIST in DATA
    python train.py --quick                            a few minibatches

Forward and backward pass see only the signs of the weights; the optimizer moves real-valued
weights behind them. Squared hinge loss, targets -1 and 1, follow Courbariaux et al., "Binarized
Neural Networks", arXiv 1602.02830.
"""

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import MNIST
from neonlike.initializers import Uniform
from neonlike.layers import BinaryAffine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import MultiOptimizer, ShiftAdaMax, ShiftSchedule
from neonlike.transforms import Identity, Misclassification, Sign, SquareHingeLoss
from neonlike.util.argparser import NeonArgparser

# Each layer's learning rate is this factor times the common one: the inverse of the
# width of a uniform distribution that suits its numbers of inputs and outputs.
LAYER_RATES = (57.038, 73.9008, 73.9008, 52.3195)

parser = NeonArgparser(__doc__)
parser.add_argument("--hidden", type=int, default=4096, help="units of each hidden layer")
parser.add_argument("--quick", action="store_true", help="narrow layers, one epoch, small set")
args = parser.parse_args()
if args.quick:
    args.hidden, args.epochs = 128, 1

dataset = MNIST(path=args.data_dir, subset_pct=20 if args.quick else 100)
train_set, valid_set = dataset.train_iter, dataset.valid_iter


def layer(nout, activation):
    """Return a layer of one-bit weights, with batch normalization before its activation."""
    return BinaryAffine(nout, init=Uniform(-1, 1), batch_norm=True, activation=activation)


layers = [layer(args.hidden, Sign()) for _ in range(3)] + [layer(10, Identity())]
model = Model(layers=layers)
cost = GeneralizedCost(costfunc=SquareHingeLoss())


def optimizer(factor=1.0):
    """Return the optimizer of a layer; its rate halves every second epoch."""
    schedule = ShiftSchedule(2, shift_size=1)
    return ShiftAdaMax(learning_rate=1.65e-2 * factor, schedule=schedule)


by_layer = {f"BinaryLinear_{n}": optimizer(rate) for n, rate in enumerate(LAYER_RATES)}
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(
    train_set,
    optimizer=MultiOptimizer({"default": optimizer(), **by_layer}),
    num_epochs=args.epochs,
    cost=cost,
    callbacks=callbacks,
)
error = float(model.eval(valid_set, metric=Misclassification())[0]) * 100
print(f"Misclassification error = {error:.1f}%")
