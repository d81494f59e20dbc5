"""``Text``: minibatches of windows over a text (spec data 7)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neonlike._object import check_count
from neonlike.data import _sentences
from neonlike.data._iterator import NervanaDataIterator

Array = NDArray[Any]
Tokenizer = Callable[[str], list[str]]


class Text(NervanaDataIterator):
    """Predict the next token: windows of ``time_steps`` tokens and their successors.

    The text is cut into N contiguous streams, one per column of the batch, so
    that column n of batch b+1 continues column n of batch b.

    Args:
        time_steps: length T of a window.
        path: file with the text, UTF-8.
        vocab: all tokens (default: those of the text).
        tokenizer: function text → list of tokens (default: the characters).
        onehot_input: inputs ``(nclass, T*N)`` one-hot, else int32 ``(T, N)``.
        reverse_target: targets are the inputs themselves in reversed time order.
        get_prev_target: inputs are a pair: also the targets of the step before.

    Raises:
        AssertionError: the text has tokens that are not in ``vocab``.
        ValueError: the text is too short for one batch.

    Attributes:
        vocab: sorted list of tokens; ``token_to_index``, ``index_to_token``.
        nclass: number of tokens, also ``nout``.
        X: indices ``(N, nbatches, T)``; ``y`` those of the targets.
        shape: ``(nclass, T)`` or ``(T, 1)``; also ``decoder_shape``.
    """

    def __init__(
        self,
        time_steps: int,
        path: str,
        vocab: Sequence[str] | None = None,
        tokenizer: Tokenizer | None = None,
        onehot_input: bool = True,
        reverse_target: bool = False,
        get_prev_target: bool = False,
    ) -> None:
        super().__init__(name=None)
        check_count(self.name, "time_steps", time_steps)
        tokens = self.get_tokens(_read(Path(path)), tokenizer)
        window = self.be.bsz * time_steps
        tokens = tokens[: len(tokens) // window * window]
        if not len(tokens):
            raise ValueError(
                f"{path} is too short for one batch: {self.be.bsz} examples of {time_steps} "
                f"steps need {window} tokens"
            )
        self.vocab, self.token_to_index, self.index_to_token = numbered(
            self.get_vocab(tokens, vocab)
        )
        X = np.fromiter((self.token_to_index[token] for token in tokens), np.uint32, len(tokens))
        y = X.copy() if reverse_target else np.roll(X, -1)
        self._set_up(time_steps, X, y, onehot_input, reverse_target, get_prev_target)

    def _set_up(
        self,
        time_steps: int,
        X: Array,
        y: Array,
        onehot_input: bool,
        reverse_target: bool,
        get_prev_target: bool,
    ) -> None:
        """Take over the index arrays (any shape, a multiple of N*T entries)."""
        self.seq_length = time_steps
        self.onehot_input = onehot_input
        self.reverse_target = reverse_target
        self.get_prev_target = get_prev_target
        self.batch_index = 0
        n = self.be.bsz
        self.X = X.reshape(n, -1, time_steps)
        self.y = y.reshape(n, -1, time_steps)
        self.nbatches = self.X.shape[1]
        self.ndata = self.nbatches * n
        self.nclass = len(self.vocab)
        self.nout = self.nclass
        self.shape = (self.nclass, time_steps) if onehot_input else (time_steps, 1)
        self.decoder_shape = self.shape
        self._allocate(time_steps, n)

    def _allocate(self, time_steps: int, n: int) -> None:
        columns = (self.nclass, time_steps * n)
        indices = (time_steps, n)
        self.dev_X = self._input_buffer(columns, indices)
        self.dev_Z: Any = self._input_buffer(columns, indices) if self.get_prev_target else None
        self.dev_y = self.be.zeros(columns)
        self.dev_lbl = self.be.zeros(indices, dtype=np.int32)
        self.dev_lblflat = self.dev_lbl.reshape((1, time_steps * n))

    def _input_buffer(self, columns: tuple[int, int], indices: tuple[int, int]) -> Any:
        if self.onehot_input:
            return self.be.zeros(columns)
        return self.be.zeros(indices, dtype=np.int32)

    def reset(self) -> None:
        """Go back to the first window."""
        self.batch_index = 0

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Yield ``(inputs, targets)`` of each window; always from the first one."""
        self.reset()
        while self.batch_index < self.nbatches:
            X = self.X[:, self.batch_index, :].T  # (T, N)
            y = self.y[:, self.batch_index, :].T
            if self.reverse_target:
                y = y[::-1]
            self._fill_input(self.dev_X, X)
            self._fill_onehot(self.dev_y, y)
            self.batch_index += 1
            if self.dev_Z is None:
                yield self.dev_X, self.dev_y
            else:
                self._fill_previous(y)
                yield (self.dev_X, self.dev_Z), self.dev_y

    def _fill_input(self, buffer: Any, indices: Array) -> None:
        if self.onehot_input:
            self._fill_onehot(buffer, indices)
        else:
            buffer[:] = np.ascontiguousarray(indices)

    def _fill_onehot(self, buffer: Any, indices: Array) -> None:
        self.dev_lbl[:] = np.ascontiguousarray(indices)
        buffer[:] = self.be.onehot(self.dev_lblflat, axis=0)

    def _fill_previous(self, y: Array) -> None:
        """Fill ``dev_Z`` with the targets of the step before; the first step has none: zeros."""
        previous = np.roll(y, 1, axis=0)
        previous[0] = 0
        self._fill_input(self.dev_Z, previous)
        if self.onehot_input:
            self.dev_Z[:, : self.X.shape[0]] = 0

    @staticmethod
    def create_valid_file(path: str, valid_split: float = 0.1) -> tuple[str, str]:
        """Split a text into ``NAME_train.EXT`` and ``NAME_valid.EXT`` beside it.

        Args:
            path: file with the text.
            valid_split: part of the characters, at the end, for the second file.

        Returns:
            The two paths.
        """
        file = Path(path)
        text = _read(file)
        cut = int(len(text) * (1 - valid_split))
        parts = {"train": text[:cut], "valid": text[cut:]}
        paths = [file.with_name(f"{file.stem}_{name}{file.suffix}") for name in parts]
        for target, part in zip(paths, parts.values(), strict=True):
            target.write_text(part, encoding="utf-8")
        return str(paths[0]), str(paths[1])

    @staticmethod
    def get_tokens(string: str, tokenizer: Tokenizer | None = None) -> Sequence[str]:
        """Return the tokens of a text: its characters, or what ``tokenizer`` makes of it."""
        return string if tokenizer is None else tokenizer(string)

    @staticmethod
    def get_vocab(tokens: Sequence[str], vocab: Sequence[str] | None = None) -> Sequence[str]:
        """Return the sorted set of ``tokens``, or ``vocab`` if that contains them all.

        Raises:
            AssertionError: it does not.
        """
        if vocab is None:
            return sorted(set(tokens))
        missing = set(tokens) - set(vocab)
        if missing:
            raise AssertionError(
                f"the vocabulary lacks {len(missing)} tokens of the text, "
                f"such as {sorted(missing)[0]!r}"
            )
        return vocab

    @staticmethod
    def pad_sentences(
        sentences: _sentences.Sentences,
        sentence_length: int | None = None,
        dtype: Any = np.int32,
        pad_val: float = 0.0,
    ) -> Array:
        """Forward to ``text_preprocessing.pad_sentences`` (deprecated here)."""
        _warn_moved("pad_sentences")
        return _sentences.pad_sentences(sentences, sentence_length, dtype, pad_val)

    @staticmethod
    def pad_data(
        path: str,
        vocab_size: int = 20000,
        sentence_length: int = 100,
        oov: int | None = 2,
        start: int | None = 1,
        index_from: int = 3,
        seed: int = 113,
        test_split: float = 0.2,
    ) -> tuple[tuple[Array, Array], tuple[Array, Array], int]:
        """Forward to ``text_preprocessing.pad_data`` (deprecated here)."""
        _warn_moved("pad_data")
        return _sentences.pad_data(
            path, vocab_size, sentence_length, oov, start, index_from, seed, test_split
        )


def numbered(vocab: Sequence[Any]) -> tuple[list[Any], dict[Any, int], dict[int, Any]]:
    """Return the vocabulary as a list, token → index and index → token."""
    index_to_token = dict(enumerate(vocab))
    return list(vocab), {token: i for i, token in index_to_token.items()}, index_to_token


def _warn_moved(name: str) -> None:
    warnings.warn(
        f"Text.{name} has moved to neonlike.data.text_preprocessing.{name}",
        DeprecationWarning,
        stacklevel=3,
    )


def _read(path: Path) -> str:
    """Return the text of a file.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        error.add_note(f"{path} is no text in UTF-8")
        raise
