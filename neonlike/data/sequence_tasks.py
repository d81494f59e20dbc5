"""Sequences for recurrent networks: artificial tasks, and music."""

from neonlike.data._piano_rolls import load_piano_rolls as load_piano_rolls
from neonlike.data._piano_rolls import next_chords as next_chords
from neonlike.data._sequence_tasks import REBER as REBER
from neonlike.data._sequence_tasks import adding as adding
from neonlike.data._sequence_tasks import embedded_reber as embedded_reber
from neonlike.data._sequence_tasks import long_lag as long_lag
from neonlike.data._sequence_tasks import multiplication as multiplication
from neonlike.data._sequence_tasks import reber_sequences as reber_sequences
from neonlike.data._sequence_tasks import reber_strings as reber_strings
from neonlike.data._sequence_tasks import reber_successors as reber_successors
from neonlike.data._sequence_tasks import temporal_order as temporal_order
from neonlike.data._sequence_tasks import two_sequences as two_sequences
from neonlike.data._sequence_tasks import very_long_lag as very_long_lag
from neonlike.data._sequences import SequenceIterator as SequenceIterator
from neonlike.data._sequences import Sequences as Sequences

__all__ = [
    "REBER",
    "SequenceIterator",
    "Sequences",
    "adding",
    "embedded_reber",
    "load_piano_rolls",
    "long_lag",
    "multiplication",
    "next_chords",
    "reber_sequences",
    "reber_strings",
    "reber_successors",
    "temporal_order",
    "two_sequences",
    "very_long_lag",
]
