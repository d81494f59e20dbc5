"""Recurrent layers under neon's path."""

from neonlike.layers._rnn_bidirectional import BiBNRNN as BiBNRNN
from neonlike.layers._rnn_bidirectional import BiLSTM as BiLSTM
from neonlike.layers._rnn_bidirectional import BiRNN as BiRNN
from neonlike.layers._rnn_deep import DeepBiLSTM as DeepBiLSTM
from neonlike.layers._rnn_deep import DeepBiRNN as DeepBiRNN
from neonlike.layers._rnn_gated import GRU as GRU
from neonlike.layers._rnn_gated import LSTM as LSTM
from neonlike.layers._rnn_output import BiSum as BiSum
from neonlike.layers._rnn_output import RecurrentLast as RecurrentLast
from neonlike.layers._rnn_output import RecurrentMean as RecurrentMean
from neonlike.layers._rnn_output import RecurrentOutput as RecurrentOutput
from neonlike.layers._rnn_output import RecurrentSum as RecurrentSum
from neonlike.layers._rnn_recurrent import Recurrent as Recurrent
from neonlike.layers._rnn_shapes import get_steps as get_steps
from neonlike.layers._rnn_shapes import interpret_in_shape as interpret_in_shape

__all__ = [
    "GRU",
    "LSTM",
    "BiBNRNN",
    "BiLSTM",
    "BiRNN",
    "BiSum",
    "DeepBiLSTM",
    "DeepBiRNN",
    "Recurrent",
    "RecurrentLast",
    "RecurrentMean",
    "RecurrentOutput",
    "RecurrentSum",
    "get_steps",
    "interpret_in_shape",
]
