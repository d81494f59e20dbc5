#!/usr/bin/env python
"""Which character comes next? Two layers with memory cells, LSTM or GRU.

    python char_lstm.py -w DATA -e 10 -eval 1          ptb.train.txt, ptb.valid.txt ... in DATA
    python char_lstm.py -w DATA --rlayer_type gru

Gradients are clipped, since those of recurrent networks sometimes explode, and from epoch 10 on the
learning rate falls by 3 % per epoch.
"""

import numpy as np

from neonlike import logger as neon_logger
from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import PTB
from neonlike.initializers import Uniform
from neonlike.layers import GRU, LSTM, Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import RMSProp, Schedule
from neonlike.transforms import CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.util.argparser import NeonArgparser, extract_valid_args

TIME_STEPS = 50
LAYERS = {"lstm": LSTM, "gru": GRU}

parser = NeonArgparser(__doc__)
parser.add_argument("--rlayer_type", default="lstm", choices=LAYERS, help="recurrent layers")
parser.add_argument("--hidden", type=int, default=128, help="units of a recurrent layer")
parser.add_argument("--quick", action="store_true", help="32 units, one epoch")
args = parser.parse_args(gen_be=False)
args.batch_size = 64  # whatever the command line says, as in neon
if args.quick:
    args.hidden, args.epochs = 32, 1
gen_backend(**extract_valid_args(args, gen_backend))

dataset = PTB(TIME_STEPS, path=args.data_dir)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

init = Uniform(low=-0.08, high=0.08)
recurrent = LAYERS[args.rlayer_type]
gated = {"init": init, "activation": Tanh(), "gate_activation": Logistic()}
layers = [
    recurrent(args.hidden, **gated),
    recurrent(args.hidden, **gated),
    Affine(train_set.nclass, init, bias=init, activation=Softmax()),
]
model = Model(layers=layers)
cost = GeneralizedCost(costfunc=CrossEntropyMulti(usebits=True))
schedule = Schedule(list(range(10, args.epochs)), 0.97)
optimizer = RMSProp(gradient_clip_value=5, stochastic_round=args.rounding, schedule=schedule)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)

# outputs come batch after batch, and the targets are (N, batches, steps)
found = model.get_outputs(valid_set).argmax(axis=2)
found = found.reshape(valid_set.nbatches, args.batch_size, TIME_STEPS).transpose(1, 0, 2)
error = np.mean(found != valid_set.y) * 100
neon_logger.display(f"Misclassification error = {error:.1f}%")
