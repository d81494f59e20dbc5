#!/usr/bin/env python
"""Remember 20 characters and repeat them: a recurrent autoencoder, read out by beam search.

    python char_rae.py -w DATA -e 2 -eval 1            ptb.train.txt, ptb.valid.txt ... in DATA

The encoder reads a piece of text, the decoder starts from the encoder's last state and writes the
piece again, last character first (that is easier: the last one is the freshest). While training it
reads the right character before each one that it writes, afterwards its own.
"""

import numpy as np

from neonlike import logger as neon_logger
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import PTB
from neonlike.initializers import Uniform
from neonlike.layers import GRU, Affine, GeneralizedCost, Seq2Seq
from neonlike.models import Model
from neonlike.optimizers import RMSProp
from neonlike.transforms import CrossEntropyMulti, Logistic, Misclassification, Softmax, Tanh
from neonlike.util.argparser import NeonArgparser

TIME_STEPS = 20
BEAMS = 5

parser = NeonArgparser(__doc__)
parser.add_argument("--hidden", type=int, default=512, help="units of encoder and decoder")
parser.add_argument("--quick", action="store_true", help="32 units, one epoch")
args = parser.parse_args()
if args.quick:
    args.hidden, args.epochs = 32, 1

dataset = PTB(TIME_STEPS, path=args.data_dir, reverse_target=True, get_prev_target=True)
train_set, valid_set = dataset.train_iter, dataset.valid_iter

init = Uniform(low=-0.08, high=0.08)
gru = {"init": init, "activation": Tanh(), "gate_activation": Logistic(), "reset_cells": True}
encoder = [GRU(args.hidden, **gru)]
decoder = [
    GRU(args.hidden, **gru),
    Affine(train_set.nclass, init, bias=init, activation=Softmax()),
]
# decoder_connections: layer 0 of the decoder starts with the state of layer 0 of the encoder
model = Model(layers=Seq2Seq([encoder, decoder], decoder_connections=[0]))
cost = GeneralizedCost(costfunc=CrossEntropyMulti(usebits=True))
optimizer = RMSProp(gradient_clip_value=5, stochastic_round=args.rounding)
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)

error = float(model.eval(valid_set, metric=Misclassification(steps=TIME_STEPS))[0]) * 100
neon_logger.display(f"Misclassification error = {error:.2f}%")


def text(indices):
    """Return the characters of indices."""
    return "".join(train_set.index_to_token[int(index)] for index in indices)


# outputs come batch after batch, and the targets are (N, batches, steps)
found = model.get_outputs_beam(valid_set, num_beams=BEAMS).reshape(-1, TIME_STEPS)
wanted = valid_set.y.transpose(1, 0, 2).reshape(-1, TIME_STEPS)
for sample in np.random.default_rng(0).integers(len(found), size=3):
    truth, answer = text(wanted[sample]), text(found[sample, ::-1])
    # the characters that are right, dots for the others
    pairs = zip(truth, answer, strict=True)
    difference = "".join(a if a == b else "." for a, b in pairs)
    neon_logger.display(f"GT:   [{truth}]")
    neon_logger.display(f"Pred: [{answer}]")
    neon_logger.display(f"Diff: [{difference}]")
