#!/usr/bin/env python
"""Vectors for sentences, learnt from which sentences stand side by side.

    python train.py TEXT -e 3 -s skip_thought.prm
    python train.py --quick
    python inference.py TEXT --model_file skip_thought.prm

An encoder reads a sentence; from its last state two decoders tell the sentence before and the one
after. What helps to do so is what the sentence means, and the state becomes a vector of it (Kiros
et al., "Skip-Thought Vectors", arXiv 1506.06726, with 2400 units, 20000 words and 74 million
sentences of books). TEXT is a plain text, words and full stops separated by blanks.
"""

import tempfile
from pathlib import Path

from data import Triplets, sentences, vocabulary

from neonlike.callbacks.callbacks import Callbacks
from neonlike.initializers import Constant, Orthonormal, Uniform
from neonlike.layers import GRU, GeneralizedCostMask, Multicost, SkipThought
from neonlike.models import Model
from neonlike.optimizers import Adam
from neonlike.transforms import CrossEntropyMulti, Logistic, Tanh
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("text", nargs="?", help="text file")
parser.add_argument("--vocab_size", type=int, default=5000, help="words, the others are unknown")
parser.add_argument("--max_len_w", type=int, default=20, help="words of a sentence")
parser.add_argument("--embed_dim", type=int, default=128, help="length of word vectors")
parser.add_argument("--nhidden", type=int, default=256, help="length of sentence vectors")
parser.add_argument("--quick", action="store_true", help="a small network on made-up sentences")
parser.set_defaults(batch_size=64, epochs=3)
args = parser.parse_args()
if args.quick:
    args.epochs, args.embed_dim, args.nhidden, args.max_len_w = 1, 16, 32, 6
    args.text = str(Path(tempfile.mkdtemp(), "text.txt"))
    tale = ["the fox runs", "it sees a red bird", "the bird flies over a tree", "the fox looks up"]
    Path(args.text).write_text(" . ".join(250 * tale), encoding="utf-8")
elif not args.text:
    parser.error("give a text file, or --quick")

found = sentences(args.text, args.max_len_w)
numbers = vocabulary(found, args.vocab_size)
train_set = Triplets(found, numbers, args.max_len_w, seed=args.rng_seed or 0)
print(f"{len(found)} sentences, {len(numbers)} words, {train_set.nbatches} minibatches")

layers = SkipThought(
    train_set.nclass,
    args.embed_dim,
    Uniform(-0.1, 0.1),
    args.nhidden,
    rec_layer=GRU,
    init_rec=Orthonormal(),
    activ_rec=Tanh(),
    activ_rec_gate=Logistic(),
    init_ff=Uniform(-0.1, 0.1),
    init_const=Constant(0.0),
)
model = Model(layers)


def masked():
    """Return the cost of one neighbour: bits per word, without the fillings."""
    return GeneralizedCostMask(costfunc=CrossEntropyMulti(usebits=True))


model.fit(
    train_set,
    optimizer=Adam(gradient_clip_norm=5),
    num_epochs=args.epochs,
    cost=Multicost(costs=[masked(), masked()], weights=[1, 1]),
    callbacks=Callbacks(model, **args.callback_args),
)
if args.save_path:
    model.save_params(args.save_path)
