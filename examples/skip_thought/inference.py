#!/usr/bin/env python
"""Sentences that are alike, by the vectors of a trained network.

    python inference.py TEXT --model_file skip_thought.prm --count 5

For some sentences of the text, prints those whose vectors point most nearly the same way.
"""

import numpy as np
from data import encode, sentences, vocabulary

from neonlike.models import Model
from neonlike.util.argparser import NeonArgparser

parser = NeonArgparser(__doc__)
parser.add_argument("text", help="the text of the training")
parser.add_argument("--vocab_size", type=int, default=5000, help="as in the training")
parser.add_argument("--max_len_w", type=int, default=20, help="as in the training")
parser.add_argument("--count", type=int, default=5, help="sentences to look at")
parser.set_defaults(batch_size=64)
args = parser.parse_args()
if not args.model_file:
    parser.error("give the network of the training with --model_file")

found = sentences(args.text, args.max_len_w)
numbers = vocabulary(found, args.vocab_size)
model = Model(args.model_file)
model.initialize([(args.max_len_w, 1)] * 3)
network = model.layers


def vectors(chosen):
    """Return the vectors (sentences, nhidden), of length 1."""
    be, states = model.be, []
    words = be.iobuf(args.max_len_w, dtype=np.int32)
    for start in range(0, len(chosen), be.bsz):
        block = np.zeros((be.bsz, args.max_len_w), dtype=np.int32)
        for row, sentence in zip(block, chosen[start : start + be.bsz], strict=False):
            row[:] = np.roll(
                encode(sentence, numbers, args.max_len_w), args.max_len_w - len(sentence)
            )
        words.set(np.ascontiguousarray(block.T))
        network.encoder.fprop(network.embed_s.fprop(words, inference=True), inference=True)
        states.append(network.encoder.final_state().get().T)
    all_states = np.concatenate(states)[: len(chosen)]
    all_states -= all_states.mean(axis=0)  # what all sentences share tells nothing
    return all_states / np.linalg.norm(all_states, axis=1, keepdims=True)


space = vectors(found)
for place in np.random.default_rng(args.rng_seed).choice(len(found), args.count, replace=False):
    likeness = space @ space[place]
    print(" ".join(found[place]))
    for other in np.argsort(-likeness)[1:4]:
        print(f"    {likeness[other]:.2f}  {' '.join(found[other])}")
