"""Sentences as lists of word ids: shuffled, limited, padded (spec data 9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike.serialization._objects import load_obj

Array = NDArray[Any]
Sentences = Sequence[Sequence[int]]


def pad_sentences(
    sentences: Sentences,
    sentence_length: int | None = None,
    dtype: Any = np.int32,
    pad_val: float = 0.0,
) -> Array:
    """Return sentences as an int32 array ``(n, sentence_length)``, right-aligned.

    Args:
        sentences: lists of word ids, none empty.
        sentence_length: longer sentences keep their last words; None: the longest.
        dtype: ignored, as in neon.
        pad_val: fills the left.
    """
    length = sentence_length or max(map(len, sentences))
    padded = np.full((len(sentences), length), pad_val, np.int32)
    for row, sentence in zip(padded, sentences, strict=True):
        kept = sentence[-length:]
        if not len(kept):
            raise ValueError("pad_sentences: empty sentences are not supported")
        row[-len(kept) :] = kept
    return padded


def pad_data(
    path: str,
    vocab_size: int | None = 20000,
    sentence_length: int = 100,
    oov: int | None = 2,
    start: int | None = 1,
    index_from: int = 3,
    seed: int = 113,
    test_split: float = 0.2,
) -> tuple[tuple[Array, Array], tuple[Array, Array], int]:
    """Read sentences with labels; shuffle, limit, split and pad them.

    Args:
        path: pickle of (list of lists of word ids, list of labels).
        vocab_size: ids from here on count as unknown; None: no limit.
        sentence_length: length after padding.
        oov: id for unknown words; None keeps them.
        start: id put before each sentence; None: nothing.
        index_from: added to every id.
        seed: seed of NumPy's global generator, which shuffles.
        test_split: part of the sentences for the test set.

    Returns:
        ``(X_train, y_train), (X_test, y_test), nclass``; y is ``(n, 1)``.
    """
    X, y = load_obj(path)
    X, y = _shuffled(X, y, seed)
    X = _shifted(X, start, index_from)
    limit = vocab_size or max(map(max, X))
    if oov is not None:
        X = _unknown_replaced(X, limit, oov)
    cut = int(len(X) * (1 - test_split))
    labels = np.asarray(y).reshape(-1, 1)
    train = pad_sentences(X[:cut], sentence_length), labels[:cut]
    test = pad_sentences(X[cut:], sentence_length), labels[cut:]
    return train, test, int(labels.max()) + 1


def get_paddedXY(
    X: Sentences,
    y: Sequence[int],
    vocab_size: int = 20000,
    sentence_length: int = 100,
    oov: int | None = 2,
    start: int | None = 1,
    index_from: int = 3,
    seed: int = 113,
    shuffle: bool = True,
) -> tuple[Array, Array]:
    """Shuffle, limit and pad sentences.

    Args:
        X: lists of word ids.
        y: labels.
        vocab_size: ids from here on count as unknown.
        sentence_length: length after padding.
        oov: id for unknown words; None drops them.
        start: id put before each sentence; None: nothing.
        index_from: added to every id.
        seed: seed of NumPy's global generator, which shuffles.
        shuffle: whether to shuffle.

    Returns:
        int32 arrays ``(n, sentence_length)`` and ``(n, 1)``.
    """
    if shuffle:
        X, y = _shuffled(X, y, seed)
    X = _shifted(X, start, index_from)
    if oov is None:
        X = [[word for word in sentence if word < vocab_size] for sentence in X]
    else:
        X = _unknown_replaced(X, vocab_size, oov)
    return pad_sentences(X, sentence_length), np.asarray(y, np.int32).reshape(-1, 1)


def _shuffled(X: Sentences, y: Sequence[int], seed: int) -> tuple[list[Any], list[Any]]:
    # two shuffles of equal length from the same seed are the same permutation
    shuffled = list(X), list(y)
    for items in shuffled:
        np.random.seed(seed)
        np.random.shuffle(items)
    return shuffled


def _shifted(X: Sentences, start: int | None, index_from: int) -> list[list[int]]:
    first = [] if start is None else [start]
    return [first + [word + index_from for word in sentence] for sentence in X]


def _unknown_replaced(X: Sentences, limit: int, oov: int) -> list[list[int]]:
    return [[oov if word >= limit else word for word in sentence] for sentence in X]
