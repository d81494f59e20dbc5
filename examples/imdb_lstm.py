#!/usr/bin/env python
"""Praise or complaint? Recurrent networks read sentences.

    python imdb_lstm.py -w DATA -e 15 -eval 1          imdb.pkl in DATA
    python imdb_lstm.py --rlayer_type birnn

A lookup table turns words into vectors, a recurrent layer reads them, its states are added up.
"""

from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import IMDB
from neonlike.initializers import GlorotUniform, Uniform
from neonlike.layers import (
    LSTM,
    Affine,
    DeepBiLSTM,
    DeepBiRNN,
    Dropout,
    GeneralizedCost,
    LookupTable,
    Recurrent,
    RecurrentSum,
)
from neonlike.models import Model
from neonlike.optimizers import Adagrad
from neonlike.transforms import Accuracy, CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.util.argparser import NeonArgparser, extract_valid_args

G_UNI = GlorotUniform()
COMMON = {"init": G_UNI, "activation": Tanh(), "reset_cells": True}
GATES = {"gate_activation": Logistic()}
RLAYERS = {
    "lstm": lambda n: LSTM(n, **COMMON, **GATES),
    "bilstm": lambda n: DeepBiLSTM(n, depth=1, **COMMON, **GATES),
    "rnn": lambda n: Recurrent(n, **COMMON),
    "birnn": lambda n: DeepBiRNN(n, depth=1, **COMMON),
    "bibnrnn": lambda n: DeepBiRNN(n, depth=1, batch_norm=True, **COMMON),
}

parser = NeonArgparser(__doc__)
parser.add_argument("--rlayer_type", default="lstm", choices=RLAYERS, help="recurrent layer")
parser.add_argument("--quick", action="store_true", help="one epoch, a small network")
args = parser.parse_args(gen_be=False)
args.batch_size = 128
hidden_size, embedding_dim = 128, 128
if args.quick:
    args.epochs, hidden_size, embedding_dim = 1, 16, 16
gen_backend(**extract_valid_args(args, gen_backend))

vocab_size, sentence_length = 20000, 128
imdb = IMDB(vocab_size, sentence_length, path=args.data_dir)
train_set, valid_set = imdb.train_iter, imdb.test_iter
print("Vocab size -", vocab_size)
print("Sentence Length -", sentence_length)
print("# of train sentences", train_set.ndata)
print("# of test sentences", valid_set.ndata)

uni = Uniform(low=-0.1 / embedding_dim, high=0.1 / embedding_dim)
layers = [
    LookupTable(vocab_size=vocab_size, embedding_dim=embedding_dim, init=uni),
    RLAYERS[args.rlayer_type](hidden_size),
    RecurrentSum(),
    Dropout(keep=0.5),
    Affine(2, G_UNI, bias=G_UNI, activation=Softmax()),
]
model = Model(layers=layers)
cost = GeneralizedCost(costfunc=CrossEntropyMulti(usebits=True))
optimizer = Adagrad(learning_rate=0.01, gradient_clip_value=15)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)

print("Train Accuracy -", 100 * model.eval(train_set, metric=Accuracy()))
print("Test  Accuracy -", 100 * model.eval(valid_set, metric=Accuracy()))
