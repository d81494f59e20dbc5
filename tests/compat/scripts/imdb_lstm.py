#!/usr/bin/env python
"""
Sentiment of film reviews: word vectors, an LSTM, the sum over time.
"""
from __future__ import print_function

from neon.backends import gen_backend
from neon.callbacks.callbacks import Callbacks
from neon.data import IMDB
from neon.initializers import Uniform, GlorotUniform
from neon.layers import GeneralizedCost, LSTM, Affine, Dropout, LookupTable, RecurrentSum
from neon.models import Model
from neon.optimizers import Adagrad
from neon.transforms import Logistic, Tanh, Softmax, CrossEntropyMulti, Accuracy
from neon.util.argparser import NeonArgparser, extract_valid_args

parser = NeonArgparser(__doc__)
args = parser.parse_args(gen_be=False)
args.batch_size = 128
be = gen_backend(**extract_valid_args(args, gen_backend))

vocab_size = 20000
embedding_dim = 128
hidden_size = 128
imdb = IMDB(vocab_size, 128, path=args.data_dir)
train_set = imdb.train_iter
valid_set = imdb.test_iter

uni = Uniform(low=-0.1 / embedding_dim, high=0.1 / embedding_dim)
g_uni = GlorotUniform()
layers = [LookupTable(vocab_size=vocab_size, embedding_dim=embedding_dim, init=uni),
          LSTM(hidden_size, g_uni, activation=Tanh(), gate_activation=Logistic(),
               reset_cells=True),
          RecurrentSum(),
          Dropout(keep=0.5),
          Affine(2, g_uni, bias=g_uni, activation=Softmax())]
model = Model(layers=layers)
cost = GeneralizedCost(costfunc=CrossEntropyMulti(usebits=True))
optimizer = Adagrad(learning_rate=0.01, gradient_clip_value=15)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)

print("Test  Accuracy -", 100 * model.eval(valid_set, metric=Accuracy()))
