#!/usr/bin/env python
"""Which character comes next? The plain recurrent network.

    python char_rnn.py -w DATA -e 3 -eval 1            ptb.train.txt, ptb.valid.txt ... in DATA

The text is cut into as many streams as a minibatch has columns. The network keeps its state from
one minibatch to the next, which goes on where that column has stopped.
"""

from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import PTB
from neonlike.initializers import Uniform
from neonlike.layers import Affine, GeneralizedCost, Recurrent
from neonlike.models import Model
from neonlike.optimizers import RMSProp
from neonlike.transforms import CrossEntropyMulti, Softmax, Tanh
from neonlike.util.argparser import NeonArgparser, extract_valid_args

TIME_STEPS = 150

parser = NeonArgparser(__doc__)
parser.add_argument("--hidden", type=int, default=500, help="units of the recurrent layer")
parser.add_argument("--quick", action="store_true", help="32 units, one epoch")
args = parser.parse_args(gen_be=False)
args.batch_size = 50  # whatever the command line says, as in neon
if args.quick:
    args.hidden, args.epochs = 32, 1
gen_backend(**extract_valid_args(args, gen_backend))

dataset = PTB(TIME_STEPS, path=args.data_dir)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

init = Uniform(low=-0.08, high=0.08)
layers = [
    Recurrent(args.hidden, init, activation=Tanh()),
    Affine(train_set.nclass, init, bias=init, activation=Softmax()),
]
model = Model(layers=layers)
# usebits: the cost is the number of bits per character
cost = GeneralizedCost(costfunc=CrossEntropyMulti(usebits=True))
optimizer = RMSProp(stochastic_round=args.rounding)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)
