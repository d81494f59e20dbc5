"""Recurrent layers that neon does not have: the zoo of the lecture."""

from neonlike.layers._renet import ReNet as ReNet
from neonlike.layers._zoo_deep import DORNN as DORNN
from neonlike.layers._zoo_deep import DOTRNN as DOTRNN
from neonlike.layers._zoo_deep import DOTSRNN as DOTSRNN
from neonlike.layers._zoo_deep import DTRNN as DTRNN
from neonlike.layers._zoo_deep import DTSRNN as DTSRNN
from neonlike.layers._zoo_deep import StackedRNN as StackedRNN
from neonlike.layers._zoo_elman import Elman as Elman
from neonlike.layers._zoo_elman import ElmanLayer as ElmanLayer
from neonlike.layers._zoo_elman import TruncatedRecurrent as TruncatedRecurrent
from neonlike.layers._zoo_jordan import Jordan as Jordan
from neonlike.layers._zoo_lstm97 import LSTM97 as LSTM97
from neonlike.layers._zoo_reseg import ReSeg as ReSeg
from neonlike.layers._zoo_transition import DeepTransitionRNN as DeepTransitionRNN
from neonlike.layers._zoo_variant import LSTMVariant as LSTMVariant

__all__ = [
    "DORNN",
    "DOTRNN",
    "DOTSRNN",
    "DTRNN",
    "DTSRNN",
    "LSTM97",
    "DeepTransitionRNN",
    "Elman",
    "ElmanLayer",
    "Jordan",
    "LSTMVariant",
    "ReNet",
    "ReSeg",
    "StackedRNN",
    "TruncatedRecurrent",
]
