# %% [markdown]
# # Does this sentence praise or complain?
#
# An LSTM reads a sentence word by word and answers positive or negative. The second half is what
# one does with a trained network: open its file, and ask it about sentences of your own.
#
# **Data.** `imdb.pkl` (lists of word numbers, and a label each) and `imdb.vocab` (one word per
# line, in the order of their numbers) in the folder named by `NEON_DATA_CACHE_DIR`.

# %%
import re
import tempfile
from pathlib import Path

import numpy as np

from neonlike.backends import gen_backend
from neonlike.callbacks import Callbacks
from neonlike.data import IMDB
from neonlike.initializers import GlorotUniform, Uniform
from neonlike.layers import LSTM, Affine, Dropout, GeneralizedCost, LookupTable, RecurrentSum
from neonlike.models import Model
from neonlike.optimizers import Adagrad
from neonlike.transforms import Accuracy, CrossEntropyMulti, Logistic, Softmax, Tanh
from neonlike.util.persist import get_data_cache_dir

VOCABULARY, LENGTH = 20000, 32
data_dir = get_data_cache_dir("~/nervana/data")
be = gen_backend(backend="cpu", batch_size=128, rng_seed=0)

# %% [markdown]
# ## Words as vectors
#
# `IMDB` pads or cuts every sentence to `LENGTH` words. Number 0 is the padding, 1 the beginning of
# a sentence, 2 a word that is not in the vocabulary; the words themselves follow from 3 on.
#
# `LookupTable` has a vector for each word, and learns them together with the rest. `RecurrentSum`
# adds up the states of the LSTM over all words.

# %%
imdb = IMDB(VOCABULARY, LENGTH, path=data_dir)
layers = [
    LookupTable(vocab_size=VOCABULARY, embedding_dim=64, init=Uniform(-0.1 / 128, 0.1 / 128)),
    LSTM(64, GlorotUniform(), activation=Tanh(), gate_activation=Logistic(), reset_cells=True),
    RecurrentSum(),
    Dropout(keep=0.5),
    Affine(2, GlorotUniform(), bias=GlorotUniform(), activation=Softmax()),
]
file = str(Path(tempfile.mkdtemp()) / "sentiment.prm")
model = Model(layers=layers)
model.fit(
    imdb.train_iter,
    cost=GeneralizedCost(CrossEntropyMulti(usebits=True)),
    optimizer=Adagrad(learning_rate=0.01),
    num_epochs=8,
    callbacks=Callbacks(model, eval_set=imdb.test_iter, eval_freq=1, serialize=1, save_path=file),
)
print(f"right on sentences never seen: {model.eval(imdb.test_iter, metric=Accuracy())[0]:.1%}")

# %% [markdown]
# ## From a file
#
# A model file holds the network as well as its weights. `predict` takes any number of sentences.

# %%
reader = Model(file)
words = Path(data_dir, "imdb.vocab").read_text(encoding="utf-8").split()
numbers = {word: number for number, word in enumerate(words, start=1)}


def encode(sentence: str) -> np.ndarray:
    """Return the numbers of the words, padded on the left to ``LENGTH``."""
    found = re.findall(r"[a-z0-9]+(?:'[a-z]+)?", sentence.lower())
    ids = [1, *(numbers[word] + 3 if word in numbers else 2 for word in found)][-LENGTH:]
    return np.array([0] * (LENGTH - len(ids)) + ids, dtype=np.int32)


sentences = [
    "What a wonderful film, I loved every minute of it.",
    "The battery died after two days. Very disappointed.",
    "The food was great and the staff friendly.",
    "Not worth the money.",
]
for sentence, answer in zip(
    sentences, reader.predict(np.stack([encode(s) for s in sentences])), strict=True
):
    print(f"{answer[1]:.0%} positive: {sentence}")

# %% [markdown]
# **Try:** sentences with "not good" and "not bad"; `GRU` or `BiLSTM` in place of `LSTM`;
# `RecurrentLast` in place of `RecurrentSum`.
