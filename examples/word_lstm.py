#!/usr/bin/env python
"""Which word comes next? Word vectors, and two layers of LSTM or GRU.

    python word_lstm.py -w DATA -e 13 -eval 1          ptb.train.txt, ptb.valid.txt ... in DATA
    python word_lstm.py -w DATA --rlayer_type gru

The inputs are the numbers of the words instead of vectors as long as the vocabulary: a lookup table
has a row for each word. The learning rate is large, the norm of the gradients limited; from epoch 5
on the rate is halved every epoch.
"""

from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import PTB
from neonlike.initializers import Uniform
from neonlike.layers import GRU, LSTM, Affine, GeneralizedCost, LookupTable
from neonlike.models import Model
from neonlike.optimizers import GradientDescentMomentum, Schedule
from neonlike.transforms import CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.util.argparser import NeonArgparser, extract_valid_args

TIME_STEPS = 20
LAYERS = {"lstm": LSTM, "gru": GRU}

parser = NeonArgparser(__doc__)
parser.add_argument("--rlayer_type", default="lstm", choices=LAYERS, help="recurrent layers")
parser.add_argument("--hidden", type=int, default=200, help="units of a recurrent layer")
parser.add_argument("--quick", action="store_true", help="16 units, one epoch")
args = parser.parse_args(gen_be=False)
args.batch_size = 20  # whatever the command line says, as in neon
if args.quick:
    args.hidden, args.epochs = 16, 1
gen_backend(**extract_valid_args(args, gen_backend))

dataset = PTB(TIME_STEPS, path=args.data_dir, tokenizer="newline_tokenizer", onehot_input=False)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

init = Uniform(low=-0.1, high=0.1)
vocab_size = len(train_set.vocab)
recurrent = LAYERS[args.rlayer_type]
gated = {"init": init, "activation": Tanh(), "gate_activation": Logistic()}
layers = [
    LookupTable(vocab_size=vocab_size, embedding_dim=args.hidden, init=init),
    recurrent(args.hidden, **gated),
    recurrent(args.hidden, **gated),
    Affine(vocab_size, init, bias=init, activation=Softmax()),
]
model = Model(layers=layers)
cost = GeneralizedCost(costfunc=CrossEntropyMulti(usebits=True))
schedule = Schedule(list(range(5, args.epochs)), 0.5)
optimizer = GradientDescentMomentum(
    1, 0, gradient_clip_norm=5, schedule=schedule, stochastic_round=args.rounding
)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)
