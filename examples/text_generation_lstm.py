#!/usr/bin/env python
"""An LSTM reads Shakespeare letter by letter, and then writes.

    python text_generation_lstm.py -w DATA -e 10       shakespeare_input.txt in DATA

The network learns which character comes next. Afterwards its own answers are fed back to it: a
character is drawn with the probabilities that it gives, and is its next input.
"""

import numpy as np

from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import Shakespeare
from neonlike.initializers import Uniform
from neonlike.layers import LSTM, Affine, GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import RMSProp
from neonlike.transforms import CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.util.argparser import NeonArgparser, extract_valid_args

TIME_STEPS = 64
SEED, LENGTH = "ROMEO:", 1000

defaults = {"save_path": "rnn_text_gen.pickle", "serialize": 1, "batch_size": 64}
parser = NeonArgparser(__doc__, default_overrides=defaults)
parser.add_argument("--hidden", type=int, default=512, help="units of the LSTM")
parser.add_argument("--quick", action="store_true", help="32 units, one epoch")
args = parser.parse_args(gen_be=False)
if args.quick:
    args.hidden, args.epochs = 32, 1
be = gen_backend(**extract_valid_args(args, gen_backend))

dataset = Shakespeare(TIME_STEPS, path=args.data_dir)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

init = Uniform(low=-0.08, high=0.08)


def make_layers():
    """Return the layers of the network.

    Logistic and Tanh have changed places, as they did in neon's example: its results depend on it.
    """
    return [
        LSTM(args.hidden, init, activation=Logistic(), gate_activation=Tanh()),
        Affine(len(train_set.vocab), init, bias=init, activation=Softmax()),
    ]


model = Model(layers=make_layers())
cost = GeneralizedCost(costfunc=CrossEntropyMulti(usebits=True))
optimizer = RMSProp(gradient_clip_value=5, stochastic_round=args.rounding)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)

# the same network for one text and one character at a time
be.bsz = 1
writer = Model(layers=make_layers())
writer.load_params(args.save_path)
writer.initialize(dataset=(len(train_set.vocab), 1))
# The LSTM goes on from its last state when it is given the same tensor again, and only then: one
# tensor for all characters, so that it knows all that it has read.
onehot = be.zeros((len(train_set.vocab), 1))


def read(character):
    """Feed one character; return the probabilities of the next one."""
    onehot.fill(0)
    onehot[train_set.token_to_index[character], 0] = 1
    # float64, since multinomial wants a sum of 1 to more digits than float32 has
    outputs = writer.fprop(onehot, inference=True).get()[:, -1].astype(float)
    return outputs / outputs.sum()


for character in SEED:
    probabilities = read(character)
text = SEED
for _ in range(LENGTH):
    text += train_set.index_to_token[int(np.random.multinomial(1, probabilities).argmax())]
    probabilities = read(text[-1])
print(text)
