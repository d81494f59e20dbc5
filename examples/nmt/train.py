#!/usr/bin/env python
"""Translation: an encoder reads a French sentence, a decoder writes the English one.

    python data.py -w nmt_data
    python train.py -w nmt_data -e 10
    python train.py --quick                            numbers, a small network, one epoch

Both are recurrent networks. The last states of the encoder, all that it remembers of the sentence,
are the first states of the decoder, which then predicts word after word, reading its own last word
(Sutskever et al., "Sequence to Sequence Learning", arXiv 1409.3215). At the end a beam search keeps
the best few beginnings of a translation, and BLEU compares the results with the references.
"""

import tempfile
from pathlib import Path

import numpy as np
from data import MAX_WORDS, number_pairs, write

from neonlike.callbacks.callbacks import Callbacks
from neonlike.data.text import TextNMT
from neonlike.initializers import Uniform
from neonlike.layers import GRU, Affine, GeneralizedCost, LookupTable, Seq2Seq
from neonlike.models import Model
from neonlike.optimizers import RMSProp
from neonlike.transforms import BLEUScore, CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("--num_layers", type=int, default=2, help="recurrent layers on each side")
parser.add_argument("--num_hidden", type=int, default=512, help="units of a layer")
parser.add_argument("--embedding_dim", type=int, default=512, help="length of word vectors")
parser.add_argument("--num_beams", type=int, default=10, help="0: take the likeliest word")
parser.add_argument("--subset_pct", type=float, default=100, help="percent of the sentences")
parser.add_argument("--quick", action="store_true", help="a small network on few numbers")
args = parser.parse_args()
if args.quick:
    args.epochs, args.num_hidden, args.embedding_dim, args.num_beams = 1, 32, 16, 2
    args.data_dir = tempfile.mkdtemp()
    write(Path(args.data_dir), number_pairs(3000, seed=0), vocab_size=1000)

train_set = TextNMT(
    MAX_WORDS, args.data_dir, get_prev_target=True, split="train", subset_pct=args.subset_pct
)
valid_set = TextNMT(MAX_WORDS, args.data_dir, split="valid", subset_pct=args.subset_pct)

init = Uniform(low=-0.08, high=0.08)


def stack(vocab):
    """Return word vectors and recurrent layers."""
    gru = {"init": init, "activation": Tanh(), "gate_activation": Logistic(), "reset_cells": True}
    layers = [GRU(args.num_hidden, **gru) for _ in range(args.num_layers)]
    return [
        LookupTable(vocab_size=len(vocab), embedding_dim=args.embedding_dim, init=init),
        *layers,
    ]


encoder = stack(train_set.s_vocab)
output = Affine(len(train_set.t_vocab), init=init, bias=init, activation=Softmax())
decoder = [*stack(train_set.t_vocab), output]
layers = Seq2Seq([encoder, decoder], decoder_connections=list(range(args.num_layers)))
model = Model(layers=layers)
cost = GeneralizedCost(costfunc=CrossEntropyMulti(usebits=True))
optimizer = RMSProp(gradient_clip_value=5)
callbacks = Callbacks(model, **args.callback_args)
model.fit(train_set, optimizer=optimizer, num_epochs=args.epochs, cost=cost, callbacks=callbacks)


def sentences(numbers, vocab):
    """Return the sentences of word numbers (sentences, MAX_WORDS) without their fillings."""
    table = np.array([word.decode("utf-8") for word in vocab])
    return [" ".join(word for word in table[row] if word != "<eos>") for row in numbers]


if args.num_beams:
    outputs = model.get_outputs_beam(valid_set, num_beams=args.num_beams)
else:
    outputs = model.get_outputs(valid_set).argmax(axis=2)
outputs = outputs.reshape(-1, MAX_WORDS)[:, ::-1]  # the decoder writes from right to left
n = len(outputs)
sources = sentences(valid_set.X.transpose(1, 0, 2).reshape(-1, MAX_WORDS)[:n], valid_set.s_vocab)
references = sentences(valid_set.y.transpose(1, 0, 2).reshape(-1, MAX_WORDS)[:n], valid_set.t_vocab)
generated = sentences(outputs, valid_set.t_vocab)
for index in range(3):
    print(f"French:     {sources[index]}")
    print(f"English:    {references[index]}")
    print(f"translated: {generated[index]}\n")
score = BLEUScore()
score(generated, [[r] for r in references], N=4, brevity_penalty=False, lower_case=True)
print(f"BLEU-4 = {score.bleu_n[3]:.1f}")
right = np.mean([got == wanted for got, wanted in zip(generated, references, strict=True)])
print(f"word for word right: {right:.1%}")
