#!/usr/bin/env python
"""A network with two side branches, one cost for each of the three outputs.

    python mnist_branch.py -w DATA -e 5 -eval 1

A `BranchNode` is the point where a branch leaves the trunk. `SingleOutputTree` has all three
outputs in training and that of the trunk alone afterwards. The alphas say how much of a branch's
gradient flows into the trunk, the weights how much a cost counts: try others than 0.
"""

from neonlike import logger as neon_logger
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import MNIST
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, BranchNode, GeneralizedCost, Multicost, SingleOutputTree
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import (
    CrossEntropyBinary,
    CrossEntropyMulti,
    Logistic,
    Misclassification,
    Rectlin,
    Softmax,
)
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1

dataset = MNIST(path=args.data_dir)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

normrelu = {"init": Gaussian(loc=0.0, scale=0.01), "activation": Rectlin()}
normsigm = {"init": Gaussian(loc=0.0, scale=0.01), "activation": Logistic(shortcut=True)}
normsoft = {"init": Gaussian(loc=0.0, scale=0.01), "activation": Softmax()}

b1, b2 = BranchNode(name="b1"), BranchNode(name="b2")
trunk = [
    Affine(nout=100, name="m_l1", **normrelu),
    b1,
    Affine(nout=32, name="m_l2", **normrelu),
    Affine(nout=16, name="m_l3", **normrelu),
    b2,
    Affine(nout=10, name="m_l4", **normsoft),
]
first = [b1, Affine(nout=16, name="b1_l1", **normrelu), Affine(nout=10, name="b1_l2", **normsigm)]
second = [b2, Affine(nout=16, name="b2_l1", **normrelu), Affine(nout=10, name="b2_l2", **normsigm)]

model = Model(layers=SingleOutputTree([trunk, first, second], alphas=[1, 0.25, 0.25]))
cost = Multicost(
    costs=[
        GeneralizedCost(costfunc=CrossEntropyMulti()),
        GeneralizedCost(costfunc=CrossEntropyBinary()),
        GeneralizedCost(costfunc=CrossEntropyBinary()),
    ],
    weights=[1, 0.0, 0.0],
)
optimizer = GradientDescentMomentum(0.1, momentum_coef=0.9, stochastic_round=args.rounding)
callbacks = Callbacks(model, eval_set=valid_set, multicost=True, **args.callback_args)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)

error = float(model.eval(valid_set, metric=Misclassification())[0]) * 100
neon_logger.display(f"Misclassification error = {error:.1f}%")
