#!/usr/bin/env python
"""Praise or complaint? From the text of reviews, with your own word vectors if you have some.

    python train.py -f labeledTrainData.tsv -e 2 -eval 1 -s imdb.p --vocab_file imdb.vocab
    python train.py -f labeledTrainData.tsv --use_w2v --w2v GoogleNews-vectors-negative300.bin
    python train.py --quick                            a few made-up reviews

`prepare.py` says what the file looks like, and is called if `FILE.h5` is not there yet. The trained
network answers questions in `inference.py`.
"""

import tempfile
from pathlib import Path

import h5py
from network import EMBEDDING, INDEX_FROM, SENTENCE_LENGTH, make_layers
from prepare import prepare, write_example

from neonlike import logger as neon_logger
from neonlike.backends import gen_backend
from neonlike.callbacks.callbacks import Callbacks
from neonlike.data import ArrayIterator
from neonlike.data.text_preprocessing import get_google_word2vec_W, get_paddedXY
from neonlike.initializers import Array, Uniform
from neonlike.layers import GeneralizedCost
from neonlike.models import Model
from neonlike.optimizers import Adagrad
from neonlike.transforms import Accuracy, CrossEntropyMulti
from neonlike.util.argparser import NeonArgparser, extract_valid_args
from neonlike.util.persist import load_obj

parser = NeonArgparser(__doc__)
parser.add_argument("-f", "--review_file", help="reviews with ratings")
parser.add_argument("--vocab_file", default="imdb.vocab", help="vocabulary, written if need be")
parser.add_argument("--use_w2v", action="store_true", help="begin with ready word vectors")
parser.add_argument("--w2v", help="file of word vectors in word2vec's binary format")
parser.add_argument("--quick", action="store_true", help="made-up reviews, one epoch")
args = parser.parse_args(gen_be=False)
be = gen_backend(**extract_valid_args(args, gen_backend))
if args.quick:
    folder = Path(tempfile.mkdtemp())
    args.epochs, args.vocab_file = 1, str(folder / "imdb.vocab")
    args.review_file = str(folder / "reviews.tsv")
    write_example(args.review_file)
if not args.review_file:
    parser.error("give a file of reviews with -f, or --quick")
if args.use_w2v and not args.w2v:
    parser.error("--use_w2v needs a file of word vectors, --w2v FILE")

data_file = Path(f"{args.review_file}.h5")
if not (data_file.exists() and Path(args.vocab_file).exists()):
    prepare(args.review_file, args.vocab_file)
vocab, _ = load_obj(args.vocab_file)

if args.use_w2v:
    vectors, embedding, rows = get_google_word2vec_W(args.w2v, vocab, index_from=INDEX_FROM)
    init = Array(val=be.array(vectors))
else:
    rows, embedding = len(vocab) + INDEX_FROM, EMBEDDING
    init = Uniform(low=-0.1 / EMBEDDING, high=0.1 / EMBEDDING)


def iterator(part):
    """Return the reviews of a part: words as numbers, the ratings one-hot."""
    with h5py.File(data_file) as file:
        reviews, nclass = file[part][:], int(file.attrs["nclass"])
    words = [review[1:].tolist() for review in reviews]
    ratings = [int(review[0]) for review in reviews]
    X, y = get_paddedXY(words, ratings, vocab_size=rows, sentence_length=SENTENCE_LENGTH)
    return ArrayIterator(X, y, nclass=nclass)


train_set, valid_set = iterator("train"), iterator("valid")
neon_logger.display(f"Vocab size - {rows}")
neon_logger.display(f"# of train sentences {train_set.ndata}")
neon_logger.display(f"# of test sentence {valid_set.ndata}")

model = Model(layers=make_layers(rows, embedding, init))
callbacks = Callbacks(model, eval_set=valid_set, **args.callback_args)
model.fit(
    train_set,
    optimizer=Adagrad(learning_rate=0.01),
    num_epochs=args.epochs,
    cost=GeneralizedCost(costfunc=CrossEntropyMulti(usebits=True)),
    callbacks=callbacks,
)
neon_logger.display(f"Train Accuracy - {100 * model.eval(train_set, metric=Accuracy())}")
neon_logger.display(f"Test Accuracy - {100 * model.eval(valid_set, metric=Accuracy())}")
