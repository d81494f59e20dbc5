"""Words: cleaning of sentences, embeddings (spec data 9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_CLEANING = (
    (r"[^A-Za-z0-9(),!?'`]", " "),
    (r"('s|'ve|n't|'re|'d|'ll)", r" \1"),
    (r"([!,])", r" \1 "),
    # the backslash is neon's: saved vocabularies contain it
    (r"([()?])", r" \\\1 "),
    (r"\s{2,}", " "),
)


def clean_string(base: str) -> str:
    """Return a sentence in lower case, with its tokens separated by single blanks.

    Contractions are split (``isn't`` → ``is n't``); brackets and question marks
    get a backslash.
    """
    for pattern, replacement in _CLEANING:
        base = re.sub(pattern, replacement, base)
    return base.strip().lower()


def get_google_word2vec_W(
    fname: str, vocab: Mapping[Any, int], vocab_size: int = 1000000, index_from: int = 3
) -> tuple[NDArray[Any], int, int]:
    """Read word vectors for a vocabulary from a file in word2vec's binary format.

    Args:
        fname: path of the file.
        vocab: word → index; words are text, or bytes in UTF-8.
        vocab_size: largest number of rows.
        index_from: added to each index.

    Returns:
        ``(W, dimension, rows)``: row ``vocab[word] + index_from`` is the word's
        vector; rows that are not in the file are uniform in -0.25..0.25, from
        NumPy's global generator.
    """
    rows = min(len(vocab) + index_from, vocab_size)
    wanted = {_text(word): index + index_from for word, index in vocab.items()}
    with Path(fname).open("rb") as file:
        count, dim = (int(number) for number in file.readline().split())
        W = np.zeros((rows, dim))
        missing = np.ones(rows, bool)
        for _ in range(count):
            row = wanted.get(_read_word(file, fname))
            vector = np.frombuffer(file.read(4 * dim), np.float32)
            if row is not None and row < rows:
                W[row] = vector
                missing[row] = False
    for index in np.flatnonzero(missing):
        W[index] = np.random.uniform(-0.25, 0.25, dim)
    return W, dim, rows


def _text(word: str | bytes) -> str:
    return word.decode("utf-8", "replace") if isinstance(word, bytes) else word


def _read_word(file: IO[bytes], fname: str) -> str:
    word = bytearray()
    while (char := file.read(1)) != b" ":
        if not char:
            raise ValueError(f"{fname} ends in the middle of a word; it is cut off")
        if char != b"\n":
            word += char
    return word.decode("utf-8", "replace")
