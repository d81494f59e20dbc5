"""The network, and how it sees a review."""

from neonlike.initializers import GlorotUniform
from neonlike.layers import LSTM, Affine, Dropout, LookupTable, RecurrentSum
from neonlike.transforms import Logistic, Softmax, Tanh

SENTENCE_LENGTH = 128
EMBEDDING, HIDDEN = 128, 128
# numbers 0 to 2 are padding, beginning of a review, and a word that is not in the vocabulary
PADDING, START, UNKNOWN, INDEX_FROM = 0, 1, 2, 3


def make_layers(rows, embedding, init):
    """Return the layers.

    Args:
        rows: number of word vectors.
        embedding: their length.
        init: their initializer.
    """
    glorot = GlorotUniform()
    gates = {"activation": Tanh(), "gate_activation": Logistic()}
    return [
        LookupTable(
            vocab_size=rows, embedding_dim=embedding, init=init, pad_idx=PADDING, update=True
        ),
        LSTM(HIDDEN, glorot, reset_cells=True, **gates),
        RecurrentSum(),
        Dropout(keep=0.5),
        Affine(2, glorot, bias=glorot, activation=Softmax()),
    ]
