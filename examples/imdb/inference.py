#!/usr/bin/env python
"""Ask a network that `train.py` has trained about your own reviews.

python inference.py --model_weights imdb.p --vocab_file imdb.vocab
"""

from network import EMBEDDING, INDEX_FROM, SENTENCE_LENGTH, START, UNKNOWN, make_layers

from neonlike.backends import gen_backend
from neonlike.data.text_preprocessing import clean_string, pad_sentences
from neonlike.initializers import Constant
from neonlike.models import Model
from neonlike.util.argparser import NeonArgparser, extract_valid_args
from neonlike.util.persist import load_obj

parser = NeonArgparser(__doc__)
parser.add_argument("--model_weights", required=True, help="file that train.py has saved")
parser.add_argument("--vocab_file", required=True, help="vocabulary that train.py has used")
parser.add_argument("--embedding", type=int, default=EMBEDDING, help="length of word vectors")
args = parser.parse_args(gen_be=False)
args.batch_size = 1
be = gen_backend(**extract_valid_args(args, gen_backend))

vocab, _ = load_obj(args.vocab_file)
# the weights come from the file, so that any initializer does
model = Model(layers=make_layers(len(vocab) + INDEX_FROM, args.embedding, Constant(0)))
model.initialize(dataset=(SENTENCE_LENGTH, 1))
model.load_params(args.model_weights)


def encode(review):
    """Return the numbers of the words, the beginning in front."""
    words = clean_string(review).split()
    return [START, *(vocab[word] + INDEX_FROM if word in vocab else UNKNOWN for word in words)]


while review := input("Review (empty to end): "):
    sentence = pad_sentences([encode(review)], SENTENCE_LENGTH)
    print(f"Encoded: {encode(review)}")
    negative, positive = model.fprop(be.array(sentence.T.copy()), inference=True).get()[:, 0]
    print(f"negative {negative:.1%}, positive {positive:.1%}\n")
