#!/usr/bin/env python
"""Stop when the validation cost rises, and keep the best state.

python early_stopping.py -w DATA -e 10             writes DATA/early_stop-best_state.pkl
"""

from pathlib import Path

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import MNIST
from neonlike.initializers import Gaussian
from neonlike.layers import Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum
from neonlike.transforms import CrossEntropyBinary, Logistic, Rectlin
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.set_defaults(eval_freq=1)  # there is no stopping without validation
parser.add_argument("--quick", action="store_true", help="one epoch")
args = parser.parse_args()
if args.quick:
    args.epochs = 1

dataset = MNIST(path=args.data_dir)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

init_norm = Gaussian(loc=0.0, scale=0.01)
layers = [
    Affine(nout=100, init=init_norm, batch_norm=True, activation=Rectlin()),
    Affine(nout=10, init=init_norm, activation=Logistic(shortcut=True)),
]
model = Model(layers=layers)


def stop_func(state, cost):
    """Stop as soon as a validation cost exceeds the least one so far.

    Args:
        state: what this function returned after the epoch before, None at first.
        cost: of this epoch.

    Returns:
        The new state, and whether to stop.
    """
    if state is None:
        return cost, False
    return min(cost, state), cost > state


callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
callbacks.add_early_stop_callback(stop_func)
callbacks.add_save_best_state_callback(str(Path(args.data_dir) / "early_stop-best_state.pkl"))
model.fit(
    train_set,
    optimizer=GradientDescentMomentum(0.1, momentum_coef=0.9),
    num_epochs=args.epochs,
    cost=GeneralizedCost(costfunc=CrossEntropyBinary()),
    callbacks=callbacks,
)
