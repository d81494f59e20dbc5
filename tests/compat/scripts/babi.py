#!/usr/bin/env python
"""
Answer questions about short stories.
"""
from neon.backends import gen_backend
from neon.callbacks.callbacks import Callbacks
from neon.data import BABI, QA
from neon.initializers import GlorotUniform, Orthonormal, Uniform
from neon.layers import Affine, GeneralizedCost, GRU, LookupTable, MergeMultistream
from neon.models import Model
from neon.optimizers import Adam
from neon.transforms import Accuracy, CrossEntropyMulti, Logistic, Softmax, Tanh
from neon.util.argparser import NeonArgparser, extract_valid_args

parser = NeonArgparser(__doc__)
parser.add_argument('-t', '--task', type=int, default=15, choices=range(1, 21))
args = parser.parse_args(gen_be=False)
args.batch_size = 32
gen_backend(**extract_valid_args(args, gen_backend))

task = {15: 'qa15_basic-deduction', 1: 'qa1_single-supporting-fact'}[args.task]
babi = BABI(path=args.data_dir, task=task, subset='en')
train_set = QA(*babi.train)
valid_set = QA(*babi.test)

rnn = dict(output_size=100, init=GlorotUniform(), init_inner=Orthonormal(0.5), reset_cells=True,
           activation=Tanh(), gate_activation=Logistic())
embedding = dict(vocab_size=babi.vocab_size, embedding_dim=50, init=Uniform(-0.05, 0.05))
story_path = [LookupTable(**embedding), GRU(**rnn)]
query_path = [LookupTable(**embedding), GRU(**rnn)]
layers = [MergeMultistream(layers=[story_path, query_path], merge="stack"),
          Affine(babi.vocab_size, init=GlorotUniform(), activation=Softmax())]
model = Model(layers=layers)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(train_set, optimizer=Adam(), num_epochs=args.epochs,
          cost=GeneralizedCost(costfunc=CrossEntropyMulti()), callbacks=callbacks)
print('Train Accuracy = %.1f%%' % (100. * model.eval(train_set, metric=Accuracy())))
print('Test Accuracy = %.1f%%' % (100. * model.eval(valid_set, metric=Accuracy())))
