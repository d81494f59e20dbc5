"""Cleaning, padding and embedding of text."""

from neonlike.data._sentences import get_paddedXY as get_paddedXY
from neonlike.data._sentences import pad_data as pad_data
from neonlike.data._sentences import pad_sentences as pad_sentences
from neonlike.data._words import clean_string as clean_string
from neonlike.data._words import get_google_word2vec_W as get_google_word2vec_W

__all__ = [
    "clean_string",
    "get_google_word2vec_W",
    "get_paddedXY",
    "pad_data",
    "pad_sentences",
]
