"""What training and demonstration share: options, data, and the network."""

from neonlike.data import BABI
from neonlike.initializers import GlorotUniform, Orthonormal, Uniform
from neonlike.layers import GRU, LSTM, Affine, LookupTable, MergeMultistream
from neonlike.transforms import Logistic, Softmax, Tanh
from neonlike.util.argparser import NeonArgparser

EMBEDDING, HIDDEN = 50, 100


def make_parser(description, **defaults):
    """Return a parser with the options of both scripts."""
    parser = NeonArgparser(description, default_overrides=defaults)
    parser.add_argument("-t", "--task", type=int, default=1, choices=range(1, 21), help="of bAbI")
    parser.add_argument("--rlayer_type", default="gru", choices=("gru", "lstm"), help="network")
    return parser


def load_task(args):
    """Return stories, questions and answers of the task that was asked for."""
    return BABI(path=args.data_dir, task=BABI.tasks[args.task - 1])


def make_layers(vocab_size, rlayer_type):
    """Return two readers side by side, and a layer that answers from all states of both."""
    glorot = GlorotUniform()

    def recurrent():
        shared = {"init": glorot, "init_inner": Orthonormal(0.5), "reset_cells": True}
        if rlayer_type == "gru":
            return GRU(HIDDEN, activation=Tanh(), gate_activation=Logistic(), **shared)
        # Logistic and Tanh have changed places, as they did in neon's example
        return LSTM(HIDDEN, activation=Logistic(), gate_activation=Tanh(), **shared)

    def reader():
        vectors = Uniform(low=-0.05, high=0.05)
        lookup = LookupTable(vocab_size=vocab_size, embedding_dim=EMBEDDING, init=vectors)
        return [lookup, recurrent()]

    return [
        MergeMultistream(layers=[reader(), reader()], merge="stack"),
        Affine(vocab_size, glorot, activation=Softmax()),
    ]
